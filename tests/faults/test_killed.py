"""kill -9 while responses are being stored."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from faulty_stores import FaultyStore, read_outcomes
from intake import BOTH_ENGINES


@BOTH_ENGINES
async def test_what_a_killed_process_acknowledged_is_there_once(store: FaultyStore, engine: str) -> None:
    with store.submitting() as process:
        outcomes = read_outcomes(process, 25)
        process.kill()
        # What it said before it died was said.
        outcomes |= read_outcomes(process)
    assert set(outcomes.values()) == {"stored"}
    there = await store.numbers()
    assert set(there.values()) == {1}
    assert set(outcomes) <= set(there)
    # At most those that were on their way are there without anybody having been told.
    assert len(there) <= len(outcomes) + 3

    again = await store.try_again(range(max(there) + 4))
    assert {number for number, outcome in again.items() if outcome == "already_stored"} == set(there)
    assert await store.numbers() == dict.fromkeys(again, 1)
    if engine == "sqlite":
        with closing(sqlite3.connect(store.database)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
