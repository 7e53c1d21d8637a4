"""What is drawn: one mark for each figure of a table, and a sign of its own for each withheld one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from analyst.numerals import number
from analyst.translation import Translator
from intake_store.statistics.declarations import Source
from intake_store.statistics.released import NOT_STATED, TOTAL, Figure, ReleasedRow, ReleasedTable
from intake_store.statistics.table_output import WITHHELD

COST_COLUMN: Final = "cost_per_client"
"""Of the sums over services only the cost per person can be compared between kinds of service."""

ORDERED: Final = frozenset({"age_band", "about_age", "contact_when", "event", "situation", "relation"})
"""Variables whose categories have an order of their own, which a chart keeps."""

NOTHING: Final = "\N{EN DASH}"
"""The sign for a share of nobody; that is not withheld."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A cell: `value` is its share of the base in percent, or its count where there is no base.

    `value` is None where it is withheld, and then nothing but the sign for withheld may be drawn; it is None as well
    for a share of nobody, which `text` tells apart.
    """

    row: str
    row_label: str
    column: str
    column_label: str
    value: float | None
    text: str

    @property
    def is_withheld(self) -> bool:
        """Whether the figure, or what it is a share of, is withheld."""
        return self.text == WITHHELD


def marks(table: ReleasedTable, say: Translator) -> list[Mark]:
    """Return the marks of all cells, row by row; a table that is withheld as a whole has none."""
    if table.withheld:
        return []
    bases = table.base.counts if table.base is not None else None
    found = []
    for row in table.rows:
        for place, ((column, label), count) in enumerate(zip(table.columns, row.counts, strict=True)):
            if bases is None:
                value, text = count, number(count, say)
            elif bases[place] == 0:
                value, text = None, NOTHING
            else:
                value = share(count, bases[place])
                text = percent(value, say)
            found.append(Mark(row.code, row.label, column, label, value, text))
    return found


def by_cell(table: ReleasedTable, say: Translator) -> dict[tuple[str, str], Mark]:
    """Return the marks by the codes of row and column."""
    return {(mark.row, mark.column): mark for mark in marks(table, say)}


def share(count: Figure, base: Figure) -> float | None:
    """Return a share in percent, or None where the count or the base is withheld, or the base is nothing."""
    return None if count is None or not base else 100 * count / base


def percent(value: float | None, say: Translator) -> str:
    """Return a share as a chart has it, without decimals, or the sign for withheld."""
    if value is None:
        return WITHHELD
    space = "\N{NO-BREAK SPACE}" if say.language == "sv" else ""
    return f"{value:.0f}{space}%" if value >= 1 or value == 0 else f"<\N{NO-BREAK SPACE}1{space}%"


def drawn_columns(table: ReleasedTable) -> list[tuple[str, str]]:
    """Return the columns that a chart compares: not those of unstated background, of which nothing can be said.

    Of a series they are the quarters from the first that was released; one in between that was withheld is a gap.
    """
    if table.source is Source.SERVICE_FIGURES:
        return [column for column in table.columns if column[0] == COST_COLUMN]
    if table.is_series:
        first = next((place for place in range(len(table.columns)) if _was_released(table, place)), len(table.columns))
        return list(table.columns[first:])
    known = [column for column in table.columns if column[0] != NOT_STATED]
    return [column for column in known if column[0] == TOTAL] + [column for column in known if column[0] != TOTAL]


def drawn_rows(table: ReleasedTable, column: int = 0) -> list[ReleasedRow]:
    """Return the rows as a chart has them: in their own order if they have one, otherwise the largest first."""
    return list(table.rows) if table.row_variable in ORDERED else by_size(table, column)


def by_size(table: ReleasedTable, column: int = 0) -> list[ReleasedRow]:
    """Return the rows with the largest first, and after them those that are withheld."""

    def order(row: ReleasedRow) -> tuple[bool, float]:
        count = row.counts[column]
        return count is None, -(count or 0)

    return sorted(table.rows, key=order)


def _was_released(table: ReleasedTable, place: int) -> bool:
    """Tell whether a quarter of a series was released at all; before that there is nothing that could be withheld."""
    if table.base is not None and table.base.counts[place] is not None:
        return True
    return any(row.counts[place] is not None for row in table.rows)
