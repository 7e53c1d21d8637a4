from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from intake_store.database import versions
from intake_store.database.connections import connect, database_url
from intake_store.database.newest import NEWEST_REVISION
from intake_store.database.revisions import stored_revision
from intake_store.database.tables import IntakeTable
from intake_store.database.versions import (
    downgrade_database,
    upgrade,
    upgrade_database,
)


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


async def test_migrations_go_up_and_down_and_up_again(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "intake.sqlite3"
    await upgrade_database(str(path))
    assert tables(path) == {*IntakeTable.metadata.tables, "alembic_version"}
    await upgrade_database(str(path))
    await downgrade_database(str(path), "base")
    assert tables(path) == {"alembic_version"}
    await upgrade_database(str(path))
    assert tables(path) == {*IntakeTable.metadata.tables, "alembic_version"}


async def test_migrations_lead_to_the_tables_of_the_program(database: str) -> None:
    engine = connect(database)
    try:
        async with engine.connect() as connection:
            differences = await connection.run_sync(
                lambda sync: compare_metadata(MigrationContext.configure(sync), IntakeTable.metadata)
            )
        assert differences == []
        assert await stored_revision(engine) == NEWEST_REVISION
    finally:
        await engine.dispose()


def test_the_newest_revision_is_the_last_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(versions.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [NEWEST_REVISION]


def test_a_program_without_a_loop_can_upgrade(tmp_path: Path) -> None:
    upgrade(str(tmp_path / "intake.sqlite3"))
    assert "sealed_response" in tables(tmp_path / "intake.sqlite3")


def test_paths_and_urls_get_an_asynchronous_driver() -> None:
    assert database_url("var/x.sqlite3").drivername == "sqlite+aiosqlite"
    assert database_url("sqlite:///x.sqlite3").drivername == "sqlite+aiosqlite"
    assert database_url("postgresql://host/name").drivername == "postgresql+asyncpg"
