"""The releaser's work: preview a period, look at it, and release it, one piece of work at a time.

Making the tables of a period takes up to minutes, so it is done in a thread, and pages ask how far it is. Nothing here
can be done twice: a release says which release of its period its maker saw as the newest, and which preview, and is
refused if either is another one by then.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import importlib.metadata
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Protocol

from analyst.accounts.audit import AuditEvent, AuditLog
from analyst.accounts.clock import Clock
from analyst.release_work.summaries import PreviewSummary, PublishedSummary, attack_summary, summarised
from analyst.translation import message
from content_files import ContentError
from intake_store.codebook import Codebook
from intake_store.periods import Period, Quarter, Year, parse_period
from intake_store.statistics.changes import release_before
from intake_store.statistics.releases import Release, ReleaseError, ReleaseFolder, ReleaseOvertaken, Verification
from intake_store.statistics.releasing import Occasion, Preview, attack_published
from intake_store.submission.errors import IntakeStoreError
from intake_store.submission.iso_weeks import IsoWeek

_QUARTERS_OFFERED: Final = 6
_YEARS_OFFERED: Final = 2

BUSY: Final = message("Another period is being worked on. Wait until it is ready.")
SEEN_ANOTHER: Final = message(
    "Another release of this period was made since you looked. Nothing was released. Look at the period again."
)
UNSEEN: Final = message("Look at a preview of the period first.")
ANOTHER_PREVIEW: Final = message(
    "The preview was made anew since you looked. Nothing was released. Look at it once more."
)
GIVES_WAY: Final = message("Withheld figures could be worked out too closely, so this cannot be released.")
ALTERED: Final = message(
    "What was released earlier was changed since. Nothing can be released until it is restored from a copy."
)
NO_REASON: Final = message("A revision needs a reason. It is published with the release.")
BROKEN: Final = message("The work broke off because of a fault here, and nothing was released. Tell an administrator.")

EVERYTHING: Final = "all releases"
"""What a check of everything that is published is called in the audit log."""

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
    CHECKED = "checked"
    FAILED = "failed"


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
    published: PublishedSummary | None = None


@dataclass(frozen=True, slots=True)
class PeriodStanding:
    """A period as the list of periods shows it; `missing` names the quarters that a year still waits for."""

    period: str
    has_ended: bool
    ends_on: datetime.date
    releases: tuple[Release, ...]
    missing: tuple[str, ...]
    work: Work | None


class ReleaseWork:
    """Does one piece of work at a time and remembers the newest of each period until the process ends."""

    def __init__(
        self,
        open_warehouse: OpenWarehouse,
        folder: ReleaseFolder,
        audit: AuditLog,
        clock: Clock,
        codebook: Codebook,
        missing: Callable[[], str] = lambda: "",
    ) -> None:
        """`missing` tells what has to be there before the warehouse opens and is not, or nothing."""
        self._open_warehouse = open_warehouse
        self._folder = folder
        self._audit = audit
        self._clock = clock
        self._codebook = codebook
        self._missing = missing
        self._work: dict[str, Work] = {}
        self._running: asyncio.Task[None] | None = None

    @property
    def current_week(self) -> IsoWeek:
        """The week that is now."""
        return IsoWeek.of(self._clock().date())

    def work_on(self, period: Period) -> Work | None:
        """Return the newest work on a period since the process began, or None."""
        return self._work.get(str(period))

    @property
    def check(self) -> Work | None:
        """The newest check of everything that is published since the process began, or None."""
        return self._work.get(EVERYTHING)

    async def missing(self) -> str:
        """Return what has to be there before a preview and is not, or nothing."""
        return await asyncio.to_thread(self._missing)

    async def verified(self) -> Verification:
        """Read every released file and compare it with its digest."""
        return await asyncio.to_thread(self._folder.verify)

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
        released = {release.period for release in releases}
        quarters = period.quarters if isinstance(period, Year) else ()
        return PeriodStanding(
            period=str(period),
            has_ended=period.has_ended(self.current_week),
            ends_on=period.quarters[-1].weeks[-1].thursday + datetime.timedelta(days=3),
            releases=tuple(release for release in releases if release.period == str(period)),
            missing=tuple(str(quarter) for quarter in quarters if str(quarter) not in released),
            work=self.work_on(period),
        )

    async def start_preview(self, period: Period, by: str) -> None:
        """Begin to preview a period; raises `WorkBusy`."""
        work = await self._begin(period, by, releases=False)
        await self._audit.record(by, AuditEvent.PREVIEWED, str(period))
        self._run(work, lambda: self._preview(period, work))

    async def start_check(self, by: str) -> None:
        """Begin to attack everything that is published; raises `WorkBusy`."""
        work = self._take(EVERYTHING, by, releases=False)
        await self._audit.record(by, AuditEvent.PREVIEWED, EVERYTHING)
        self._run(work, lambda: self._attack(work))

    async def start_release(self, period: Period, by: str, seen: str, note: str, reason: str, previewed: str) -> None:
        """Begin to release a period whose newest release was `seen`, or nothing, when its maker looked.

        `previewed` is the digest of the preview that was looked at. Raises `WorkBusy`, and `ReleaseError` if there is
        another release by now, no preview or another one was looked at, or a revision gives no reason; then the preview
        stays.
        """
        known = self.work_on(period)
        work = await self._begin(period, by, releases=True)
        try:
            if work.newest != seen:
                raise ReleaseError(SEEN_ANOTHER)
            if known is None or known.preview is None or known.preview.seen != seen:
                raise ReleaseError(UNSEEN)
            if known.preview.digest != previewed:
                raise ReleaseError(ANOTHER_PREVIEW)
            if not known.preview.attack.is_safe:
                raise ReleaseError(GIVES_WAY)
            if seen and not reason.strip():
                raise ReleaseError(NO_REASON)
        except ReleaseError:
            self._forget(work, known)
            raise
        self._run(work, lambda: self._release(period, work, note, reason, previewed))

    async def close(self) -> None:
        """Wait for work that is being done: a release is not broken off."""
        if self._running is not None:
            await asyncio.wait([self._running])

    # -- one piece of work at a time ----------------------------------------------------------------------------------

    def _take(self, what: str, by: str, *, releases: bool) -> Work:
        """Take the place of the one piece of work; there is no pause in it, so that of two requests one is refused."""
        if any(work.state is WorkState.RUNNING for work in self._work.values()):
            raise WorkBusy(BUSY)
        work = self._work[what] = Work(what, by, self._clock(), releases, WorkState.RUNNING, newest="")
        return work

    async def _begin(self, period: Period, by: str, *, releases: bool) -> Work:
        before = self.work_on(period)
        work = self._take(str(period), by, releases=releases)
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
        except ReleaseOvertaken as error:
            done = replace(work, state=WorkState.FAILED, text=SEEN_ANOTHER if work.releases else str(error))
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
        against = release_before(self._folder.releases(), period)
        before = self._folder.tables(against) if against is not None else []
        summary = summarised(preview, against, before, work.newest)
        return replace(work, state=WorkState.PREVIEWED, preview=summary)

    def _attack(self, work: Work) -> Work:
        found = attack_published(self._folder, self._codebook)
        summary = PublishedSummary(found.releases, found.tables, attack_summary(found.findings, found.width))
        return replace(work, state=WorkState.CHECKED, published=summary)

    def _release(self, period: Period, work: Work, note: str, reason: str, previewed: str) -> Work:
        if not self._folder.verify().is_unchanged:
            raise ReleaseError(ALTERED)
        with self._open_warehouse() as opened:
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
                    seen=work.newest,
                    previewed=previewed,
                ),
            )
        return replace(work, state=WorkState.RELEASED, release=release.number)
