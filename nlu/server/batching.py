"""Concurrent texts go through the model together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

ParseTexts = Callable[[list[str]], list[dict[str, Any]]]
Waiting = tuple[str, "asyncio.Future[dict[str, Any]]"]


class Busy(Exception):
    """More texts are waiting than the server is willing to hold; try again in a moment."""


class NotUnderstood(Exception):
    """The model failed on a text. Carries neither the text nor the error, which may quote it."""


class Batcher:
    """Collects what arrives while the model works and hands it over as the next batch.

    Nobody waits for a batch to fill: a text that arrives at an idle server is a batch of one. `largest` bounds how long
    one batch may take, `waiting` how many texts may be held in memory.
    """

    def __init__(self, parse: ParseTexts, *, largest: int = 32, waiting: int = 256) -> None:
        """Prepare; `running` starts the work."""
        self._parse = parse
        self._largest = largest
        self._queue: asyncio.Queue[Waiting] = asyncio.Queue(maxsize=waiting)
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")

    async def submit(self, text: str) -> dict[str, Any]:
        """Return the parse result of `text`; raise `Busy` when the queue is full, `NotUnderstood` when it failed."""
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait((text, future))
        except asyncio.QueueFull:
            raise Busy from None
        return await future

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Batcher]:
        """Work until the block ends; what still waits then is told `Busy`."""
        worker = asyncio.create_task(self._work())
        try:
            yield self
        finally:
            worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await worker
            while not self._queue.empty():
                _refuse([self._queue.get_nowait()], Busy())
            self._executor.shutdown(wait=False)

    async def _work(self) -> None:
        while True:
            batch = [await self._queue.get()]
            while len(batch) < self._largest and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            try:
                await self._answer(batch)
            except asyncio.CancelledError:
                _refuse(batch, Busy())
                raise

    async def _answer(self, batch: list[Waiting]) -> None:
        """Answer all of `batch`; where it fails as a whole, one by one, so that one text cannot spoil the others'."""
        loop = asyncio.get_running_loop()
        try:
            results = await loop.run_in_executor(self._executor, self._parse, [text for text, _ in batch])
        except Exception:
            if len(batch) == 1:
                _refuse(batch, NotUnderstood())
                return
            for waiting in batch:
                await self._answer([waiting])
            return
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)


def _refuse(batch: list[Waiting], reason: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(reason)
