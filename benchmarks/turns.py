"""How long a person waits for a turn: choices and free text, one at a time and many at once.

Starts the assistant as real processes, as `make up` does, on free ports and with a store of its own, and measures turns
from outside over HTTP. All is measured in one run on one machine, so the ratios mean more than the milliseconds. The
floor is the smallest answer the same server can give (an address that does not exist): no content, no state, no model.

    uv run python -m benchmarks.turns
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp

from bot.settings import PROJECT
from fyren.processes import ManagedProcess
from fyren.understanding_service import UnderstandingService

PORT = 18_080
TURNS = 200
CLIENTS = 16
SENTENCES = (
    "var kan jag få hjälp i Malmö",
    "i want to stop buying sex",
    "vreau să ies din asta",
    "är jag anonym här",
    "jag behöver någonstans att bo",
    "can i be punished for selling sex",
)


async def main() -> None:
    """Start everything, measure, print a table in Markdown, stop everything."""
    with tempfile.TemporaryDirectory(prefix="fyren-bench-") as folder:
        var = Path(folder)
        environment = {"FYREN_VAR": str(var), "FYREN_PORT": str(PORT), "FYREN_TURNS_PER_MINUTE": "1000000"}
        await ManagedProcess(
            "store", [sys.executable, "-m", "fyren.trial_store"], PROJECT, environment, var / "store.log"
        ).run()
        bot = ManagedProcess("bot", [sys.executable, "-m", "bot"], PROJECT, environment, var / "bot.log")
        service = UnderstandingService(PROJECT, var, var / "run" / "nlu.sock")
        await service.install()
        await service.train()
        try:
            await asyncio.gather(bot.start(), service.start())
            await service.wait_until_ready()
            await measure(f"http://127.0.0.1:{PORT}", bot.pid, service.pid)
        finally:
            await asyncio.gather(bot.stop(), service.stop())


async def measure(address: str, bot: int | None, nlu: int | None) -> None:
    """Print the table."""
    async with aiohttp.ClientSession(address, connector=aiohttp.TCPConnector(limit=CLIENTS)) as session:
        state = await first_state(session)

        async def floor() -> None:
            async with session.get("/nothing") as response:
                await response.read()

        async def choice() -> None:
            await turn(session, {"state": state, "choice": "flow:find_service"})

        sentence = iter(range(10**9))

        async def text() -> None:
            await turn(session, {"state": state, "text": SENTENCES[next(sentence) % len(SENTENCES)]})

        async def page() -> None:
            async with session.get("/") as response:
                await response.read()

        print(f"| | p50 ms | p99 ms | times the floor (p50) | per second, {CLIENTS} at once |")
        print("|---|---|---|---|---|")
        smallest = 0.0
        for name, call in (("floor", floor), ("first page", page), ("choice", choice), ("free text", text)):
            for _ in range(20):
                await call()
            times = sorted([await timed(call) for _ in range(TURNS)])
            rate = await at_once(call)
            p50, p99 = statistics.median(times), times[int(len(times) * 0.99)]
            smallest = smallest or p50
            print(f"| {name} | {p50:.1f} | {p99:.1f} | {p50 / smallest:.1f} | {rate:.0f} |")
    for name, pid in (("bot", bot), ("understanding", nlu)):
        print(f"\n{name}: {resident(pid)} MB resident" if pid else f"\n{name}: away", end="")
    print()


async def first_state(session: aiohttp.ClientSession) -> str:
    """Return the state of a new conversation, once the page is up."""
    for _ in range(600):
        try:
            return str((await turn(session, {"state": None, "text": "hej"}))["state"])
        except aiohttp.ClientError:
            await asyncio.sleep(0.1)
    raise SystemExit("The assistant did not start.")


async def turn(session: aiohttp.ClientSession, body: dict[str, Any]) -> dict[str, Any]:
    """Take one turn; a refusal ends the measurement."""
    async with session.post("/api/turn", json=body) as response:
        response.raise_for_status()
        answer: dict[str, Any] = await response.json()
        return answer


async def timed(call: Callable[[], Awaitable[None]]) -> float:
    """Return how many milliseconds a call takes."""
    start = time.perf_counter()
    await call()
    return (time.perf_counter() - start) * 1000


async def at_once(call: Callable[[], Awaitable[None]]) -> float:
    """Return how many calls a second are answered when several clients call all the time."""
    start = time.perf_counter()

    async def client() -> None:
        for _ in range(TURNS // CLIENTS):
            await call()

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return TURNS // CLIENTS * CLIENTS / (time.perf_counter() - start)


def resident(pid: int) -> int:
    """Return the resident memory of a process, in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1_000_000


if __name__ == "__main__":
    asyncio.run(main())
