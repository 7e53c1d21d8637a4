"""Lines from the standard input, without a thread that would keep the program from ending."""

from __future__ import annotations

import asyncio
import codecs
import os
from collections import deque
from typing import Final

_CHUNK: Final = 65_536


class Lines:
    """The lines of a file descriptor, one after the other.

    A terminal hands out whole lines by itself, a pipe whatever has come, and an ordinary file never makes anybody wait.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._lines: deque[str] = deque()
        self._rest = ""
        self._ended = False

    async def next(self) -> str | None:
        """Return the next line without its end, or `None` after the last."""
        while not self._lines and not self._ended:
            await self._wait()
            self._take(os.read(self._descriptor, _CHUNK))
        return self._lines.popleft() if self._lines else None

    def _take(self, data: bytes) -> None:
        self._rest += self._decoder.decode(data, final=not data)
        *lines, self._rest = self._rest.split("\n")
        self._lines.extend(line.rstrip("\r") for line in lines)
        if not data:
            self._ended = True
            if self._rest:
                self._lines.append(self._rest)

    async def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        try:
            loop.add_reader(self._descriptor, ready.set)
        except PermissionError:
            # An ordinary file cannot be waited for, and need not be.
            return
        try:
            await ready.wait()
        finally:
            loop.remove_reader(self._descriptor)
