"""Puts the parts of understanding together, as the settings and the content say."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from bot.content import Content
from bot.safety.lexicon import CrisisLexicon
from bot.safety.screening import CrisisScreen
from bot.settings import BotSettings
from bot.understanding.interpretation import Interpreter, PlaceFinder
from bot.understanding.keywords import load_keywords
from bot.understanding.language import LanguageDetector, LanguageNames, load_function_words
from bot.understanding.nlu_client import HttpNlu, NluClient
from bot.understanding.thresholds import Thresholds


@contextlib.asynccontextmanager
async def interpreter(settings: BotSettings, content: Content) -> AsyncIterator[Interpreter]:
    """Yield an interpreter that asks the understanding service the settings name, whether it runs or not.

    Raises `ContentError` if the lexicon, the keywords or the thresholds do not fit.
    """
    languages = [settings.default_language, *content.catalogues.languages]
    async with nlu_client(settings) as nlu:
        made = make_interpreter(settings.content, languages, content.directory.places, nlu)
        # Loading the language models takes seconds; the page need not wait for them.
        warming = asyncio.create_task(asyncio.to_thread(made.warm_up))
        try:
            yield made
        finally:
            await warming


def nlu_client(settings: BotSettings, *, timeout_seconds: float = 1.5) -> HttpNlu:
    """Return the client of the service; enter it before use. Raises `OSError` if the token file cannot be read."""
    if settings.nlu_url is None:
        return HttpNlu(socket=settings.nlu_socket_path, timeout_seconds=timeout_seconds)
    file = settings.nlu_token_file
    token = file.read_text(encoding="ascii").split("\n")[0].strip() if file else None
    return HttpNlu(url=str(settings.nlu_url), token=token, timeout_seconds=timeout_seconds)


def make_interpreter(folder: Path, languages: Iterable[str], places: PlaceFinder, nlu: NluClient) -> Interpreter:
    """Return an interpreter over the content in `folder`. Raises `ContentError` as `interpreter` does."""
    thresholds = Thresholds.load(folder / "nlu" / "thresholds.yml")
    lexicon = CrisisLexicon.load(folder / "flows" / "safety")
    # What the lexicon hears is worth recognising, even before all texts are translated into that language.
    live = tuple(dict.fromkeys([*languages, *lexicon.languages]))
    return Interpreter(
        nlu=nlu,
        screen=CrisisScreen(
            lexicon,
            certain_from=thresholds.crisis_certain,
            doubtful_from=thresholds.crisis_doubtful,
        ),
        places=places,
        detector=LanguageDetector(live, load_function_words(folder / "flows" / "understanding" / "function_words.yml")),
        names=LanguageNames(live),
        keywords=load_keywords(folder / "flows" / "understanding" / "keywords.yml"),
        thresholds=thresholds,
    )
