"""Vega-Lite specifications of released tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from analyst.charts.bars import bars, multiples
from analyst.charts.canvas import Canvas
from analyst.charts.funnel import funnel
from analyst.charts.kinds import ChartKind, chart_kind
from analyst.charts.lettering import broken
from analyst.charts.lines import lines
from analyst.charts.looks import MUTED
from analyst.charts.marks import ORDERED
from analyst.charts.matrix import matrix
from analyst.charts.stacked import stacked
from analyst.charts.tiles import SUPPLY_COLUMN, county_bars, tiles
from analyst.charts.widths import Width
from analyst.period_names import period_name
from analyst.translation import Translator, message
from intake_store.statistics.released import ReleasedTable

__all__ = ["ORDERED", "SUPPLY_COLUMN", "WITHHELD_NOTE", "Width", "specification"]

WITHHELD_NOTE: Final = message(
    "Two dots (..) on grey stripes: withheld, so that nobody can be recognised. It is not zero."
)
_SOURCE: Final = message("Source: Fyren, an anonymous help service; release {release}.")
_PROVISIONAL: Final = message("The period has not ended; the figures will change and are not for publication.")
_SMALL: Final = 12
_LEADING: Final = 16

_LAYOUTS: Final[Mapping[ChartKind, Callable[[ReleasedTable, Width, Translator], Canvas]]] = {
    ChartKind.BARS: bars,
    ChartKind.MULTIPLES: multiples,
    ChartKind.STACKED: stacked,
    ChartKind.MATRIX: matrix,
    ChartKind.LINES: lines,
    ChartKind.TILES: tiles,
    ChartKind.COUNTY_BARS: county_bars,
    ChartKind.FUNNEL: funnel,
}


def specification(table: ReleasedTable, width: Width, say: Translator, release: str) -> dict[str, Any] | None:
    """Return the Vega-Lite specification of a localised table, or None where there is nothing to draw."""
    kind = chart_kind(table)
    if kind is ChartKind.NONE:
        return None
    chart = _LAYOUTS[kind](table, width, say)
    if width is not Width.FILE:
        sheet = chart
        sheet.space(4)
        _write(sheet, chart.notes)
    else:
        # A file travels alone: what it is and what its signs mean has to go with it.
        sheet = Canvas(width.pixels)
        _title(sheet, table, say)
        sheet.put(chart, 0, sheet.height + 12)
        sheet.space(10)
        sheet.rule(0, sheet.height, sheet.width, sheet.height)
        sheet.space(2)
        provisional = [say(_PROVISIONAL)] if table.provisional else []
        _write(sheet, [*chart.notes, *provisional, say(WITHHELD_NOTE), say(_SOURCE).format(release=release)])
    return sheet.specification()


def _title(sheet: Canvas, table: ReleasedTable, say: Translator) -> None:
    title = broken(table.title, sheet.width, 18, most=4, bold=True)
    sheet.text(0, 18, title, size=18, bold=True, leading=23)
    scope = [table.population_label, *(table.layer or ())[1:], period_name(table.period, say)]
    _write(sheet, [", ".join(part for part in scope if part), table.base_text], 13)


def _write(sheet: Canvas, sentences: list[str], size: float = _SMALL) -> None:
    for sentence in sentences:
        text = broken(sentence, sheet.width, size, most=12)
        sheet.text(0, sheet.height + _LEADING, text, size=size, colour=MUTED, leading=_LEADING)
