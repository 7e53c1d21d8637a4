"""A field for each cell, darker for more; and the stages of a conversation."""

from __future__ import annotations

import math
from typing import Final

from analyst.charts.bars import column_by_column
from analyst.charts.canvas import Canvas
from analyst.charts.counties import short_name
from analyst.charts.lettering import broken, text_width
from analyst.charts.looks import MUTED, colour_class, letters_on
from analyst.charts.marks import by_cell, drawn_columns, drawn_rows
from analyst.charts.widths import Width
from analyst.translation import Translator, message
from intake_store.statistics.released import TOTAL, ReleasedTable
from intake_store.statistics.table_output import WITHHELD

_GAP: Final = 6
_LARGEST_FIELD: Final = 64
_NOT_DRAWN: Final = message("Not drawn, because everything but the total is withheld: {names}.")
_PERCENT: Final = message("Percent")
_SLANT: Final = math.radians(55)
_LONGEST_HEAD: Final = 180


def matrix(table: ReleasedTable, width: Width, say: Translator) -> Canvas:
    """Draw a field for each cell of the rows that have more to show than their total."""
    if width.is_narrow(len(table.columns)):
        return column_by_column(table, width, say)
    cells = by_cell(table, say)
    columns = [(code, short_name(code, label) if _is_county(table) else label) for code, label in drawn_columns(table)]
    split = [code for code, _ in columns if code != TOTAL]
    ordered = drawn_rows(table)
    rows = [row for row in ordered if any(not cells[row.code, code].is_withheld for code in split)] or ordered
    canvas = Canvas(width.pixels)
    left = min(width.labels, 215)
    room = min((width.pixels - left - _GAP) / len(columns), _LARGEST_FIELD)
    slanted = any(text_width(word, 12) > room - 4 for _, label in columns for word in label.split(" "))
    heads = [
        broken(label, _LONGEST_HEAD if slanted else room - 4, 12, most=1 if slanted else 3) for _, label in columns
    ]
    if slanted:
        lengths = [text_width(head[0], 12) for head in heads]
        top = max(lengths) * math.sin(_SLANT) + 14
        # The last head leans over the edge of its column.
        over = max(
            length * math.cos(_SLANT) - room * (len(heads) - place - 0.5) for place, length in enumerate(lengths)
        )
        room = min(room, (width.pixels - left - _GAP - max(over, 0)) / len(columns))
    else:
        top = 14.0 * max(len(head) for head in heads) + 8
    starts = [left + number * room + (_GAP if code != TOTAL else 0) for number, (code, _) in enumerate(columns)]
    for head, start in zip(heads, starts, strict=True):
        if slanted:
            canvas.text(start + room / 2 + 3, top - 5, head, size=12, angle=round(360 - math.degrees(_SLANT)))
        else:
            canvas.text(start + room / 2, top - 6 - 14 * (len(head) - 1), head, size=12, align="center", leading=14)
    if table.base is not None:
        canvas.text(left - 8, top - 5, say(_PERCENT), size=12, align="right", colour=MUTED)
    largest = max((cell.value or 0 for cell in cells.values() if cell.column in dict(columns)), default=0)
    y = top
    for row in rows:
        label = broken(row.label, left - 12, 13)
        step = max(25, 14 * len(label) + 4)
        canvas.text(left - 8, y + step / 2 + 4.5 - 7 * (len(label) - 1), label, align="right", leading=14)
        for (code, _), start in zip(columns, starts, strict=True):
            mark = cells[row.code, code]
            middle = (start + room / 2, y + step / 2 + 4)
            if mark.is_withheld:
                canvas.withheld(start + 0.75, y + 0.75, room - 1.5, step - 1.5)
                canvas.text(*middle, WITHHELD, size=11, align="center")
            elif mark.value is None:
                canvas.text(*middle, mark.text, size=11, align="center")
            else:
                colour = colour_class(mark.value, largest)
                canvas.rect(start + 0.75, y + 0.75, room - 1.5, step - 1.5, colour, mark)
                text = mark.text.removesuffix("%").rstrip("\N{NO-BREAK SPACE}")
                canvas.text(*middle, text, size=11, align="center", colour=letters_on(colour))
        y += step
    canvas.height = y + 2
    if len(rows) < len(ordered):
        names = [row.label for row in ordered if row not in rows]
        canvas.notes.append(say(_NOT_DRAWN).format(names=", ".join(names)))
    return canvas


def _is_county(table: ReleasedTable) -> bool:
    return table.column_variable == "county"
