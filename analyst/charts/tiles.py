"""Counties in their places: one measure on tiles and a map, or a few bars on each."""

from __future__ import annotations

from typing import Final

from analyst.charts.bars import bar, column_by_column, panels, scale_of
from analyst.charts.canvas import Canvas
from analyst.charts.counties import COLUMNS, ROWS, TILES, boundaries, short_name
from analyst.charts.lettering import broken, text_width
from analyst.charts.looks import BAR, BAR_TOTAL, MUTED, SEQUENCE, WITHHELD_FILL, colour_class, letters_on
from analyst.charts.marks import Mark, by_cell, by_size, drawn_columns, percent
from analyst.charts.widths import Width
from analyst.numerals import number
from analyst.translation import Translator, message
from intake_store.statistics.released import TOTAL, ReleasedTable

SUPPLY_COLUMN: Final = "services"
"""Beside a need in a county, how many services there are for it."""

_TILE: Final = (84, 60)
_NARROW_TILE: Final = (62, 60)
_MOST_BARS: Final = 5
_SMALL_BAR: Final = 13
_LARGEST: Final = message("The {number} largest of {all} categories are drawn; the table has all.")
_TWO: Final = message("On each tile: {first} / {second}. The colour shows the first.")


def tiles(table: ReleasedTable, width: Width, say: Translator) -> Canvas:
    """Draw counties as tiles, with a map beside them where there is room, and whatever is no county in bars below."""
    column = drawn_columns(table)[0]
    cells = by_cell(table, say)
    if not any(row.code in TILES for row in table.rows):
        return panels(table, [column], width, say)
    found = {row.code: cells[row.code, column[0]] for row in table.rows}
    largest = max((mark.value or 0 for code, mark in found.items() if code in TILES), default=0)
    colours = {code: _colour(mark, largest) for code, mark in found.items() if code in TILES}
    wide, high = _NARROW_TILE if width is Width.NARROW else _TILE
    canvas = Canvas(width.pixels)
    for code, colour in colours.items():
        across, down, letters = TILES[code]
        x, y, mark = across * wide, down * high, found[code]
        if mark.is_withheld:
            canvas.withheld(x + 1, y + 1, wide - 2, high - 2)
        else:
            canvas.rect(x + 1, y + 1, wide - 2, high - 2, colour, mark, outline=True)
        beside = cells.get((code, SUPPLY_COLUMN))
        text = f"{mark.text} / {beside.text}" if beside is not None else mark.text
        ink = letters_on(colour)
        if width is Width.NARROW:
            name, size = [letters], 13
        else:
            name, size = broken(short_name(code, mark.row_label), wide - 6, 11, most=2), 11
        top = y + high / 2 - (3 if len(name) == 1 else 9)
        written = [(line, top + 13 * place, size) for place, line in enumerate(name)]
        for line, baseline, letters_size in [*written, (text, top + 18 + 13 * (len(name) - 1), 13)]:
            if mark.is_withheld:
                long = min(text_width(line, letters_size, bold=True) + 4, wide - 4)
                canvas.plate(x + wide / 2 - long / 2, baseline - 10, long, 13)
        canvas.text(
            x + wide / 2, top, name, size=size, align="center", bold=width is Width.NARROW, colour=ink, leading=13
        )
        canvas.text(x + wide / 2, top + 18 + 13 * (len(name) - 1), text, align="center", colour=ink, bold=True)
    canvas.height = ROWS * high
    if width.pixels > COLUMNS * wide + 200:
        _map(canvas, colours, COLUMNS * wide + 70, ROWS * high)
    if largest:
        _classes(canvas, (0, 6) if width is not Width.NARROW else (0, 4), largest, table, say)
    if SUPPLY_COLUMN in dict(table.columns):
        labels = dict(table.columns)
        canvas.notes.append(say(_TWO).format(first=column[1], second=labels[SUPPLY_COLUMN]))
    for row in table.rows:
        if row.code not in TILES:
            # No county, so no place and no colour; only its figure.
            canvas.text(0, canvas.height + 20, f"{row.label}: {found[row.code].text}")
    return canvas


def county_bars(table: ReleasedTable, width: Width, say: Translator) -> Canvas:
    """Draw the same few bars for every county at its place; the largest categories of the whole country are chosen."""
    if width is not Width.WIDE and width is not Width.FILE:
        return column_by_column(table, width, say)
    cells = by_cell(table, say)
    rows = by_size(table)[:_MOST_BARS]
    wide = width.pixels / COLUMNS
    high = 18 + (_SMALL_BAR + 3) * len(rows) + 12
    columns = [(code, label) for code, label in drawn_columns(table) if code in TILES]
    scale = scale_of([cells[row.code, code] for row in rows for code, _ in columns], wide - 18, 11)
    canvas = Canvas(width.pixels)
    for code, label in columns:
        across, down, _ = TILES[code]
        x, y = across * wide, float(down * high)
        canvas.text(x, y + 12, broken(short_name(code, label), wide - 8, 12, most=1, bold=True), size=12, bold=True)
        for place, row in enumerate(rows):
            top = y + 18 + place * (_SMALL_BAR + 3)
            canvas.text(x + 10, top + 10, str(place + 1), size=10, align="right", colour=MUTED)
            bar(canvas, x + 14, top, _SMALL_BAR, scale, cells[row.code, code], BAR, 11)
    # The key stands where no county is, in the north-west.
    key = 2 * wide - 24
    total = next(((code, label) for code, label in table.columns if code == TOTAL), None)
    shared = scale_of([cells[row.code, TOTAL] for row in rows], key - 150, 12) if total else 1.0
    canvas.text(0, 12, total[1] if total else "", size=13, bold=True)
    y = 22.0
    for place, row in enumerate(rows):
        name = broken(f"{place + 1} {row.label}", 144, 12, most=2)
        step = max(22, 13 * len(name) + 8)
        canvas.text(0, y + step / 2 + 4 - 6.5 * (len(name) - 1), name, size=12, leading=13)
        if total:
            bar(canvas, 150, y + (step - 15) / 2, 15, shared, cells[row.code, TOTAL], BAR_TOTAL, 12)
        y += step
    canvas.height = ROWS * high
    if len(rows) < len(table.rows):
        canvas.notes.append(say(_LARGEST).format(number=len(rows), all=len(table.rows)))
    return canvas


def _colour(mark: Mark, largest: float) -> str:
    return WITHHELD_FILL if mark.value is None else colour_class(mark.value, largest)


def _map(canvas: Canvas, colours: dict[str, str], left: float, height: float) -> None:
    outlines = boundaries()
    scale = height / max(y for rings in outlines.values() for ring in rings for _, y in ring)
    for code, colour in colours.items():
        canvas.area([[(left + x * scale, y * scale) for x, y in ring] for ring in outlines[code]], colour)


def _classes(
    canvas: Canvas, corner: tuple[float, float], largest: float, table: ReleasedTable, say: Translator
) -> None:
    """Explain the colours: up to how much each stands for."""
    x, y = corner
    for place, colour in enumerate(SEQUENCE):
        limit = largest * (place + 1) / len(SEQUENCE)
        canvas.swatch(x, y + place * 17, 12, colour)
        text = number(int(limit), say) if table.base is None else percent(limit, say)
        canvas.text(x + 18, y + place * 17 + 11, f"\N{LESS-THAN OR EQUAL TO} {text}", size=11, colour=MUTED)
