"""Child processes that are started, watched and ended together; each is ended by its own pid."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

GRACE_SECONDS = 8.0


class ProcessFailed(Exception):
    """A command ended with an error; the message holds the last lines it printed."""


@dataclass
class ManagedProcess:
    """One child process with its own group, so that the Ctrl-C of a terminal reaches it only through us."""

    name: str
    command: Sequence[str | Path]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None
    _process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> None:
        """Start the process; its output goes to `log`, which starts anew, or nowhere."""
        if self.log:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            output = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        else:
            output = os.open(os.devnull, os.O_WRONLY)
        try:
            self._process = await asyncio.create_subprocess_exec(
                *map(str, self.command),
                cwd=self.folder,
                env={**os.environ, **self.environment},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        finally:
            os.close(output)

    async def wait(self) -> int:
        """Wait until the process ends and return its exit code."""
        assert self._process is not None
        return await self._process.wait()

    async def run(self) -> None:
        """Run the process to its end; raises `ProcessFailed` with its last words if it fails."""
        await self.start()
        try:
            code = await self.wait()
        except asyncio.CancelledError:
            await self.stop()
            raise
        if code != 0:
            raise ProcessFailed(f"{self.name} failed with exit code {code}.\n{self.last_words()}")

    async def stop(self) -> None:
        """End the process: first kindly, after some seconds for sure."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        _signal_group(process.pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), GRACE_SECONDS)
        except TimeoutError:
            _signal_group(process.pid, signal.SIGKILL)
            await process.wait()

    def last_words(self, lines: int = 15) -> str:
        """Return the end of the log."""
        if self.log is None or not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)
