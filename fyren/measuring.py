"""What `fyren understand` does: shows and measures how sentences are understood."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import typer

from bot.assembly import make_interpreter, nlu_client
from bot.directory.directory import load_directory
from bot.settings import PROJECT, BotSettings
from bot.understanding.evaluation import LinesError, evaluate, read_lines, record, report
from bot.understanding.interpretation import Interpreter
from bot.understanding.nlu_client import HttpNlu, NullNlu
from content_files import ContentError
from fyren.processes import ProcessFailed
from fyren.understanding_service import UnderstandingService

MALFORMED = 2
PATIENT_SECONDS = 30.0
"""A whole file is read at a time; waiting is better than a gap in the answers."""


def print_understanding(settings: BotSettings, text: str | None, tsv: Path | None, *, without_model: bool) -> None:
    """Print how a sentence, or each line of a file, is understood, as one JSON object a line."""
    with _plain_errors():
        texts = [text] if text is not None else [line.text for line in read_lines(tsv)] if tsv is not None else []
        asyncio.run(_show(settings, texts, without_model))


def print_scores(settings: BotSettings, tsv: Path | None, report_file: Path | None, *, without_model: bool) -> None:
    """Print the scores over a file, or over all held-out files, and write them to `report_file` if it is given."""
    with _plain_errors():
        heldout = settings.content / "nlu" / "data" / "heldout"
        files = [tsv] if tsv is not None else sorted(heldout.glob("*.tsv"))
        if not files:
            raise LinesError(f"{heldout}: has no .tsv file")
        markdown = asyncio.run(_scores(settings, files, without_model))
        if report_file is not None:
            report_file.parent.mkdir(parents=True, exist_ok=True)
            report_file.write_text(markdown, encoding="utf-8")
        typer.echo(markdown)


@contextlib.contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except LinesError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(MALFORMED) from error
    except (ContentError, ProcessFailed) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


async def _show(settings: BotSettings, texts: list[str], without_model: bool) -> None:
    async with _whole_path(settings, without_model) as interpreter:
        for text in texts:
            understanding = await interpreter.interpret(text, None)
            typer.echo(json.dumps(record(understanding), ensure_ascii=False))


async def _scores(settings: BotSettings, files: list[Path], without_model: bool) -> str:
    async with _whole_path(settings, without_model) as interpreter:
        scores = await evaluate(interpreter, files)
    return report(scores, " ".join(["fyren", *sys.argv[1:]]))


@contextlib.asynccontextmanager
async def _whole_path(settings: BotSettings, without_model: bool) -> AsyncIterator[Interpreter]:
    places = load_directory(settings.content / "flows" / "directory").places
    languages = (settings.default_language,)
    if without_model:
        yield make_interpreter(settings.content, languages, places, NullNlu())
        return
    async with _understanding_service(settings) as nlu:
        yield make_interpreter(settings.content, languages, places, nlu)


@contextlib.asynccontextmanager
async def _understanding_service(settings: BotSettings) -> AsyncIterator[HttpNlu]:
    """Yield a client of the service that runs, or of one that is installed, trained, started and ended here.

    Raises `ProcessFailed` if none can be started.
    """
    async with nlu_client(settings, timeout_seconds=PATIENT_SECONDS) as running:
        if await running.is_healthy():
            yield running
            return
    with tempfile.TemporaryDirectory(prefix="fyren-") as folder:
        socket = Path(folder) / "nlu.sock"
        service = UnderstandingService(PROJECT, Path(folder), socket)
        await service.install()
        await service.train()
        await service.start()
        try:
            await service.wait_until_ready()
            async with HttpNlu(socket=socket, timeout_seconds=PATIENT_SECONDS) as started:
                yield started
        finally:
            await service.stop()
