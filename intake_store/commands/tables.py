"""The commands that list and print tables."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from intake_store.assembly import releasing
from intake_store.codebook import load_codebooks
from intake_store.commands.noisy_tables import make_noisy_table
from intake_store.commands.prompts import WarehouseLocation, current_week, newest, plain_errors
from intake_store.commands.releases import list_releases, preview_release, read_period, release_tables
from intake_store.commands.warehouses import open_warehouse
from intake_store.settings import IntakeSettings
from intake_store.statistics.declarations import Source, TableDeclaration, load_declarations
from intake_store.statistics.releases import ReleaseFolder
from intake_store.statistics.table_output import render_csv, render_text


class OutputFormat(StrEnum):
    """How `fyren table show` prints."""

    TEXT = "text"
    CSV = "csv"


def tables_app() -> typer.Typer:
    """Return the commands that list and print tables."""
    app = typer.Typer(
        no_args_is_help=True, help="List, print and release tables that have been through disclosure control."
    )
    app.command("list")(list_tables)
    app.command("show")(show_table)
    app.command("preview")(preview_release)
    app.command("release")(release_tables)
    app.command("releases")(list_releases)
    app.command("noisy")(make_noisy_table)
    return app


def list_tables() -> None:
    """List the tables that can be made."""
    with plain_errors():
        settings = IntakeSettings()
        declarations = load_declarations(settings.tables, newest(load_codebooks(settings.codebooks)))
        width = max(map(len, declarations))
        for name, declaration in declarations.items():
            about = ", ".join((declaration.period.value, *(declaration.populations or (declaration.source.value,))))
            typer.echo(f"{name:<{width}}  {declaration.title} ({about})")


def show_table(
    name: Annotated[str, typer.Argument(help="The table's name; `fyren table list` lists them.")],
    period: Annotated[
        str, typer.Option(help="A quarter such as 2026Q4, or a year such as 2026; `fyren table list` says which.")
    ],
    output: Annotated[OutputFormat, typer.Option("--format", help="How to print it.")] = OutputFormat.TEXT,
    csv: Annotated[Path | None, typer.Option(help="Also write it to this file, as CSV.")] = None,
    warehouse: WarehouseLocation = None,
) -> None:
    """Print a table of a quarter or a year, for each population it covers.

    A period that was released is printed as it was released. Of another one, figures are made anew; they may be
    published by releasing the period once it has ended: counts below the threshold are withheld (`..`), and so
    is what they could be worked out from. The CSV has the same figures, with unit, base, method and notes in lines
    that begin with `#`. A table that made-up responses went into says SYNTHETIC in its title.
    """
    wanted_period = read_period(period)
    with plain_errors():
        settings = IntakeSettings()
        codebooks = load_codebooks(settings.codebooks)
        declarations = load_declarations(settings.tables, newest(codebooks))
        if name not in declarations:
            raise typer.BadParameter(f"There is no table {name!r}; there are {', '.join(declarations)}.")
        declaration = declarations[name]
        if not declaration.period.fits(wanted_period):
            raise typer.BadParameter(f"{name!r} is made for each {declaration.period.value}; {period} is none.")
        folder = ReleaseFolder(settings.releases)
        released = folder.of_period(wanted_period)
        if released:
            typer.echo(f"As released in {released[-1].number}.", err=True)
            tables = folder.tables(released[-1])
        else:
            needed = _needed_for(declaration, declarations)
            with open_warehouse(settings, codebooks, warehouse) as opened:
                tables = releasing(settings, opened, newest(codebooks), needed).tables(wanted_period, current_week())
        wanted = [table for table in tables if table.name == name]
        text = render_csv(wanted)
        if csv is not None:
            csv.parent.mkdir(parents=True, exist_ok=True)
            csv.write_text(text, encoding="utf-8")
        if output is OutputFormat.CSV:
            typer.echo(text, nl=False)
        else:
            Console().print(*[render_text(table) for table in wanted])


def _needed_for(wanted: TableDeclaration, declarations: dict[str, TableDeclaration]) -> list[TableDeclaration]:
    """Return the tables that are protected together with one: all of its populations, or all of usage."""
    if wanted.source is Source.SERVICE_FIGURES:
        return [wanted]
    if wanted.source is Source.USAGE:
        return [declaration for declaration in declarations.values() if declaration.source is Source.USAGE]
    populations = set(wanted.populations)
    return [
        declaration.model_copy(update={"populations": shared})
        for declaration in declarations.values()
        if (shared := tuple(name for name in declaration.populations if name in populations))
    ]
