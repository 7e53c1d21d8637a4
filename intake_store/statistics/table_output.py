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

from intake_store.statistics.declarations import Source
from intake_store.statistics.released import Figure, ReleasedRow, ReleasedTable

WITHHELD: Final = ".."
"""What stands in place of a withheld count, as is usual in official statistics."""

CSV_COLUMNS: Final = (
    "table",
    "population",
    "layer",
    "period",
    "kind",  # code, base, mean, non_response or responses
    "row",
    "row_label",
    "column",
    "column_label",
    "count",
    "percent_of_base",
)


def render_text(table: ReleasedTable) -> RenderableType:
    """Return a table for rich to print."""
    about = [table.population_label, *((table.layer[1],) if table.layer else ()), table.period]
    parts: list[RenderableType] = [
        Text(table.title, style="bold"),
        Text(f"{'. '.join(about)}{', provisional' if table.provisional else ''}."),
    ]
    if table.withheld:
        parts.append(Text(_withheld(table)))
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
        if table.withheld:
            metadata.append(("withheld", _withheld(table)))
        parts = (table.name, table.population, *((table.layer[0],) if table.layer else ()))
        about = ", ".join(part for part in parts if part)
        for name, line in metadata:
            output.write(f"# {about}: {name}: {line}\n")
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for table in tables:
        writer.writerows(_csv_lines(table))
    return output.getvalue()


def _grid(table: ReleasedTable) -> Table:
    grid = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False)
    grid.add_column(table.row_label, min_width=16)
    shares = _has_shares(table)
    labels = [label for _, label in table.columns]
    # Shares within the columns stand in the CSV only: side by side they do not fit a terminal.
    for label in (labels[0], "%", *labels[1:]) if shares else labels:
        grid.add_column(label, justify="right")
    for row in table.rows:
        grid.add_row(row.label, *_figures(table, row, shares))
    grid.add_section()
    if table.base is not None:
        grid.add_row(table.base.label, *_figures(table, table.base, shares), style="bold")
    if table.means is not None:
        first, *others = map(_figure, table.means.counts)
        grid.add_row(table.means.label, first, *(("",) if shares else ()), *others)
    for row in table.non_response:
        grid.add_row(row.label, *map(_figure, row.counts))
    if table.source is Source.RESPONSES and not table.is_series:
        grid.add_row("All responses", _figure(table.responses))
    return grid


def _has_shares(table: ReleasedTable) -> bool:
    """Tell whether the first column has shares beside it; a series shows counts only."""
    return table.base is not None and not table.is_series


def _figures(table: ReleasedTable, row: ReleasedRow, shares: bool) -> Iterator[str]:
    first, *others = row.counts
    yield _figure(first)
    if shares and table.base is not None:
        yield _share(first, table.base.counts[0])
    yield from map(_figure, others)


def _withheld(table: ReleasedTable) -> str:
    if table.source is Source.RESPONSES:
        return f"The table is withheld: fewer than {table.threshold} responses answered the question."
    return "The table is withheld: there are too few figures for it."


def _metadata(table: ReleasedTable) -> Iterator[tuple[str, str]]:
    if table.synthetic:
        yield "synthetic", "Made-up responses are among those counted; the figures say nothing about the world."
    if table.provisional:
        yield "provisional", "The period has not ended; the figures will change and are not for publication."
    yield "unit", f"Unit of count: {table.unit}"
    yield "base", f"Base: {table.base_text}"
    if table.source is Source.RESPONSES:
        if not table.flagged:
            yield "quality", "Left out because of doubts about their quality: no responses."
        for entry in table.flagged:
            left_out = f"fewer than {table.threshold}" if entry.count is None else str(entry.count)
            yield "quality", f"Left out because of doubts about their quality ({entry.flag}): {left_out} responses."
    yield "method", f"Method: {table.method_text}"
    if table.split_withheld:
        yield "note", f"There are too few responses to split them by: {table.column_label}."
    for note in table.notes:
        yield "note", note


def _csv_lines(table: ReleasedTable) -> Iterator[tuple[str, ...]]:
    name = (table.name, table.population, table.layer[0] if table.layer else "", table.period)
    bases = table.base.counts if table.base is not None else (None,) * len(table.columns)
    rows = [("code", row) for row in table.rows]
    if table.base is not None:
        rows.append(("base", table.base))
    for kind, row in rows:
        for (column, label), count, base in zip(table.columns, row.counts, bases, strict=True):
            share = _share(count, base) if table.base is not None else ""
            yield (*name, kind, row.code, row.label, column, label, _figure(count), share)
    others = [("mean", table.means)] if table.means is not None else []
    others += [("non_response", row) for row in table.non_response]
    for kind, row in others:
        # What is told for the total only has one figure.
        for (column, label), count in zip(table.columns, row.counts, strict=False):
            yield (*name, kind, row.code, row.label, column, label, _figure(count), "")
    if table.source is Source.RESPONSES and not table.is_series:
        column, label = table.columns[0]
        yield (*name, "responses", "responses", "All responses", column, label, _figure(table.responses), "")


def _figure(count: Figure) -> str:
    if count is None:
        return WITHHELD
    return str(count) if isinstance(count, int) else f"{count:.2f}"


def _share(count: Figure, base: Figure) -> str:
    return WITHHELD if count is None or base is None else f"{100 * count / base:.1f}" if base else ""
