"""The releaser's work: preview a period, look at it, and release it, one piece of work at a time.

Making the tables of a period takes up to minutes, so it is done in a thread, and pages ask how far it is. Nothing here
can be done twice: a release says which release of its period its maker saw as the newest, and is refused if there is
another one by then.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import importlib.metadata
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Protocol

from analyst.accounts.audit import AuditEvent, AuditLog
from analyst.accounts.clock import Clock
from analyst.translation import message
from content_files import ContentError
from intake_store.periods import Period, Quarter, Year, parse_period
from intake_store.statistics.outsider import Findings
from intake_store.statistics.released import Figure, ReleasedTable
from intake_store.statistics.releases import Release, ReleaseError, ReleaseFolder
from intake_store.statistics.releasing import Occasion, Preview
from intake_store.submission.errors import IntakeStoreError
from intake_store.submission.iso_weeks import IsoWeek

_QUARTERS_OFFERED: Final = 6
_YEARS_OFFERED: Final = 2
_MOST_NARROW_SHOWN: Final = 20

BUSY: Final = message("Another period is being worked on. Wait until it is ready.")
SEEN_ANOTHER: Final = message(
    "Another release of this period was made since you looked. Nothing was released. Look at the period again."
)
UNSEEN: Final = message("Look at a preview of the period first.")
BROKEN: Final = message("The work broke off because of a fault here, and nothing was released. Tell an administrator.")

_log = logging.getLogger(__name__)


class WorkBusy(IntakeStoreError):
    """Something else is being made."""


class Statistics(Protocol):
    """What makes tables of a warehouse that is open; the real one is `Releasing`."""

    def preview(self, period: Period, current_week: IsoWeek) -> Preview:
        """Make the tables of a period and attack them."""
        ...

    def release(self, period: Period, current_week: IsoWeek, occasion: Occasion) -> Release:
        """Freeze the tables of a period."""
        ...


@dataclass(frozen=True, slots=True)
class OpenStatistics:
    """A warehouse that is open: what makes its tables, how many rows were set aside and why, and whether it is real."""

    statistics: Statistics
    set_aside: Mapping[str, int]
    production: bool


OpenWarehouse = Callable[[], contextlib.AbstractContextManager[OpenStatistics]]
"""Opens the warehouse for a while; raises `IntakeStoreError` if it or its key is not there."""


class WorkState(StrEnum):
    """How far a piece of work is."""

    RUNNING = "running"
    PREVIEWED = "previewed"
    RELEASED = "released"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class TableSummary:
    """A table of a preview: how many of its figures are withheld, and how many changed since the newest release."""

    name: str
    title: str
    population: str
    layer: str
    figures: int
    withheld: int
    is_withheld: bool
    split_withheld: bool
    changed: int | None
    newly_withheld: int | None

    @property
    def shown(self) -> int:
        """How many figures are shown."""
        return self.figures - self.withheld


@dataclass(frozen=True, slots=True)
class PreviewSummary:
    """What a releaser looks at; `compared_with` is the number of the newest release of the period, or empty."""

    tables: tuple[TableSummary, ...]
    responses: tuple[tuple[str, int | None], ...]
    synthetic: bool
    provisional: bool
    compared_with: str
    gone: tuple[str, ...]
    attacked: int
    unpublished: int
    least_width: float
    required_width: int
    narrow: tuple[str, ...]

    @property
    def is_safe(self) -> bool:
        """Whether no withheld figure can be worked out too closely."""
        return not self.narrow

    @property
    def figures(self) -> int:
        """How many figures there are."""
        return sum(table.figures for table in self.tables)

    @property
    def withheld(self) -> int:
        """How many figures are withheld."""
        return sum(table.withheld for table in self.tables)


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of work on a period; `newest` is the release of the period that was the newest when it began."""

    period: str
    by: str
    begun: datetime.datetime
    releases: bool
    state: WorkState
    newest: str
    text: str = ""
    preview: PreviewSummary | None = None
    release: str = ""


@dataclass(frozen=True, slots=True)
class PeriodStanding:
    """A period as the list of periods shows it."""

    period: str
    has_ended: bool
    releases: tuple[Release, ...]
    work: Work | None


class ReleaseWork:
    """Does one piece of work at a time and remembers the newest of each period until the process ends."""

    def __init__(self, open_warehouse: OpenWarehouse, folder: ReleaseFolder, audit: AuditLog, clock: Clock) -> None:
        self._open_warehouse = open_warehouse
        self._folder = folder
        self._audit = audit
        self._clock = clock
        self._work: dict[str, Work] = {}
        self._running: asyncio.Task[None] | None = None

    @property
    def current_week(self) -> IsoWeek:
        """The week that is now."""
        return IsoWeek.of(self._clock().date())

    def work_on(self, period: Period) -> Work | None:
        """Return the newest work on a period since the process began, or None."""
        return self._work.get(str(period))

    async def standings(self) -> list[PeriodStanding]:
        """Return the periods that may be worked on, the newest first; raises `ReleaseError`."""
        releases = await asyncio.to_thread(self._folder.releases)
        quarter = Quarter.of(self.current_week)
        offered: list[Period] = [quarter.before(number) for number in range(_QUARTERS_OFFERED)]
        offered += [Year(quarter.year - number) for number in range(_YEARS_OFFERED)]
        names = dict.fromkeys(map(str, offered))
        names |= dict.fromkeys(release.period for release in releases)
        periods = sorted(map(parse_period, names), key=lambda period: (str(period)[:4], len(str(period)), str(period)))
        return [await self.standing(period, releases) for period in reversed(periods)]

    async def standing(self, period: Period, releases: Sequence[Release] | None = None) -> PeriodStanding:
        """Return how a period stands; raises `ReleaseError`."""
        if releases is None:
            releases = await asyncio.to_thread(self._folder.releases)
        return PeriodStanding(
            period=str(period),
            has_ended=period.has_ended(self.current_week),
            releases=tuple(release for release in releases if release.period == str(period)),
            work=self.work_on(period),
        )

    async def start_preview(self, period: Period, by: str) -> None:
        """Begin to preview a period; raises `WorkBusy`."""
        work = await self._begin(period, by, releases=False)
        await self._audit.record(by, AuditEvent.PREVIEWED, str(period))
        self._run(work, lambda: self._preview(period, work))

    async def start_release(self, period: Period, by: str, seen: str, note: str, reason: str) -> None:
        """Begin to release a period whose newest release was `seen`, or nothing, when its maker looked.

        Raises `WorkBusy`, and `ReleaseError` if there is another one by now or no preview was looked at.
        """
        known = self.work_on(period)
        work = await self._begin(period, by, releases=True)
        try:
            if work.newest != seen:
                raise ReleaseError(SEEN_ANOTHER)
            if known is None or known.preview is None or known.preview.compared_with != seen:
                raise ReleaseError(UNSEEN)
        except ReleaseError:
            self._forget(work, known)
            raise
        self._run(work, lambda: self._release(period, work, note, reason))

    async def close(self) -> None:
        """Wait for work that is being done: a release is not broken off."""
        if self._running is not None:
            await asyncio.wait([self._running])

    # -- one piece of work at a time ----------------------------------------------------------------------------------

    async def _begin(self, period: Period, by: str, *, releases: bool) -> Work:
        if any(work.state is WorkState.RUNNING for work in self._work.values()):
            raise WorkBusy(BUSY)
        # No pause between the check and this, so that of two requests one is refused.
        work = Work(str(period), by, self._clock(), releases, WorkState.RUNNING, newest="")
        before = self._work.get(work.period)
        self._work[work.period] = work
        try:
            newest = await asyncio.to_thread(self._newest, period)
        except IntakeStoreError:
            self._forget(work, before)
            raise
        work = self._work[work.period] = replace(work, newest=newest)
        return work

    def _forget(self, work: Work, before: Work | None) -> None:
        if before is None:
            self._work.pop(work.period, None)
        else:
            self._work[work.period] = before

    def _run(self, work: Work, make: Callable[[], Work]) -> None:
        self._running = asyncio.create_task(self._until_done(work, make))

    async def _until_done(self, work: Work, make: Callable[[], Work]) -> None:
        try:
            done = await asyncio.to_thread(make)
        except (IntakeStoreError, ContentError) as error:
            done = replace(work, state=WorkState.FAILED, text=str(error))
        except Exception as error:
            _log.error("Work on %s broke with %s", work.period, type(error).__name__)
            done = replace(work, state=WorkState.FAILED, text=BROKEN)
        if done.state is WorkState.RELEASED:
            await self._audit.record(work.by, AuditEvent.RELEASED, done.release)
        self._work[work.period] = done

    # -- in the thread ------------------------------------------------------------------------------------------------

    def _newest(self, period: Period) -> str:
        released = self._folder.of_period(period)
        return released[-1].number if released else ""

    def _preview(self, period: Period, work: Work) -> Work:
        with self._open_warehouse() as opened:
            preview = opened.statistics.preview(period, self.current_week)
        released = self._folder.of_period(period)
        before = self._folder.tables(released[-1]) if released else []
        summary = summarised(preview, before, work.newest)
        return replace(work, state=WorkState.PREVIEWED, preview=summary)

    def _release(self, period: Period, work: Work, note: str, reason: str) -> Work:
        with self._open_warehouse() as opened:
            if self._newest(period) != work.newest:
                raise ReleaseError(SEEN_ANOTHER)
            release = opened.statistics.release(
                period,
                self.current_week,
                Occasion(
                    released_on=self._clock().date(),
                    program=importlib.metadata.version("fyren"),
                    note=note,
                    reason=reason,
                    set_aside=opened.set_aside,
                    production=opened.production,
                ),
            )
        return replace(work, state=WorkState.RELEASED, release=release.number)


def summarised(preview: Preview, before: Sequence[ReleasedTable], compared_with: str) -> PreviewSummary:
    """Return what a releaser looks at, of a preview and the tables of the period as they were released before."""
    known = {_key(table): table for table in before}
    made = {_key(table) for table in preview.tables}
    findings = preview.findings
    responses = {
        table.population_label: table.responses for table in preview.tables if table.population and not table.is_series
    }
    return PreviewSummary(
        tables=tuple(_table(table, known.get(_key(table))) for table in preview.tables),
        responses=tuple(responses.items()),
        synthetic=any(table.synthetic for table in preview.tables),
        provisional=any(table.provisional for table in preview.tables),
        compared_with=compared_with,
        gone=tuple(table.title for key, table in known.items() if key not in made),
        attacked=findings.withheld,
        unpublished=findings.unpublished,
        least_width=findings.least_width,
        required_width=max((table.threshold for table in preview.tables), default=0),
        narrow=tuple(_narrow(findings)),
    )


def _table(table: ReleasedTable, before: ReleasedTable | None) -> TableSummary:
    figures = list(_figures(table))
    changed = newly = None
    if before is not None:
        earlier = dict(_figures(before))
        changed = sum(1 for place, figure in figures if place not in earlier or earlier[place] != figure)
        newly = sum(1 for place, figure in figures if figure is None and earlier.get(place) is not None)
    return TableSummary(
        name=table.name,
        title=table.title,
        population=table.population_label,
        layer=table.layer[1] if table.layer else "",
        figures=len(figures),
        withheld=sum(1 for _, figure in figures if figure is None or table.withheld),
        is_withheld=table.withheld,
        split_withheld=table.split_withheld,
        changed=changed,
        newly_withheld=newly,
    )


def _figures(table: ReleasedTable) -> Iterator[tuple[tuple[str, int], Figure]]:
    for row in table.rows:
        for place, figure in enumerate(row.counts):
            yield (row.code, place), figure


def _key(table: ReleasedTable) -> tuple[str, str, str]:
    return table.name, table.population, table.layer[0] if table.layer else ""


def _narrow(findings: Findings) -> Iterator[str]:
    for found in findings.narrow[:_MOST_NARROW_SHOWN]:
        lowest, highest = found.interval.lowest, found.interval.highest
        yield f"{' '.join(found.cell)}: {lowest:g}–{highest:g}"
