"""What is drawn: one mark for each published figure of a table, and a sign of its own for each withheld one."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from intake_store.statistics.declarations import Source
from intake_store.statistics.released import NOT_STATED, TOTAL, Figure, ReleasedRow, ReleasedTable
from intake_store.statistics.table_output import WITHHELD

COST_COLUMN: Final = "cost_per_client"
"""Of the sums over services only the cost per person can be compared between kinds of service."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A cell: `value` is its share of the base in percent, or its count where there is no base.

    `value` is None where it is withheld, and then nothing but the sign for withheld may be drawn.
    """

    row: str
    row_label: str
    column: str
    column_label: str
    value: float | None
    text: str

    def datum(self, **more: object) -> dict[str, object]:
        """Return the mark as a row of Vega-Lite's data."""
        own: dict[str, object] = {"row": self.row, "column": self.column, "text": self.text}
        # What is withheld has no value at all, so that no scale can take it for zero.
        return own | ({} if self.value is None else {"value": self.value}) | more


def marks(table: ReleasedTable) -> list[Mark]:
    """Return the marks of all cells, row by row; a table that is withheld as a whole has none."""
    if table.withheld:
        return []
    bases = table.base.counts if table.base is not None else None
    found = []
    for row in table.rows:
        for place, ((column, label), count) in enumerate(zip(table.columns, row.counts, strict=True)):
            value = count if bases is None else share(count, bases[place])
            found.append(Mark(row.code, row.label, column, label, value, _text(value, bases is not None)))
    return found


def share(count: Figure, base: Figure) -> float | None:
    """Return a share in percent, or None where the count or the base is withheld, or the base is nothing."""
    return None if count is None or not base else 100 * count / base


def drawn_columns(table: ReleasedTable) -> list[tuple[str, str]]:
    """Return the columns that a chart compares: not those of unstated background, of which nothing can be said."""
    if table.source is Source.SERVICE_FIGURES:
        return [column for column in table.columns if column[0] == COST_COLUMN]
    if table.is_series:
        return [column for place, column in enumerate(table.columns) if _was_released(table, place)]
    known = [column for column in table.columns if column[0] != NOT_STATED]
    return [column for column in known if column[0] == TOTAL] + [column for column in known if column[0] != TOTAL]


def by_size(table: ReleasedTable, column: int = 0) -> list[ReleasedRow]:
    """Return the rows with the largest first, and after them those that are withheld."""

    def order(row: ReleasedRow) -> tuple[bool, float]:
        count = row.counts[column]
        return count is None, -(count or 0)

    return sorted(table.rows, key=order)


def wrapped(text: str, width: int) -> list[str]:
    """Return a text in lines of at most `width` letters."""
    return textwrap.wrap(text, width, break_long_words=True) or [""]


def joined(lines: Sequence[str]) -> str:
    """Return lines as one text that the axes of a chart split again."""
    return "\n".join(lines)


def _was_released(table: ReleasedTable, place: int) -> bool:
    """Tell whether a quarter of a series was released at all; before that there is nothing that could be withheld."""
    if table.base is not None and table.base.counts[place] is not None:
        return True
    return any(row.counts[place] is not None for row in table.rows)


def _text(value: float | None, is_share: bool) -> str:
    if value is None:
        return WITHHELD
    if is_share:
        return (
            f"{value:.0f}\N{NO-BREAK SPACE}%" if value >= 1 or value == 0 else "<\N{NO-BREAK SPACE}1\N{NO-BREAK SPACE}%"
        )
    return f"{value:,.0f}".replace(",", "\N{NO-BREAK SPACE}")
