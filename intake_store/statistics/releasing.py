"""Releasing a period: close it, make its tables, attack them, and freeze them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from intake_store.codebook import Codebook
from intake_store.periods import Period, Quarter, Year
from intake_store.statistics.closing import ClosableCounts, ClosedCounts, close_quarter
from intake_store.statistics.declarations import TableDeclaration
from intake_store.statistics.outsider import Findings, Outsider
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.releases import (
    AttackFigures,
    Release,
    ReleaseDraft,
    ReleaseError,
    ReleaseFolder,
    check_reason,
)
from intake_store.statistics.tables import ServiceSide, make_tables
from intake_store.submission.iso_weeks import IsoWeek


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a release says besides its tables.

    `note` is for readers; `reason` is given for a revision and only then. `set_aside` counts the rows that could not be
    opened or did not fit the codebook, by reason. `production` refuses made-up responses.
    """

    released_on: datetime.date
    program: str
    note: str = ""
    reason: str = ""
    set_aside: Mapping[str, int] | None = None
    production: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """What a release would hold, and what an attacker would come to."""

    tables: tuple[ReleasedTable, ...]
    findings: Findings


class Releasing:
    """Makes releases of what a warehouse counts, in a folder."""

    def __init__(
        self,
        counts: ClosableCounts,
        codebook: Codebook,
        declarations: Sequence[TableDeclaration],
        folder: ReleaseFolder,
        threshold: int,
        services: ServiceSide,
    ) -> None:
        self._services = services
        self._counts = counts
        self._codebook = codebook
        self._declarations = declarations
        self._folder = folder
        self._threshold = threshold

    def tables(self, period: Period, current_week: IsoWeek) -> list[ReleasedTable]:
        """Make the tables of a period as a release would hold them."""
        return self._tables(period, current_week, self.published(period))

    def _tables(self, period: Period, current_week: IsoWeek, published: Sequence[ReleasedTable]) -> list[ReleasedTable]:
        return make_tables(
            ClosedCounts(self._counts),
            self._codebook,
            self._declarations,
            period,
            provisional=not period.has_ended(current_week),
            threshold=self._threshold,
            earlier=published,
            services=self._services,
        )

    def preview(self, period: Period, current_week: IsoWeek) -> Preview:
        """Make the tables of a period and attack them together with all that is released about the same responses."""
        published = self.published(period)
        tables = self._tables(period, current_week, published)
        outsider = Outsider(self._codebook)
        outsider.read([*published, *tables])
        return Preview(tuple(tables), outsider.attack(self._threshold))

    def release(self, period: Period, current_week: IsoWeek, occasion: Occasion) -> Release:
        """Freeze the tables of a period that has ended, and return the release.

        The counts of a quarter are put aside first, so that every later table about it is made of the same responses.
        Raises `ReleaseError` if the period has not ended, was released before and no reason is given, is a year some
        quarter of which is not released, holds made-up responses in production, or if a withheld count can be worked
        out; `TableError` if its tables cannot be made.
        """
        check_reason(self._folder.of_period(period), str(period), occasion.reason)
        if not period.has_ended(current_week):
            raise ReleaseError(f"{period} has not ended. Its figures still change, so they cannot be released.")
        if isinstance(period, Year):
            self._check_quarters(period)
        if isinstance(period, Quarter):
            close_quarter(self._counts, self._codebook, self._declarations, period)
        preview = self.preview(period, current_week)
        if occasion.production and any(table.synthetic for table in preview.tables):
            raise ReleaseError("There are made-up responses in the warehouse; they must not be published.")
        if preview.findings.narrow:
            found = preview.findings.narrow[0]
            raise ReleaseError(
                f"{len(preview.findings.narrow)} withheld counts could be worked out too closely, the first of them"
                f" {' '.join(found.cell)} to between {found.interval.lowest:g} and {found.interval.highest:g}."
                " Nothing was released."
            )
        draft = ReleaseDraft(
            period=str(period),
            reason=occasion.reason,
            note=occasion.note,
            released_on=occasion.released_on,
            program=occasion.program,
            codebook_version=self._codebook.version,
            threshold=self._threshold,
            set_aside=occasion.set_aside or {},
            attack=_figures(preview.findings, self._threshold),
        )
        return self._folder.add(draft, preview.tables)

    def published(self, period: Period) -> list[ReleasedTable]:
        """Return all tables released of a period, of its quarters, and of the year around it, in every revision."""
        related = {str(period), *map(str, period.quarters)}
        if isinstance(period, Quarter):
            related.add(str(period.year_of))
        return [
            table
            for release in self._folder.releases()
            if release.period in related
            for table in self._folder.tables(release)
        ]

    def _check_quarters(self, year: Year) -> None:
        missing = [str(quarter) for quarter in year.quarters if not self._folder.of_period(quarter)]
        if missing:
            raise ReleaseError(f"Release the quarters of {year} first; {', '.join(missing)} is not released yet.")


def _figures(findings: Findings, threshold: int) -> AttackFigures:
    return AttackFigures(
        withheld=findings.withheld,
        unpublished=findings.unpublished,
        # JSON knows no infinity; without a withheld count there is no interval at all.
        least_width=min(findings.least_width, 1e9),
        required_width=threshold,
    )
