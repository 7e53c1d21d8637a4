"""The `fyren` command: what every part brings, under one roof."""

from __future__ import annotations

import asyncio

import typer
from rich.console import Console

import bot.commands
import intake_store.commands
from bot.commands import plain_errors
from bot.settings import PROJECT, BotSettings
from fyren.processes import ProcessFailed
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
