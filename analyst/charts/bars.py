"""Bars: one for each category, alone, in panels side by side, or the largest of each column below each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from analyst.charts.canvas import Canvas
from analyst.charts.lettering import broken, text_width
from analyst.charts.looks import BAR, BAR_TOTAL, OUTLINE
from analyst.charts.marks import Mark, by_cell, drawn_columns, drawn_rows
from analyst.charts.widths import Width
from analyst.translation import Translator, message
from intake_store.statistics.released import TOTAL, ReleasedTable

_BAR: Final = 17
_LEADING: Final = 14
_SIGN: Final = 18
"""The width of the stripes of a withheld figure; they have no place on the scale."""

_MOST_SIDE_BY_SIDE: Final = 5
"""So many columns have room beside each other on a phone."""

_MOST_OF_A_COLUMN: Final = 3


def bars(table: ReleasedTable, width: Width, say: Translator) -> Canvas:
    """Draw a bar for each row, of the last quarter in a series."""
    columns = drawn_columns(table)
    column = columns[-1] if table.is_series else columns[0]
    return panels(table, [column], width, say)


def multiples(table: ReleasedTable, width: Width, say: Translator) -> Canvas:
    """Draw a panel of bars for each column, all on one scale."""
    columns = drawn_columns(table)
    if width.is_narrow(len(columns)) and len(columns) > _MOST_SIDE_BY_SIDE:
        return column_by_column(table, width, say)
    return panels(table, columns, width, say)


def panels(table: ReleasedTable, columns: Sequence[tuple[str, str]], width: Width, say: Translator) -> Canvas:
    """Draw bars in panels side by side, one for each of the columns."""
    cells = by_cell(table, say)
    rows = drawn_rows(table, table.columns.index(columns[0]))
    canvas = Canvas(width.pixels)
    is_narrow = width.is_narrow(len(columns))
    left = 0 if is_narrow else (width.labels if len(columns) == 1 else min(width.labels, 230))
    gap = 8 if is_narrow else 12
    room = (width.pixels - left - gap * (len(columns) - 1)) / len(columns)
    starts = [left + (0 if is_narrow else 6) + number * (room + gap) for number in range(len(columns))]
    drawn = {(row.code, code): cells[row.code, code] for row in rows for code, _ in columns}
    scale = scale_of(drawn.values(), room - (0 if is_narrow else 6), 13)
    top = 0.0
    if len(columns) > 1:
        top = heads(canvas, columns, starts, room - (0 if is_narrow else 6))
    y = top + 2
    for row in rows:
        label = broken(row.label, width.pixels if is_narrow else left - 6, 13, most=2 if is_narrow else 3)
        if is_narrow:
            canvas.text(0, y + 12, label, leading=_LEADING)
            y += _LEADING * len(label) + 4
            step = _BAR + 9
            middle = y + _BAR / 2
        else:
            step = max(26, _LEADING * len(label) + (2 if width is Width.COLUMN else 8))
            middle = y + step / 2
            canvas.text(
                left - 2, middle + 4.5 - _LEADING * (len(label) - 1) / 2, label, align="right", leading=_LEADING
            )
            if len(columns) > 1:
                canvas.rule(0, y + step, width.pixels, y + step)
        for (code, _), start in zip(columns, starts, strict=True):
            colour = BAR_TOTAL if code == TOTAL and len(columns) > 1 else BAR
            bar(canvas, start, middle - _BAR / 2, _BAR, scale, cells[row.code, code], colour)
        y += step
    for start in starts:
        if not is_narrow:
            canvas.rule(start, top, start, y, OUTLINE)
    canvas.height = y + 2
    return canvas


def column_by_column(table: ReleasedTable, width: Width, say: Translator) -> Canvas:
    """Draw the largest of each column below each other: what a phone has room for of a table with many columns."""
    cells = by_cell(table, say)
    canvas = Canvas(width.pixels)
    columns = drawn_columns(table)
    shown = {
        code: sorted(
            (cells[row.code, code] for row in table.rows if cells[row.code, code].value is not None),
            key=lambda mark: -(mark.value or 0),
        )[:_MOST_OF_A_COLUMN]
        for code, _ in columns
    }
    labels = width.pixels * 0.56
    scale = scale_of([mark for found in shown.values() for mark in found], width.pixels - labels, 12)
    y, nothing = 0.0, []
    for code, label in columns:
        if not shown[code]:
            nothing.append(label)
            continue
        head = broken(label, width.pixels, 13, most=2, bold=True)
        canvas.text(0, y + 14, head, bold=True)
        y += 15 * len(head) + 5
        for mark in shown[code]:
            lines = broken(mark.row_label, labels - 8, 12, most=2)
            step = max(19, 13 * len(lines) + 5)
            canvas.text(
                labels - 6, y + step / 2 + 4 - 6.5 * (len(lines) - 1), lines, size=12, align="right", leading=13
            )
            colour = BAR_TOTAL if code == TOTAL else BAR
            bar(canvas, labels, y + (step - 13) / 2, 13, scale, mark, colour, 12)
            y += step
        y += 12
        canvas.rule(0, y - 6, width.pixels, y - 6)
    canvas.height = y
    if len(table.rows) > _MOST_OF_A_COLUMN:
        canvas.notes.append(say(_LARGEST).format(number=_MOST_OF_A_COLUMN))
    if nothing:
        canvas.notes.append(say(EMPTY).format(names=", ".join(nothing)))
    return canvas


_LARGEST: Final = message("Of each column the {number} largest published figures are drawn; the table has all.")
EMPTY: Final = message("Every figure is withheld for: {names}.")


def heads(
    canvas: Canvas, columns: Sequence[tuple[str, str]], starts: Sequence[float], room: float, size: float = 13
) -> float:
    """Write the names of panels above them, and return where they end."""
    found = [broken(label, room, size, most=3, bold=True) for _, label in columns]
    lines = max(len(head) for head in found)
    for head, start in zip(found, starts, strict=True):
        canvas.text(start, 13 + 15 * (lines - len(head)), head, size=size, bold=True)
    return 15.0 * lines + 5


def bar(
    canvas: Canvas, x: float, y: float, height: float, scale: float, mark: Mark, colour: str, size: float = 13
) -> None:
    """Draw the bar of a figure and the figure beside it, or the stripes and the sign of a withheld one."""
    baseline = y + height / 2 + size * 0.36
    if mark.is_withheld:
        canvas.withheld(x, y, _SIGN, height)
        canvas.text(x + _SIGN + 5, baseline, mark.text, size=size)
        return
    if mark.value is None:
        canvas.text(x + 4, baseline, mark.text, size=size)
        return
    canvas.rect(x, y, max(mark.value * scale, 0.5), height, colour, mark)
    canvas.text(x + mark.value * scale + 5, baseline, mark.text, size=size)


def scale_of(drawn: Iterable[Mark], room: float, size: float) -> float:
    """Return the pixels of one unit, so that the longest bar leaves room for its figure."""
    return min(((room - text_width(mark.text, size) - 8) / mark.value for mark in drawn if mark.value), default=1.0)
