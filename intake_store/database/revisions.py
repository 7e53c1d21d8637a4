"""Which version of the schema this program is written for, and which one a database has."""

from __future__ import annotations

from typing import Final

from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

NEWEST_REVISION: Final = "0001"
"""The last migration. It stands here so that whoever only submits need not load Alembic."""


async def stored_revision(engine: AsyncEngine) -> str | None:
    """Return the revision of a database, or None if it has none of the tables."""
    async with engine.connect() as connection:
        if not await connection.run_sync(lambda sync: inspect(sync).has_table("alembic_version")):
            return None
        found = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    return None if found is None else str(found)
