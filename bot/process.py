"""The bot's process: serves the web page and the messengers until it is told to end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import logging
import signal
import time
from collections.abc import AsyncIterator

from bot.assembly import assistant, now, web_settings
from bot.channels.web.application import create_web_app, serving
from bot.content import load_content
from bot.limits.rates import ClientRates
from bot.limits.senders import ClientSenders
from bot.settings import BotSettings
from bot.state.key_file import StateKeyFile
from bot.state.tokens import StateTokens

logger = logging.getLogger(__name__)

KEY_UPKEEP_SECONDS = 600


@contextlib.asynccontextmanager
async def serve(settings: BotSettings) -> AsyncIterator[str]:
    """Serve the web page and, if it is switched on, Telegram; yields the page's address."""
    content = load_content(settings.content, settings.default_language)
    async with contextlib.AsyncExitStack() as stack:
        senders = ClientSenders(clock=time.monotonic)
        answering = await stack.enter_async_context(assistant(settings, content, senders))
        key_file = StateKeyFile(settings.state_keys_path)
        tokens = await asyncio.to_thread(key_file.open, idle=settings.state_life, now=now)
        await stack.enter_async_context(_key_upkeep(tokens, key_file))
        telegram = None
        if settings.telegram != "off":
            # Its library would hold up the page by a second where there is no Telegram.
            composition = importlib.import_module("bot.channels.telegram.composition")
            telegram = composition.telegram_channel(settings, answering, content.catalogues, now)
        app = create_web_app(
            answering,
            content.catalogues,
            tokens,
            ClientRates(settings.turns_per_minute, clock=time.monotonic),
            web_settings(settings),
            marks=senders,
            more_routes=telegram.routes() if telegram else (),
        )
        address = await stack.enter_async_context(serving(app, web_settings(settings)))
        if telegram:
            await telegram.start()
            stack.push_async_callback(telegram.stop)
        yield address


async def run(settings: BotSettings) -> None:
    """Serve until the process is told to end."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    async with serve(settings) as address:
        logger.info("Fyren is at %s.", address)
        # What is there now stays until the end, so the collector need not look at it again.
        gc.freeze()
        gc.enable()
        await stopping.wait()


@contextlib.asynccontextmanager
async def _key_upkeep(tokens: StateTokens, key_file: StateKeyFile) -> AsyncIterator[None]:
    """Keep the key file in step with the keys in use, so that old keys are gone from the disk too."""

    async def keep() -> None:
        written = tokens.keys
        while True:
            await asyncio.sleep(KEY_UPKEEP_SECONDS)
            tokens.rotate()
            if tokens.keys != written:
                await asyncio.to_thread(key_file.write, tokens)
                written = tokens.keys

    task = asyncio.create_task(keep())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
