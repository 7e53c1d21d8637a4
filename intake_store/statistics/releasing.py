"""Releasing a period: close it, make its tables, attack them, and freeze them."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from intake_store.codebook import Codebook
from intake_store.periods import Period, Quarter, Year
from intake_store.statistics.closing import ClosableCounts, ClosedCounts, RecordedCounts, close_quarter
from intake_store.statistics.counts import CountSource
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
from intake_store.statistics.tables import MadeTable, ServiceSide, make_tables_told
from intake_store.submission.iso_weeks import IsoWeek


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a release says besides its tables.

    `note` is for readers; `reason` is given for a revision and only then. `set_aside` counts the rows that could not be
    opened or did not fit the codebook, by reason. `production` refuses made-up responses. `seen` is the number of the
    period's newest release when its maker looked, empty if there was none; `previewed` is the digest of the preview
    that was looked at. Without them nothing is compared.
    """

    released_on: datetime.date
    program: str
    note: str = ""
    reason: str = ""
    set_aside: Mapping[str, int] | None = None
    production: bool = False
    seen: str | None = None
    previewed: str | None = None


class PreviewOutdated(ReleaseError):
    """What would be released is not what was looked at."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a release would hold, why figures are withheld, and what an attacker would come to."""

    made: tuple[MadeTable, ...]
    findings: Findings
    codebook_version: str
    threshold: int

    @property
    def tables(self) -> tuple[ReleasedTable, ...]:
        """The tables as they would be published."""
        return tuple(entry.table for entry in self.made)

    @property
    def digest(self) -> str:
        """The SHA-256 of everything that would be published."""
        return digest_of(self.tables)


@dataclass(frozen=True, slots=True)
class PublishedFindings:
    """What an attacker comes to who reads all releases of some years; `width` is the narrowest that may be."""

    releases: int
    tables: int
    width: int
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
        counts = ClosedCounts(self._counts)
        return [entry.table for entry in self._made(counts, period, current_week, self.published(period))]

    def _made(
        self, counts: CountSource, period: Period, current_week: IsoWeek, published: Sequence[ReleasedTable]
    ) -> list[MadeTable]:
        return make_tables_told(
            counts,
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
        return self._preview(ClosedCounts(self._counts), period, current_week)

    def _preview(self, counts: CountSource, period: Period, current_week: IsoWeek) -> Preview:
        published = self.published(period)
        made = self._made(counts, period, current_week, published)
        outsider = Outsider(self._codebook)
        outsider.read([*published, *(entry.table for entry in made)])
        return Preview(tuple(made), outsider.attack(self._threshold), self._codebook.version, self._threshold)

    def release(self, period: Period, current_week: IsoWeek, occasion: Occasion) -> Release:
        """Freeze the tables of a period that has ended, and return the release.

        No other program releases meanwhile. When everything is checked, the counts of a quarter are put aside, so that
        every later table about it is made of the same responses; then the release is written, wholly or not at all.
        Raises `ReleaseOvertaken` if another release is being made or was made since its maker looked,
        `PreviewOutdated` if the tables are not those of the preview, `ReleaseError` if the period has not ended, was
        released before and no reason is given, is a year some quarter of which is not released, holds made-up
        responses in production, or if a withheld count can be worked out; `TableError` if its tables cannot be made.
        """
        with self._folder.only_writer() as writer:
            writer.check_seen(str(period), occasion.seen)
            check_reason(writer.of_period(str(period)), str(period), occasion.reason)
            if not period.has_ended(current_week):
                raise ReleaseError(f"{period} has not ended. Its figures still change, so they cannot be released.")
            if isinstance(period, Year):
                self._check_quarters(period)
            counts = RecordedCounts(ClosedCounts(self._counts))
            preview = self._preview(counts, period, current_week)
            _check(preview, occasion)
            if isinstance(period, Quarter):
                close_quarter(self._counts, self._codebook, self._declarations, period)
                if not counts.agree_with(ClosedCounts(self._counts)):
                    raise PreviewOutdated(
                        "Responses came or went while the release was made. Nothing was released. Make the preview"
                        " anew, and try again."
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
            return writer.add(draft, preview.tables)

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


def digest_of(tables: Iterable[ReleasedTable]) -> str:
    """Return the SHA-256 of tables in their order."""
    digest = hashlib.sha256()
    for table in tables:
        digest.update(table.model_dump_json().encode() + b"\n")
    return digest.hexdigest()


def attack_published(folder: ReleaseFolder, codebook: Codebook) -> PublishedFindings:
    """Attack all releases together as they lie in the folder, which needs neither the warehouse nor a key.

    Asked for is the smallest width that any of them was made with. Raises `ReleaseError` if a file was changed.
    """
    releases = folder.releases()
    tables = [table for release in releases for table in folder.tables(release)]
    width = min((release.threshold for release in releases), default=0)
    outsider = Outsider(codebook)
    outsider.read(tables)
    return PublishedFindings(len(releases), len(tables), width, outsider.attack(width))


def _check(preview: Preview, occasion: Occasion) -> None:
    if occasion.previewed is not None and preview.digest != occasion.previewed:
        raise PreviewOutdated(
            "The tables are no longer those of the preview: responses or declared tables changed since. Nothing was"
            " released. Make the preview anew, and look at it."
        )
    if occasion.production and any(table.synthetic for table in preview.tables):
        raise ReleaseError("There are made-up responses in the warehouse; they must not be published.")
    if preview.findings.narrow:
        found = preview.findings.narrow[0]
        raise ReleaseError(
            f"{len(preview.findings.narrow)} withheld counts could be worked out too closely, the first of them"
            f" {' '.join(found.cell)} to between {found.interval.lowest:g} and {found.interval.highest:g}."
            " Nothing was released."
        )


def _figures(findings: Findings, threshold: int) -> AttackFigures:
    return AttackFigures(
        withheld=findings.withheld,
        unpublished=findings.unpublished,
        # JSON knows no infinity; without a withheld count there is no interval at all.
        least_width=min(findings.least_width, 1e9),
        required_width=threshold,
    )
