"""Releases of made-up tables, one for every declaration, as a report is made of them."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from pathlib import Path

from declared_tables import declared_tables

from analyst.pages.report_pages import Imprint
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.releases import AttackFigures, ReleaseDraft, ReleaseFolder

QUARTER, YEAR = "2025Q4", "2025"
IMPRINT = Imprint("The board's department", "statistics@example.org", "CC0 1.0", "https://statistics.example.org")


def release(folder: Path, tables: Iterable[ReleasedTable], **changes: str) -> Path:
    """Release tables, those of each period together; return the folder."""
    releases = ReleaseFolder(folder)
    by_period: dict[str, list[ReleasedTable]] = {}
    for table in tables:
        by_period.setdefault(table.period, []).append(table)
    for period, found in sorted(by_period.items(), reverse=True):
        draft = ReleaseDraft(
            period=period,
            released_on=datetime.date(2026, 1, 20),
            program="1.0.0",
            codebook_version="1",
            threshold=10,
            attack=AttackFigures(withheld=9, unpublished=0, least_width=12, required_width=10),
            **changes,
        )
        releases.add(draft, found)
    return folder


def of_period(period: str) -> list[ReleasedTable]:
    return [table for table in declared_tables() if table.period == period]
