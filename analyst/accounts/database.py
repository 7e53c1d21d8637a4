"""The accounts database: an SQLite file of its own, and the key that seals the secrets in it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, event, insert, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from analyst.accounts.errors import DatabaseRefused
from analyst.accounts.tables import AccountsTable, SchemaVersionRow

SCHEMA_VERSION: Final = 1

_PRAGMAS: Final = (
    "busy_timeout = 10000",
    "journal_mode = WAL",
    "synchronous = FULL",
    "secure_delete = ON",
    "trusted_schema = OFF",
    "foreign_keys = ON",
    "recursive_triggers = ON",
    "cell_size_check = ON",
    "temp_store = MEMORY",
)

_READING: Final = "fyren_reading"


class AccountsDatabase:
    """Connections to the accounts database; writers take turns from their first statement on."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reading = engine.execution_options(**{_READING: True})

    @classmethod
    async def open(cls, path: Path, *, create: bool = False) -> AccountsDatabase:
        """Open the database in the file `path`, with `create` also where there is none.

        Raises `DatabaseRefused` if the file is missing, open to others, no database, or of a newer version.
        """
        if create:
            await asyncio.to_thread(_create_file, path)
        await asyncio.to_thread(_check_file, path)
        engine = create_async_engine(URL.create("sqlite+aiosqlite", database=str(path)), hide_parameters=True)
        event.listen(engine.sync_engine, "connect", _set_up)
        event.listen(engine.sync_engine, "begin", _begin)
        database = cls(engine)
        try:
            await database._bring_up_to_date(path)
        except BaseException:
            await database.close()
            raise
        return database

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection that sees one state of the database."""
        async with self._reading.connect() as connection:
            yield connection

    @contextlib.asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection that nobody else writes beside; committed at the end, or rolled back by an exception."""
        async with self._engine.begin() as connection:
            yield connection

    async def _bring_up_to_date(self, path: Path) -> None:
        try:
            async with self.writing() as connection:
                await connection.run_sync(_create_tables)
                version = (await connection.execute(select(SchemaVersionRow.version))).scalar_one()
        except DBAPIError as error:
            raise DatabaseRefused(f"{path} cannot be used as accounts database. Is it another file?") from error
        if version > SCHEMA_VERSION:
            raise DatabaseRefused(
                f"{path} was written by a newer version of this program (tables of version {version}, here"
                f" {SCHEMA_VERSION}). Use that version."
            )


def _create_tables(connection: Connection) -> None:
    if connection.dialect.has_table(connection, SchemaVersionRow.__tablename__):
        return
    AccountsTable.metadata.create_all(connection)
    connection.execute(insert(SchemaVersionRow).values(version=SCHEMA_VERSION))


def _create_file(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError as error:
        raise DatabaseRefused(f"{path} cannot be written ({error.strerror}).") from error


def _check_file(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise DatabaseRefused(
            f"There is no accounts database {path}. `fyren accounts create` makes it, with the first account."
        ) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise DatabaseRefused(f"{path} can be read by others than its owner. Close it to them with `chmod 600 {path}`.")


def _set_up(connection: Any, _record: Any) -> None:
    # The driver would begin transactions only at the first change, after what the change is decided by was read.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get(_READING, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
