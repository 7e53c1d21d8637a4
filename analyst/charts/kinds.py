"""Which kind of chart says most about a table."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from analyst.charts.looks import answer_colours
from analyst.charts.marks import drawn_columns
from intake_store.statistics.declarations import Source
from intake_store.statistics.geography import COUNTY
from intake_store.statistics.released import ReleasedTable

MOST_MULTIPLES: Final = 7
"""So many small charts stand side by side and can still be read."""

EVENT: Final = "event"


class ChartKind(StrEnum):
    """A way to draw a table."""

    BARS = "bars"
    MULTIPLES = "multiples"
    STACKED = "stacked"
    MATRIX = "matrix"
    LINES = "lines"
    TILES = "tiles"
    COUNTY_BARS = "county_bars"
    FUNNEL = "funnel"
    NONE = "none"


def chart_kind(table: ReleasedTable) -> ChartKind:
    """Return how a table is drawn; `NONE` for one in which there is nothing to see."""
    columns = drawn_columns(table)
    if table.withheld or not columns or not table.rows or _says_nothing(table):
        return ChartKind.NONE
    if table.is_series:
        return ChartKind.LINES if len(columns) > 1 else ChartKind.BARS
    if table.row_variable == COUNTY:
        return ChartKind.TILES
    if table.row_variable == EVENT:
        return ChartKind.FUNNEL
    if table.source is Source.USAGE and table.column_variable == COUNTY:
        return ChartKind.COUNTY_BARS
    if table.base is not None and answer_colours(table.row_variable, [row.code for row in table.rows]):
        return ChartKind.STACKED
    if len(columns) == 1:
        return ChartKind.BARS
    return ChartKind.MULTIPLES if len(columns) <= MOST_MULTIPLES else ChartKind.MATRIX


def _says_nothing(table: ReleasedTable) -> bool:
    return all(count is None for row in table.rows for count in row.counts)
