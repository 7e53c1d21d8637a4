"""Which version of the schema a database has; found without Alembic, which whoever only submits need not load."""

from __future__ import annotations

from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine


async def stored_revision(engine: AsyncEngine) -> str | None:
    """Return the revision of a database, or None if it has none of the tables."""
    async with engine.connect() as connection:
        if not await connection.run_sync(lambda sync: inspect(sync).has_table("alembic_version")):
            return None
        found = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    return None if found is None else str(found)
