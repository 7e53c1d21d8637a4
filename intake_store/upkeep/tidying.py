"""Tidying: rows are written anew in the order of their random keys, so that nobody sees in which order they came.

What the database itself keeps with a row, and would tell that order, goes with it: in SQLite the place in the file; in
PostgreSQL the place in the table (`ctid`), the transaction (`xmin`) and the numbers of values that are stored apart
(TOAST). CLUSTER and VACUUM FREEZE keep the last two, so the tables are emptied and filled again in one transaction.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Table, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from intake_store.database.connections import erase_remains
from intake_store.database.tables import IntakeTable
from intake_store.submission.intake_database import open_intake_database, reported

_DOUBTFUL_SETTINGS: Final = {
    ("wal_recycle", "on"): "Set wal_recycle = off: write-ahead log files are used again without being emptied.",
    ("archive_mode", "on"): "archive_mode is on: archived logs keep what was deleted, with exact times.",
    (
        "archive_mode",
        "always",
    ): "archive_mode is on: archived logs keep what was deleted, with exact times.",
    ("track_commit_timestamp", "on"): "Set track_commit_timestamp = off: it keeps the exact time of each submission.",
    ("log_statement", "mod"): "Set log_statement = none: the log has the exact time of each submission.",
    ("log_statement", "all"): "Set log_statement = none: the log has the exact time of each submission.",
}

WAIT_FOR_READERS_MS: Final = 10_000
"""How long SQLite's readers are waited for before the write-ahead log is left for the next time."""


async def tidy_database(location: str) -> tuple[str, ...]:
    """Write all rows of the database at a path or URL anew, in random order, and erase what deleted ones left.

    Nobody can write meanwhile. Returns what remains nevertheless, one sentence each, for the operator. Raises
    `InboxUnavailable` if the database is away or in use.
    """
    engine = await open_intake_database(location)
    try:
        return await tidy(engine)
    finally:
        await engine.dispose()


async def tidy(engine: AsyncEngine) -> tuple[str, ...]:
    """Do what `tidy_database` does for an engine that is open."""
    async with reported():
        if engine.dialect.name == "sqlite":
            return await _tidy_sqlite(engine)
        return await _tidy_postgresql(engine)


async def _tidy_sqlite(engine: AsyncEngine) -> tuple[str, ...]:
    async with engine.connect() as connection:
        autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
        # In memory a large database would not fit.
        await autocommit.execute(text("PRAGMA temp_store = FILE"))
        await autocommit.execute(text("VACUUM"))
        await autocommit.execute(text("PRAGMA temp_store = MEMORY"))
    if await erase_remains(engine, wait_ms=WAIT_FOR_READERS_MS):
        return ()
    return ("Somebody is reading the database, so its write-ahead log could not be emptied. Run this again later.",)


async def _tidy_postgresql(engine: AsyncEngine) -> tuple[str, ...]:
    async with engine.begin() as connection:
        for table in IntakeTable.metadata.sorted_tables:
            await _rewrite(connection, table)
    async with engine.connect() as connection:
        autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
        found = [await _empty_log(autocommit)]
        for (setting, value), doubt in _DOUBTFUL_SETTINGS.items():
            if await autocommit.scalar(text("SELECT current_setting(:name)"), {"name": setting}) == value:
                found.append(doubt)
        if await autocommit.scalar(text("SELECT count(*) FROM pg_replication_slots")):
            found.append("There are replicas: they keep write-ahead logs of their own.")
    return tuple(doubt for doubt in found if doubt)


async def _rewrite(connection: AsyncConnection, table: Table) -> None:
    name, key = table.name, ", ".join(column.name for column in table.primary_key)
    for statement in (
        f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE",
        f"CREATE TEMPORARY TABLE tidied ON COMMIT DROP AS TABLE {name}",
        f"TRUNCATE {name}",
        f"INSERT INTO {name} SELECT * FROM tidied ORDER BY {key}",  # noqa: S608  # names of our own tables
        "DROP TABLE tidied",
    ):
        await connection.execute(text(statement))


async def _empty_log(connection: AsyncConnection) -> str:
    """Let the server drop the write-ahead logs that hold what was deleted; needs more rights than the owner has."""
    try:
        await connection.execute(text("SELECT pg_switch_wal()"))
        await connection.execute(text("CHECKPOINT"))
    except DBAPIError:
        return "This role may not empty the write-ahead log; it goes with the server's next checkpoints."
    return ""
