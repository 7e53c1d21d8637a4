"""Backup files: one file for either engine, an SQLite database of the same tables with counts and digests of rows."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

from intake_store.database.newest import NEWEST_REVISION
from intake_store.submission.errors import IntakeStoreError
from intake_store.upkeep.digests import TableDigest, Value

_FORMAT: Final = "fyren intake backup 1"
_FETCH: Final = 500


class BackupError(IntakeStoreError):
    """A backup cannot be made, is damaged or of a newer version, or has no empty database to be restored into."""


class BackupWriter:
    """Fills a backup file whose tables are there already and empty."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Self]:
        """Open a file that has the tables; raises `BackupError` if the disk does not take what is written."""
        try:
            with closing(sqlite3.connect(path, isolation_level=None)) as connection:
                # A file that is only valued once it is whole needs no journal: it is thrown away after an error.
                connection.execute("PRAGMA journal_mode = DELETE")
                connection.execute("PRAGMA journal_mode = OFF")
                connection.execute("PRAGMA synchronous = OFF")
                connection.execute("BEGIN")
                connection.execute(
                    "CREATE TABLE backup_manifest (table_name TEXT PRIMARY KEY, row_count INTEGER, digest TEXT)"
                )
                yield cls(connection)
                connection.execute("INSERT INTO backup_manifest VALUES (?, 0, '')", [_FORMAT])
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise BackupError(f"The backup could not be written ({error}); there is none.") from error

    def add(self, table: str, rows: Iterable[Mapping[str, Value]], digest: TableDigest) -> None:
        """Write rows of a table and count them in."""
        values = []
        for row in rows:
            digest.add(row)
            values.append({name: value.hex if isinstance(value, uuid.UUID) else value for name, value in row.items()})
        if not values:
            return
        columns = list(values[0])
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(f':{name}' for name in columns)})"  # noqa: S608
        self._connection.executemany(statement, values)

    def finish(self, table: str, digest: TableDigest) -> None:
        """Write down what the table has to hold."""
        self._connection.execute("INSERT INTO backup_manifest VALUES (?, ?, ?)", [table, digest.rows, str(digest)])


class BackupReader:
    """A backup whose rows are those that were written; the file itself is never changed."""

    def __init__(self, connection: sqlite3.Connection, revision: str, tables: Mapping[str, int]) -> None:
        self._connection = connection
        self.revision = revision
        self.tables = tables
        """How many rows each table has."""

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Self]:
        """Open a backup and check every row; raises `BackupError` if it is no backup, damaged or too new."""
        try:
            size = path.stat().st_size
        except OSError as error:
            raise BackupError(f"The backup {path} cannot be read ({error.strerror}).") from error
        damaged = f"The backup {path} is damaged or cut off. Nothing was restored; take another one."
        if size == 0:
            raise BackupError(damaged)
        location = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
        with closing(sqlite3.connect(location, uri=True, isolation_level=None)) as connection:
            try:
                connection.execute("PRAGMA trusted_schema = OFF")
                connection.execute("PRAGMA cell_size_check = ON")
                if connection.execute("PRAGMA integrity_check(1)").fetchall() != [("ok",)]:
                    raise BackupError(damaged)
                names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
                if "backup_manifest" not in names:
                    raise BackupError(f"The file {path} is no backup. Make one with `fyren backup create`.")
                revision = str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])
                manifest = {
                    str(name): (int(rows), str(digest))
                    for name, rows, digest in connection.execute("SELECT * FROM backup_manifest")
                }
                if manifest.pop(_FORMAT, None) is None or names - {"backup_manifest", "alembic_version"} != set(
                    manifest
                ):
                    raise BackupError(damaged)
                reader = cls(connection, revision, {name: rows for name, (rows, _) in manifest.items()})
                reader._check(manifest, damaged)
            except (sqlite3.Error, TypeError, ValueError) as error:
                raise BackupError(damaged) from error
            if int(revision) > int(NEWEST_REVISION):
                raise BackupError(
                    f"The backup {path} is of version {revision} of the tables, and this program knows versions up to"
                    f" {NEWEST_REVISION}. Use the newer program that made it."
                )
            yield reader

    @classmethod
    @contextmanager
    def open_copy(cls, path: Path) -> Iterator[Self]:
        """Open a backup's working copy, whose tables were brought to the newest version after it was checked."""
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            tables = {
                str(name): int(connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0])  # noqa: S608
                for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            }
            yield cls(connection, NEWEST_REVISION, tables)

    def rows(self, table: str) -> Iterator[dict[str, Value]]:
        """Return the rows of a table, in the order of their random keys."""
        cursor = self._connection.execute(f"SELECT * FROM {table}")  # noqa: S608  # a name from our own tables
        names = [column[0] for column in cursor.description]
        cursor.arraysize = _FETCH
        while batch := cursor.fetchmany():
            for values in batch:
                yield dict(zip(names, values, strict=True))

    def _check(self, manifest: Mapping[str, tuple[int, str]], damaged: str) -> None:
        for table, (rows, expected) in manifest.items():
            if not table.isidentifier():
                raise BackupError(damaged)
            digest = TableDigest()
            for row in self.rows(table):
                digest.add(row)
            if (digest.rows, str(digest)) != (rows, expected):
                raise BackupError(damaged)
