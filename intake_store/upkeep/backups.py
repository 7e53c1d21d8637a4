"""Backups of the intake database: made while responses come in, independent of the engine, proved when restored."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from sqlalchemy import Table, Uuid, func, insert, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from intake_store.database.connections import connect, file_is_missing
from intake_store.database.newest import NEWEST_REVISION
from intake_store.database.revisions import stored_revision
from intake_store.database.tables import IntakeTable, SealedRow, WithdrawnRow
from intake_store.database.versions import upgrade_database
from intake_store.submission.intake_database import changing, open_intake_database, reported
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.upkeep.backup_files import BackupError, BackupReader, BackupWriter
from intake_store.upkeep.digests import TableDigest, Value
from intake_store.upkeep.retention import RetentionRules
from intake_store.upkeep.whole_files import writing_whole_file
from intake_store.upkeep.withdrawals import Withdrawals

_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What a restore did, in rows of each table, and which responses it left out."""

    restored: Mapping[str, int]
    withdrawn: int
    expired: int


async def create_backup(location: str, path: Path) -> dict[str, int]:
    """Write a backup of the database at a path or URL, as it is at one moment; return how many rows of each table.

    Others read and write meanwhile. The file appears once it is whole, on the disk and read back. Raises `BackupError`
    if `path` is there already or cannot be written, `InboxUnavailable` if the database is away.
    """
    engine = await open_intake_database(location)
    try:
        with writing_whole_file(path, replace=False) as partial:
            await upgrade_database(str(partial))
            with BackupWriter.open(partial) as writer:
                async with _snapshot(engine) as connection:
                    for table in IntakeTable.metadata.sorted_tables:
                        digest = TableDigest()
                        async for rows in _batches(connection, table):
                            writer.add(table.name, rows, digest)
                        writer.finish(table.name, digest)
            return await asyncio.to_thread(_checked, partial)
    except FileExistsError as error:
        raise BackupError(f"There is a file {path} already; it is not overwritten. Name another one.") from error
    except (OSError, SQLAlchemyError) as error:
        raise BackupError(f"The backup {path} could not be written ({error}); there is none.") from error
    finally:
        await engine.dispose()


async def restore_backup(
    path: Path, location: str, withdrawals: Withdrawals, rules: RetentionRules, this_week: IsoWeek
) -> RestoreReport:
    """Restore a backup into the database at a path or URL, which has to be empty and is made if need be.

    Responses that were withdrawn, by the backup or by `withdrawals`, stay away, and so does all that is older than the
    rules say. What was written is read back and compared before it is kept; after an error the database is as empty as
    before. Raises `BackupError` for a backup that is damaged or too new and a database that is not empty,
    `InboxUnavailable` if the database is away.
    """
    with ExitStack() as stack:
        reader = stack.enter_context(BackupReader.open(path))
        if reader.revision != NEWEST_REVISION:
            copy = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fyren-restore-"))) / "copy.sqlite3"
            shutil.copyfile(path, copy)
            await upgrade_database(str(copy))
            reader = stack.enter_context(BackupReader.open_copy(copy))
        await _make_tables(location)
        engine = await open_intake_database(location)
        try:
            return await _fill(engine, reader, withdrawals, rules, this_week)
        except sqlite3.Error as error:
            raise BackupError(f"The backup {path} cannot be read any more; nothing was restored.") from error
        finally:
            await engine.dispose()


async def _make_tables(location: str) -> None:
    """Make the tables in a database that has none; an older one with rows in it is not touched."""
    engine = connect(location)
    try:
        if not file_is_missing(location):
            async with reported():
                if await stored_revision(engine) is not None:
                    return
    finally:
        await engine.dispose()
    async with reported():
        await upgrade_database(location)


async def _fill(
    engine: AsyncEngine, reader: BackupReader, withdrawals: Withdrawals, rules: RetentionRules, this_week: IsoWeek
) -> RestoreReport:
    oldest = {table.__tablename__: str(week) for table, week in rules.oldest_kept(this_week).items()}
    withdrawn_rows = {str(row["row_id"]): row for row in reader.rows(WithdrawnRow.__tablename__)}
    withdrawn_rows |= {row.hex: {"row_id": row.hex, "iso_week": str(week)} for row, week in withdrawals.items()}
    restored: dict[str, int] = {}
    left_out = {"withdrawn": 0, "expired": 0}

    def kept(table: Table) -> Iterator[Mapping[str, Value]]:
        sealed = table.name == SealedRow.__tablename__
        rows = withdrawn_rows.values() if table.name == WithdrawnRow.__tablename__ else reader.rows(table.name)
        for row in rows:
            if sealed and row["row_id"] in withdrawn_rows:
                left_out["withdrawn"] += 1
            elif str(row["iso_week"]) < oldest[table.name]:
                left_out["expired"] += sealed
            else:
                yield row

    async with changing(engine) as connection:
        await _lock_empty(connection)
        for table in IntakeTable.metadata.sorted_tables:
            written = TableDigest()
            for rows in _parts(kept(table)):
                for row in rows:
                    written.add(row)
                await connection.execute(insert(table), [_bound(table, row) for row in rows])
            found = TableDigest()
            async for batch in _batches(connection, table):
                for stored in batch:
                    found.add(stored)
            if found != written:
                raise BackupError("The database does not hold what was written to it; nothing was restored.")
            restored[table.name] = written.rows
    return RestoreReport(restored, **left_out)


async def _lock_empty(connection: AsyncConnection) -> None:
    """Keep others from writing until the end of the transaction; raises `BackupError` if there is a row already."""
    tables = IntakeTable.metadata.sorted_tables
    if connection.dialect.name == "sqlite":
        await connection.execute(text("BEGIN IMMEDIATE"))
    else:
        names = ", ".join(table.name for table in tables)
        await connection.execute(text(f"LOCK TABLE {names} IN EXCLUSIVE MODE"))
    for table in tables:
        if await connection.scalar(select(func.count()).select_from(table)):
            raise BackupError("The database is not empty. Restore into a new one; nothing was restored.")


@asynccontextmanager
async def _snapshot(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Yield a connection that sees the database as it is at one moment, and keeps nobody from writing."""
    async with reported():
        if engine.dialect.name == "sqlite":
            async with engine.connect() as connection:
                # The driver does not begin a transaction for reading by itself.
                await connection.execute(text("BEGIN"))
                yield connection
        else:
            async with engine.connect() as connection:
                await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                yield connection


async def _batches(connection: AsyncConnection, table: Table) -> AsyncIterator[list[dict[str, Value]]]:
    ordered = select(table).order_by(*table.primary_key)
    async with connection.stream(ordered, execution_options={"yield_per": _BATCH}) as result:
        async for rows in result.mappings().partitions():
            yield [dict(row) for row in rows]


def _bound(table: Table, row: Mapping[str, Value]) -> dict[str, Value]:
    """Return a row of a backup as the driver of another engine takes it."""
    return {
        name: uuid.UUID(str(value)) if isinstance(table.c[name].type, Uuid) else value for name, value in row.items()
    }


def _parts(rows: Iterable[Mapping[str, Value]]) -> Iterator[list[Mapping[str, Value]]]:
    iterator = iter(rows)
    while part := list(islice(iterator, _BATCH)):
        yield part


def _checked(path: Path) -> dict[str, int]:
    with BackupReader.open(path) as reader:
        return dict(reader.tables)
