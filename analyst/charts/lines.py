"""A small chart over time for each row, all on one scale."""

from __future__ import annotations

from typing import Final

from analyst.charts.canvas import Canvas
from analyst.charts.lettering import broken, text_width
from analyst.charts.looks import BAR, MUTED, OUTLINE, answer_colours
from analyst.charts.marks import Mark, by_cell, by_size, drawn_columns
from analyst.charts.widths import Width
from analyst.translation import Translator, message
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.table_output import WITHHELD

_MOST: Final = 12
_PANEL: Final = 78
_ROOM_ABOVE: Final = 16
_LARGEST: Final = message("The {number} largest of {all} categories are drawn; the table has all.")


def lines(table: ReleasedTable, width: Width, say: Translator) -> Canvas:
    """Draw a line for each row, its first and last figure written out, and a striped gap for what is withheld."""
    quarters = [code for code, _ in drawn_columns(table)]
    last = max(
        place
        for place, (code, _) in enumerate(table.columns)
        if code in quarters and any(row.counts[place] is not None for row in table.rows)
    )
    ordered = answer_colours(table.row_variable, [row.code for row in table.rows]) is not None
    rows = list(table.rows) if ordered else by_size(table, last)[:_MOST]
    cells = by_cell(table, say)
    # Five panels, as treatment has, stand better in one row than with one left over.
    wide = 5 if len(rows) == 5 else 4
    across = min({Width.NARROW: 2, Width.COLUMN: 3}.get(width, wide), len(rows))
    gap = 20
    room = min((width.pixels - gap * (across - 1)) / across, 240)
    names = [broken(row.label, room, 13, bold=True) for row in rows]
    largest = max((cells[row.code, code].value or 0 for row in rows for code in quarters), default=0) or 1
    canvas = Canvas(width.pixels)
    y = 0.0
    for start in range(0, len(rows), across):
        head = max(len(name) for name in names[start : start + across])
        for number, row in enumerate(rows[start : start + across]):
            x = number * (room + gap)
            canvas.text(x, y + 13, names[start + number], bold=True)
            _panel(canvas, [cells[row.code, code] for code in quarters], (x, y + 15 * head + 4), room, largest)
            if start + number + across >= len(rows):
                bottom = y + 15 * head + 4 + _PANEL + 15
                canvas.text(x, bottom, quarters[0], size=11, colour=MUTED)
                canvas.text(x + room, bottom, quarters[-1], size=11, colour=MUTED, align="right")
        y += 15 * head + 4 + _PANEL + 14
    canvas.height = y + 6
    if len(rows) < len(table.rows):
        canvas.notes.append(say(_LARGEST).format(number=len(rows), all=len(table.rows)))
    return canvas


def _panel(canvas: Canvas, marks: list[Mark], corner: tuple[float, float], room: float, largest: float) -> None:
    x, top = corner
    step = room / len(marks)
    floor = top + _PANEL
    places = [x + (number + 0.5) * step for number in range(len(marks))]
    canvas.rule(x, floor, x + room, floor, OUTLINE)

    def height(mark: Mark) -> float:
        return floor - (mark.value or 0) / largest * (_PANEL - _ROOM_ABOVE)

    run: list[tuple[float, float, Mark]] = []
    for place, mark in zip(places, marks, strict=True):
        if mark.value is not None:
            run.append((place, height(mark), mark))
            continue
        canvas.line(run, BAR)
        run = []
        if mark.is_withheld:
            wide = min(step * 0.6, 12)
            canvas.withheld(place - wide / 2, floor - 24, wide, 24)
            canvas.text(place, floor - 28, WITHHELD, size=12, align="center")
    canvas.line(run, BAR)
    known = [(place, mark) for place, mark in zip(places, marks, strict=True) if mark.value is not None]
    for order in sorted({0, len(known) - 1}) if known else ():
        place, mark = known[order]
        beside = known[min(1, len(known) - 1) if order == 0 else order - 1][1]
        # Over its dot, or under it where the line rises from there; but inside the panel.
        is_under = (beside.value or 0) > (mark.value or 0) and height(mark) + 18 < floor
        half = text_width(mark.text, 12) / 2
        middle = min(max(place, x + half), x + room - half)
        canvas.text(middle, height(mark) + (17 if is_under else -8), mark.text, size=12, align="center")
