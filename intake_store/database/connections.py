"""Connections to the intake database: set to keep what was acknowledged, to forget what was deleted, and to wait not
longer than a person does.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any, Final

from sqlalchemy import event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

BUSY_TIMEOUT_MS = 10_000

# The page holds whole rows: none is continued in pages of its own, which stand in the order in which they were written.
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

# SQLite's primary result codes for a file that is damaged, or that is no database at all.
_SQLITE_CORRUPT, _SQLITE_NOTADB = 11, 26

_POSTGRESQL_SETTINGS: Final = {
    "application_name": "fyren",
    "lock_timeout": str(BUSY_TIMEOUT_MS),
    # Whatever the server is set to: a response is on the disk before the person is told that it is stored.
    "synchronous_commit": "on",
    "idle_in_transaction_session_timeout": "60000",
    # A planted function or table in another schema is not found instead of ours.
    "search_path": "public",
}


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
    if url.get_backend_name() == "postgresql":
        # A connection that died with its server is found out before it is used, and not by a person's submission.
        settings = {"timeout": BUSY_TIMEOUT_MS / 1000, "server_settings": _POSTGRESQL_SETTINGS}
        return create_async_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args=settings)
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


def file_is_open_to_others(location: str) -> bool:
    """Tell whether the database is an SQLite file that others than its owner and group may read or write."""
    url = database_url(location)
    if url.get_backend_name() != "sqlite":
        return False
    try:
        return bool(Path(url.database or "").stat().st_mode & (stat.S_IROTH | stat.S_IWOTH))
    except OSError:
        return False


def is_damage(error: BaseException) -> bool:
    """Tell whether an error means that the SQLite file is damaged or no database, rather than away or locked."""
    original = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(original, "sqlite_errorcode", 0)
    return isinstance(code, int) and code & 0xFF in (_SQLITE_CORRUPT, _SQLITE_NOTADB)


async def is_sound(engine: AsyncEngine) -> bool:
    """Tell whether SQLite's own check finds the structure of its file whole; other databases check themselves.

    It reads the whole file: 0.7 s for each gigabyte that is in memory already, and as long as the disk takes if not.
    """
    if engine.dialect.name != "sqlite":
        return True
    async with engine.connect() as connection:
        found = (await connection.exec_driver_sql("PRAGMA quick_check(1)")).scalars().all()
    return list(found) == ["ok"]


async def erase_remains(engine: AsyncEngine, *, wait_ms: int = BUSY_TIMEOUT_MS) -> bool:
    """Move SQLite's write-ahead log into the database and empty it, so that deleted rows leave no remains there.

    Returns False if another connection was reading for longer than `wait_ms`, in which nobody can write; the caller
    then tries again later. Other databases need nothing.
    """
    if engine.dialect.name != "sqlite":
        return True
    async with engine.connect() as connection:
        autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await autocommit.execute(text(f"PRAGMA busy_timeout = {wait_ms:d}"))
        try:
            busy = (await autocommit.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))).scalar_one()
        finally:
            await autocommit.execute(text(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}"))
    return bool(busy == 0)


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
