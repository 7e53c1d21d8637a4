"""Backups of the intake database: made while responses come in, independent of the engine, proved when restored."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
import uuid
from collections import Counter, deque
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
from intake_store.upkeep.withdrawals import LIST_NAME, Withdrawals

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
            return await _fill(engine, reader, _Sieve(reader, withdrawals, rules, this_week))
        except sqlite3.Error as error:
            raise BackupError(f"The backup {path} cannot be read any more; nothing was restored.") from error
        finally:
            await engine.dispose()


async def forget_in_backups(
    folder: Path, withdrawals: Withdrawals, rules: RetentionRules, this_week: IsoWeek
) -> dict[str, int | BackupError]:
    """Take responses that were withdrawn or have expired out of the backups in a folder.

    Each such backup is written anew, whole, and takes the place of the old one. Returns, by name of file, how many
    responses went, or why the file was left alone.
    """
    report: dict[str, int | BackupError] = {}
    for path in _backups_in(folder):
        try:
            report[path.name] = await _forget_in(path, withdrawals, rules, this_week)
        except BackupError as error:
            report[path.name] = error
        except (OSError, SQLAlchemyError) as error:
            report[path.name] = BackupError(f"The backup {path} could not be written anew ({error}); it is as it was.")
    return report


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


class _Sieve:
    """Lets through the rows of a backup that are to live on, and counts the others."""

    def __init__(
        self, reader: BackupReader, withdrawals: Withdrawals, rules: RetentionRules, this_week: IsoWeek
    ) -> None:
        self._reader = reader
        self._oldest = {table.__tablename__: str(week) for table, week in rules.oldest_kept(this_week).items()}
        own = reader.rows(WithdrawnRow.__tablename__) if WithdrawnRow.__tablename__ in reader.tables else ()
        listed = ({"row_id": row_id.hex, "iso_week": str(week)} for row_id, week in withdrawals.items())
        self._withdrawn: dict[Value, dict[str, Value]] = {row["row_id"]: row for row in (*own, *listed)}
        self.withdrawn = 0
        self.expired: Counter[str] = Counter()

    def kept(self, table: str) -> Iterator[dict[str, Value]]:
        """Return the rows of a table that live on; of withdrawals, also those that only the list knows."""
        rows = self._withdrawn.values() if table == WithdrawnRow.__tablename__ else self._reader.rows(table)
        for row in rows:
            if table == SealedRow.__tablename__ and row["row_id"] in self._withdrawn:
                self.withdrawn += 1
            elif str(row["iso_week"]) < self._oldest[table]:
                self.expired[table] += 1
            else:
                yield row


async def _fill(engine: AsyncEngine, reader: BackupReader, sieve: _Sieve) -> RestoreReport:
    restored: dict[str, int] = {}
    async with changing(engine) as connection:
        await _lock_empty(connection)
        for table in IntakeTable.metadata.sorted_tables:
            written = TableDigest()
            for rows in _parts(sieve.kept(table.name)):
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
    return RestoreReport(restored, sieve.withdrawn, sieve.expired[SealedRow.__tablename__])


async def _forget_in(path: Path, withdrawals: Withdrawals, rules: RetentionRules, this_week: IsoWeek) -> int:
    with BackupReader.open(path) as reader:
        foreseen = _Sieve(reader, withdrawals, rules, this_week)
        for table in reader.tables:
            deque(foreseen.kept(table), maxlen=0)
        responses = foreseen.withdrawn + foreseen.expired[SealedRow.__tablename__]
        if not responses:
            return 0
        sieve = _Sieve(reader, withdrawals, rules, this_week)
        with writing_whole_file(path, replace=True) as partial:
            await upgrade_database(str(partial), reader.revision)
            with BackupWriter.open(partial) as writer:
                for table in reader.tables:
                    digest = TableDigest()
                    for rows in _parts(sieve.kept(table)):
                        writer.add(table, rows, digest)
                    writer.finish(table, digest)
            _checked(partial)
    return responses


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


def _backups_in(folder: Path) -> list[Path]:
    try:
        return sorted(
            path for path in folder.iterdir() if path.is_file() and path.name != LIST_NAME and path.name[0] != "."
        )
    except OSError as error:
        raise BackupError(f"The folder {folder} cannot be read ({error.strerror}).") from error


def _checked(path: Path) -> dict[str, int]:
    with BackupReader.open(path) as reader:
        return dict(reader.tables)
