"""The commands that start something: everything, a conversation, the understanding service, a measurement."""

from __future__ import annotations

import asyncio
import gc
import importlib
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bot.settings import PROJECT, BotSettings, SettingsError, read_settings
from fyren.processes import ProcessFailed
from fyren.understanding_service import UnderstandingService
from fyren.up import bring_up


def create_app() -> typer.Typer:
    """Return the commands; mounted without a name, they stand beside the tool's own."""
    app = typer.Typer(no_args_is_help=True)
    nlu = typer.Typer(no_args_is_help=True, help="Look after the understanding service (Rasa) by itself.")
    nlu.command("serve")(serve_nlu)
    app.command("up")(up)
    app.command("analyst-demo")(demonstrate_analyst)
    app.command("chat")(chat)
    app.command("understand")(understand)
    app.add_typer(nlu, name="nlu")
    return app


def up() -> None:
    """Start everything on this machine and keep it running until Ctrl-C.

    The page is served at once. The understanding service is installed, trained and started behind it; until it is
    there, choices, crisis words and the service search work without it.
    """
    raise typer.Exit(asyncio.run(bring_up(_settings(), Console())))


def demonstrate_analyst() -> None:
    """Show the analyst's place with made-up releases at http://localhost:8090 until Ctrl-C.

    The first time it makes keys, made-up responses, use of the assistant and figures of services, and releases the last
    whole year with all quarters since, in the folder `var/demo`, apart from everything else; each table says that it is
    synthetic. If it is stopped, the next start goes on. It prints a name, a password and codes to log in with, which
    are new each time. Another port can be chosen with FYREN_ANALYST_PORT. It is for this machine alone.
    """
    # As in the tool itself: nothing of what is loaded is garbage, and looking for it takes half a second.
    gc.disable()
    demonstration = importlib.import_module("fyren.demonstration")
    gc.enable()
    raise typer.Exit(demonstration.demonstrate())


def chat(
    language: Annotated[str | None, typer.Option(help="The language to begin in, such as ro.")] = None,
) -> None:
    """Hold a conversation in the terminal, with everything the web page has.

    Free text is understood if the understanding service runs (`make nlu` or `make up` in another terminal). Nothing is
    stored, unless FYREN_RECORD_RESPONSES is set to true.
    """
    importlib.import_module("fyren.terminal").hold_conversation(_settings(), language)


def understand(
    text: Annotated[str | None, typer.Argument(help="A sentence in any language.")] = None,
    tsv: Annotated[
        Path | None, typer.Option(help="A file with the header intent<TAB>kind<TAB>text<TAB>place.", show_default=False)
    ] = None,
    score: Annotated[
        bool, typer.Option("--evaluate", help="Print scores over --tsv, or over all of nlu/data/heldout/.")
    ] = False,
    report_file: Annotated[
        Path | None, typer.Option("--report", help="With --evaluate: write the scores here as Markdown.")
    ] = None,
    without_model: Annotated[
        bool, typer.Option("--without-model", help="Show what is understood while the model is away.")
    ] = False,
) -> None:
    """Show how sentences are understood: language, intent, crisis, place and age.

    Prints one JSON object per sentence and nothing else. Starts the understanding service if none runs, and ends it
    again. The exit code is 2 if a file is not of its shape.
    """
    if (text is None) == (tsv is None) and not (score and text is None):
        raise typer.BadParameter("Give either a sentence or --tsv FILE.")
    if report_file is not None and not score:
        raise typer.BadParameter("--report goes with --evaluate.")
    measuring = importlib.import_module("fyren.measuring")
    if score:
        measuring.print_scores(_settings(), tsv, report_file, without_model=without_model)
    else:
        measuring.print_understanding(_settings(), text, tsv, without_model=without_model)


def serve_nlu() -> None:
    """Serve the trained model alone, on its unix socket, until Ctrl-C."""
    settings = _settings()

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


def _settings() -> BotSettings:
    try:
        return read_settings()
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
