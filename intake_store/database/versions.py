"""The versions of the intake database's schema, through Alembic from the first table on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from intake_store.database.connections import connect, create_file

_MIGRATIONS = Path(__file__).parent / "migrations"

# Whoever comes second waits and finds the work done; and SQLite's driver would keep each step of a migration by itself,
# so that one that was interrupted would leave tables that are neither old nor new. The number is the lock's name.
_ONE_AT_A_TIME: Final = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(7300192)"}


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


async def _run(location: str, action: Callable[[Config], None]) -> None:
    engine = connect(location)

    def act(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        action(config)

    try:
        async with engine.begin() as connection:
            await connection.execute(text(_ONE_AT_A_TIME[engine.dialect.name]))
            await connection.run_sync(act)
    finally:
        await engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config
