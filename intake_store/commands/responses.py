"""The commands that open responses."""

from __future__ import annotations

import asyncio
import multiprocessing
from pathlib import Path
from typing import Annotated

import typer

from intake_store.codebook import load_codebooks
from intake_store.commands.key_rings import opened_key_ring
from intake_store.commands.prompts import (
    Database,
    WarehouseLocation,
    plain_errors,
    progress,
)
from intake_store.commands.warehouses import open_or_make_warehouse
from intake_store.settings import IntakeSettings
from intake_store.usage.reading import read_usage
from intake_store.warehouse.loading import LoadReport, load_responses
from intake_store.warehouse.opening import RejectionReason, ResponseOpener

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
    warehouse: WarehouseLocation = None,
    private: Annotated[
        Path | None, typer.Option(help="The private key.", show_default="var/analyst/intake-private.json")
    ] = None,
    processes: Annotated[
        int, typer.Option(min=1, help="In how many processes to open them.", show_default="one for each core")
    ] = multiprocessing.cpu_count(),
) -> None:
    """Open new responses and load them, and the counts of use, into the warehouse.

    Responses that were withdrawn or have expired leave the warehouse. Rows that do not open or do not fit the codebook
    are set aside and counted by reason. A load that was stopped goes on where it was; loading twice changes nothing.

    Older private keys that stand beside the private key are used too. The first load makes the key of the warehouse,
    locked with the same passphrase.

    The passphrase is read from the file that FYREN_KEY_PASSPHRASE_FILE names, or from a file `passphrase` beside the
    private key (as a trial store has it), or asked for.
    """
    with plain_errors():
        settings = IntakeSettings()
        codebooks = load_codebooks(settings.codebooks)
        ring = opened_key_ring(settings, private)
        with open_or_make_warehouse(settings, codebooks, warehouse, ring) as opened, progress() as shown:
            task = shown.add_task("Opening responses", total=None)
            place = database or settings.database
            report = asyncio.run(
                load_responses(
                    place,
                    opened,
                    ResponseOpener(ring, codebooks),
                    lambda done, total: shown.update(task, completed=done, total=total),
                    processes=processes,
                )
            )
            opened.replace_usage(asyncio.run(read_usage(place)))
        _print_report(report)


def _print_report(report: LoadReport) -> None:
    typer.echo(
        f"{report.added} responses added, {report.withdrawn} withdrawn or expired, {report.total} in the warehouse."
    )
    for reason, count in report.quarantined.items():
        typer.echo(f"Set aside: {count} rows {_REASONS[reason]}.", err=True)
