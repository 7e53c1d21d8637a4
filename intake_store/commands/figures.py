"""The command that reads the services' own yearly figures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from intake_store.codebook import load_codebooks
from intake_store.commands.prompts import WarehouseLocation, newest, plain_errors
from intake_store.commands.warehouses import open_warehouse
from intake_store.settings import IntakeSettings
from intake_store.statistics.service_figures import (
    DATASET,
    figures_of_table,
    figures_to_table,
    read_service_figures,
)


def figures_app() -> typer.Typer:
    """Return the commands for the services' figures."""
    app = typer.Typer(no_args_is_help=True, help="Read the yearly figures that services report.")
    app.command("import")(import_figures)
    return app


def import_figures(
    path: Annotated[Path, typer.Argument(help="A CSV with a line for each service and year.")],
    warehouse: WarehouseLocation = None,
) -> None:
    """Read the services' yearly figures into the warehouse, for the table of cost per person.

    The first line names the columns: year, service, service_kind, annual_cost_sek and clients are needed; contacts,
    staff_fte, funding_source (state, region, municipality or ngo), has_evaluation and synthetic (both yes or no) may be
    there. A table with a line that is synthetic says so. Every mistake is told with its line, and then nothing is read.
    The figures of a year take the place of those it had.
    """
    with plain_errors():
        settings = IntakeSettings()
        codebooks = load_codebooks(settings.codebooks)
        figures = read_service_figures(path, newest(codebooks))
        years = sorted({entry.year for entry in figures})
        with open_warehouse(settings, codebooks, warehouse) as opened:
            kept = [entry for entry in figures_of_table(opened.dataset(DATASET)) if entry.year not in years]
            opened.put_dataset(DATASET, figures_to_table([*kept, *figures]))
        typer.echo(f"Read the figures of {len(figures)} services and years ({', '.join(map(str, years))}).")
