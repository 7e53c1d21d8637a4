"""A real Valkey or Redis server of the tests' own, without a disk."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = ("valkey-server", "redis-server")


@contextmanager
def valkey_server(folder: Path) -> Iterator[str]:
    """Run a server on a socket in `folder` and yield its address; fails where none is installed."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    assert program, "These tests need a Valkey server: apt-get install valkey-server, or redis-server on Debian 12."
    path = folder / "valkey.sock"
    options = ["--port", "0", "--unixsocket", str(path), "--save", "", "--appendonly", "no", "--dir", str(folder)]
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(path)
        yield f"unix://{path}"
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(path: Path) -> None:
    for _ in range(500):
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(path))
                return
        except OSError:
            time.sleep(0.02)
    raise AssertionError("the Valkey server did not start")
