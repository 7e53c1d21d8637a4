"""What `fyren chat` does: a conversation in the terminal."""

from __future__ import annotations

import asyncio
import logging
import sys

import typer
from rich.console import Console

from bot.assembly import assistant
from bot.channels.terminal.conversation import run_terminal
from bot.commands import plain_errors
from bot.content import load_content
from bot.settings import BotSettings


def hold_conversation(settings: BotSettings, language: str | None) -> None:
    """Hold one conversation on standard input and output; nothing is stored unless the settings say so."""
    # The person at the prompt is told in words when free text is not understood; a log line between would only disturb.
    logging.getLogger("bot").setLevel(logging.ERROR)
    if "record_responses" not in settings.model_fields_set:
        settings = settings.model_copy(update={"record_responses": False})
    with plain_errors():
        content = load_content(settings.content, settings.default_language)
        if language is not None and content.catalogues.supported(language) is None:
            live = ", ".join(content.catalogues.languages)
            raise typer.BadParameter(f"There is no live language {language!r}; there are {live}.")

        async def talk() -> None:
            async with assistant(settings, content) as answering:
                await run_terminal(
                    answering, content.catalogues, console=Console(), descriptor=sys.stdin.fileno(), language=language
                )

        asyncio.run(talk())
