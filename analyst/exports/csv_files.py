"""CSV: one line for each cell, in the columns that the command line writes too.

No cell begins like a formula, which a spreadsheet would carry out: a releaser's note can, and so can a counter's code.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from analyst.exports.breaks import statements
from analyst.exports.cells import Content, Kind, Measure, Status
from analyst.exports.description import about_release, about_table
from analyst.exports.period_cubes import PeriodCube, PeriodPublication, table_cells
from analyst.exports.publication import Publication
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.table_output import CSV_COLUMNS, WITHHELD

METADATA_COLUMNS: Final = ("table", "population", "layer", "name", "label", "text")

PERIOD_COLUMNS: Final = (*CSV_COLUMNS, "release")

_MEAN: Final = "mean"
_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")
_CELL_OF_FORMULA: Final = re.compile(r"([,;])(?=[=+@-])")


def csv_of_table(publication: Publication, table: ReleasedTable) -> bytes:
    """Return one table, which is given in the publication's language already, as CSV for programs."""
    output = io.StringIO()
    _write(output, CSV_COLUMNS, table_lines(publication, table))
    return output.getvalue().encode()


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
    lines = (_for_excel(line, swedish=swedish, figures=slice(-2, None)) for line in csv_lines(publication))
    _write(output, CSV_COLUMNS, lines, ";" if swedish else ",")
    return output.getvalue().encode("utf-8-sig")


def metadata_csv(publication: Publication) -> bytes:
    """Return what is said of the release and the tables as a CSV of its own, for Excel too; statements of all tables
    have no table.
    """
    output = io.StringIO()
    lines = ((*table, name, label, text) for table, name, label, text in _statements(publication))
    swedish = publication.language == "sv"
    _write(output, METADATA_COLUMNS, lines, ";" if swedish else ",")
    return output.getvalue().encode("utf-8-sig")


def csv_of_periods(publication: PeriodPublication) -> bytes:
    """Return one table over its periods as CSV for programs; the last column names the release of each figure."""
    output = io.StringIO()
    _write(output, PERIOD_COLUMNS, _period_lines(publication))
    return output.getvalue().encode()


def csv_of_periods_with_metadata(publication: PeriodPublication) -> bytes:
    """Return one table over its periods as CSV under lines that begin with `#` and carry the metadata."""
    output = io.StringIO()
    name = ", ".join(filter(None, _name(publication.newest.tables[0])))
    for entry in statements(publication):
        output.write(f"# {name}: {_one_line(entry.label)}: {_one_line(entry.text)}\n")
    _write(output, PERIOD_COLUMNS, _period_lines(publication))
    return output.getvalue().encode()


def spreadsheet_csv_of_periods(publication: PeriodPublication) -> bytes:
    """Return one table over its periods as CSV for Excel, by the customs of the language's country."""
    output = io.StringIO()
    swedish = publication.newest.language == "sv"
    lines = (_for_excel(line, swedish=swedish, figures=slice(-3, -1)) for line in _period_lines(publication))
    _write(output, PERIOD_COLUMNS, lines, ";" if swedish else ",")
    return output.getvalue().encode("utf-8-sig")


def csv_lines(publication: Publication) -> Iterator[tuple[str, ...]]:
    """Yield the lines of all tables, in the order of `CSV_COLUMNS`."""
    for table in publication.localised():
        yield from table_lines(publication, table)


def table_lines(publication: Publication, table: ReleasedTable) -> Iterator[tuple[str, ...]]:
    """Yield the lines of one table, which is given in the publication's language already."""
    cells = table_cells(table, publication.translator)
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


def _period_lines(publication: PeriodPublication) -> Iterator[tuple[str, ...]]:
    """Yield the lines of a table over its periods, in the order of `PERIOD_COLUMNS`."""
    cube = PeriodCube(publication.localised(), publication.newest.translator)
    name, means = _name(cube.table), cube.table.means
    for place, period in enumerate(cube.periods):
        number = cube.release_of[period].number
        for line in cube.lines:
            for at, column in enumerate(cube.columns):
                count = cube.content(line, place, at, Measure.COUNT)
                share = cube.content(line, place, at, Measure.PERCENT)
                if count.status is not Status.NOT_APPLICABLE:
                    percent = f"{share.value:.1f}" if share.value is not None else _sign(share)
                    figures = (figure_text(count), percent)
                    yield (*name, period, line.kind, line.code, line.label, *column, *figures, number)
            if line.kind is Kind.BASE and Measure.MEAN in cube.measures:
                label = means.label if means is not None else _MEAN
                for at, column in enumerate(cube.columns):
                    mean = cube.content(line, place, at, Measure.MEAN)
                    if mean.status is not Status.NOT_APPLICABLE:
                        yield (*name, period, _MEAN, _MEAN, label, *column, figure_text(mean), "", number)


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


def _write(output: io.StringIO, header: tuple[str, ...], lines: Iterable[Sequence[str]], delimiter: str = ",") -> None:
    writer = csv.writer(output, lineterminator="\n", delimiter=delimiter)
    writer.writerow(header)
    writer.writerows([_no_formula(text) for text in line] for line in lines)


def _one_line(text: str) -> str:
    """Return a text for a line that begins with `#`, of which a comma makes no cell with a formula."""
    return _CELL_OF_FORMULA.sub(r"\1 ", " ".join(text.split()))


def _for_excel(line: Sequence[str], *, swedish: bool, figures: slice) -> list[str]:
    made = list(line)
    if swedish:
        made[figures] = [text if text == WITHHELD else text.replace(".", ",") for text in made[figures]]
    return made


def _no_formula(text: str) -> str:
    """Return text that a spreadsheet takes for text: a releaser's note can begin like a formula."""
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) else text
