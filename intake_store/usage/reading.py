"""Reading the counts, for the analyst. They stand unprotected: disclosure control comes before anybody sees them."""

from __future__ import annotations

from sqlalchemy import select

from intake_store.database.tables import UsageCountRow
from intake_store.submission.errors import IntakeStoreError
from intake_store.submission.intake_database import open_intake_database, reported
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.usage.events import Occurrence, UsageCount, UsageEvent


class UsageError(IntakeStoreError):
    """The usage counts hold what this program does not know."""


async def read_usage(location: str) -> list[UsageCount]:
    """Return all counts of the database at a path or URL, sorted.

    Raises `InboxUnavailable` if the database is away or not up to date, `UsageError` if a count cannot be read.
    """
    engine = await open_intake_database(location)
    try:
        async with reported(), engine.connect() as connection:
            rows = (await connection.execute(select(UsageCountRow.__table__))).mappings().all()
    finally:
        await engine.dispose()
    try:
        return sorted(
            UsageCount(
                IsoWeek.parse(row["iso_week"]),
                Occurrence(UsageEvent(row["event"]), row["channel"], row["language"], row["subject"], row["county"]),
                row["count"],
            )
            for row in rows
        )
    except ValueError as error:
        raise UsageError(f"A usage count was written by another version of Fyren: {error}. Update Fyren.") from error
