"""The versions of the intake database's schema, through Alembic from the first table on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from intake_store.database.connections import connect, create_file

_MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(location: str, revision: str = "head") -> None:
    """Bring the database at a path or URL to a revision, creating it first if need be; for programs without a loop."""
    asyncio.run(upgrade_database(location, revision))


async def upgrade_database(location: str, revision: str = "head") -> None:
    """Bring the database at a path or URL to a revision, creating it first if need be."""
    create_file(location)
    await _run(location, lambda config: command.upgrade(config, revision))


async def downgrade_database(location: str, revision: str) -> None:
    """Bring the database at a path or URL back to a revision; `base` leaves no table."""
    await _run(location, lambda config: command.downgrade(config, revision))


async def current_revision(engine: AsyncEngine) -> str | None:
    """Return the revision of a database, or None if it has none of the tables."""
    async with engine.connect() as connection:
        return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())


def newest_revision() -> str:
    """Return the revision that this program is written for."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None, "the package carries at least one migration"
    return head


async def _run(location: str, action: Callable[[Config], None]) -> None:
    engine = connect(location)

    def act(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        action(config)

    try:
        async with engine.begin() as connection:
            await connection.run_sync(act)
    finally:
        await engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config
