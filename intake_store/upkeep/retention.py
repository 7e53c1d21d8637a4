"""Retention: what is older than the configured number of ISO weeks is deleted, and its remains with it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import CursorResult, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from intake_store.database.tables import IntakeTable, SealedRow, SubmissionRow, UsageCountRow, WithdrawnRow
from intake_store.submission.errors import IntakeStoreError
from intake_store.submission.intake_database import changing, open_intake_database, reported
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.upkeep.tidying import tidy


class RetentionRefused(IntakeStoreError):
    """Every response would be deleted, which is more often a wrong clock or setting than a wish."""


@dataclass(frozen=True, slots=True)
class RetentionRules:
    """For how many ISO weeks before the current one each kind of row is kept."""

    responses: int
    usage_counts: int
    withdrawals: int
    """As long as the oldest backup."""

    def oldest_kept(self, this_week: IsoWeek) -> dict[type[IntakeTable], IsoWeek]:
        """Return the first week that is kept, for each table."""
        return {
            SealedRow: this_week.before(self.responses),
            SubmissionRow: this_week.previous(),
            UsageCountRow: this_week.before(self.usage_counts),
            WithdrawnRow: this_week.before(self.withdrawals),
        }


@dataclass(frozen=True, slots=True)
class RetentionReport:
    """How many rows went (or would go, in a dry run), by name of table, and what remains of them nevertheless."""

    deleted: dict[str, int]
    remains: tuple[str, ...] = ()


async def run_retention(
    location: str, rules: RetentionRules, this_week: IsoWeek, *, dry_run: bool = False, even_all: bool = False
) -> RetentionReport:
    """Delete what is older than the rules say, in the database at a path or URL, and erase its remains.

    A dry run counts and changes nothing. Raises `RetentionRefused` if all responses would go and `even_all` is not
    given, `InboxUnavailable` if the database is away or in use; nothing is deleted then.
    """
    engine = await open_intake_database(location)
    oldest_kept = rules.oldest_kept(this_week)
    try:
        if dry_run:
            async with reported(), engine.connect() as connection:
                return RetentionReport(
                    {table.__tablename__: await _count(connection, table, week) for table, week in oldest_kept.items()}
                )
        deleted = {}
        async with changing(engine) as connection:
            for table, week in oldest_kept.items():
                if table is SealedRow and not even_all:
                    await _refuse_all(connection, week)
                result = await connection.execute(delete(table).where(table.__table__.c.iso_week < str(week)))
                assert isinstance(result, CursorResult)
                deleted[table.__tablename__] = int(result.rowcount)
        return RetentionReport(deleted, await tidy(engine))
    finally:
        await engine.dispose()


async def _refuse_all(connection: AsyncConnection, oldest_kept: IsoWeek) -> None:
    newest = await connection.scalar(select(func.max(SealedRow.iso_week)))
    if newest is not None and newest < str(oldest_kept):
        raise RetentionRefused(
            f"This would delete every response: the newest is of {newest}, and what is older than {oldest_kept} goes."
            " If the machine's clock and FYREN_INTAKE_RETENTION_WEEKS are right, say --even-all."
        )


async def _count(connection: AsyncConnection, table: type[IntakeTable], oldest_kept: IsoWeek) -> int:
    columns = table.__table__.c
    return int(
        await connection.scalar(select(func.count()).select_from(table).where(columns.iso_week < str(oldest_kept))) or 0
    )
