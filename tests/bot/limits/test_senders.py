"""Counting who sends much: by conversations, for a day, and without keeping who it is."""

from __future__ import annotations

import pickle

import pytest

from bot.limits.senders import PERIOD, ClientSenders, NoMarks

ADDRESS = "192.0.2.77"


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_more_conversations_than_allowed_are_many(clock: Clock) -> None:
    senders = ClientSenders(conversations=2, clock=clock)
    mark = senders.mark(ADDRESS)
    assert [senders.sent_many(mark, key) for key in ("a", "b", "a", "a", "b")] == [False] * 5
    assert [senders.sent_many(mark, key) for key in ("c", "a", "d")] == [True] * 3
    assert not senders.sent_many(senders.mark("192.0.2.78"), "c")


def test_a_network_of_ipv6_is_one_client(clock: Clock) -> None:
    senders = ClientSenders(conversations=1, clock=clock)
    assert not senders.sent_many(senders.mark("2001:db8::1"), "a")
    assert senders.sent_many(senders.mark("2001:db8::2"), "b")
    assert not senders.sent_many(senders.mark("2001:db8:0:1::2"), "c")


def test_nobody_is_counted_without_an_address(clock: Clock) -> None:
    senders = ClientSenders(conversations=1, clock=clock)
    assert senders.mark(None) is None
    assert not any(senders.sent_many(None, key) for key in "abc")
    assert len(senders) == 0
    assert NoMarks().mark(ADDRESS) is None


def test_a_day_later_nothing_is_left(clock: Clock) -> None:
    senders = ClientSenders(conversations=1, clock=clock)
    mark = senders.mark(ADDRESS)
    senders.sent_many(mark, "a")
    clock.seconds += PERIOD - 1
    assert senders.sent_many(mark, "b")
    clock.seconds += 2
    assert senders.sent_many(mark, "c"), "the second was less than a day ago"
    clock.seconds += PERIOD + 1
    senders.forget()
    assert len(senders) == 0
    assert senders.mark(ADDRESS) != mark, "the key is gone with what it hashed"


def test_the_table_does_not_grow_without_bound(clock: Clock) -> None:
    senders = ClientSenders(conversations=1, clients=3, clock=clock)
    for number in range(10):
        senders.sent_many(senders.mark(f"192.0.2.{number}"), "a")
    assert len(senders) == 3
    assert senders.sent_many(senders.mark("192.0.2.0"), "b")
    assert not senders.sent_many(senders.mark("192.0.2.9"), "b"), "who does not fit in is not suspected"


def test_no_address_and_no_conversation_is_kept(clock: Clock) -> None:
    senders = ClientSenders(clock=clock)
    senders.sent_many(senders.mark(ADDRESS), "a key of a conversation")
    kept = pickle.dumps(senders._sent)
    assert ADDRESS.encode() not in kept
    assert b"conversation" not in kept


def test_once_is_always_allowed(clock: Clock) -> None:
    with pytest.raises(ValueError, match="at least"):
        ClientSenders(conversations=0, clock=clock)
