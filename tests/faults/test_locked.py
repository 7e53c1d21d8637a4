"""Another process holds the database."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from faulty_stores import NOT_SAVED, NOT_STORED, STORED, FaultyStore
from person import Person
from sqlalchemy import event

from intake_store.submission.inbox import Inbox

HOLDING = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
time.sleep(float(sys.argv[2]))
connection.execute("ROLLBACK")
"""


@contextlib.contextmanager
def locked(database: str, seconds: float) -> Iterator[None]:
    """Let another process hold the database for so long, or until the end of the block if that is sooner."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDING, database, str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "locked\n"
        yield
    finally:
        process.kill()
        process.communicate()


def wait_at_most(inbox: Inbox, milliseconds: int) -> None:
    def shorten(connection: Any, *_: object) -> None:
        connection.cursor().execute(f"PRAGMA busy_timeout = {milliseconds}")

    event.listen(inbox._engine.sync_engine, "checkout", shorten)


async def test_a_lock_shorter_than_the_patience_is_waited_for(
    sqlite_store: FaultyStore, to_sending: Callable[..., Awaitable[Person]]
) -> None:
    async with sqlite_store.inbox() as inbox:
        person = await to_sending(inbox)
        with locked(sqlite_store.database, 0.8):
            began = time.monotonic()
            await person.tap("wants_receipt:no")
            waited = time.monotonic() - began
        assert waited > 0.4
        assert STORED in person.heard
        assert len(await sqlite_store.rows()) == 1


async def test_a_lock_longer_than_the_patience_is_told_and_tried_again(
    sqlite_store: FaultyStore, to_sending: Callable[..., Awaitable[Person]]
) -> None:
    async with sqlite_store.inbox() as inbox:
        wait_at_most(inbox, 200)
        person = await to_sending(inbox)
        with locked(sqlite_store.database, 30):
            await person.tap("wants_receipt:no")
            assert NOT_SAVED in person.heard
            await person.tap("retry_submission:yes")
            assert NOT_SAVED in person.heard
        assert await sqlite_store.rows() == []
        await person.tap("retry_submission:yes")
        assert STORED in person.heard
        assert len(await sqlite_store.rows()) == 1


async def test_who_leaves_it_then_has_left_nothing(
    sqlite_store: FaultyStore, to_sending: Callable[..., Awaitable[Person]]
) -> None:
    async with sqlite_store.inbox() as inbox:
        wait_at_most(inbox, 50)
        person = await to_sending(inbox)
        with locked(sqlite_store.database, 30):
            await person.tap("wants_receipt:no")
        await person.tap("retry_submission:no")
        assert NOT_STORED in person.heard
    assert await sqlite_store.rows() == []
