from __future__ import annotations

import gc
import pickle

import pytest

from bot.limits.rates import ClientRates, NoRates


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_burst_passes_and_then_the_rate_holds(clock: Clock) -> None:
    rates = ClientRates(60, burst=3, clock=clock)
    assert [rates.wait("192.0.2.1") for _ in range(4)] == [0, 0, 0, 1]
    clock.seconds += 1
    assert rates.wait("192.0.2.1") == 0
    assert rates.wait("192.0.2.1") == 1


def test_the_wait_is_as_long_as_it_takes(clock: Clock) -> None:
    rates = ClientRates(6, burst=1, clock=clock)
    assert rates.wait("192.0.2.1") == 0
    assert rates.wait("192.0.2.1") == 10
    clock.seconds += 10
    assert rates.wait("192.0.2.1") == 0


def test_clients_are_counted_apart_and_a_network_of_ipv6_together(clock: Clock) -> None:
    rates = ClientRates(60, burst=1, clock=clock)
    assert rates.wait("2001:db8::1") == 0
    assert rates.wait("2001:db8::2") > 0
    assert rates.wait("2001:db8:0:1::2") == 0
    assert rates.wait("192.0.2.1") == 0
    assert rates.wait("192.0.2.2") == 0
    assert rates.wait("::ffff:192.0.2.2") > 0
    assert rates.wait("fe80::1%eth0") == 0
    assert rates.wait(None) == 0
    assert rates.wait("not an address") > 0


def test_a_full_bucket_is_forgotten_and_an_empty_one_is_not(clock: Clock) -> None:
    rates = ClientRates(60, burst=2, clock=clock)
    rates.wait("192.0.2.1")
    clock.seconds += 0.5
    rates.wait("192.0.2.2")
    clock.seconds += 0.5
    rates.forget()
    assert len(rates) == 1
    assert [rates.wait("192.0.2.2") for _ in range(2)] == [0, 1]


def test_no_address_is_kept(clock: Clock) -> None:
    rates = ClientRates(60, clock=clock)
    rates.wait("192.0.2.77")
    gc.collect()
    assert b"192.0.2" not in pickle.dumps(vars(rates) | {"_clock": None})


def test_the_key_goes_with_the_last_client(clock: Clock) -> None:
    rates = ClientRates(60, clock=clock)
    rates.wait("192.0.2.1")
    key = vars(rates)["_key"]
    rates.forget()
    assert vars(rates)["_key"] == key
    clock.seconds += 1
    rates.forget()
    assert vars(rates)["_key"] != key


def test_a_full_table_makes_newcomers_share_one_bucket(clock: Clock) -> None:
    rates = ClientRates(60, burst=1, clients=2, clock=clock)
    assert [rates.wait(f"192.0.2.{n}") for n in (1, 2, 3)] == [0, 0, 0]
    assert rates.wait("192.0.2.4") > 0
    assert len(rates) == 3
    clock.seconds += 1
    assert rates.wait("192.0.2.4") == 0


def test_a_rate_of_nothing_is_refused(clock: Clock) -> None:
    with pytest.raises(ValueError, match="at least ask once"):
        ClientRates(0, clock=clock)


def test_no_rates_never_make_anybody_wait() -> None:
    rates = NoRates()
    rates.forget()
    assert {rates.wait("192.0.2.1") for _ in range(1000)} == {0}
