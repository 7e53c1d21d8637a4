"""CSV: one line for each cell, in the columns that the command line writes too."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Final

from analyst.exports.cells import Content, Kind, Measure, Status, TableCells
from analyst.exports.description import about_release, about_table
from analyst.exports.publication import Publication
from analyst.translation import message
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.table_output import CSV_COLUMNS, WITHHELD

METADATA_COLUMNS: Final = ("table", "population", "layer", "name", "label", "text")

ALL_RESPONSES: Final = message("All responses")
EVERYONE: Final = message("All")

_MEAN: Final = "mean"
_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")


def csv_with_metadata(publication: Publication) -> bytes:
    """Return the tables as CSV under lines that begin with `#` and carry the metadata."""
    output = io.StringIO()
    for table, _, label, text in _statements(publication):
        output.write(f"# {', '.join(filter(None, table))}: {_one_line(label)}: {_one_line(text)}\n")
    _write(output, CSV_COLUMNS, csv_lines(publication))
    return output.getvalue().encode()


def plain_csv(publication: Publication) -> bytes:
    """Return the tables as CSV that is nothing but a header and its lines, for programs."""
    output = io.StringIO()
    _write(output, CSV_COLUMNS, csv_lines(publication))
    return output.getvalue().encode()


def spreadsheet_csv(publication: Publication) -> bytes:
    """Return the tables as CSV for Excel: UTF-8 with a byte order mark, and in Swedish semicolons and decimal commas.

    Excel reads a CSV by the customs of the country it is set to.
    """
    output = io.StringIO()
    swedish = publication.language == "sv"
    lines = csv_lines(publication)
    if swedish:
        lines = (
            (*line[:-2], *(figure.replace(".", ",") if _is_number(figure) else figure for figure in line[-2:]))
            for line in lines
        )
    _write(output, CSV_COLUMNS, (map(_no_formula, line) for line in lines), ";" if swedish else ",")
    return output.getvalue().encode("utf-8-sig")


def metadata_csv(publication: Publication) -> bytes:
    """Return what is said of the release and the tables as a CSV of its own, for Excel too; statements of all tables
    have no table.
    """
    output = io.StringIO()
    lines = ((*table, name, label, text) for table, name, label, text in _statements(publication))
    swedish = publication.language == "sv"
    _write(output, METADATA_COLUMNS, (map(_no_formula, line) for line in lines), ";" if swedish else ",")
    return output.getvalue().encode("utf-8-sig")


def csv_lines(publication: Publication) -> Iterator[tuple[str, ...]]:
    """Yield the lines of all tables, in the order of `CSV_COLUMNS`."""
    for table in publication.localised():
        yield from table_lines(publication, table)


def table_lines(publication: Publication, table: ReleasedTable) -> Iterator[tuple[str, ...]]:
    """Yield the lines of one table, which is given in the publication's language already."""
    say = publication.translator
    cells = TableCells(table, say(ALL_RESPONSES), say(EVERYONE))
    name = (*_name(table), table.period)
    for line in cells.lines:
        for place, column in enumerate(cells.columns):
            count = cells.content(line, place, Measure.COUNT)
            share = cells.content(line, place, Measure.PERCENT) if Measure.PERCENT in cells.measures else None
            if count.status is not Status.NOT_APPLICABLE:
                figures = (
                    figure_text(count),
                    f"{share.value:.1f}" if share and share.value is not None else _sign(share),
                )
                yield (*name, line.kind, line.code, line.label, *column, *figures)
        if line.kind is Kind.BASE and table.means is not None:
            for place, column in enumerate(cells.columns):
                mean = cells.content(line, place, Measure.MEAN)
                yield (*name, _MEAN, table.means.code, table.means.label, *column, figure_text(mean), "")


def figure_text(content: Content) -> str:
    """Return a count or a mean as it stands in text."""
    if content.value is None:
        return _sign(content)
    return str(content.value) if isinstance(content.value, int) else f"{content.value:.2f}"


def _sign(content: Content | None) -> str:
    return WITHHELD if content is not None and content.status is Status.WITHHELD else ""


def _name(table: ReleasedTable) -> tuple[str, str, str]:
    return table.name, table.population, table.layer[0] if table.layer else ""


def _statements(publication: Publication) -> Iterator[tuple[tuple[str, str, str], str, str, str]]:
    for entry in about_release(publication):
        yield ("", "", ""), entry.name, entry.label, entry.text
    for table in publication.localised():
        for entry in about_table(publication, table):
            yield _name(table), entry.name, entry.label, entry.text


def _write(output: io.StringIO, header: tuple[str, ...], lines: Iterator[object], delimiter: str = ",") -> None:
    writer = csv.writer(output, lineterminator="\n", delimiter=delimiter)
    writer.writerow(header)
    writer.writerows(lines)  # type: ignore[arg-type]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _is_number(text: str) -> bool:
    return text != WITHHELD


def _no_formula(text: str) -> str:
    """Return text that a spreadsheet takes for text: a releaser's note can begin like a formula."""
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) else text
