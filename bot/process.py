"""The bot's process: everything is made here, handed to each other, and torn down in the reverse order."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
import signal
import time
from collections.abc import AsyncIterator

from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.composition import telegram_channel
from bot.channels.web.application import create_web_app, serving
from bot.channels.web.settings import WebSettings
from bot.content import Content, load_content
from bot.conversation.actions import Actions
from bot.conversation.assistant import Assistant
from bot.conversation.rendering import Renderer
from bot.limits.rates import ClientRates
from bot.safety.exit_words import load_exit_words
from bot.settings import BotSettings
from bot.state.key_file import StateKeyFile
from bot.state.tokens import StateTokens
from bot.understanding.assembly import interpreter
from intake_store.submission.inbox import Inbox, NullResponseStore, ResponseStore
from intake_store.submission.sealing import PublicKey, Sealer
from intake_store.submission.store_secrets import StoreSecrets

logger = logging.getLogger(__name__)

KEY_UPKEEP_SECONDS = 600


def now() -> datetime.datetime:
    """Return the time, zone-aware."""
    return datetime.datetime.now(datetime.UTC)


@contextlib.asynccontextmanager
async def assistant(settings: BotSettings, content: Content) -> AsyncIterator[Assistant]:
    """Yield an assistant with everything it needs, for as long as it is used.

    Raises `IntakeStoreError` if responses are to be recorded and the store cannot be used.
    """
    async with contextlib.AsyncExitStack() as stack:
        store = await stack.enter_async_context(_response_store(settings, content))
        understanding = await stack.enter_async_context(interpreter(settings, content))
        renderer = Renderer(content.flows, content.catalogues, content.directory, now, settings.web_address)
        actions = Actions(
            flows=content.flows, directory=content.directory, codebook=content.codebook, store=store, now=now
        )
        yield Assistant(
            flows=content.flows,
            catalogues=content.catalogues,
            interpreter=understanding,
            places=content.directory.places,
            exit_words=load_exit_words(settings.content / "flows" / "safety" / "exit_words.yml"),
            actions=actions,
            renderer=renderer,
        )


@contextlib.asynccontextmanager
async def serve(settings: BotSettings) -> AsyncIterator[str]:
    """Serve the web page and, if it is switched on, Telegram; yields the page's address."""
    content = load_content(settings.content, settings.default_language)
    async with contextlib.AsyncExitStack() as stack:
        answering = await stack.enter_async_context(assistant(settings, content))
        key_file = StateKeyFile(settings.state_keys_path)
        tokens = await asyncio.to_thread(key_file.open, idle=settings.state_life, now=now)
        await stack.enter_async_context(_key_upkeep(tokens, key_file))
        telegram: TelegramChannel | None = telegram_channel(settings, answering, content.catalogues, now)
        web_settings = WebSettings(
            host=settings.host,
            port=settings.port,
            exit_url=str(settings.exit_url),
            trusted_proxies=settings.trusted_proxies,
            text_length=settings.text_length,
        )
        rates = ClientRates(settings.turns_per_minute, clock=time.monotonic)
        app = create_web_app(
            answering,
            content.catalogues,
            tokens,
            rates,
            web_settings,
            more_routes=telegram.routes() if telegram else (),
        )
        address = await stack.enter_async_context(serving(app, web_settings))
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
        await stopping.wait()


@contextlib.asynccontextmanager
async def _response_store(settings: BotSettings, content: Content) -> AsyncIterator[ResponseStore]:
    if not settings.record_responses:
        yield NullResponseStore()
        return
    sealer = Sealer(PublicKey.read(settings.public_key_path), content.codebook)
    inbox = await Inbox.open(settings.database_location, sealer, StoreSecrets.read(settings.store_secret_path))
    try:
        yield inbox
    finally:
        await inbox.close()


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
