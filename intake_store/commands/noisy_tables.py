"""The command that makes a table for the public under differential privacy."""

from __future__ import annotations

import csv
import importlib
import sys
from types import ModuleType
from typing import Annotated

import typer

from intake_store.codebook import load_codebooks
from intake_store.commands.prompts import WarehouseLocation, current_week, newest, plain_errors
from intake_store.commands.releases import PeriodOption, read_period
from intake_store.commands.warehouses import open_warehouse
from intake_store.settings import IntakeSettings
from intake_store.statistics.closing import ClosedCounts
from intake_store.statistics.declarations import Source, load_declarations
from intake_store.submission.errors import IntakeStoreError
from intake_store.warehouse.tallies import ANSWERED


def make_noisy_table(
    name: Annotated[str, typer.Argument(help="The table's name; `fyren table list` lists them.")],
    population: Annotated[str, typer.Option(help="One of the table's populations.")],
    period: PeriodOption,
    loss: Annotated[
        float, typer.Option(min=0.0, help="What the table may cost of the budget, as rho of zero-concentrated privacy.")
    ] = 0.05,
    warehouse: WarehouseLocation = None,
) -> None:
    """Print the rows of a table with noise, as CSV, under differential privacy.

    For a public release that gives a proof instead of withholding: what is printed is nearly as likely without any one
    response. Only the rows are counted, not the columns. The loss is written to the ledger beside the releases before
    the noise is drawn; the same table is never drawn twice, and when the budget of a period is spent, nothing more is
    printed. The proof holds for what this command prints, not for exact tables of the same responses.

    Needs the dependency group `privacy`: `uv sync --group privacy`.
    """
    wanted = read_period(period)
    with plain_errors():
        privacy = _privacy()
        settings = IntakeSettings()
        codebooks = load_codebooks(settings.codebooks)
        codebook = newest(codebooks)
        declaration = load_declarations(settings.tables, codebook).get(name)
        if declaration is None or declaration.source is not Source.RESPONSES:
            raise typer.BadParameter(f"There is no table of responses {name!r}; see `fyren table list`.")
        if population not in declaration.populations:
            raise typer.BadParameter(f"{name!r} is made for {', '.join(declaration.populations)}.")
        if not wanted.has_ended(current_week()):
            raise IntakeStoreError(f"{period} has not ended. The budget would be spent on figures that still change.")
        variable = codebook.populations[population].variable(declaration.rows)
        with open_warehouse(settings, codebooks, warehouse) as opened:
            counts = ClosedCounts(opened)
            tally = counts.tally(population, wanted, [variable.name])
            synthetic = counts.summary(population, wanted).synthetic
        labels = {code.code: code.label for code in variable.codes} | {ANSWERED: "Base: answered the question"}
        noisy = privacy.release_counts(
            [tally[code,].count if (code,) in tally else 0 for code in labels],
            ledger=privacy.BudgetLedger(settings.privacy_ledger, settings.privacy_budget),
            population=population,
            period=str(wanted),
            table=name,
            rho=loss,
            contribution=variable.max + 1,
        )
        made_up = "SYNTHETIC DATA: " if synthetic else ""
        typer.echo(f"# {made_up}{declaration.title}. {codebook.populations[population].label}. {wanted}.")
        typer.echo(
            f"# Discrete Gaussian noise of scale {noisy.scale:.3g}; rho {noisy.rho:.3g}, which is epsilon"
            f" {noisy.epsilon:.3g} at delta {noisy.delta:g}, for each response. Counts can be below nought."
            f" Intervals hold with {100 * (1 - noisy.alpha):.0f} percent."
        )
        lines = csv.writer(sys.stdout, lineterminator="\n")
        lines.writerow(["row", "row_label", "noisy_count", "lowest", "highest"])
        for place, (code, label) in enumerate(labels.items()):
            lines.writerow([code, label, noisy.counts[place], *noisy.interval(place)])


def _privacy() -> ModuleType:
    try:
        return importlib.import_module("intake_store.disclosure.differential_privacy")
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("opendp"):
            raise
        raise IntakeStoreError("This needs OpenDP. Install it with `uv sync --group privacy`.") from error
