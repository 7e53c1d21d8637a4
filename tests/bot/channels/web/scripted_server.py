"""Serves the web channel with scripted answers in its own process: prints its address, stops at end of input."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime

from scripted_answering import CATALOGUES, ScriptedAnswering

from bot.channels.web.application import create_web_app, serving
from bot.channels.web.settings import WebSettings
from bot.limits.rates import ClientRates
from bot.state.tokens import StateTokens
from bot.translation.catalogues import load_catalogues

EXIT_URL = "https://elsewhere.example/"


async def serve() -> None:
    """Serve until standard input ends."""
    catalogues = load_catalogues(CATALOGUES)
    settings = WebSettings(port=0, exit_url=EXIT_URL)
    app = create_web_app(
        ScriptedAnswering(catalogues),
        catalogues,
        StateTokens(now=lambda: datetime.now(UTC)),
        ClientRates(6000, clock=time.monotonic),
        settings,
    )
    async with serving(app, settings) as address:
        print(address, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
