"""Databases as every version of the schema left them, with rows in them, go up to the newest version and down again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from intake import BOTH_ENGINES, query
from postgresql_server import PostgresqlServer
from sqlalchemy import Connection, MetaData, inspect, select
from sqlalchemy.exc import DBAPIError

from intake_store.database.connections import connect
from intake_store.database.newest import NEWEST_REVISION
from intake_store.database.revisions import stored_revision
from intake_store.database.versions import downgrade_database, upgrade_database
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.upkeep.backup_files import BackupWriter
from intake_store.upkeep.backups import restore_backup
from intake_store.upkeep.digests import TableDigest
from intake_store.upkeep.retention import RetentionRules

RELEASED = Path(__file__).parent / "released"
VERSIONS = [f"{number:04d}" for number in range(1, int(NEWEST_REVISION) + 1)]

Rows = dict[str, list[tuple]]
Structure = dict[str, object]


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def released(request: pytest.FixtureRequest, engine: str, version: str, tmp_path: Path) -> str:
    """Return the location of a database as a version of the schema left it."""
    script = RELEASED / f"{version}.{engine}.sql"
    assert script.exists(), f"Run {RELEASED / 'make_released.py'} for the new version."
    if engine == "postgresql":
        server: PostgresqlServer = request.getfixturevalue("postgresql")
        name = server.create_database()
        server.execute_file(script, name)
        return server.location(name)
    path = tmp_path / "released.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script.read_text(encoding="utf-8"))
    return str(path)


def read(connection: Connection) -> tuple[Rows, Structure]:
    """Return every row of every table, and everything that holds the rows, by name."""
    metadata = MetaData()
    metadata.reflect(connection)
    rows = {
        name: sorted(tuple(map(str, row)) for row in connection.execute(select(table)))
        for name, table in metadata.tables.items()
    }
    found = inspect(connection)
    structure: Structure = {
        name: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in found.get_columns(name)],
            found.get_pk_constraint(name),
            sorted(found.get_unique_constraints(name), key=str),
        )
        for name in rows
    }
    return rows, structure


def read_bytes(path: Path) -> bytes:
    return path.read_bytes()


async def state(location: str) -> tuple[str | None, Rows, Structure]:
    engine = connect(location)
    try:
        async with engine.connect() as connection:
            rows, structure = await connection.run_sync(read)
        revision = await stored_revision(engine)
    finally:
        await engine.dispose()
    del rows["alembic_version"]
    return revision, rows, structure


@BOTH_ENGINES
async def test_a_released_database_goes_up_and_down_with_every_row(
    released: str, database: str, engine: str, version: str
) -> None:
    before = await state(released)
    assert before[0] == version
    assert all(before[1].values())

    await upgrade_database(released)
    revision, rows, structure = await state(released)
    assert revision == NEWEST_REVISION
    assert {name: rows[name] for name in before[1]} == before[1]
    assert structure == (await state(database))[2]

    await downgrade_database(released, version)
    assert await state(released) == before

    await downgrade_database(released, "base")
    assert (await state(released))[1] == {}


@BOTH_ENGINES
@pytest.mark.parametrize("version", VERSIONS[:1], indirect=True)
async def test_an_upgrade_that_fails_half_way_leaves_the_version_before(released: str, engine: str) -> None:
    await query(released, "CREATE TABLE withdrawn_response (in_the_way INTEGER)")
    before = await state(released)
    with pytest.raises(DBAPIError, match="already exists"):
        await upgrade_database(released)
    assert await state(released) == before


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize("into", ["sqlite", "postgresql"])
async def test_a_backup_of_each_version_can_be_restored(
    request: pytest.FixtureRequest, released: str, engine: str, into: str, version: str, tmp_path: Path
) -> None:
    _, rows, _ = await state(released)
    path = Path(released)
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        found = {name: [dict(row) for row in connection.execute(f"SELECT * FROM {name}")] for name in rows}
        for name in rows:
            connection.execute(f"DELETE FROM {name}")
        connection.commit()
    with BackupWriter.open(path) as writer:
        for name, table in found.items():
            digest = TableDigest()
            writer.add(name, table, digest)
            writer.finish(name, digest)
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    target = str(tmp_path / "new.sqlite3") if into == "sqlite" else server.location(server.create_database())
    kept = read_bytes(path)
    report = await restore_backup(path, target, {}, RetentionRules(9999, 9999, 9999), IsoWeek(2026, 47))
    assert read_bytes(path) == kept
    assert {name: count for name, count in report.restored.items() if count} == {
        name: len(table) for name, table in found.items()
    }
    revision, restored, _ = await state(target)
    assert revision == NEWEST_REVISION
    assert {name: [len(row) for row in restored[name]] for name in rows} == {
        name: [len(row) for row in table] for name, table in rows.items()
    }
