"""A real model, trained when it is missing, and the real server in its own environment."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

PROJECT = Path(__file__).resolve().parents[2] / "nlu"
PYTHON = PROJECT / ".venv" / "bin" / "python"


def _environment() -> dict[str, str]:
    """The environment without what would point the other Python at this one's packages."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "PYTEST"))
    }


RunNlu = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def nlu_python() -> Path:
    """Python of the NLU project's environment."""
    if not PYTHON.exists():
        pytest.fail("The environment of nlu/ is missing. Run: cd nlu && uv sync")
    return PYTHON


@pytest.fixture(scope="session")
def run_nlu(nlu_python: Path) -> RunNlu:
    """Runs a Python program of the NLU project and returns what it did."""

    def run(*arguments: str | Path, cwd: Path = PROJECT) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(nlu_python), *map(str, arguments)],
            cwd=cwd,
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def trained_model(run_nlu: RunNlu) -> Path:
    """The model of the training data as it is now; trains it when it is missing."""
    done = run_nlu("train.py")
    assert done.returncode == 0, done.stderr
    models = list((PROJECT / "models").glob("fyren-*.tar.gz"))
    assert len(models) == 1
    return models[0]


@dataclass
class RunningServer:
    """A server process with everything it printed and every file it may have written."""

    process: asyncio.subprocess.Process
    session: aiohttp.ClientSession
    base: str
    socket: Path
    home: Path

    async def parse(self, text: str) -> dict[str, Any]:
        """The answer to one text, which must be understood."""
        async with self.session.post(f"{self.base}/model/parse", json={"text": text}) as response:
            assert response.status == 200, await response.text()
            parsed: dict[str, Any] = await response.json()
            return parsed

    async def stop(self) -> tuple[bytes, float]:
        """Send SIGTERM; return everything the process printed and the seconds until it was gone."""
        started = time.monotonic()
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        printed, _ = await asyncio.wait_for(self.process.communicate(), 30)
        return printed, time.monotonic() - started


StartServer = Callable[..., AbstractAsyncContextManager[RunningServer]]


@pytest.fixture
def start_server(nlu_python: Path, trained_model: Path, tmp_path: Path) -> StartServer:
    """Starts the server on a unix socket (or as told) and waits until it answers; `ready` waits for the model too."""

    @contextlib.asynccontextmanager
    async def start(*options: str, port: int | None = None, ready: bool = True) -> AsyncIterator[RunningServer]:
        home, path = tmp_path / "home", tmp_path / "nlu.sock"
        where = ["--socket", str(path)] if port is None else ["--port", str(port)]
        process = await asyncio.create_subprocess_exec(
            str(nlu_python), "-m", "server", "--model", str(trained_model), "--home", str(home), *where, *options,
            cwd=PROJECT,
            env={**_environment(), "HOME": str(home), "TMPDIR": str(tmp_path)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        connector = aiohttp.UnixConnector(str(path)) if port is None else aiohttp.TCPConnector()
        base = "http://nlu" if port is None else f"http://127.0.0.1:{port}"
        try:
            async with aiohttp.ClientSession(connector=connector) as session:
                await _answering(process, session, base, ready)
                yield RunningServer(process, session, base, path, home)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    return start


async def _answering(
    process: asyncio.subprocess.Process, session: aiohttp.ClientSession, base: str, ready: bool
) -> None:
    wanted = {"ready"} if ready else {"ready", "loading"}
    for _ in range(600):
        with contextlib.suppress(aiohttp.ClientConnectionError):
            async with session.get(f"{base}/health") as response:
                if (await response.json())["status"] in wanted:
                    return
        if process.returncode is not None:
            pytest.fail(f"The server stopped by itself: {(await process.communicate())[0]!r}")
        await asyncio.sleep(0.1)
    pytest.fail("The server did not become ready within a minute.")
