"""The `fyren` command: what every part brings, under one roof."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer
from rich.console import Console

import bot.commands
import intake_store.commands
from bot.assembly import assistant
from bot.channels.terminal.conversation import run_terminal
from bot.commands import plain_errors
from bot.content import load_content
from bot.settings import PROJECT, BotSettings
from fyren.processes import ProcessFailed
from fyren.understand import understand
from fyren.understanding_service import UnderstandingService
from fyren.up import bring_up

HELP = """\
Fyren: an anonymous, multilingual help-seeking assistant, and the statistics that follow from it.

Settings come from FYREN_… variables; docs/settings.md describes them all.
"""


def create_app() -> typer.Typer:
    """Return the whole tool."""
    app = typer.Typer(name="fyren", help=HELP, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
    nlu = typer.Typer(no_args_is_help=True, help="Look after the understanding service (Rasa) by itself.")
    nlu.command("serve")(serve_nlu)
    app.command("up")(up)
    app.command("chat")(chat)
    app.command("understand")(understand)
    app.add_typer(bot.commands.create_app())
    app.add_typer(nlu, name="nlu")
    app.add_typer(intake_store.commands.create_app())
    return app


def up() -> None:
    """Start everything on this machine and keep it running until Ctrl-C.

    The page is served at once. The understanding service is installed, trained and started behind it; until it is
    there, choices, crisis words and the service search work without it.
    """
    with plain_errors():
        settings = BotSettings()
    raise typer.Exit(asyncio.run(bring_up(settings, Console())))


def chat(
    language: Annotated[str | None, typer.Option(help="The language to begin in, such as ro.")] = None,
) -> None:
    """Hold a conversation in the terminal, with everything the web page has.

    Free text is understood if the understanding service runs (`make nlu` or `make up` in another terminal). Nothing is
    stored, unless FYREN_RECORD_RESPONSES is set to true.
    """
    with plain_errors():
        settings = BotSettings()
        if "record_responses" not in settings.model_fields_set:
            settings = settings.model_copy(update={"record_responses": False})
        content = load_content(settings.content, settings.default_language)
        if language is not None and content.catalogues.supported(language) is None:
            raise typer.BadParameter(
                f"There is no live language {language!r}: {', '.join(content.catalogues.languages)}."
            )

        async def talk() -> None:
            async with assistant(settings, content) as answering:
                await run_terminal(
                    answering, content.catalogues, console=Console(), descriptor=sys.stdin.fileno(), language=language
                )

        asyncio.run(talk())


def serve_nlu() -> None:
    """Serve the trained model alone, on its unix socket, until Ctrl-C."""
    with plain_errors():
        settings = BotSettings()

    async def serve() -> None:
        service = UnderstandingService(PROJECT, settings.var, settings.nlu_socket_path)
        await service.train()
        await service.start()
        try:
            await service.wait_until_ready()
            typer.echo(f"Sentences are understood at {settings.nlu_socket_path}.")
            await service.wait()
        finally:
            await service.stop()

    try:
        asyncio.run(serve())
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
    except ProcessFailed as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def main() -> None:
    """Run the tool."""
    create_app()()
