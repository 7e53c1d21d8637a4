"""What is remembered of chats, in memory and in a real server."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from chat_servers import valkey_server
from valkey.asyncio import Valkey

from bot.dialogue.state import Checkpoint, DialogueState, Frame, Phase
from bot.state.chats import (
    PADDED_TO,
    ChatKey,
    ChatKeys,
    ChatSeal,
    ChatSecret,
    ChatStates,
    ChatStatesAwayError,
    FindingKey,
    Lifetimes,
    MemoryChatStates,
    Remembered,
    SealingKey,
)
from bot.state.valkey_chats import ValkeyChatStates

KEYS = ChatKeys.derived(ChatSecret(bytes(range(32))))
STATE = DialogueState(
    stack=(Frame("needs_questionnaire", "arenas", Phase.WAITING, {"selected": ("a", "b")}),),
    slots={"language": "ro", "under18": False, "age": 31, "marked-slot": "marked-value"},
    history=(Checkpoint((Frame("menu", "ask"),), {"place": None}),),
)
LIFETIMES = Lifetimes(timedelta(minutes=30), timedelta(hours=24))


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    # A socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="vk") as folder, valkey_server(Path(folder)) as address:
        yield address


@pytest.fixture(params=["memory", "valkey"])
async def chats(request: pytest.FixtureRequest, clock: Clock) -> AsyncIterator[ChatStates]:
    states: ChatStates
    if request.param == "memory":
        states = MemoryChatStates(KEYS, LIFETIMES, now=clock)
    else:
        client = Valkey.from_url(request.getfixturevalue("server"))
        await client.flushall()
        await client.aclose()
        states = ValkeyChatStates.at(request.getfixturevalue("server"), KEYS, LIFETIMES, now=clock)
    await states.start()
    yield states
    await states.stop()


async def test_a_chat_is_remembered_as_it_was(chats: ChatStates, clock: Clock) -> None:
    chat = chats.find("telegram", "123")
    assert await chats.get(chat) is None
    await chats.put(chat, STATE, (5, 6))
    assert await chats.get(chat) == Remembered(clock.now, STATE, (5, 6))
    assert await chats.get(chats.find("telegram", "124")) is None


async def test_a_forgotten_chat_is_gone(chats: ChatStates) -> None:
    chat = chats.find("telegram", "123")
    await chats.put(chat, STATE)
    await chats.forget(chat)
    await chats.forget(chat)
    assert await chats.get(chat) is None


async def test_a_chat_ends_a_day_after_its_first_turn_however_busy(chats: ChatStates, clock: Clock) -> None:
    chat = chats.find("telegram", "123")
    begun = clock.now
    while clock.now - begun < timedelta(hours=24):
        await chats.put(chat, STATE)
        clock.now += timedelta(minutes=20)
    assert await chats.get(chat) is None
    await chats.put(chat, STATE)
    remembered = await chats.get(chat)
    assert remembered is not None
    assert remembered.begun == clock.now


async def test_a_delivery_is_new_once(chats: ChatStates) -> None:
    assert await chats.is_new("telegram", 7)
    assert not await chats.is_new("telegram", 7)
    assert await chats.is_new("telegram", 8)


async def test_a_chat_has_one_lock_and_nobody_holds_it_for_long(chats: ChatStates) -> None:
    chat = chats.find("telegram", "123")
    lock = chats.lock(chat)
    assert chats.lock(chat) is lock
    assert chats.lock(chats.find("telegram", "124")) is not lock
    del lock
    assert len(chats._locks) == 0  # type: ignore[attr-defined]


async def test_memory_forgets_a_silent_chat(clock: Clock) -> None:
    chats = MemoryChatStates(KEYS, LIFETIMES, now=clock)
    chat = chats.find("telegram", "123")
    await chats.put(chat, STATE)
    clock.now += timedelta(minutes=29)
    assert await chats.get(chat) is not None
    clock.now += timedelta(minutes=1)
    assert await chats.get(chat) is None
    assert len(chats) == 0


async def test_memory_forgets_on_time_though_nobody_writes(clock: Clock) -> None:
    chats = MemoryChatStates(KEYS, LIFETIMES, now=clock, sweep=timedelta(milliseconds=5))
    await chats.start()
    await chats.put(chats.find("telegram", "123"), STATE)
    await asyncio.sleep(0.03)
    assert len(chats) == 1
    clock.now += timedelta(minutes=30)
    await asyncio.sleep(0.1)
    assert len(chats) == 0
    await chats.stop()


async def test_memory_holds_so_many_chats_and_lets_the_most_silent_go(clock: Clock) -> None:
    chats = MemoryChatStates(KEYS, LIFETIMES, now=clock, limit=3)
    found = [chats.find("telegram", str(number)) for number in range(4)]
    for chat in found[:3]:
        await chats.put(chat, STATE)
    await chats.put(found[0], STATE)
    await chats.put(found[3], STATE)
    assert [await chats.get(chat) is not None for chat in found] == [True, False, True, True]


async def test_memory_is_sealed_too_and_empty_after_the_end(clock: Clock) -> None:
    chats = MemoryChatStates(KEYS, LIFETIMES, now=clock)
    await chats.start()
    chat = chats.find("telegram", "123")
    await chats.put(chat, STATE)
    kept = repr(chats._kept)
    assert "marked" not in kept
    assert "123" not in kept.replace(chat, "").split("sealed")[0]
    await chats.stop()
    assert len(chats) == 0


async def test_the_server_sees_neither_chat_nor_state_and_forgets_by_itself(server: str, clock: Clock) -> None:
    chats = ValkeyChatStates.at(server, KEYS, LIFETIMES, now=clock)
    client = Valkey.from_url(server)
    await client.flushall()
    chat = chats.find("telegram", "555000111")
    await chats.put(chat, STATE)
    await chats.is_new("telegram", 987654321)
    names = await client.keys("*")
    assert len(names) == 2
    for name in names:
        assert b"555000111" not in name
        assert b"987654321" not in name
        assert b"marked" not in await client.get(name)
        assert await client.ttl(name) > 0
    assert 1795 <= await client.ttl(f"fyren:chat:{chat}") <= 1800
    clock.now += timedelta(hours=23, minutes=45)
    await chats.put(chat, STATE)
    assert 895 <= await client.ttl(f"fyren:chat:{chat}") <= 900
    await client.pexpire(f"fyren:chat:{chat}", 1)
    await asyncio.sleep(0.02)
    assert await chats.get(chat) is None
    await client.aclose()
    await chats.stop()


async def test_the_server_keeps_chats_through_a_restart_of_the_bot(server: str, clock: Clock) -> None:
    before = ValkeyChatStates.at(server, KEYS, LIFETIMES, now=clock)
    await before.put(before.find("telegram", "1"), STATE)
    await before.stop()
    after = ValkeyChatStates.at(server, KEYS, LIFETIMES, now=clock)
    remembered = await after.get(after.find("telegram", "1"))
    assert remembered is not None
    assert remembered.state == STATE
    await after.stop()


async def test_a_record_that_was_moved_to_another_chat_is_not_opened_and_thrown_away(server: str, clock: Clock) -> None:
    chats = ValkeyChatStates.at(server, KEYS, LIFETIMES, now=clock)
    client = Valkey.from_url(server)
    one, two = chats.find("telegram", "1"), chats.find("telegram", "2")
    await chats.put(one, STATE)
    await client.set(f"fyren:chat:{two}", await client.get(f"fyren:chat:{one}"))
    assert await chats.get(two) is None
    assert not await client.exists(f"fyren:chat:{two}")
    await client.aclose()
    await chats.stop()


async def test_a_server_that_is_away_is_told_as_such(tmp_path: Path, clock: Clock) -> None:
    chats = ValkeyChatStates.at(f"unix://{tmp_path}/none.sock", KEYS, LIFETIMES, now=clock)
    chat = chats.find("telegram", "1")
    for call in (chats.get(chat), chats.put(chat, STATE), chats.forget(chat), chats.is_new("telegram", 1)):
        with pytest.raises(ChatStatesAwayError):
            await call
    await chats.stop()


def test_the_two_keys_come_from_one_secret_and_differ() -> None:
    assert KEYS.finding != KEYS.sealing
    assert ChatKeys.derived(ChatSecret(bytes(range(32)))) == KEYS
    assert ChatKeys.fresh() != ChatKeys.fresh()
    assert "\\x" not in repr(KEYS)
    with pytest.raises(ValueError, match="must differ"):
        ChatKeys(FindingKey(bytes(32)), SealingKey(bytes(32)))
    with pytest.raises(ValueError, match="32 bytes"):
        ChatKeys(FindingKey(bytes(31)), SealingKey(bytes(32)))
    with pytest.raises(ValueError, match="at least 32"):
        ChatKeys.derived(ChatSecret(b"short"))


def test_a_chat_is_found_by_channel_and_id_under_the_key() -> None:
    found = {
        KEYS.find("telegram", "1"),
        KEYS.find("telegram", "11"),
        KEYS.find("web", "1"),
        ChatKeys.fresh().find("telegram", "1"),
    }
    assert len(found) == 4
    # HMAC-SHA-256 under HKDF-SHA-256(secret 00…1f, salt "fyren chats: finding", info "1"): a change of either would
    # make every remembered chat unfindable after an update.
    assert KEYS.find("telegram", "1") == "81f0136c2565e269669c66a96c8a584dd807fd90193ab9a52652fbdbc44e92c0"


def test_a_record_opens_for_its_chat_and_key_alone() -> None:
    seal, chat = ChatSeal(KEYS.sealing), KEYS.find("telegram", "1")
    remembered = Remembered(datetime(2026, 11, 22, 12, tzinfo=UTC), STATE, (1,))
    sealed = seal.seal(chat, remembered)
    assert seal.open(chat, sealed) == remembered
    assert seal.open(ChatKey("0" * 64), sealed) is None
    assert ChatSeal(ChatKeys.fresh().sealing).open(chat, sealed) is None
    for damaged in (b"", b"garbage", sealed[:-1], sealed[:50], sealed[:60] + b"A" + sealed[61:]):
        assert seal.open(chat, damaged) is None


def test_the_size_and_the_time_of_a_record_tell_nothing() -> None:
    seal, chat = ChatSeal(KEYS.sealing), KEYS.find("telegram", "1")
    begun = datetime(2026, 11, 22, 12, tzinfo=UTC)
    small = seal.seal(chat, Remembered(begun, DialogueState()))
    large = seal.seal(chat, Remembered(begun, STATE, tuple(range(1000, 1040))))
    assert len(small) == len(large)
    assert small[:12] == large[:12] == b"gAAAAAAAAAAA"
    assert len(json.dumps(STATE.slots)) < PADDED_TO


async def test_two_updates_of_a_chat_never_overlap(clock: Clock) -> None:
    chats = MemoryChatStates(KEYS, LIFETIMES, now=clock)
    chat = chats.find("telegram", "1")
    inside = 0

    async def work() -> None:
        nonlocal inside
        async with chats.lock(chat):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0.001)
            inside -= 1

    await asyncio.gather(*(work() for _ in range(20)))
