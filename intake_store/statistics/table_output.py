"""Released tables as text for a terminal and as CSV for a spreadsheet; both carry the same metadata."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Final

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from intake_store.statistics.tables import ReleasedRow, ReleasedTable

WITHHELD: Final = ".."
"""What stands in place of a withheld count, as is usual in official statistics."""

CSV_COLUMNS: Final = (
    "table",
    "population",
    "period",
    "kind",  # code, base, non_response or responses
    "row",
    "row_label",
    "column",
    "column_label",
    "count",
    "percent_of_base",
)


def render_text(table: ReleasedTable) -> RenderableType:
    """Return a table for rich to print."""
    parts: list[RenderableType] = [
        Text(table.title, style="bold"),
        Text(f"{table.population_label}. {table.period}{_provisional(table)}."),
    ]
    if table.withheld:
        parts.append(Text(f"The table is withheld: fewer than {table.threshold} responses answered the question."))
    else:
        parts.append(_grid(table))
    parts.append(Text("\n".join(line for _, line in _metadata(table)), style="dim"))
    return Group(*parts, Text())


def render_csv(tables: Sequence[ReleasedTable]) -> str:
    """Return tables as CSV.

    Lines that begin with `#` carry the metadata of each table as `# table, population: name: text`. Then come the
    header and one line for each cell. A withheld count is `..`, and so is a share that would give it away.
    """
    output = io.StringIO()
    for table in tables:
        metadata = [("title", table.title), ("population", table.population_label), *_metadata(table)]
        for name, line in metadata:
            output.write(f"# {table.name}, {table.population}: {name}: {line}\n")
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for table in tables:
        writer.writerows(_csv_lines(table))
    return output.getvalue()


def _grid(table: ReleasedTable) -> Table:
    grid = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False)
    grid.add_column(table.row_label, min_width=16)
    (_, total), *columns = table.columns
    # Shares within the columns stand in the CSV only: side by side they do not fit a terminal.
    for label in (total, "%", *(label for _, label in columns)):
        grid.add_column(label, justify="right")
    for row in table.rows:
        grid.add_row(row.label, *_figures(table, row))
    grid.add_section()
    grid.add_row(table.base.label, *_figures(table, table.base), style="bold")
    for row in table.non_response:
        grid.add_row(row.label, _count(row.counts[0]))
    grid.add_row("All responses", _count(table.responses))
    return grid


def _figures(table: ReleasedTable, row: ReleasedRow) -> Iterator[str]:
    total, *columns = row.counts
    yield _count(total)
    yield _share(total, table.base.counts[0])
    yield from map(_count, columns)


def _metadata(table: ReleasedTable) -> Iterator[tuple[str, str]]:
    if table.synthetic:
        yield "synthetic", "Made-up responses are among those counted; the figures say nothing about the world."
    if table.provisional:
        yield "provisional", "The period has not ended; the figures will change and are not for publication."
    yield "unit", f"Unit of count: {table.unit}"
    yield "base", "Base: responses that answered the question; shares are of the base in each column."
    left_out = f"fewer than {table.threshold}" if table.flagged is None else str(table.flagged)
    yield "quality", f"Left out because of doubts about their quality: {left_out} responses."
    yield "method", f"Method: {table.method}"
    for note in table.notes:
        yield "note", note


def _csv_lines(table: ReleasedTable) -> Iterator[tuple[str, ...]]:
    name = (table.name, table.population, str(table.period))
    rows = [("code", row) for row in table.rows] + [("base", table.base)]
    for kind, row in rows:
        for (column, label), count, base in zip(table.columns, row.counts, table.base.counts, strict=True):
            yield (*name, kind, row.code, row.label, column, label, _count(count), _share(count, base))
    total, total_label = table.columns[0]
    for row in table.non_response:
        yield (*name, "non_response", row.code, row.label, total, total_label, _count(row.counts[0]), "")
    yield (*name, "responses", "responses", "All responses", total, total_label, _count(table.responses), "")


def _provisional(table: ReleasedTable) -> str:
    return ", provisional" if table.provisional else ""


def _count(count: int | None) -> str:
    return WITHHELD if count is None else str(count)


def _share(count: int | None, base: int | None) -> str:
    return WITHHELD if count is None or base is None else f"{100 * count / base:.1f}"
