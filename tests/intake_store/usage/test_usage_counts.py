"""Counts in a real database, and the way there."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest
from intake import BOTH_ENGINES
from sqlalchemy import insert

from intake_store.database.connections import connect
from intake_store.database.tables import UsageCountRow
from intake_store.database.versions import downgrade_database, upgrade_database
from intake_store.submission.errors import InboxUnavailable, OutcomeUnknown
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.usage.adding import UsageDatabase
from intake_store.usage.counting import NullUsageCounter
from intake_store.usage.events import Occurrence, UsageCount, UsageEvent
from intake_store.usage.gathering import Gathered, GatheringUsageCounter
from intake_store.usage.reading import UsageError, read_usage

WEEK = IsoWeek(2026, 47)
NEVER = 3600.0
BEGUN = Occurrence(UsageEvent.CONVERSATION_STARTED, "web", "ro")
SHOWN = Occurrence(UsageEvent.SERVICE_CARD_SHOWN, subject="debt", county="09")


async def add(database: str, gathered: Gathered) -> None:
    opened = await UsageDatabase.open(database)
    try:
        await opened.add(gathered)
    finally:
        await opened.close()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something has come about."""
    async with asyncio.timeout(20):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.01)


async def until_counted(database: str, *counts: UsageCount) -> None:
    async def counted() -> bool:
        return await read_usage(database) == list(counts)

    await until(counted)


def log_size(database: str) -> int:
    return Path(f"{database}-wal").stat().st_size


def opener(database: str) -> Callable[[], Awaitable[UsageDatabase]]:
    return lambda: UsageDatabase.open(database)


@BOTH_ENGINES
async def test_counts_add_up(database: str) -> None:
    await add(database, {})
    await add(database, {(WEEK, BEGUN): 2, (WEEK, SHOWN): 1})
    await add(database, {(WEEK, BEGUN): 3, (WEEK.previous(), BEGUN): 1})
    assert await read_usage(database) == [
        UsageCount(WEEK.previous(), BEGUN, 1),
        UsageCount(WEEK, BEGUN, 5),
        UsageCount(WEEK, SHOWN, 1),
    ]


@BOTH_ENGINES
async def test_processes_that_add_at_the_same_time_lose_nothing(database: str) -> None:
    stores = [await UsageDatabase.open(database) for _ in range(3)]
    try:
        for _ in range(5):
            # Each in an order of its own.
            await asyncio.gather(
                *(store.add(dict(pair)) for store, pair in zip(stores, _orders(), strict=True)),
            )
    finally:
        for store in stores:
            await store.close()
    assert [(found.occurrence, found.count) for found in await read_usage(database)] == [(BEGUN, 15), (SHOWN, 30)]


def _orders() -> list[list[tuple[tuple[IsoWeek, Occurrence], int]]]:
    forth = [((WEEK, BEGUN), 1), ((WEEK, SHOWN), 2)]
    return [forth, forth[::-1], forth]


async def test_two_processes_of_the_operating_system_add_up(database: str) -> None:
    program = (
        "import asyncio, sys\n"
        "from intake_store.submission.iso_weeks import IsoWeek\n"
        "from intake_store.usage.adding import UsageDatabase\n"
        "from intake_store.usage.events import Occurrence, UsageEvent\n"
        "async def main():\n"
        "    store = await UsageDatabase.open(sys.argv[1])\n"
        "    for _ in range(20):\n"
        "        await store.add({(IsoWeek(2026, 47), Occurrence(UsageEvent.CONVERSATION_STARTED, 'web', 'ro')): 1})\n"
        "    await store.close()\n"
        "asyncio.run(main())\n"
    )
    adding = [await asyncio.create_subprocess_exec(sys.executable, "-c", program, database) for _ in range(2)]
    assert [await process.wait() for process in adding] == [0, 0]
    assert await read_usage(database) == [UsageCount(WEEK, BEGUN, 40)]


async def test_the_file_holds_no_time_finer_than_a_week_and_no_order(database: str) -> None:
    await add(database, {(WEEK, SHOWN): 1})
    await add(database, {(WEEK, BEGUN): 1})
    with closing(sqlite3.connect(database)) as connection:
        columns = {row[1]: row[2] for row in connection.execute("PRAGMA table_info(usage_count)")}
        rows = connection.execute("SELECT * FROM usage_count").fetchall()
        with pytest.raises(sqlite3.OperationalError, match="rowid"):
            connection.execute("SELECT rowid FROM usage_count")
    assert set(columns) == set(UsageCountRow.__table__.columns.keys())
    assert {kind for name, kind in columns.items() if name != "count"} <= {
        f"VARCHAR({length})" for length in (8, 16, 32, 64)
    }
    assert rows == [
        ("2026-W47", "", "", "service_card_shown", "debt", "09", 1),
        ("2026-W47", "web", "ro", "conversation_started", "", "", 1),
    ]


async def test_one_batch_after_the_other_is_not_kept_in_the_log(database: str) -> None:
    opened = await UsageDatabase.open(database)
    try:
        for _ in range(3):
            await opened.add({(WEEK, BEGUN): 1})
            assert log_size(database) == 0
    finally:
        await opened.close()


async def test_somebody_who_reads_holds_up_nobody_who_counts(database: str) -> None:
    opened = await UsageDatabase.open(database)
    try:
        with closing(sqlite3.connect(database, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM usage_count").fetchall()
            await asyncio.wait_for(opened.add({(WEEK, BEGUN): 1}), 5)
            assert log_size(database) > 0
            reader.execute("COMMIT")
    finally:
        await opened.close()
    assert await read_usage(database) == [UsageCount(WEEK, BEGUN, 1)]


@BOTH_ENGINES
async def test_counts_of_an_unknown_event_are_told(database: str) -> None:
    engine = connect(database)
    values = {"iso_week": "2026-W47", "channel": "", "language": "", "event": "later", "subject": "", "county": ""}
    async with engine.begin() as connection:
        await connection.execute(insert(UsageCountRow).values(**values, count=1))
    await engine.dispose()
    with pytest.raises(UsageError, match="Update Fyren"):
        await read_usage(database)


async def test_a_database_that_is_missing_or_old_is_told(database: str, tmp_path: Path) -> None:
    with pytest.raises(InboxUnavailable, match="fyren database upgrade"):
        await read_usage(str(tmp_path / "none.sqlite3"))
    assert not (tmp_path / "none.sqlite3").exists()
    await downgrade_database(database, "0001")
    with pytest.raises(InboxUnavailable, match="fyren database upgrade"):
        await UsageDatabase.open(database)
    await upgrade_database(database)
    assert await read_usage(database) == []


class TestGathering:
    async def test_everything_is_written_at_the_end(self, database: str) -> None:
        counter = GatheringUsageCounter(opener(database), lambda: WEEK, NEVER)
        counter.count([BEGUN, SHOWN])
        counter.count([BEGUN])
        assert await read_usage(database) == []
        await counter.close()
        assert await read_usage(database) == [UsageCount(WEEK, BEGUN, 2), UsageCount(WEEK, SHOWN, 1)]

    async def test_everything_is_written_every_so_often(self, database: str) -> None:
        counter = GatheringUsageCounter(opener(database), lambda: WEEK, 0.01)
        try:
            for expected in (1, 2):
                counter.count([BEGUN])
                await until_counted(database, UsageCount(WEEK, BEGUN, expected))
        finally:
            await counter.close()

    async def test_a_count_belongs_to_the_week_it_happened_in(self, database: str) -> None:
        weeks = iter([WEEK.previous(), WEEK])
        counter = GatheringUsageCounter(opener(database), lambda: next(weeks), NEVER)
        counter.count([BEGUN])
        counter.count([BEGUN])
        await counter.close()
        assert await read_usage(database) == [UsageCount(WEEK.previous(), BEGUN, 1), UsageCount(WEEK, BEGUN, 1)]

    async def test_without_anything_to_count_nothing_is_opened(self, tmp_path: Path) -> None:
        counter = GatheringUsageCounter(opener(str(tmp_path / "none.sqlite3")), lambda: WEEK, 0.01)
        await asyncio.sleep(0.05)
        await counter.close()

    async def test_what_could_not_be_written_is_kept_and_tried_again(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        database = str(tmp_path / "intake.sqlite3")
        counter = GatheringUsageCounter(opener(database), lambda: WEEK, 0.01)
        counter.count([BEGUN])

        async def told() -> bool:
            return bool(caplog.records)

        await until(told)
        counter.count([BEGUN])
        await asyncio.sleep(0.1)
        assert len(caplog.records) == 1, "a failure that goes on is told once"
        assert "fyren database upgrade" in caplog.text
        await upgrade_database(database)
        await until_counted(database, UsageCount(WEEK, BEGUN, 2))
        await counter.close()
        assert await read_usage(database) == [UsageCount(WEEK, BEGUN, 2)]

    async def test_a_store_that_breaks_in_the_middle_adds_all_or_nothing(
        self, database: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        counter = GatheringUsageCounter(opener(database), lambda: WEEK, 0.01)
        try:
            counter.count([BEGUN])
            await until_counted(database, UsageCount(WEEK, BEGUN, 1))
            with closing(sqlite3.connect(database)) as connection, connection:
                # The first row of a batch is taken, the second is not.
                connection.execute(
                    "CREATE TRIGGER full BEFORE INSERT ON usage_count WHEN NEW.channel = 'web' "
                    "BEGIN SELECT RAISE(ABORT, 'no more'); END"
                )
            counter.count([BEGUN, SHOWN])

            async def told() -> bool:
                return "counted in memory for now" in caplog.text

            await until(told)
            assert await read_usage(database) == [UsageCount(WEEK, BEGUN, 1)]
            with closing(sqlite3.connect(database)) as connection, connection:
                connection.execute("DROP TRIGGER full")
        finally:
            await counter.close()
        assert await read_usage(database) == [UsageCount(WEEK, BEGUN, 2), UsageCount(WEEK, SHOWN, 1)]

    async def test_a_mistake_of_ours_does_not_end_the_counting(
        self, database: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        tries: list[int] = []

        async def open_store() -> UsageDatabase:
            tries.append(1)
            if len(tries) == 1:
                raise RuntimeError("zebrafink")
            return await UsageDatabase.open(database)

        counter = GatheringUsageCounter(open_store, lambda: WEEK, 0.01)
        counter.count([BEGUN])
        await until_counted(database, UsageCount(WEEK, BEGUN, 1))
        await counter.close()
        assert "RuntimeError" in caplog.text
        assert "zebrafink" not in caplog.text

    async def test_what_may_have_been_added_is_not_added_again(
        self, database: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Doubtful(UsageDatabase):
            async def add(self, gathered: Gathered) -> None:
                await super().add(gathered)
                raise OutcomeUnknown("The connection broke.")

        counter = GatheringUsageCounter(lambda: Doubtful.open(database), lambda: WEEK, NEVER)
        counter.count([BEGUN])
        await counter.close()
        assert await read_usage(database) == [UsageCount(WEEK, BEGUN, 1)]
        assert "1 counted events may be lost" in caplog.text

    async def test_what_cannot_be_written_at_the_end_is_told_in_a_number(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        counter = GatheringUsageCounter(opener(str(tmp_path / "none.sqlite3")), lambda: WEEK, NEVER)
        counter.count([BEGUN, SHOWN, BEGUN])
        with caplog.at_level(logging.WARNING):
            await counter.close()
        assert "3 counted events could not be written" in caplog.text

    def test_nothing_can_be_counted_into_nothing(self) -> None:
        NullUsageCounter().count([BEGUN])
