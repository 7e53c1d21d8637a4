"""Starting the understanding service for a command that needs it and ends with it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from bot.settings import BotSettings
from bot.understanding.assembly import nlu_client
from bot.understanding.nlu_client import HttpNlu

_READY_SECONDS = 120.0
_PATIENT_SECONDS = 30.0  # a whole file is read at a time; waiting is better than a gap in the answers


class NluStartError(Exception):
    """The understanding service cannot be started; the message says what to do."""


@contextlib.asynccontextmanager
async def nlu_service(settings: BotSettings, project: Path) -> AsyncIterator[HttpNlu]:
    """Yield a client of the service that runs, or of one started from `project` (the folder `nlu/`) and ended again.

    Raises `NluStartError` if none runs and none can be started.
    """
    async with nlu_client(settings, timeout_seconds=_PATIENT_SECONDS) as running:
        if await running.is_healthy():
            yield running
            return
    with tempfile.TemporaryDirectory(prefix="fyren-nlu-") as folder:
        socket = Path(folder) / "nlu.sock"
        process = await _start(project, socket)
        try:
            async with HttpNlu(socket=socket, timeout_seconds=_PATIENT_SECONDS) as started:
                await _wait_until_ready(started, process)
                yield started
        finally:
            await _end(process)


async def _start(project: Path, socket: Path) -> asyncio.subprocess.Process:
    python = project / ".venv" / "bin" / "python"
    if not python.exists() or not any((project / "models").glob("*.tar.gz")):
        raise NluStartError("No understanding service runs and none is installed and trained; run `make nlu` first.")
    return await asyncio.create_subprocess_exec(
        str(python),
        "-m",
        "server",
        "--socket",
        str(socket),
        cwd=project,
        env={**os.environ, "RASA_TELEMETRY_ENABLED": "false", "VIRTUAL_ENV": ""},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )


async def _wait_until_ready(client: HttpNlu, process: asyncio.subprocess.Process) -> None:
    deadline = asyncio.get_running_loop().time() + _READY_SECONDS
    while not await client.is_healthy():
        if process.returncode is not None:
            raise NluStartError(f"The understanding service ended with code {process.returncode}; run `make nlu`.")
        if asyncio.get_running_loop().time() > deadline:
            raise NluStartError(f"The understanding service was not ready after {_READY_SECONDS:.0f} seconds.")
        await asyncio.sleep(0.2)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), timeout=10)
    except TimeoutError:
        process.kill()
        await process.wait()
