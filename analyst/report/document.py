"""Reports as PDF files: each is made once, in a process of its own, and kept in a folder.

What was released never changes, so a file is good for as long as what is printed and what prints it stay the same; both
are in its name.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

from analyst.report.order import PrintOrder

_ROOM: Final = Path(__file__).parent
_PRINTED_BY: Final = ("weasyprint", "vl-convert-python")
_SOURCES: Final = (_ROOM / "printing.py", _ROOM / "report.css", *sorted((_ROOM.parent / "charts").glob("*.py")))
STYLE: Final = _ROOM / "report.css"
PRINTING: Final = (sys.executable, "-m", "analyst.report.printing")
"""The command that makes a PDF of what is in its input."""

_PROJECT: Final = Path(__file__).parents[2]
_MOST_KEPT: Final = 24
_SECONDS: Final = 180

Pictures = Callable[[], Awaitable[Mapping[str, str]]]
"""Draws the pictures of a page, as SVG by the addresses that the page names; asked only if they are needed."""

_log = logging.getLogger(__name__)


class ReportError(Exception):
    """A report could not be made; nothing is lost, and whoever asked may ask again."""


class Reports:
    """Makes PDF files one at a time, and keeps the last ones in a folder."""

    def __init__(
        self, folder: Path, command: Sequence[str] = PRINTING, seconds: float = _SECONDS, most: int = _MOST_KEPT
    ) -> None:
        self._folder = folder
        self._command = command
        self._seconds = seconds
        self._most = most
        self._style = STYLE.read_text(encoding="utf-8")
        parts = [version(name).encode() for name in _PRINTED_BY] + [path.read_bytes() for path in _SOURCES]
        self._printer = hashlib.sha256(b"\0".join(parts)).hexdigest()
        self._asked: dict[str, asyncio.Task[bytes]] = {}
        self._printing = asyncio.Semaphore(1)

    def name(self, page: str, style: str) -> str:
        """Return what a report is kept under: a digest of its page, and of all that draws and prints it."""
        return hashlib.sha256(f"{self._printer} {style} {page}".encode()).hexdigest()[:32]

    async def pdf(self, page: str, style: str, pictures: Pictures) -> bytes:
        """Return a page as PDF, with a style of its own beside that of all reports; raises `ReportError`.

        The addresses of its pictures in the page have to change with the pictures. Those who ask for the same report
        meanwhile wait for it together.
        """
        name = self.name(page, style)
        if name not in self._asked:
            task = asyncio.create_task(self._found_or_made(name, page, style, pictures))
            self._asked[name] = task
            task.add_done_callback(lambda done: self._forget(name, done))
        # Somebody who goes away takes nothing from the others who wait.
        return await asyncio.shield(self._asked[name])

    async def close(self) -> None:
        """End what is being made."""
        for task in list(self._asked.values()):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, ReportError):
                await task

    def _forget(self, name: str, done: asyncio.Task[bytes]) -> None:
        self._asked.pop(name, None)
        if not done.cancelled():
            # Everybody who waited may have gone away, and then nobody else asks what went wrong.
            done.exception()

    async def _found_or_made(self, name: str, page: str, style: str, pictures: Pictures) -> bytes:
        path = self._folder / f"{name}.pdf"
        kept = await asyncio.to_thread(_read, path)
        if kept is not None:
            return kept
        async with self._printing:
            made = await self._made(PrintOrder(page, f"{self._style}\n{style}", await pictures()))
        try:
            await asyncio.to_thread(self._keep, path, made)
        except OSError as error:
            # Without the folder every report is made anew, which is slow and nothing worse.
            _log.warning("A report could not be kept in %s: %s", self._folder, error.strerror)
        return made

    async def _made(self, order: PrintOrder) -> bytes:
        # What prints has no use for settings, and least of all for secrets among them.
        environment = {key: value for key, value in os.environ.items() if not key.startswith("FYREN_")}
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, cwd=_PROJECT
            )
        except OSError as error:
            raise ReportError(f"The report could not be printed: {error.strerror}.") from error
        try:
            async with asyncio.timeout(self._seconds):
                written, complaints = await process.communicate(order.to_json())
        except TimeoutError as error:
            _log.error("Printing a report took longer than %s seconds", self._seconds)
            raise ReportError(f"Printing the report took longer than {self._seconds:g} seconds.") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode or not written.startswith(b"%PDF-"):
            _log.error("Printing a report ended with %s: %s", process.returncode, _last_line(complaints))
            raise ReportError(f"Printing the report ended with {process.returncode}.")
        return written

    def _keep(self, path: Path, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".part", delete=False) as file:
            file.write(content)
        Path(file.name).replace(path)
        found = sorted(self._folder.glob("*.pdf"), key=lambda entry: entry.stat().st_mtime, reverse=True)
        for old in found[self._most :]:
            old.unlink(missing_ok=True)


def _read(path: Path) -> bytes | None:
    try:
        content = path.read_bytes()
        # The files that were asked for last are kept longest.
        os.utime(path)
    except OSError:
        return None
    return content if content.startswith(b"%PDF-") else None


def _last_line(complaints: bytes) -> str:
    lines = complaints.decode(errors="replace").strip().splitlines()
    return lines[-1][:200] if lines else "no message"
