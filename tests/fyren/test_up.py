"""`fyren up` as a person starts it: real processes, a real page, and nothing left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PATIENCE = 180.0


def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in listed.read_text().split()] if listed.exists() else []


def is_alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


def test_up_serves_the_page_makes_the_store_once_and_ends_everything(tmp_path: Path) -> None:
    port = free_port()
    var = tmp_path / "var"
    environment = {**os.environ, "FYREN_VAR": str(var), "FYREN_PORT": str(port)}

    def page() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as response:
                return response.status == 200 and b"Fyren" in response.read()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    made: set[Path] = set()
    for start in ("first", "second"):
        output = tmp_path / f"{start}.log"
        with output.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", "from fyren.cli import main; main()", "up"],
                cwd=PROJECT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            until(page, "the page answers")
            until(lambda log=output: "Free text is understood" in log.read_text(), "free text is understood")
            running = children(process.pid)
            assert len(running) == 2, "the assistant and the understanding service"
        finally:
            process.send_signal(signal.SIGINT)
            code = process.wait(timeout=PATIENCE)
        assert code == 0, output.read_text()
        assert not any(is_alive(pid) for pid in running)
        keys = {path for path in var.rglob("*") if path.suffix in (".pem", ".json", ".sqlite3")}
        assert ("Made keys" in output.read_text()) is (start == "first")
        assert made <= keys
        made = keys
    assert {path.name for path in made} >= {"intake-public.pem", "intake-private.json", "intake.sqlite3"}
