"""Counters that gather in memory and write what they gathered together, behind the conversations."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Protocol

from intake_store.submission.errors import IntakeStoreError, OutcomeUnknown
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.usage.events import Occurrence

logger = logging.getLogger(__name__)

WRITE_SECONDS = 60.0

Gathered = Mapping[tuple[IsoWeek, Occurrence], int]
"""How often what happened in which week."""


class UsageStore(Protocol):
    """Where counts are added up."""

    async def add(self, gathered: Gathered) -> None:
        """Add all counts or none; raises `InboxUnavailable`, or `OutcomeUnknown` if nobody can tell which."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...


class GatheringUsageCounter:
    """Counts in memory; every `write_seconds`, and at the end, adds what came together to a store.

    The store is opened behind the first page, when there is something to write. What could not be written is kept and
    tried again. A process that is killed loses what it gathered since it last wrote: these are counters and no
    responses. If a connection breaks so that nobody can tell whether a batch was added, it is not added again: a figure
    that is a little too small harms less than one that is too large.
    """

    def __init__(
        self,
        open_store: Callable[[], Awaitable[UsageStore]],
        week: Callable[[], IsoWeek],
        write_seconds: float = WRITE_SECONDS,
    ) -> None:
        self._open_store = open_store
        self._week = week
        self._write_seconds = write_seconds
        self._gathered: Counter[tuple[IsoWeek, Occurrence]] = Counter()
        self._store: UsageStore | None = None
        self._failing = False
        self._closing = asyncio.Event()
        self._writing = asyncio.create_task(self._write_regularly())

    def count(self, occurrences: Iterable[Occurrence]) -> None:
        """Count each occurrence once, in the current week."""
        week = self._week()
        self._gathered.update((week, occurrence) for occurrence in occurrences)

    async def close(self) -> None:
        """Write what is left, and let go of the store; what cannot be written now is lost."""
        self._closing.set()
        await self._writing
        await self._write()
        if self._gathered:
            logger.warning("%d counted events could not be written and are lost.", self._gathered.total())
        if self._store is not None:
            await self._store.close()

    async def _write_regularly(self) -> None:
        while not self._closing.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), self._write_seconds)
                return
            await self._write()

    async def _write(self) -> None:
        if not self._gathered:
            return
        batch, self._gathered = self._gathered, Counter()
        try:
            if self._store is None:
                self._store = await self._open_store()
            await self._store.add(batch)
        except OutcomeUnknown as error:
            logger.warning("%d counted events may be lost. %s", batch.total(), error)
        except IntakeStoreError as error:
            self._gathered.update(batch)
            if not self._failing:
                logger.error("Use is counted in memory for now. %s", error)
            self._failing = True
        except Exception as error:
            # Nothing that is wrong with the counters may end the writing for good; the message could hold anything.
            self._gathered.update(batch)
            logger.error("Counts could not be written: %s.", type(error).__name__)
        else:
            self._failing = False
