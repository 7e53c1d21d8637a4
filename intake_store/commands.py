"""The store's commands, to be mounted in the `fyren` tool."""

from __future__ import annotations

import asyncio
import datetime
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from content_files import ContentError
from intake_store.analysis.declarations import TableDeclaration, load_declarations
from intake_store.analysis.keys import (
    SHORTEST_PASSPHRASE,
    KeyFiles,
    Passphrase,
    check_key_files,
    create_key_files,
    create_passphrase_file,
    read_passphrase_file,
    read_private_key,
)
from intake_store.analysis.loading import LoadReport, load_responses
from intake_store.analysis.opening import RejectionReason, ResponseOpener
from intake_store.analysis.periods import Quarter
from intake_store.analysis.table_output import render_csv, render_text
from intake_store.analysis.tables import ReleasedTable, make_tables
from intake_store.analysis.warehouse import Warehouse
from intake_store.codebook import Codebook, load_codebooks
from intake_store.database.newest import NEWEST_REVISION
from intake_store.database.versions import upgrade
from intake_store.settings import IntakeSettings
from intake_store.submission.errors import IntakeStoreError
from intake_store.submission.inbox import Inbox
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.sealing import PublicKey, Sealer
from intake_store.submission.store_secrets import StoreSecrets, create_secret_file
from intake_store.synthetic import synthetic_responses

_REASONS = {
    RejectionReason.UNKNOWN_KEY: "sealed to a key that is not at hand",
    RejectionReason.WRONG_PURPOSE: "sealed for another purpose",
    RejectionReason.DOES_NOT_OPEN: "changed, cut off or swapped after sealing",
    RejectionReason.DAMAGED: "holding no response",
    RejectionReason.DOES_NOT_MATCH_ROW: "holding another week or codebook version than the row says",
    RejectionReason.UNKNOWN_CODEBOOK: "given under a codebook version that is not at hand",
    RejectionReason.INVALID: "not fitting the codebook",
}

Database = Annotated[
    str | None,
    typer.Option(help="The intake database: a path or a database URL.", show_default="var/intake.sqlite3"),
]
WarehousePath = Annotated[
    Path | None, typer.Option("--warehouse", help="The warehouse file.", show_default="var/warehouse.duckdb")
]


class OutputFormat(StrEnum):
    """How `fyren table show` prints."""

    TEXT = "text"
    CSV = "csv"


def create_app() -> typer.Typer:
    """Return the commands of the store; mounted without a name, they stand beside the tool's own."""
    app = typer.Typer(no_args_is_help=True)
    keys = typer.Typer(no_args_is_help=True, help="Make the keys that seal and open responses.")
    keys.command("create")(create_keys)
    responses = typer.Typer(no_args_is_help=True, help="Open sealed responses into the warehouse.")
    responses.command("load")(load)
    table = typer.Typer(no_args_is_help=True, help="List and print tables that have been through disclosure control.")
    table.command("list")(list_tables)
    table.command("show")(show_table)
    database = typer.Typer(no_args_is_help=True, help="Look after the intake database.")
    database.command("upgrade")(upgrade_intake_database)
    app.add_typer(keys, name="keys")
    app.add_typer(responses, name="responses")
    app.add_typer(table, name="table")
    app.add_typer(database, name="database")
    app.command("demo-data")(make_demo_data)
    return app


def create_keys(
    public: Annotated[
        Path | None,
        typer.Option(help="Where the public key goes; whoever collects needs it.", show_default="var/keys/…"),
    ] = None,
    private: Annotated[
        Path | None,
        typer.Option(help="Where the private key goes; only the analyst has it.", show_default="var/analyst/…"),
    ] = None,
    generate_passphrase: Annotated[
        bool,
        typer.Option(
            "--generate-passphrase",
            help="Write a random passphrase beside the private key instead of asking for one. Only for trying Fyren"
            " out on one machine: it protects nothing there.",
        ),
    ] = False,
) -> None:
    """Make a pair of keys and, unless it is there, the store's secret.

    Responses are sealed with the public key. Only the private key opens them, so keep it on the analyst's machine and
    in a safe place beside: if it is lost, so are the responses. It is locked with a passphrase of at least 12
    characters, which is asked for, or read from the file that FYREN_KEY_PASSPHRASE_FILE names.

    Nothing is ever overwritten.
    """
    with _plain_errors():
        settings = IntakeSettings()
        files = KeyFiles(public or settings.public_key, private or settings.private_key)
        secret = files.public.parent / settings.store_secret.name if public else settings.store_secret
        check_key_files(files)
        passphrase = _new_passphrase(settings, files, generate_passphrase)
        key = create_key_files(files, passphrase)
        made = create_secret_file(secret)
        typer.echo(f"Key {key.key_id}")
        typer.echo(f"  public   {files.public}   for whoever collects responses")
        typer.echo(f"  private  {files.private}   for the analyst only; keep a copy in a safe place")
        typer.echo(f"  secret   {secret}   {'new' if made else 'kept as it was'}; receipt codes depend on it")


def load(
    database: Database = None,
    warehouse: WarehousePath = None,
    private: Annotated[
        Path | None, typer.Option(help="The private key.", show_default="var/analyst/intake-private.json")
    ] = None,
) -> None:
    """Open new responses and load them into the warehouse.

    Responses that were withdrawn leave the warehouse. Rows that do not open or do not fit the codebook are set aside
    and counted by reason. A load that was stopped goes on where it was; loading twice changes nothing.

    The passphrase is read from the file that FYREN_KEY_PASSPHRASE_FILE names, or from a file `passphrase` beside the
    private key (as a trial store has it), or asked for.
    """
    with _plain_errors():
        settings = IntakeSettings()
        codebooks = load_codebooks(settings.codebooks)
        private_key = private or settings.private_key
        key = read_private_key(private_key, _known_passphrase(settings, private_key))
        opener = ResponseOpener([key], codebooks)
        with Warehouse(warehouse or settings.warehouse, codebooks) as opened, _progress() as progress:
            task = progress.add_task("Opening responses", total=None)
            report = asyncio.run(
                load_responses(
                    database or settings.database,
                    opened,
                    opener,
                    lambda done, total: progress.update(task, completed=done, total=total),
                )
            )
        _print_report(report)


def list_tables() -> None:
    """List the tables that can be made."""
    with _plain_errors():
        settings = IntakeSettings()
        declarations = load_declarations(settings.tables, _newest(load_codebooks(settings.codebooks)))
        width = max(map(len, declarations))
        for name, declaration in declarations.items():
            typer.echo(f"{name:<{width}}  {declaration.title} ({', '.join(declaration.populations)})")


def show_table(
    name: Annotated[str, typer.Argument(help="The table's name; `fyren table list` lists them.")],
    period: Annotated[str, typer.Option(help="A quarter, such as 2026Q4.")],
    output: Annotated[OutputFormat, typer.Option("--format", help="How to print it.")] = OutputFormat.TEXT,
    csv: Annotated[Path | None, typer.Option(help="Also write it to this file, as CSV.")] = None,
    warehouse: WarehousePath = None,
) -> None:
    """Print a table of a quarter, for each population it covers.

    What is printed may be published once the quarter has ended: counts below the threshold are withheld (`..`), and so
    is what they could be worked out from. The CSV has the same figures, with unit, base, method and notes in lines
    that begin with `#`. A table that made-up responses went into says SYNTHETIC in its title.
    """
    quarter = _quarter(period)
    with _plain_errors():
        settings = IntakeSettings()
        codebooks = load_codebooks(settings.codebooks)
        declarations = load_declarations(settings.tables, _newest(codebooks))
        if name not in declarations:
            raise typer.BadParameter(f"There is no table {name!r}; there are {', '.join(declarations)}.")
        path = warehouse or settings.warehouse
        if not path.exists():
            raise IntakeStoreError(f"There is no warehouse {path} yet. Run `fyren responses load`.")
        with Warehouse(path, codebooks) as opened:
            tables = _made(opened, codebooks, declarations, quarter, settings.threshold)
        wanted = [table for table in tables if table.name == name]
        text = render_csv(wanted)
        if csv is not None:
            csv.parent.mkdir(parents=True, exist_ok=True)
            csv.write_text(text, encoding="utf-8")
        if output is OutputFormat.CSV:
            typer.echo(text, nl=False)
        else:
            Console().print(*[render_text(table) for table in wanted])


def make_demo_data(
    responses: Annotated[int, typer.Option(min=1, help="How many responses to make.")] = 500,
    seed: Annotated[int, typer.Option(help="The same seed makes the same answers.")] = 1,
    period: Annotated[
        str | None, typer.Option(help="The quarter to spread them over; the current one unless given.")
    ] = None,
    database: Database = None,
) -> None:
    """Make synthetic responses and send them through the real submission path.

    They are sealed and stored like any response, and each is marked synthetic, so every table they go into says so.
    Refused when FYREN_INTAKE_PRODUCTION is set.
    """
    quarter = _quarter(period) if period else Quarter.of(_current_week())
    with _plain_errors():
        settings = IntakeSettings()
        if settings.production:
            raise IntakeStoreError("Synthetic responses do not belong in a production store. Use another database.")
        codebook = _newest(load_codebooks(settings.codebooks))
        sealer = Sealer(PublicKey.read(settings.public_key), codebook)
        secrets = StoreSecrets.read(settings.store_secret)
        weeks = [week for week in quarter.weeks if week <= _current_week()] or list(quarter.weeks)

        async def submit_all() -> None:
            inbox = await Inbox.open(database or settings.database, sealer, secrets)
            try:
                with _progress() as progress:
                    made = synthetic_responses(codebook, weeks, responses, seed)
                    for response in progress.track(made, total=responses, description="Submitting responses"):
                        await inbox.submit(response, idempotency_key=str(uuid.uuid4()))
            finally:
                await inbox.close()

        asyncio.run(submit_all())
        typer.echo(f"{responses} synthetic responses of {quarter} were sealed and stored.")


def upgrade_intake_database(database: Database = None) -> None:
    """Create the intake database, or bring its tables to the newest version."""
    with _plain_errors():
        location = database or IntakeSettings().database
        upgrade(location)
        typer.echo(f"The intake database is at version {NEWEST_REVISION}.")


@contextmanager
def _plain_errors() -> Iterator[None]:
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


def _new_passphrase(settings: IntakeSettings, files: KeyFiles, generate: bool) -> Passphrase:
    if generate:
        return create_passphrase_file(_passphrase_beside(files.private))
    if settings.key_passphrase_file is not None:
        return read_passphrase_file(settings.key_passphrase_file)
    _need_terminal()
    typer.echo(f"The passphrase needs at least {SHORTEST_PASSPHRASE} characters. Several random words are good.")
    return Passphrase(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=True))


def _known_passphrase(settings: IntakeSettings, private_key: Path) -> Passphrase:
    if not private_key.exists():
        raise IntakeStoreError(f"There is no private key {private_key}. Is this the analyst's machine?")
    if settings.key_passphrase_file is not None:
        return read_passphrase_file(settings.key_passphrase_file)
    beside = _passphrase_beside(private_key)
    if beside.exists():
        return read_passphrase_file(beside)
    _need_terminal()
    return Passphrase(typer.prompt("Passphrase", hide_input=True))


def _passphrase_beside(private_key: Path) -> Path:
    return private_key.parent / "passphrase"


def _need_terminal() -> None:
    if not sys.stdin.isatty():
        raise IntakeStoreError(
            "The passphrase cannot be asked for here. Let FYREN_KEY_PASSPHRASE_FILE name a file that holds it."
        )


def _made(
    warehouse: Warehouse,
    codebooks: dict[str, Codebook],
    declarations: dict[str, TableDeclaration],
    quarter: Quarter,
    threshold: int,
) -> list[ReleasedTable]:
    return make_tables(
        warehouse,
        _newest(codebooks),
        declarations.values(),
        quarter,
        provisional=not quarter.has_ended(_current_week()),
        threshold=threshold,
    )


def _print_report(report: LoadReport) -> None:
    typer.echo(f"{report.added} responses added, {report.withdrawn} withdrawn, {report.total} in the warehouse.")
    for reason, count in report.quarantined.items():
        typer.echo(f"Set aside: {count} rows {_REASONS[reason]}.", err=True)


def _newest(codebooks: dict[str, Codebook]) -> Codebook:
    return codebooks[max(codebooks, key=int)]


def _quarter(text: str) -> Quarter:
    try:
        return Quarter.parse(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}.") from error


def _current_week() -> IsoWeek:
    return IsoWeek.of(datetime.datetime.now(datetime.UTC).date())


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
