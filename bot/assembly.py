"""Puts the assistant together from settings and content."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import importlib
from collections.abc import AsyncIterator
from pathlib import Path

from bot.channels.web.settings import WebSettings
from bot.content import Content
from bot.conversation.actions import Actions
from bot.conversation.assistant import Assistant
from bot.conversation.quality import Senders
from bot.conversation.rendering import Renderer
from bot.directory.opening_hours import SWEDEN
from bot.directory.places import PlaceIndex
from bot.safety.exit_words import load_exit_words
from bot.safety.lexicon import CrisisLexicon
from bot.safety.screening import CrisisScreen
from bot.settings import BotSettings
from bot.understanding.interpretation import Interpreter
from bot.understanding.keywords import load_keywords
from bot.understanding.language import LanguageDetector, LanguageNames
from bot.understanding.nlu_client import HttpNlu, NluClient
from bot.understanding.thresholds import Thresholds
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.opening_store import ClosableStore, OpeningStore
from intake_store.submission.sealing import PublicKeyFile, Sealer
from intake_store.submission.store import NullResponseStore, ResponseStore
from intake_store.submission.store_secrets import StoreSecrets
from intake_store.usage.counting import NullUsageCounter, UsageCounter
from intake_store.usage.gathering import GatheringUsageCounter, UsageStore

FIRST_PAGE_SECONDS = 1.0
"""How long what the first page does not need holds back; even in a thread, loading it would slow the page down."""


def now() -> datetime.datetime:
    """Return the time, zone-aware."""
    return datetime.datetime.now(datetime.UTC)


@contextlib.asynccontextmanager
async def assistant(
    settings: BotSettings, content: Content, senders: Senders | None = None
) -> AsyncIterator[Assistant]:
    """Yield an assistant with everything it needs, for as long as it is used; `senders` counts who sends much.

    Raises `IntakeStoreError` if responses are to be recorded and the store cannot be used, `ContentError` if lexicon,
    keywords or thresholds do not fit, `OSError` if the token file of the understanding service cannot be read.
    """
    async with contextlib.AsyncExitStack() as stack:
        store = await stack.enter_async_context(_response_store(settings, content))
        usage = await stack.enter_async_context(_usage_counter(settings))
        nlu = await stack.enter_async_context(nlu_client(settings))
        interpreter = make_interpreter(
            settings.content, tuple(content.catalogues.languages), content.directory.places, nlu
        )
        warming = asyncio.create_task(_warm_up(interpreter))
        stack.push_async_callback(asyncio.wait, [warming])
        yield Assistant(
            flows=content.flows,
            catalogues=content.catalogues,
            interpreter=interpreter,
            places=content.directory.places,
            exit_words=load_exit_words(settings.content / "flows" / "safety" / "exit_words.yml"),
            actions=Actions(
                flows=content.flows,
                directory=content.directory,
                codebook=content.codebook,
                store=store,
                now=now,
                senders=senders,
            ),
            renderer=Renderer(content.flows, content.catalogues, content.directory, now, settings.web_address),
            usage=usage,
        )


async def _warm_up(interpreter: Interpreter) -> None:
    """Load the language models, which takes seconds, behind the first page."""
    await asyncio.sleep(FIRST_PAGE_SECONDS)
    await asyncio.to_thread(interpreter.warm_up)


def make_interpreter(folder: Path, languages: tuple[str, ...], places: PlaceIndex, nlu: NluClient) -> Interpreter:
    """Return an interpreter over the content in `folder`; raises `ContentError`."""
    thresholds = Thresholds.load(folder / "nlu" / "thresholds.yml")
    lexicon = CrisisLexicon.load(folder / "flows" / "safety")
    # What the lexicon hears is worth recognising, even before all texts are translated into that language.
    known = tuple(dict.fromkeys([*languages, *lexicon.languages]))
    return Interpreter(
        nlu=nlu,
        screen=CrisisScreen(lexicon, certain_from=thresholds.crisis_certain, doubtful_from=thresholds.crisis_doubtful),
        places=places,
        detector=LanguageDetector(known),
        names=LanguageNames(known),
        keywords=load_keywords(folder / "flows" / "understanding" / "keywords.yml"),
        thresholds=thresholds,
    )


def nlu_client(settings: BotSettings, *, timeout_seconds: float = 1.5) -> HttpNlu:
    """Return the client of the understanding service; enter it before use.

    Raises `OSError` if the token file cannot be read.
    """
    if settings.nlu_url is None:
        return HttpNlu(socket=settings.nlu_socket_path, timeout_seconds=timeout_seconds)
    file = settings.nlu_token_file
    token = file.read_text(encoding="ascii").strip() if file else None
    return HttpNlu(url=str(settings.nlu_url), token=token, timeout_seconds=timeout_seconds)


def web_settings(settings: BotSettings) -> WebSettings:
    """Return what the web channel is told."""
    return WebSettings(
        host=settings.host,
        port=settings.port,
        exit_url=str(settings.exit_url),
        trusted_proxies=settings.trusted_proxies,
        text_length=settings.text_length,
    )


@contextlib.asynccontextmanager
async def _response_store(settings: BotSettings, content: Content) -> AsyncIterator[ResponseStore]:
    if not settings.record_responses:
        yield NullResponseStore()
        return
    # What can be wrong with keys is told before the page is up.
    sealer = Sealer(PublicKeyFile(settings.public_key_path), content.codebook)
    secrets = StoreSecrets.read(settings.store_secret_path)

    async def open_inbox() -> ClosableStore:
        # SQLAlchemy takes a good part of the start; the first page does not need it.
        await asyncio.sleep(FIRST_PAGE_SECONDS)
        inbox = await asyncio.to_thread(importlib.import_module, "intake_store.submission.inbox")
        opened: ClosableStore = await inbox.Inbox.open(settings.database_location, sealer, secrets)
        return opened

    store = OpeningStore(open_inbox)
    try:
        yield store
    finally:
        await store.close()


@contextlib.asynccontextmanager
async def _usage_counter(settings: BotSettings) -> AsyncIterator[UsageCounter]:
    if not settings.counts_usage:
        yield NullUsageCounter()
        return

    async def open_database() -> UsageStore:
        adding = await asyncio.to_thread(importlib.import_module, "intake_store.usage.adding")
        opened: UsageStore = await adding.UsageDatabase.open(settings.database_location)
        return opened

    counter = GatheringUsageCounter(open_database, lambda: IsoWeek.of(now().astimezone(SWEDEN).date()))
    try:
        yield counter
    finally:
        await counter.close()
