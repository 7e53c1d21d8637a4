"""Storing what is made up: responses sealed like any others, and the counts of use around them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from sqlalchemy import func, select

from intake_store.codebook import Codebook
from intake_store.database.connections import connect
from intake_store.database.tables import SealedRow, UsageCountRow
from intake_store.submission.inbox import Inbox
from intake_store.submission.intake_database import reported
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.response import Response
from intake_store.submission.sealing import Sealer
from intake_store.submission.store_secrets import StoreSecrets
from intake_store.synthetic.responses import synthetic_responses
from intake_store.synthetic.usage import Counts, synthetic_usage
from intake_store.usage.adding import UsageDatabase
from intake_store.usage.events import UsageEvent

BATCH: Final = 500
"""Responses that are stored together, or not at all."""

Progress = Callable[[int], None]
"""Called with how many responses are stored by now."""


class SyntheticStore:
    """Takes in made-up responses batch after batch; a batch that has begun is finished also when it is stopped."""

    def __init__(self, location: str, sealer: Sealer, secrets: StoreSecrets) -> None:
        self._location = location
        self._sealer = sealer
        self._secrets = secrets
        self.stored = 0

    async def add(self, made: Iterator[Response], progress: Progress | None = None) -> None:
        """Seal and store responses."""
        inbox = await Inbox.open(self._location, self._sealer, self._secrets)
        try:
            while batch := list(islice(made, BATCH)):
                storing = asyncio.ensure_future(self._store(inbox, batch))
                try:
                    await asyncio.shield(storing)
                except asyncio.CancelledError:
                    await storing
                    raise
                if progress is not None:
                    progress(self.stored)
        finally:
            await inbox.close()

    async def add_usage(self, counts: Counts) -> None:
        """Add counts of use, all or none."""
        usage = await UsageDatabase.open(self._location)
        try:
            await usage.add(counts)
        finally:
            await usage.close()

    async def complete(self, codebook: Codebook, weeks: Sequence[IsoWeek], number: int, seed: int) -> None:
        """Make `number` responses of these weeks, and the use around them, or what is missing of them.

        Only for a store in which nothing else adds to these weeks: what is there is taken for the first ones of these.
        So whatever stopped it, the next call goes on where it was.
        """
        responses = list(synthetic_responses(codebook, weeks, number, seed))
        there, has_usage = await _there(self._location, weeks)
        await self.add(iter(responses[there:]))
        if not has_usage:
            await self.add_usage(synthetic_usage(responses, seed))

    async def _store(self, inbox: Inbox, batch: Sequence[Response]) -> None:
        await inbox.submit_batch(batch)
        self.stored += len(batch)


async def _there(location: str, weeks: Iterable[IsoWeek]) -> tuple[int, bool]:
    """Return how many responses of some weeks there are, and whether use was made up for them."""
    named = [str(week) for week in weeks]
    responses = select(func.count()).select_from(SealedRow).where(SealedRow.iso_week.in_(named))
    usage = (
        select(func.count())
        .select_from(UsageCountRow)
        .where(UsageCountRow.iso_week.in_(named), UsageCountRow.event == UsageEvent.MADE_UP.value)
    )
    engine = connect(location)
    try:
        async with reported(), engine.connect() as connection:
            number = (await connection.execute(responses)).scalar_one()
            return number, (await connection.execute(usage)).scalar_one() > 0
    finally:
        await engine.dispose()
