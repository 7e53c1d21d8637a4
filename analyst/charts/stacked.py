"""Each column as a whole made of its answers, in the order of the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from analyst.charts.canvas import Canvas
from analyst.charts.lettering import broken, text_width
from analyst.charts.looks import LINE, MUTED, OUTSIDE_FILL, answer_colours, letters_on
from analyst.charts.marks import Mark, by_cell, drawn_columns
from analyst.charts.widths import Width
from analyst.numerals import number
from analyst.translation import Translator, message
from intake_store.statistics.released import TOTAL, ReleasedTable
from intake_store.statistics.table_output import WITHHELD

_BAR: Final = 19
_MEAN: Final = 62
_MEAN_HEAD: Final = message("Mean")
_MIXED: Final = message("Answers that are withheld in a bar are drawn together, as one striped part.")


def stacked(table: ReleasedTable, width: Width, say: Translator) -> Canvas:
    """Draw a bar of 100 percent for each column; what is withheld of it is one striped part."""
    colours = answer_colours(table.row_variable, [row.code for row in table.rows]) or {}
    columns = drawn_columns(table)
    cells = by_cell(table, say)
    means = dict(zip((code for code, _ in table.columns), table.means.counts, strict=True)) if table.means else {}
    canvas = Canvas(width.pixels)
    is_mixed = False
    is_narrow = width.is_narrow(len(columns))
    left = 0 if is_narrow or len(columns) == 1 else min(width.labels, 230)
    room = width.pixels - left - (_MEAN if means and not is_narrow else 0)
    y = _legend(canvas, [(row.label, colours[row.code]) for row in table.rows], left, room)
    if means and not is_narrow:
        canvas.text(width.pixels, y - 6, say(_MEAN_HEAD), align="right", size=12, colour=MUTED)
    for code, label in columns:
        mean = f"{number(means[code], say, 1)}" if code in means else ""
        bold = code == TOTAL and len(columns) > 1
        if is_narrow:
            if len(columns) > 1:
                note = f"{say(_MEAN_HEAD)} {mean}" if mean else ""
                head = broken(label, room - text_width(note, 12) - 10, 13, most=2, bold=bold)
                canvas.text(0, y + 13, head, bold=bold)
                canvas.text(room, y + 13, note, align="right", size=12, colour=MUTED)
                y += 15 * len(head) + 3
            step = _BAR + 10.0
            middle = y + _BAR / 2
        else:
            head = broken(label, left - 12, 13, bold=bold) if left else []
            step = max(_BAR + 9, 14 * len(head) + 8)
            middle = y + step / 2
            canvas.text(left - 8, middle + 4.5 - 7 * (len(head) - 1), head, align="right", leading=14, bold=bold)
            if mean:
                canvas.text(width.pixels, middle + 4.5, mean, align="right")
        answers = [cells[row.code, code] for row in table.rows]
        is_mixed |= not _together(_hidden(answers))
        _whole(canvas, answers, colours, (left, middle), room)
        y += step
        if bold:
            canvas.rule(0, y + 2, width.pixels, y + 2, LINE)
            y += 5
    canvas.height = y + 2
    if is_mixed:
        canvas.notes.append(say(_MIXED))
    return canvas


def _hidden(answers: Sequence[Mark]) -> list[int]:
    return [place for place, mark in enumerate(answers) if mark.is_withheld]


def _together(places: Sequence[int]) -> bool:
    """Tell whether places are neighbours; none or one is."""
    return not places or places[-1] - places[0] == len(places) - 1


def _whole(
    canvas: Canvas, answers: Sequence[Mark], colours: Mapping[str, str], place: tuple[float, float], room: float
) -> None:
    x, middle = place
    if all(mark.value is None and not mark.is_withheld for mark in answers):
        canvas.text(x, middle + 4.5, answers[0].text)
        return
    hidden = _hidden(answers)
    # Withheld answers that are neighbours leave a gap of a known size at their own place; others only one at the end.
    gap_at = -1 if not hidden else hidden[0] if _together(hidden) else len(answers)
    known = sum(mark.value or 0 for mark in answers)
    scale = room / max(known, 100)
    top = middle - _BAR / 2
    for order in range(len(answers) + 1):
        if order == gap_at:
            gap = max((100 - known) * scale, 0)
            if gap > 0:
                canvas.withheld(x, top, gap, _BAR)
                if gap > 20:
                    canvas.plate(x + gap / 2 - 7, middle - 6, 14, 12)
                    canvas.text(x + gap / 2, middle + 4, WITHHELD, align="center", size=12, bold=True)
            x += gap
        if order < len(answers) and answers[order].value:
            mark = answers[order]
            length = (mark.value or 0) * scale
            fill = colours[mark.row]
            canvas.rect(x, top, length, _BAR, fill, mark, outline=True)
            wide = text_width(mark.text, 12, bold=True)
            if length > wide + 6:
                if fill == OUTSIDE_FILL:
                    canvas.plate(x + length / 2 - wide / 2 - 2, middle - 6, wide + 4, 12)
                canvas.text(
                    x + length / 2, middle + 4, mark.text, align="center", size=12, bold=True, colour=letters_on(fill)
                )
            x += length


def _legend(canvas: Canvas, answers: Sequence[tuple[str, str]], left: float, room: float) -> float:
    """Explain the colours in the order of the bars, and return where that ends."""
    x, y = left, 2.0
    for label, colour in answers:
        text = broken(label, room - 20, 13, most=1)[0]
        wide = 18 + text_width(text, 13) + 16
        if x > left and x + wide > left + room + 16:
            x, y = left, y + 21
        canvas.swatch(x, y, 12, colour)
        canvas.text(x + 18, y + 11, text)
        x += wide
    return y + 26
