"""What somebody is told who cannot see a chart."""

from __future__ import annotations

from typing import Final

from analyst.charts.marks import by_cell, drawn_columns
from analyst.period_names import period_name
from analyst.translation import Translator, message
from intake_store.statistics.released import TOTAL, ReleasedTable

_MOST_NAMED: Final = 3
_ABOUT: Final = message("Chart of {title}: {population}, {period}. The table beside it has all its figures.")
_LARGEST: Final = message("Largest: {names}.")
_LARGEST_OF: Final = message("Largest in {column}: {names}.")
_WITHHELD: Final = message("{number} of {all} figures are withheld.")


def description(table: ReleasedTable, say: Translator) -> str:
    """Return in words what a chart shows: what it is about, its largest figures, and how many are withheld."""
    population = ", ".join(filter(None, (table.population_label, *(table.layer or ())[1:])))
    sentences = [say(_ABOUT).format(title=table.title, population=population, period=period_name(table.period, say))]
    cells = by_cell(table, say)
    columns = drawn_columns(table)
    if columns:
        code, label = columns[-1] if table.is_series else columns[0]
        found = [cells[row.code, code] for row in table.rows if (row.code, code) in cells]
        largest = sorted((mark for mark in found if mark.value is not None), key=lambda mark: -(mark.value or 0))
        names = ", ".join(f"{mark.row_label} {mark.text}" for mark in largest[:_MOST_NAMED])
        if names and (len(columns) == 1 or code == TOTAL):
            sentences.append(say(_LARGEST).format(names=names))
        elif names:
            sentences.append(say(_LARGEST_OF).format(column=label, names=names))
        known = {column for column, _ in columns}
        shown = [mark for (_, column), mark in cells.items() if column in known]
        hidden = sum(mark.is_withheld for mark in shown)
        sentences.append(say(_WITHHELD).format(number=hidden, all=len(shown)))
    return " ".join(sentences)
