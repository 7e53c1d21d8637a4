"""A site that runs in a thread of its own, for tests that ask it from outside an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from analyst_site import Site

Told = TypeVar("Told")


@contextlib.contextmanager
def site_in_a_thread(
    opened: Callable[[], AbstractAsyncContextManager[Site]], tell: Callable[[Site], Awaitable[Told]]
) -> Iterator[Told]:
    """Serve a site for a while, and yield what is told of it once it is up."""
    ready, ending = threading.Event(), threading.Event()
    found: list[Told] = []

    async def serve() -> None:
        async with opened() as site:
            found.append(await tell(site))
            ready.set()
            await asyncio.to_thread(ending.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(60)
    yield found[0]
    ending.set()
    thread.join(30)
