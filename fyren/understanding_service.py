"""The understanding service (Rasa) as the command-line tool installs, trains and starts it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

from fyren.processes import ManagedProcess, ProcessFailed

READY_SECONDS = 180.0
STATUS_SECONDS = 2.0
Report = Callable[[str], None]


class UnderstandingService:
    """The Rasa project in `nlu/`, in its own environment, behind a unix socket."""

    def __init__(self, project: Path, var: Path, socket: Path) -> None:
        self._folder = project / "nlu"
        self._project = project
        self._var = var
        self._socket = socket
        self._process: ManagedProcess | None = None

    @property
    def python(self) -> Path:
        """The interpreter of the service's own environment."""
        return self._folder / ".venv" / "bin" / "python"

    @property
    def pid(self) -> int | None:
        """The service's process id while it runs."""
        return self._process.pid if self._process else None

    async def install(self) -> None:
        """Bring the environment in line with its lock file; raises `ProcessFailed` if that does not work."""
        uv = shutil.which("uv") or str(self._project / ".tools" / "bin" / "uv")
        # uv keeps the Pythons it gets in the person's own home. This program's own environment and its choice of Python
        # (pyenv's variable) must not decide for the folder `nlu/`.
        outside = {"VIRTUAL_ENV": "", "PYENV_VERSION": ""}
        await self._run("Installing the understanding service", [uv, "sync", "--frozen"], "nlu-install.log", outside)

    async def train(self) -> None:
        """Train the model unless one for this data is there; raises `ProcessFailed` if that does not work."""
        command: list[str | Path] = [self.python, "train.py"]
        await self._run("Training the understanding model", command, "nlu-train.log", self._environment())

    async def start(self) -> None:
        """Start the server; it takes some seconds until it `is_ready`."""
        self._socket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._process = ManagedProcess(
            "The understanding service",
            [self.python, "-m", "server", "--socket", self._socket],
            self._folder,
            self._environment(),
            self._var / "log" / "nlu.log",
        )
        await self._process.start()

    async def wait_until_ready(self) -> None:
        """Return when sentences are understood; raises `ProcessFailed` if the server ends or never gets there."""
        assert self._process is not None
        for _ in range(int(READY_SECONDS * 4)):
            if self._process.pid is None:
                raise ProcessFailed(f"The understanding service ended.\n{self._process.last_words()}")
            if await is_ready(self._socket):
                return
            await asyncio.sleep(0.25)
        raise ProcessFailed(f"The understanding service was not ready in time.\n{self._process.last_words()}")

    async def wait(self) -> int:
        """Wait until the server ends."""
        assert self._process is not None
        return await self._process.wait()

    async def stop(self) -> None:
        """End the server."""
        if self._process:
            await self._process.stop()

    async def _run(self, name: str, command: list[str | Path], log: str, environment: dict[str, str]) -> None:
        await ManagedProcess(name, command, self._folder, environment, self._var / "log" / log).run()

    def _environment(self) -> dict[str, str]:
        # Rasa writes settings into its home; with one of its own nothing of a person's account is touched.
        home = self._var / "run" / "nlu-home"
        home.mkdir(parents=True, exist_ok=True)
        return {"HOME": str(home), "RASA_TELEMETRY_ENABLED": "false", "VIRTUAL_ENV": ""}


async def is_ready(socket: Path) -> bool:
    """Tell whether a service with a loaded model answers on a socket."""
    try:
        async with asyncio.timeout(STATUS_SECONDS):
            reader, writer = await asyncio.open_unix_connection(str(socket))
            try:
                writer.write(b"GET /status HTTP/1.0\r\nHost: nlu\r\n\r\n")
                await writer.drain()
                status_line = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
    return status_line.split()[1:2] == [b"200"]
