"""What the store's commands share: options, plain messages, progress, passphrases."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from content_files import ContentError
from intake_store.assembly import passphrase_beside
from intake_store.codebook import Codebook
from intake_store.keys.passphrases import Passphrase, read_passphrase_file
from intake_store.periods import Quarter
from intake_store.prompting import need_terminal
from intake_store.settings import IntakeSettings
from intake_store.submission.errors import IntakeStoreError
from intake_store.submission.iso_weeks import IsoWeek

Database = Annotated[
    str | None,
    typer.Option(help="The intake database: a path or a database URL.", show_default="var/intake.sqlite3"),
]
WarehouseLocation = Annotated[
    str | None,
    typer.Option("--warehouse", help="The warehouse: a folder, or a postgresql:// URL.", show_default="var/warehouse"),
]


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn what can go wrong into a message and exit code 1; a traceback helps nobody at a prompt."""
    try:
        yield
    except (IntakeStoreError, ContentError) as error:
        message = str(error)
    except ValidationError as error:
        message = "\n".join(
            f"FYREN_INTAKE_{'_'.join(map(str, entry['loc'])).upper()}: {entry['msg']}"
            for entry in error.errors(include_input=False)
        )
    else:
        return
    typer.echo(message, err=True)
    raise typer.Exit(1)


def known_passphrase(settings: IntakeSettings, private_key: Path) -> Passphrase:
    if not private_key.exists():
        raise IntakeStoreError(f"There is no private key {private_key}. Is this the analyst's machine?")
    if settings.key_passphrase_file is not None:
        return read_passphrase_file(settings.key_passphrase_file)
    beside = passphrase_beside(private_key)
    if beside.exists():
        return read_passphrase_file(beside)
    need_terminal()
    return Passphrase(typer.prompt("Passphrase", hide_input=True))


def newest(codebooks: dict[str, Codebook]) -> Codebook:
    return codebooks[max(codebooks, key=int)]


def quarter(text: str) -> Quarter:
    try:
        return Quarter.parse(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}.") from error


def current_week() -> IsoWeek:
    return IsoWeek.of(datetime.datetime.now(datetime.UTC).date())


def progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
