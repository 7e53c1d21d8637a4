"""The bot's commands for the `fyren` tool: look after flows and translations, talk in the terminal."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from bot.content import Content, load_content
from bot.dialogue.graph import dot_of
from bot.directory.coverage import coverage_csv
from bot.safety.exit_words import load_exit_words
from bot.safety.lexicon import CrisisLexicon
from bot.settings import SettingsError, read_settings
from bot.translation.template import check_catalogues, update_catalogues
from content_files import ContentError


def create_app() -> typer.Typer:
    """Return the bot's commands; mounted without a name, they stand beside the tool's own."""
    app = typer.Typer(no_args_is_help=True)
    flows = typer.Typer(no_args_is_help=True, help="Look after what the assistant says and asks.")
    flows.command("check")(check_flows)
    flows.command("graph")(draw_flows)
    translations = typer.Typer(no_args_is_help=True, help="Look after the translations.")
    translations.command("check")(check_translations)
    translations.command("update")(update_translations)
    app.add_typer(flows, name="flows")
    directory = typer.Typer(no_args_is_help=True, help="Look after the service directory.")
    directory.command("coverage")(write_coverage)
    app.add_typer(translations, name="translations")
    app.add_typer(directory, name="directory")
    return app


def check_flows() -> None:
    """Check all flows, responses, slots, the codebook, the service directory and the words of safety.

    Every mistake is printed with its file and line; the exit code is 1 if there is one. Each crisis phrase must match
    its own example, and none of the sentences it is said not to match.
    """
    content = _content()
    with plain_errors():
        safety = read_settings().content / "flows" / "safety"
        load_exit_words(safety / "exit_words.yml")
        if problems := CrisisLexicon.load(safety).problems_with_examples():
            raise ContentError(problems)
    flows = content.flows
    typer.echo(
        f"{len(flows.flows)} flows, {len(flows.responses)} responses, {len(content.directory.services)} services,"
        " the codebook and the words of safety are in order."
    )


def draw_flows(
    folder: Annotated[Path, typer.Argument(help="Where the pictures go; the folder is made.")] = Path("var/flows"),
    flow: Annotated[str | None, typer.Option(help="Draw only this flow.")] = None,
) -> None:
    """Draw a picture of each flow, as SVG.

    Needs Graphviz (`dot`), which Debian has as the package `graphviz`.
    """
    flows = _content().flows.flows
    if flow is not None and flow not in flows:
        raise typer.BadParameter(f"There is no flow {flow!r}.")
    dot = shutil.which("dot")
    if dot is None:
        typer.echo("Graphviz is missing: install the package graphviz and try again.", err=True)
        raise typer.Exit(1)
    folder.mkdir(parents=True, exist_ok=True)
    for name in [flow] if flow else flows:
        target = folder / f"{name}.svg"
        picture = dot_of(flows[name]).encode()
        subprocess.run([dot, "-Tsvg", "-o", target], input=picture, check=True)  # noqa: S603  # no shell, no input
    typer.echo(f"Drew {1 if flow else len(flows)} flows into {folder}.")


def check_translations() -> None:
    """Check that live languages are complete and that no translation is stale or has broken placeholders."""
    problems = list(check_catalogues(read_settings().content))
    for problem in problems[:50]:
        typer.echo(str(problem), err=True)
    if len(problems) > 50:
        typer.echo(f"… and {len(problems) - 50} more.", err=True)
    if problems:
        raise typer.Exit(1)
    typer.echo("All translations are complete and up to date.")


def update_translations() -> None:
    """Bring the template and all catalogues up to date with the content; tells what is to be translated."""
    for language, missing in update_catalogues(read_settings().content).items():
        typer.echo(f"{language}: {missing} to translate")


def write_coverage() -> None:
    """Write which needs are covered in which counties, to `coverage.csv` beside the service directory.

    Tables that set needs against services read it. Run this after every change of the directory.
    """
    directory = _content().directory
    target = read_settings().content / "flows" / "directory" / "coverage.csv"
    target.write_text(coverage_csv(directory), encoding="utf-8")
    typer.echo(f"Wrote the coverage of {len(directory.counties)} counties to {target}.")


def _content() -> Content:
    with plain_errors():
        settings = read_settings()
        return load_content(settings.content, settings.default_language)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn what can be wrong with content and settings into a message and exit code 1."""
    try:
        yield
    except (ContentError, SettingsError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
