"""The commands that open responses."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from intake_store.codebook import load_codebooks
from intake_store.commands.prompts import Database, WarehousePath, known_passphrase, plain_errors, progress
from intake_store.keys.private_keys import read_private_key
from intake_store.settings import IntakeSettings
from intake_store.warehouse.loading import LoadReport, load_responses
from intake_store.warehouse.opening import RejectionReason, ResponseOpener
from intake_store.warehouse.warehouse import Warehouse

_REASONS = {
    RejectionReason.UNKNOWN_KEY: "sealed to a key that is not at hand",
    RejectionReason.WRONG_PURPOSE: "sealed for another purpose",
    RejectionReason.DOES_NOT_OPEN: "changed, cut off or swapped after sealing",
    RejectionReason.DAMAGED: "holding no response",
    RejectionReason.DOES_NOT_MATCH_ROW: "holding another week or codebook version than the row says",
    RejectionReason.UNKNOWN_CODEBOOK: "given under a codebook version that is not at hand",
    RejectionReason.INVALID: "not fitting the codebook",
}


def responses_app() -> typer.Typer:
    """Return the commands that open responses."""
    app = typer.Typer(no_args_is_help=True, help="Open sealed responses into the warehouse.")
    app.command("load")(load)
    return app


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
    with plain_errors():
        settings = IntakeSettings()
        codebooks = load_codebooks(settings.codebooks)
        private_key = private or settings.private_key
        key = read_private_key(private_key, known_passphrase(settings, private_key))
        opener = ResponseOpener([key], codebooks)
        with Warehouse(warehouse or settings.warehouse, codebooks) as opened, progress() as shown:
            task = shown.add_task("Opening responses", total=None)
            report = asyncio.run(
                load_responses(
                    database or settings.database,
                    opened,
                    opener,
                    lambda done, total: shown.update(task, completed=done, total=total),
                )
            )
        _print_report(report)


def _print_report(report: LoadReport) -> None:
    typer.echo(f"{report.added} responses added, {report.withdrawn} withdrawn, {report.total} in the warehouse.")
    for reason, count in report.quarantined.items():
        typer.echo(f"Set aside: {count} rows {_REASONS[reason]}.", err=True)
