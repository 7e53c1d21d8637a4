"""The real understanding service, once for a whole test run, however many workers the run has."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
from collections.abc import AsyncIterator
from pathlib import Path

from fyren.understanding_service import UnderstandingService, is_ready

PROJECT = Path(__file__).parents[1]


@contextlib.asynccontextmanager
async def shared_understanding(folder: Path) -> AsyncIterator[Path]:
    """Yield the socket of the service, which the first worker that wants it trains and starts.

    All workers of a run give the same `folder`, which has to exist. Whoever uses the service holds a shared lock, so
    that the worker that started it ends it only when all others are done; a worker that dies gives its lock back.
    """
    socket = folder / "nlu.sock"
    with (folder / "in-use").open("w") as in_use:
        async with _locked(folder / "starting"):
            fcntl.flock(in_use, fcntl.LOCK_SH)
            service = None if await is_ready(socket) else UnderstandingService(PROJECT, folder, socket)
            if service is not None:
                await service.train()
                await service.start()
                await service.wait_until_ready()
        try:
            yield socket
        finally:
            if service is not None:
                await asyncio.to_thread(fcntl.flock, in_use, fcntl.LOCK_EX)
                await service.stop()


@contextlib.asynccontextmanager
async def _locked(path: Path) -> AsyncIterator[None]:
    with path.open("w") as file:
        await asyncio.to_thread(fcntl.flock, file, fcntl.LOCK_EX)
        yield
