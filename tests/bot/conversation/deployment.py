"""The assistant and the understanding service as processes of their own, with everything they write."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bot.settings import BotSettings
from fyren.processes import ManagedProcess
from fyren.trial_store import prepare
from fyren.understanding_service import UnderstandingService
from intake_store.settings import IntakeSettings

PROJECT = Path(__file__).parents[3]
_EVERYTHING_LOGGED = (
    "import logging, sys; logging.basicConfig(level=logging.DEBUG, stream=sys.stderr);"
    "from bot.__main__ import main; sys.exit(main())"
)
_ADDRESS = re.compile(r"Fyren is at (http://[\d.]+:\d+)")


@dataclass
class Deployment:
    """A folder as the bot's `var`, the analyst's key apart from it, and the processes."""

    folder: Path
    understanding: UnderstandingService
    store: IntakeSettings
    address: str
    session: aiohttp.ClientSession

    @property
    def var(self) -> Path:
        return self.folder / "var"

    async def turn(self, state: str | None = None, **did: Any) -> dict[str, Any]:
        """Take a turn through the page's own interface."""
        async with self.session.post(f"{self.address}/api/turn", json={"state": state, **did}) as response:
            answer: dict[str, Any] = await response.json()
            assert response.status == 200, answer
            return answer

    async def turns(self, state: str | None, *choices: str) -> dict[str, Any]:
        """Take one choice after the other."""
        answer: dict[str, Any] = {}
        for choice in choices:
            answer = await self.turn(state, choice=choice)
            state = answer["state"]
        return answer

    def files(self) -> dict[Path, bytes]:
        """Return every file that a process has written, with its content."""
        return {path: path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file()}


@contextlib.asynccontextmanager
async def deployed(folder: Path) -> AsyncIterator[Deployment]:
    """Yield a running deployment in `folder`, which logs everything that can be logged."""
    var = folder / "var"
    store = IntakeSettings(var=var, private_key=folder / "analyst" / "intake-private.json")
    await asyncio.to_thread(prepare, BotSettings(var=var), store)
    understanding = UnderstandingService(PROJECT, var, var / "run" / "nlu.sock")
    bot = ManagedProcess(
        "The assistant",
        [sys.executable, "-c", _EVERYTHING_LOGGED],
        PROJECT,
        {"FYREN_VAR": str(var), "FYREN_PORT": "0", "FYREN_TURNS_PER_MINUTE": "1000", "TMPDIR": str(var)},
        log=var / "log" / "bot.log",
    )
    try:
        await asyncio.gather(bot.start(), understanding.start())
        address = await _address(bot)
        await understanding.wait_until_ready()
        async with aiohttp.ClientSession(headers={"Accept-Language": "en"}) as session:
            yield Deployment(folder, understanding, store, address, session)
    finally:
        await asyncio.gather(bot.stop(), understanding.stop())


async def _address(bot: ManagedProcess) -> str:
    for _ in range(600):
        if found := _ADDRESS.search(bot.last_words(200)):
            return found[1]
        assert bot.pid is not None, bot.last_words()
        await asyncio.sleep(0.1)
    raise AssertionError(bot.last_words())
