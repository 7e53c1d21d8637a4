"""Each column as a whole made of its answers, in the order of the answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from analyst.charts.bars import EMPTY
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
_SIGN: Final = 18
_MEAN: Final = 62
_MEAN_HEAD: Final = message("Mean")
_NOISY: Final = message(
    "Not drawn, because noise can change shares of so few responses by more than 20 percent: {names}."
)
_MOST_NOISE: Final = 0.2
"""No share is drawn of a base that the noise of one count can change by more."""

_MIXED: Final = message("Answers that are withheld in a bar are drawn together, as one striped part.")


def stacked(table: ReleasedTable, width: Width, say: Translator) -> Canvas:
    """Draw a bar of 100 percent for each column; what is withheld of it is one striped part."""
    cells = by_cell(table, say)
    columns, left_out = _columns(table, cells, say)
    answers = {code: [cells[row.code, code] for row in table.rows] for code, _ in columns}
    colours = answer_colours(table.row_variable, [row.code for row in table.rows]) or {}
    means = dict(_means(table, say))
    canvas = Canvas(width.pixels)
    is_narrow = width.is_narrow(len(columns))
    left = 0 if is_narrow or len(columns) == 1 else min(width.labels, 230)
    room = width.pixels - left - (_MEAN if means and not is_narrow else 0)
    y = _legend(canvas, [(row.label, colours[row.code]) for row in table.rows], left, room)
    if means and not is_narrow:
        canvas.text(width.pixels, y - 6, say(_MEAN_HEAD), align="right", size=12, colour=MUTED)
    for code, label in columns:
        mean = means.get(code, "")
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
            canvas.text(width.pixels, middle + 4.5, mean, align="right")
        _whole(canvas, answers[code], colours, (left, middle), room)
        y += step
        if bold:
            canvas.rule(0, y + 2, width.pixels, y + 2, LINE)
            y += 5
    canvas.height = y + 2
    if any(not _together(_hidden(bar)) for bar in answers.values()):
        canvas.notes.append(say(_MIXED))
    canvas.notes += left_out
    return canvas


def _columns(
    table: ReleasedTable, cells: Mapping[tuple[str, str], Mark], say: Translator
) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the columns that can be drawn, and sentences on the others."""
    means = dict(_means(table, say))
    bases = dict(zip((code for code, _ in table.columns), table.base.counts if table.base else (), strict=False))
    drawn, empty, noisy = [], [], []
    for code, label in drawn_columns(table):
        nothing = all(cells[row.code, code].is_withheld for row in table.rows)
        if code != TOTAL and nothing and means.get(code, WITHHELD) == WITHHELD:
            empty.append(label)
        elif code != TOTAL and table.noise is not None and (bases[code] or 0) * _MOST_NOISE < table.noise:
            noisy.append(label)
        else:
            drawn.append((code, label))
    sentences = [(EMPTY, empty), (_NOISY, noisy)]
    return drawn, [say(text).format(names=", ".join(names)) for text, names in sentences if names]


def _means(table: ReleasedTable, say: Translator) -> Iterator[tuple[str, str]]:
    if table.means is not None:
        for (code, _), mean in zip(table.columns, table.means.counts, strict=True):
            yield code, number(mean, say, 1)


def _hidden(answers: Sequence[Mark]) -> list[int]:
    return [place for place, mark in enumerate(answers) if mark.is_withheld]


def _together(places: Sequence[int]) -> bool:
    """Tell whether places are neighbours; none or one is."""
    return not places or places[-1] - places[0] == len(places) - 1


def _whole(
    canvas: Canvas, answers: Sequence[Mark], colours: Mapping[str, str], place: tuple[float, float], room: float
) -> None:
    x, middle = place
    hidden = _hidden(answers)
    if all(mark.value is None for mark in answers):
        if hidden:
            canvas.withheld(x, middle - _BAR / 2, _SIGN, _BAR)
        canvas.text(x + (_SIGN + 6 if hidden else 0), middle + 4.5, answers[0].text)
        return
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
    names = [broken(label, left + room - 20, 13, most=1)[0] for label, _ in answers]
    if sum(text_width(name, 13) + 34 for name in names) - 16 > room:
        left, room = 0, left + room
    x, y = left, 2.0
    for text, (_, colour) in zip(names, answers, strict=True):
        wide = 18 + text_width(text, 13) + 16
        if x > left and x + wide > left + room + 16:
            x, y = left, y + 21
        canvas.swatch(x, y, 12, colour)
        canvas.text(x + 18, y + 11, text)
        x += wide
    return y + 26
