"""Connections to the intake database, with SQLite set to keep what it acknowledged and to forget what was deleted."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sqlalchemy import event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

BUSY_TIMEOUT_MS = 10_000

# The page holds a whole row, so that the random order of rows is also their order in the file.
# FULL: a response is on the disk before the person is told that it is stored.
# secure_delete: deleted content is overwritten with zeros. trusted_schema: a planted schema cannot call functions.
_SQLITE_PRAGMAS = (
    f"busy_timeout = {BUSY_TIMEOUT_MS}",
    "page_size = 16384",
    "journal_mode = WAL",
    "synchronous = FULL",
    "secure_delete = ON",
    "trusted_schema = OFF",
    "foreign_keys = ON",
    "cell_size_check = ON",
    "temp_store = MEMORY",
)


def database_url(location: str) -> URL:
    """Return the URL for a path of an SQLite file, or for a URL as SQLAlchemy writes them.

    A URL without an asynchronous driver gets aiosqlite or asyncpg.
    """
    if "://" not in location:
        return URL.create("sqlite+aiosqlite", database=location)
    url = make_url(location)
    asynchronous = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
    return url.set(drivername=asynchronous.get(url.drivername, url.drivername))


def connect(location: str) -> AsyncEngine:
    """Return an engine for the intake database at a path or URL; nothing is opened before it is used."""
    url = database_url(location)
    engine = create_async_engine(url, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _set_up_sqlite)
    return engine


def create_file(location: str) -> None:
    """Create the empty file of an SQLite database, readable by its owner alone, and its folder; keep what is there."""
    url = database_url(location)
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return
    path = Path(url.database)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))


def file_is_missing(location: str) -> bool:
    """Tell whether the database is an SQLite file that is not there; connecting would create it, open to others."""
    url = database_url(location)
    return url.get_backend_name() == "sqlite" and not Path(url.database or "").exists()


async def erase_remains(engine: AsyncEngine) -> bool:
    """Move SQLite's write-ahead log into the database and empty it, so that deleted rows leave no remains there.

    Returns False if another connection was reading; the caller then tries again later. Other databases need nothing.
    """
    if engine.dialect.name != "sqlite":
        return True
    async with engine.connect() as connection:
        autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
        busy = (await autocommit.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))).scalar_one()
    return bool(busy == 0)


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
