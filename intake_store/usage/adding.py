"""Adding counts to the intake database, beside others who add to it."""

from __future__ import annotations

import contextlib
from typing import Any, Final, Self

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from intake_store.database.connections import erase_remains
from intake_store.database.tables import UsageCountRow
from intake_store.submission.errors import InboxUnavailable
from intake_store.submission.intake_database import changing, open_intake_database, reported
from intake_store.usage.gathering import Gathered

_KEY: Final = tuple(column.name for column in UsageCountRow.__table__.primary_key)


class UsageDatabase:
    """The usage counts of the intake database as their writers see them; several processes may add at once."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._remains = False

    @classmethod
    async def open(cls, location: str) -> Self:
        """Open the database at a path or URL; raises `InboxUnavailable` if it is away or of another version."""
        return cls(await open_intake_database(location))

    async def add(self, gathered: Gathered) -> None:
        """Add all counts or none; raises `InboxUnavailable`, or `OutcomeUnknown` if nobody can tell which.

        They are added in the order of their keys, which says nothing about what happened first and keeps processes
        that add at the same time from waiting for each other in a circle. In SQLite the write-ahead log, which would
        hold one batch after the other, is then emptied, unless somebody is reading just now.
        """
        rows = [
            {
                "iso_week": str(week),
                "channel": occurrence.channel,
                "language": occurrence.language,
                "event": str(occurrence.event),
                "subject": occurrence.subject,
                "county": occurrence.county,
                "count": count,
            }
            for (week, occurrence), count in gathered.items()
        ]
        if not rows:
            return
        rows.sort(key=lambda row: tuple(row[name] for name in _KEY))
        statement = _adding(self._engine.dialect.name)
        async with changing(self._engine) as connection:
            await connection.execute(statement, rows)
        self._remains = True
        await self._erase_remains()

    async def close(self) -> None:
        """Let go of all connections."""
        await self._erase_remains()
        await self._engine.dispose()

    async def _erase_remains(self) -> None:
        # What was added stays added, so a failure here is no failure of the addition.
        with contextlib.suppress(InboxUnavailable):
            if self._remains:
                async with reported():
                    self._remains = not await erase_remains(self._engine, wait_ms=0)


def _adding(dialect: str) -> Any:
    insert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(UsageCountRow)
    return insert.on_conflict_do_update(
        index_elements=list(_KEY), set_={"count": UsageCountRow.count + insert.excluded.count}
    )
