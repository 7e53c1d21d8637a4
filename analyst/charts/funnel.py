"""How far conversations go: each stage as a share of the first, for each column on its own."""

from __future__ import annotations

import math
from typing import Final

from analyst.charts.bars import heads
from analyst.charts.canvas import Canvas
from analyst.charts.lettering import broken, text_width
from analyst.charts.looks import BAR, BAR_TOTAL, OUTLINE
from analyst.charts.marks import Mark, by_cell, drawn_columns, percent
from analyst.charts.widths import Width
from analyst.translation import Translator, message
from intake_store.statistics.released import TOTAL, ReleasedTable

_BAR: Final = 17
_SIGN: Final = 18
_SCALE: Final = message("Bars show each stage as a share of the first one in the same column: {stage}.")
_MOST_ACROSS: Final = 3


def funnel(table: ReleasedTable, width: Width, say: Translator) -> Canvas:
    """Draw the stages in their order; where the first is withheld, a column has counts without bars."""
    cells = by_cell(table, say)
    columns = drawn_columns(table)
    first = table.rows[0]
    canvas = Canvas(width.pixels)
    is_narrow = width.is_narrow(len(columns))
    across = 1 if is_narrow else math.ceil(len(columns) / math.ceil(len(columns) / _MOST_ACROSS))
    left = 140.0 if is_narrow else 190.0
    y = 0.0
    for start in range(0, len(columns), across):
        y = _row_of_panels(canvas, table, columns[start : start + across], cells, (left, y, across), width, say) + 12
    canvas.height = y - 8
    canvas.notes.append(say(_SCALE).format(stage=first.label))
    return canvas


def _row_of_panels(
    canvas: Canvas,
    table: ReleasedTable,
    columns: list[tuple[str, str]],
    cells: dict[tuple[str, str], Mark],
    place: tuple[float, float, int],
    width: Width,
    say: Translator,
) -> float:
    left, top, across = place
    gap = 12
    room = (width.pixels - left - gap * (across - 1)) / across
    starts = [left + number * (room + gap) for number in range(len(columns))]
    panel = Canvas(width.pixels)
    head = heads(panel, columns, [0.0] if across == 1 else starts, width.pixels if across == 1 else room)
    shares = {key: _share(cells[key], cells[table.rows[0].code, key[1]]) for key in cells}
    longest = max((found for found in shares.values() if found is not None), default=100.0)
    figures = max((text_width(mark.text, 13) for mark in cells.values()), default=0.0)
    shared = text_width(percent(100, say), 12) + 6 if room - figures > 130 else 0.0
    scale = (room - figures - shared - 10) / longest
    y = head + 2
    for row in table.rows:
        label = broken(row.label, left - 10, 13)
        step = max(26, 14 * len(label) + 8)
        middle = y + step / 2
        panel.text(left - 8, middle + 4.5 - 7 * (len(label) - 1), label, align="right", leading=14)
        for (code, _), start in zip(columns, starts, strict=True):
            mark, share = cells[row.code, code], shares[row.code, code]
            if mark.is_withheld:
                panel.withheld(start, middle - _BAR / 2, _SIGN, _BAR)
                panel.text(start + _SIGN + 5, middle + 4.5, mark.text)
                continue
            length = 0.0
            if share is not None:
                length = share * scale
                colour = BAR_TOTAL if code == TOTAL and len(columns) > 1 else BAR
                panel.rect(start, middle - _BAR / 2, max(length, 0.5), _BAR, colour, mark)
            panel.text(start + length + 5, middle + 4.5, mark.text)
            if shared and share is not None and row.code != table.rows[0].code:
                panel.text(start + room, middle + 4.5, percent(share, say), align="right", size=12, colour=OUTLINE)
        y += step
        panel.rule(0, y, width.pixels, y)
    for start in starts:
        panel.rule(start, head, start, y, OUTLINE)
    canvas.put(panel, 0, top)
    return top + y


def _share(mark: Mark, whole: Mark) -> float | None:
    return None if mark.value is None or not whole.value else 100 * mark.value / whole.value
