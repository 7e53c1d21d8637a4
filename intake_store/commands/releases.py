"""The commands that release tables: preview, freeze, list, check."""

from __future__ import annotations

import datetime
import importlib.metadata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from intake_store.assembly import releasing
from intake_store.codebook import load_codebooks
from intake_store.commands.prompts import WarehouseLocation, current_week, newest, plain_errors
from intake_store.commands.warehouses import open_warehouse
from intake_store.periods import Period, parse_period
from intake_store.settings import IntakeSettings
from intake_store.statistics.declarations import load_declarations
from intake_store.statistics.outsider import Findings
from intake_store.statistics.releases import ReleaseFolder
from intake_store.statistics.releasing import Occasion, Releasing, attack_published
from intake_store.statistics.tables import MadeTable
from intake_store.warehouse.warehouse import Warehouse

PeriodOption = Annotated[str, typer.Option(help="A quarter such as 2026Q4, or a year such as 2026.")]


def preview_release(period: PeriodOption, warehouse: WarehouseLocation = None) -> None:
    """Show what a release of a period would withhold, and what an attacker could work out; nothing is released."""
    wanted = read_period(period)
    with plain_errors(), _opened(warehouse) as (made, _, _):
        preview = made.preview(wanted, current_week())
        Console().print(_overview(preview.made))
        _print_findings(preview.findings)


def release_tables(
    period: PeriodOption,
    note: Annotated[str, typer.Option(help="A sentence for readers, kept with the release.")] = "",
    revise: Annotated[
        str, typer.Option(metavar="REASON", help="Why a period that was released before is released again.")
    ] = "",
    warehouse: WarehouseLocation = None,
) -> None:
    """Freeze all tables of a period that has ended, as a numbered release.

    The counts of a quarter are put aside at its first release, so that withdrawals later change no published figure.
    Before anything is written, an attacker's programme tries to work out what is withheld, from these tables and all
    that was released about the same responses; if it comes too close, nothing is released. A period is released once;
    with --revise and a reason it can be released again under the next number. What was withheld stays withheld.
    """
    wanted = read_period(period)
    with plain_errors():
        # What is newest now is what somebody revises; another release that comes in between is not replaced unseen.
        seen = _newest_of(wanted)
    with plain_errors(), _opened(warehouse) as (made, opened, settings):
        release = made.release(
            wanted,
            current_week(),
            Occasion(
                released_on=datetime.datetime.now(datetime.UTC).date(),
                program=importlib.metadata.version("fyren"),
                note=note,
                reason=revise,
                set_aside={reason.value: count for reason, count in opened.quarantined().items()},
                production=settings.production,
                seen=seen,
            ),
        )
        typer.echo(f"Released {release.number}: {len(release.tables)} tables, in {settings.releases}.")
        typer.echo(
            f"Attacked: {release.attack.withheld} withheld counts; the narrowest can be known to within"
            f" {release.attack.least_width:g}, at least {release.attack.required_width} was required."
        )
        if release.set_aside:
            typer.echo(f"Set aside and not counted: {sum(release.set_aside.values())} rows.", err=True)


def list_releases(
    attack: Annotated[
        bool, typer.Option("--attack", help="Also try to work out what is withheld, from all releases together.")
    ] = False,
) -> None:
    """List all releases, and check that none was changed since.

    The digest at the end vouches for all of them: note it elsewhere, and compare it next time.
    """
    with plain_errors():
        settings = IntakeSettings()
        folder = ReleaseFolder(settings.releases)
        releases = folder.releases()
        if not releases:
            typer.echo(f"Nothing was released yet; releases go to {settings.releases}.")
            return
        found = folder.verify()
        shown = Table(box=None, pad_edge=False)
        for title in ("release", "on", "tables", "replaces", "reason or note"):
            shown.add_column(title)
        for release in releases:
            text = release.reason or release.note
            synthetic = "SYNTHETIC " if release.synthetic else ""
            shown.add_row(
                release.number,
                release.released_on.isoformat(),
                str(len(release.tables)),
                release.replaces or "",
                synthetic + text,
            )
        Console().print(shown)
        for problem in found.problems:
            typer.echo(problem.text, err=True)
        if not found.is_unchanged:
            raise typer.Exit(1)
        typer.echo("No file was changed since its release.")
        typer.echo(f"The newest release has the digest {found.end}; noted elsewhere, it vouches for all of them.")
        if attack:
            published = attack_published(folder, newest(load_codebooks(settings.codebooks)))
            _print_findings(published.findings)
            if published.findings.narrow:
                raise typer.Exit(1)


def read_period(text: str) -> Period:
    """Return the period that was typed; raises `typer.BadParameter` for anything else."""
    try:
        return parse_period(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}.") from error


def _newest_of(period: Period) -> str:
    released = ReleaseFolder(IntakeSettings().releases).of_period(period)
    return released[-1].number if released else ""


@contextmanager
def _opened(location: str | None) -> Iterator[tuple[Releasing, Warehouse, IntakeSettings]]:
    settings = IntakeSettings()
    codebooks = load_codebooks(settings.codebooks)
    codebook = newest(codebooks)
    declarations = list(load_declarations(settings.tables, codebook).values())
    with open_warehouse(settings, codebooks, location) as warehouse:
        yield releasing(settings, warehouse, codebook, declarations), warehouse, settings


def _overview(made: Sequence[MadeTable]) -> Table:
    shown = Table(box=None, pad_edge=False)
    shown.add_column("table")
    shown.add_column("population")
    for title in ("figures", "too small", "for others", "otherwise"):
        shown.add_column(title, justify="right")
    shown.add_column("")
    for entry in made:
        table, withheld = entry.table, entry.withheld
        about = "all withheld" if table.withheld else "columns left out" if table.split_withheld else ""
        counts = (withheld.figures, withheld.primary, withheld.complementary, withheld.earlier + withheld.elsewhere)
        shown.add_row(table.name, table.population, *map(str, counts), about)
    return shown


def _print_findings(findings: Findings) -> None:
    typer.echo(f"Attacked: {findings.withheld} withheld counts, {findings.unpublished} that no table has.")
    if not findings.narrow:
        typer.echo(f"None gives way; the narrowest can be known to within {findings.least_width:g}.")
    for found in findings.narrow:
        interval = found.interval
        typer.echo(
            f"Gives way: {' '.join(found.cell)}, between {interval.lowest:g} and {interval.highest:g}.", err=True
        )
