"""A store that is opened behind a page that is already up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from intake_store.submission.errors import IntakeStoreError
from intake_store.submission.receipts import ReceiptCode
from intake_store.submission.response import Response
from intake_store.submission.store import ResponseStore, SubmissionOutcome

logger = logging.getLogger(__name__)


class ClosableStore(ResponseStore, Protocol):
    """A store that holds connections."""

    async def close(self) -> None:
        """Let go of everything."""
        ...


class OpeningStore:
    """Opens a store at once, in the background; whoever needs it before waits.

    If the database is away, the reason is logged, whoever submits is told, and the next submission tries again.
    """

    def __init__(self, open_store: Callable[[], Awaitable[ClosableStore]]) -> None:
        self._open_store = open_store
        self._opening = self._start()

    async def submit(
        self, response: Response, idempotency_key: str, receipt: ReceiptCode | None = None
    ) -> SubmissionOutcome:
        """Store a response once; see `ResponseStore.submit`."""
        store = await self._opened()
        return await store.submit(response, idempotency_key, receipt)

    async def withdraw(self, receipt: ReceiptCode) -> bool:
        """Delete the response of a receipt code; see `ResponseStore.withdraw`."""
        store = await self._opened()
        return await store.withdraw(receipt)

    async def close(self) -> None:
        """Wait for the opening and close what was opened."""
        try:
            store = await self._opening
        except IntakeStoreError:
            return
        await store.close()

    def _start(self) -> asyncio.Task[ClosableStore]:
        opening = asyncio.create_task(self._opened_now())
        # A failure that nobody waits for is logged where it happens, and is no unretrieved exception.
        opening.add_done_callback(lambda task: task.cancelled() or task.exception())
        return opening

    async def _opened_now(self) -> ClosableStore:
        try:
            return await self._open_store()
        except IntakeStoreError as error:
            logger.error("%s", error)
            raise

    async def _opened(self) -> ClosableStore:
        if self._opening.done() and self._opening.exception() is not None:
            self._opening = self._start()
        return await asyncio.shield(self._opening)
