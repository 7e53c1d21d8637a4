"""The cells of a released table: which there are, and what may be shown in each.

Every format writes these cells and no others, so that what is withheld in one is withheld in all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from intake_store.statistics.declarations import Source
from intake_store.statistics.released import Figure, ReleasedTable

ALL: Final = "all"
"""The code of the only row or column where a table has none."""

FIGURE_COLUMNS: Final = "figure"
"""The column variable of a table whose columns are different figures, such as services and their cost."""


class Kind(StrEnum):
    """What a row of a table is."""

    CODE = "code"
    BASE = "base"
    NON_RESPONSE = "non_response"
    RESPONSES = "responses"
    NONE = "none"
    """Stands in a withheld table that has no rows at all."""


class Measure(StrEnum):
    """What a cell tells of its row and column."""

    COUNT = "count"
    PERCENT = "percent_of_base"
    MEAN = "mean"


class Status(StrEnum):
    """Whether there is a figure in a cell."""

    SHOWN = "shown"
    WITHHELD = "withheld"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class Content:
    """A figure, or why there is none; `value` is there exactly when the status is `SHOWN`."""

    status: Status
    value: int | float | None = None


WITHHELD: Final = Content(Status.WITHHELD)
NOT_APPLICABLE: Final = Content(Status.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of cells: its code, unique among the rows, its label and its counts; fewer where a column has none."""

    kind: Kind
    code: str
    label: str
    counts: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell with where it stands."""

    line: Line
    column: tuple[str, str]
    measure: Measure
    content: Content


class TableCells:
    """The cells of one table: its rows, columns and measures, and what stands in each cell.

    The base, the non-responses and all responses are rows of their own; shares belong to rows of codes, and means to
    the base. `all_responses` and `everyone` are the labels of rows that a table itself does not name.
    """

    def __init__(self, table: ReleasedTable, all_responses: str = "All responses", everyone: str = "All") -> None:
        self.table = table
        self.columns = table.columns or ((ALL, everyone),)
        lines = [Line(Kind.CODE, row.code, row.label, row.counts) for row in table.rows]
        if table.base is not None:
            lines.append(Line(Kind.BASE, table.base.code, table.base.label, table.base.counts))
        lines += [Line(Kind.NON_RESPONSE, row.code, row.label, row.counts) for row in table.non_response]
        if table.source is Source.RESPONSES and not table.is_series:
            lines.append(Line(Kind.RESPONSES, Kind.RESPONSES.value, all_responses, (table.responses,)))
        if not lines:
            lines.append(Line(Kind.NONE, ALL, everyone, (None,) * len(self.columns)))
        self.lines = tuple(_unique(lines))
        measures = [Measure.COUNT]
        if table.base is not None:
            measures.append(Measure.PERCENT)
        if table.means is not None:
            measures.append(Measure.MEAN)
        self.measures = tuple(measures)

    def content(self, line: Line, column: int, measure: Measure) -> Content:
        """Return what may be shown in a cell; `column` counts from 0."""
        if measure is Measure.COUNT:
            return self._shown(line.counts[column]) if column < len(line.counts) else NOT_APPLICABLE
        if measure is Measure.PERCENT:
            return self._share(line, column)
        if line.kind is not Kind.BASE or self.table.means is None or column >= len(self.table.means.counts):
            return NOT_APPLICABLE
        mean = self._shown(self.table.means.counts[column])
        # A mean over a withheld base would say something of it.
        return WITHHELD if self._shown(self._base(column)).status is Status.WITHHELD else mean

    def __iter__(self) -> Iterator[Cell]:
        """Yield every cell, row by row, then column by column, then by measure."""
        for line in self.lines:
            for place, column in enumerate(self.columns):
                for measure in self.measures:
                    yield Cell(line, column, measure, self.content(line, place, measure))

    def _base(self, column: int) -> Figure:
        base = self.table.base
        return base.counts[column] if base is not None and column < len(base.counts) else None

    def _shown(self, figure: Figure) -> Content:
        """Return a figure as far as it may be shown: in a table that is withheld, nothing may."""
        return WITHHELD if figure is None or self.table.withheld else Content(Status.SHOWN, figure)

    def _share(self, line: Line, column: int) -> Content:
        if line.kind not in (Kind.CODE, Kind.BASE) or column >= len(line.counts):
            return NOT_APPLICABLE
        count, base = self._shown(line.counts[column]), self._shown(self._base(column))
        if count.value is None or base.value is None:
            return WITHHELD
        # As many digits as are printed anywhere: more would tell counts that were rounded.
        return Content(Status.SHOWN, round(100 * count.value / base.value, 1)) if base.value else NOT_APPLICABLE


def _unique(lines: list[Line]) -> Iterator[Line]:
    """Yield the lines with codes that no other line has: a code of usage can be called anything."""
    seen: set[str] = set()
    for line in lines:
        code = line.code
        while code in seen:
            code = f"{line.kind.value}_{code}"
        seen.add(code)
        yield line if code == line.code else Line(line.kind, code, line.label, line.counts)
