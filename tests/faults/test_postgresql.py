"""PostgreSQL crashes and comes back, and connections that break while something is being committed."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from faulty_stores import NOT_SAVED, STORED, UNKNOWN, FaultyStore, read_outcomes
from person import Person
from postgresql_proxy import PostgresqlProxy
from postgresql_server import PostgresqlServer

from intake_store.database.versions import upgrade
from intake_store.submission import inbox as inboxes


@pytest.fixture
def crashing_store(own_postgresql: PostgresqlServer, make_store: Callable[[str], FaultyStore]) -> FaultyStore:
    """Return a store in a PostgreSQL that may be stopped."""
    location = own_postgresql.location(own_postgresql.create_database())
    upgrade(location)
    return make_store(location)


async def test_a_crash_in_the_middle_loses_nothing_that_was_acknowledged(
    crashing_store: FaultyStore, own_postgresql: PostgresqlServer
) -> None:
    with crashing_store.submitting() as process:
        outcomes = read_outcomes(process, 20)
        await asyncio.to_thread(own_postgresql.restart, "immediate")
        outcomes |= read_outcomes(process, 20)
        process.kill()
        outcomes |= read_outcomes(process)
    acknowledged = {number for number, outcome in outcomes.items() if outcome in ("stored", "already_stored")}
    refused = {number for number, outcome in outcomes.items() if outcome == "InboxUnavailable"}
    assert len(acknowledged) > 20, "it went on after the crash"
    assert set(outcomes.values()) <= {"stored", "already_stored", "InboxUnavailable", "OutcomeUnknown"}
    there = await crashing_store.numbers()
    assert set(there.values()) == {1}
    assert acknowledged <= set(there)
    assert not refused & set(there), "something was stored of which was said that it was not"

    again = await crashing_store.try_again(sorted({*outcomes, *there}))
    assert {again[number] for number in refused} <= {"stored"}
    assert await crashing_store.numbers() == dict.fromkeys(again, 1)


async def test_the_person_is_told_that_nothing_was_saved_while_it_is_away(
    crashing_store: FaultyStore, own_postgresql: PostgresqlServer, to_sending: Callable[..., Awaitable[Person]]
) -> None:
    async with crashing_store.inbox() as inbox:
        person = await to_sending(inbox)
        await asyncio.to_thread(own_postgresql.stop, "immediate")
        try:
            await person.tap("wants_receipt:no")
            assert NOT_SAVED in person.heard
        finally:
            await asyncio.to_thread(own_postgresql.start)
        await person.tap("retry_submission:yes")
        assert STORED in person.heard
        assert len(await crashing_store.rows()) == 1


async def test_a_restart_between_two_submissions_is_not_noticed(
    crashing_store: FaultyStore, own_postgresql: PostgresqlServer, to_sending: Callable[..., Awaitable[Person]]
) -> None:
    async with crashing_store.inbox() as inbox:
        await (await to_sending(inbox)).tap("wants_receipt:no")
        person = await to_sending(inbox)
        await asyncio.to_thread(own_postgresql.restart, "fast")
        await person.tap("wants_receipt:no")
        assert STORED in person.heard
        assert len(await crashing_store.rows()) == 2


@pytest.fixture
async def proxy(postgresql: PostgresqlServer) -> AsyncIterator[PostgresqlProxy]:
    with tempfile.TemporaryDirectory(prefix="fyren-proxy-") as folder:
        async with PostgresqlProxy.running(Path(folder), postgresql.folder) as running:
            yield running


@pytest.fixture
def by_proxy(postgresql_store: FaultyStore, proxy: PostgresqlProxy, postgresql: PostgresqlServer) -> str:
    """Return the location of the store's database behind the stand."""
    return postgresql_store.database.replace(str(postgresql.folder), str(proxy.folder))


@pytest.mark.parametrize("lost", ["lose_acknowledgement", "lose_commit"])
async def test_a_connection_that_breaks_at_the_commit_is_settled_before_the_person_is_told(
    postgresql_store: FaultyStore,
    proxy: PostgresqlProxy,
    by_proxy: str,
    to_sending: Callable[..., Awaitable[Person]],
    lost: str,
) -> None:
    async with postgresql_store.inbox(by_proxy) as inbox:
        person = await to_sending(inbox)
        setattr(proxy, lost, True)
        await person.tap("wants_receipt:no")
        assert proxy.broken == 1
        assert STORED in person.heard
        assert len(await postgresql_store.rows()) == 1


@pytest.mark.parametrize(("lost", "there"), [("lose_acknowledgement", 1), ("lose_commit", 0)])
async def test_what_nobody_can_tell_is_not_told(
    postgresql_store: FaultyStore,
    proxy: PostgresqlProxy,
    by_proxy: str,
    to_sending: Callable[..., Awaitable[Person]],
    monkeypatch: pytest.MonkeyPatch,
    lost: str,
    there: int,
) -> None:
    monkeypatch.setattr(inboxes, "_PAUSES", (0.01, 0.01))
    async with postgresql_store.inbox(by_proxy) as inbox:
        person = await to_sending(inbox)
        setattr(proxy, lost, True)
        proxy.away_after = True
        await person.tap("wants_receipt:yes")
        assert UNKNOWN in person.heard
        assert NOT_SAVED not in person.heard
        receipt = person.receipt
        assert receipt, "if it is there, the code deletes it"
        assert len(await postgresql_store.rows()) == there
        # The next attempt certainly stored nothing, and the first one may still have.
        await person.tap("retry_submission:yes")
        assert UNKNOWN in person.heard
        assert NOT_SAVED not in person.heard
        proxy.away = False
        await person.tap("retry_submission:yes")
        assert STORED in person.heard
        assert person.receipt == receipt
        assert len(await postgresql_store.rows()) == 1
        await person.tap_old("flow:withdraw")
        await person.say(receipt)
        assert await postgresql_store.rows() == []


async def test_who_leaves_it_is_not_told_that_nothing_was_stored(
    postgresql_store: FaultyStore,
    proxy: PostgresqlProxy,
    by_proxy: str,
    to_sending: Callable[..., Awaitable[Person]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inboxes, "_PAUSES", (0.01,))
    async with postgresql_store.inbox(by_proxy) as inbox:
        person = await to_sending(inbox)
        proxy.lose_acknowledgement = proxy.away_after = True
        await person.tap("wants_receipt:no")
        await person.tap("retry_submission:no")
        assert UNKNOWN in person.heard
        assert "Nothing" not in person.heard


async def test_a_withdrawal_that_nobody_can_tell_of_is_not_told_as_done_or_undone(
    postgresql_store: FaultyStore,
    proxy: PostgresqlProxy,
    by_proxy: str,
    to_sending: Callable[..., Awaitable[Person]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inboxes, "_PAUSES", (0.01,))
    async with postgresql_store.inbox(by_proxy) as inbox:
        person = await to_sending(inbox)
        await person.tap("wants_receipt:yes")
        receipt = person.receipt
        assert receipt
        proxy.lose_acknowledgement = proxy.away_after = True
        await person.tap_old("flow:withdraw")
        await person.say(receipt)
        assert "I do not know whether your answers are deleted" in person.heard
        assert await postgresql_store.rows() == []
