"""Vega-Lite specifications of released tables, one function for each kind of chart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import altair as alt

from analyst.charts.counties import TILES
from analyst.charts.kinds import ChartKind, chart_kind
from analyst.charts.looks import (
    ANSWERS,
    BAR,
    BAR_TOTAL,
    INK,
    LINE,
    MUTED,
    ON_DARK,
    PAPER,
    SEQUENCE,
    WITHHELD_FILL,
    theme,
)
from analyst.charts.marks import Mark, by_size, drawn_columns, joined, marks, wrapped
from intake_store.statistics.released import TOTAL, ReleasedTable
from intake_store.statistics.table_output import WITHHELD

ORDERED: Final = frozenset({"age_band", "about_age", "contact_when", "event", "situation", "relation"})
"""Variables whose categories have an order of their own, which a chart keeps."""

SUPPLY_COLUMN: Final = "services"
"""Beside a need in a county, how many services there are for it."""

_MOST_LINES: Final = 12
_SPLIT: Final = "split(datum.label, '\\n')"
_RAISED: Final = {"condition": {"test": "indexof(datum.label, '\\n') >= 0", "value": -7}, "value": 0}
"""A label of two lines hangs below its row otherwise."""

_DARK_FROM: Final = 0.7
"""From this share of the largest value on a field is so dark that white letters read better than dark ones."""


class Width(StrEnum):
    """How wide a chart is: on a wide page, on a phone, beside its table in print, or as a file with title and source."""

    WIDE = "wide"
    NARROW = "narrow"
    COLUMN = "column"
    FILE = "file"

    @property
    def pixels(self) -> int:
        """The room for the chart in CSS pixels."""
        return {Width.NARROW: 316, Width.COLUMN: 490}.get(self, 760)

    @property
    def labels(self) -> int:
        """The part of it that the names of bars get, in CSS pixels."""
        return 235 if self is Width.COLUMN else 250


@dataclass(frozen=True, slots=True)
class Words:
    """What a chart says beside the table's own words, in the table's language."""

    withheld: str
    source: str
    decimal_sign: str


def specification(table: ReleasedTable, width: Width, words: Words) -> dict[str, Any] | None:
    """Return the Vega-Lite specification of a table, or None where there is nothing to draw."""
    kind = chart_kind(table)
    if kind is ChartKind.NONE:
        return None
    if kind is ChartKind.MATRIX and width is Width.NARROW:
        kind = ChartKind.BARS
    chart = _CHARTS[kind](table, width, words)
    if width is Width.FILE:
        subtitle = [*wrapped(f"{table.population_label}, {table.period}", 100), *wrapped(table.base_text, 100)]
        chart = chart.properties(title=alt.TitleParams(wrapped(table.title, 76), subtitle=subtitle))
        # A file travels alone: what it is and what its signs mean has to go with it.
        note = alt.TitleParams(
            [words.source, words.withheld], orient="bottom", fontSize=12, fontWeight="normal", color=MUTED, offset=14
        )
        chart = alt.vconcat(chart, title=note)
    return dict(chart.configure(**theme()).to_dict(validate=False))


def _bars(table: ReleasedTable, width: Width, words: Words) -> Any:
    place = table.columns.index(drawn_columns(table)[-1 if table.is_series else 0])
    rows = list(table.rows) if table.row_variable in ORDERED else by_size(table, place)
    column = table.columns[place][0]
    cells = {mark.row: mark for mark in marks(table) if mark.column == column}
    chosen = [cells[row.code] for row in rows]
    return _labelled(chosen, [column], {column: ""}, width, width.labels)


def _multiples(table: ReleasedTable, width: Width, words: Words) -> Any:
    columns = drawn_columns(table)
    rows = list(table.rows) if table.row_variable in ORDERED else by_size(table)
    order = {row.code: place for place, row in enumerate(rows)}
    names = {code for code, _ in columns}
    chosen = sorted((mark for mark in marks(table) if mark.column in names), key=lambda mark: order[mark.row])
    letters = 9 if width is Width.NARROW else max(10, 62 // len(columns))
    labels = {code: joined(wrapped(label, letters)) for code, label in columns}
    return _labelled(chosen, [code for code, _ in columns], labels, width, 240)


def _labelled(chosen: list[Mark], columns: list[str], labels: Mapping[str, str], width: Width, left: int) -> Any:
    if width is Width.NARROW:
        return _labelled_above(chosen, columns, labels, width)
    return _labelled_left(chosen, columns, labels, width, left)


def _data(values: list[dict[str, Any]]) -> Any:
    return alt.Data(values=values)  # type: ignore[no-untyped-call]


def _labelled_left(chosen: list[Mark], columns: list[str], labels: Mapping[str, str], width: Width, left: int) -> Any:
    """Bars with the names of the rows to their left; one panel for each column."""
    room = (width.pixels - left) // len(columns) - 12
    names = {mark.row: joined(wrapped(mark.row_label, left // 6)) for mark in chosen}
    tall = any("\n" in name for name in names.values())
    y = alt.Y(
        "label:N",
        sort=list(names.values()),
        title=None,
        axis=alt.Axis(labelExpr=_SPLIT, labelLimit=left, labelPadding=6, labelLineHeight=14, labelOffset=_RAISED),
    )
    data = [mark.datum(label=names[mark.row], panel=labels[mark.column]) for mark in chosen]
    tall_step = 30 if width is Width.COLUMN else 34
    return _panels(data, y, room, tall_step if tall else 26, labels, columns, {})


def _labelled_above(chosen: list[Mark], columns: list[str], labels: Mapping[str, str], width: Width) -> Any:
    """Bars with the names of the rows above them, for where there is no room beside."""
    room = width.pixels // len(columns) - 8
    y = alt.Y("row:N", sort=list(dict.fromkeys(mark.row for mark in chosen)), title=None, axis=None)
    data = []
    for mark in chosen:
        name = joined(wrapped(mark.row_label, 46)[:2]) if mark.column == columns[0] else ""
        data.append(mark.datum(name=name, panel=labels[mark.column]))
    tall = any("\n" in str(datum["name"]) for datum in data)
    return _panels(data, y, room, 58 if tall else 44, labels, columns, {"name": True, "tall": tall})


def _panels(
    data: list[dict[str, object]],
    y: alt.Y,
    room: int,
    step: int,
    labels: Mapping[str, str],
    columns: list[str],
    above: Mapping[str, bool],
) -> Any:
    largest = max((float(str(datum["value"])) for datum in data if "value" in datum), default=1.0) or 1.0
    # The figure stands to the right of its bar, inside the panel.
    x = alt.X("value:Q", axis=None, scale=alt.Scale(domain=[0, largest * room / max(room - 46, 20)], nice=False))
    height, shift = 17, 0
    if above:
        height, shift = 15, (16 if above["tall"] else 9)
    source = _data(values=data)
    colour = alt.condition(f"datum.column === '{TOTAL}'", alt.value(BAR_TOTAL), alt.value(BAR))
    several = len(columns) > 1
    shown = "isValid(datum.value)"
    layers = [
        alt.Chart(source)
        .mark_bar(height=height, yOffset=shift, color=BAR)
        .encode(x=x, y=y, **({"color": colour} if several else {}))
        .transform_filter(shown),
        alt.Chart(source)
        .mark_text(align="left", dx=5, dy=shift, fontSize=13, color=INK)
        .encode(x=x, y=y, text="text:N")
        .transform_filter(shown),
        # The sign for withheld has a width of its own and no place on the scale.
        alt.Chart(source)
        .mark_bar(height=height, yOffset=shift, color=WITHHELD_FILL)
        .encode(x=alt.value(0), x2=alt.value(18), y=y)
        .transform_filter(f"!{shown}"),
        alt.Chart(source)
        .mark_text(align="left", dx=23, dy=shift, fontSize=13, color=INK)
        .encode(x=alt.value(0), y=y, text="text:N")
        .transform_filter(f"!{shown}"),
    ]
    if above:
        layers.append(
            alt.Chart(source)
            .mark_text(align="left", dy=-15 if above["tall"] else -9, fontSize=13, lineBreak="\n", color=INK)
            .encode(x=alt.value(0), y=y, text="name:N")
        )
    chart = alt.layer(*layers, data=source).properties(width=room, height=alt.Step(step))
    if not several:
        return chart
    header = alt.Header(labelExpr=_SPLIT, labelAlign="left", labelAnchor="start", labelLineHeight=15, title=None)
    return chart.facet(
        column=alt.Column("panel:N", sort=[labels[column] for column in columns], header=header),
        spacing=8 if above else 12,
        # Names of rows reach over several panels; without this they would push the panels apart.
        bounds="flush" if above else "full",
    )


def _stacked(table: ReleasedTable, width: Width, words: Words) -> Any:
    """Draw each column as a whole made of its answers; what is withheld is one grey part."""
    columns = drawn_columns(table)
    narrow = width is Width.NARROW
    left = 0 if narrow else 210
    room = width.pixels - left - (4 if narrow else 60)
    means = dict(zip((code for code, _ in table.columns), table.means.counts, strict=True)) if table.means else {}
    segments: list[dict[str, object]] = []
    names: dict[str, str] = {}
    by_column: dict[str, list[Mark]] = {}
    for mark in marks(table):
        by_column.setdefault(mark.column, []).append(mark)
    for code, label in columns:
        mean = means.get(code)
        name = f"{label} ({mean:.1f})".replace(".", words.decimal_sign) if mean is not None else label
        names[code] = joined(wrapped(name, 44 if narrow else 30)[:2])
        start = 0.0
        for mark in by_column[code]:
            if mark.value is None:
                continue
            segments.append(_segment(code, names[code], start, start + mark.value, mark.row, mark.row_label, mark.text))
            start += mark.value
        if any(mark.value is None for mark in by_column[code]):
            segments.append(_segment(code, names[code], start, max(100.0, start), "", "", WITHHELD))
    source = _data(values=segments)
    tall = any("\n" in name for name in names.values())
    order = [names[code] for code, _ in columns]
    axis = None
    if not narrow:
        axis = alt.Axis(labelExpr=_SPLIT, labelLimit=left, labelPadding=6, labelLineHeight=14, labelOffset=_RAISED)
    y = alt.Y("label:N", sort=order, title=None, axis=axis)
    x = alt.X("start:Q", axis=None, scale=alt.Scale(domain=[0, 100], nice=False))
    shift = (16 if tall else 10) if narrow else 0
    labels = [row.label for row in table.rows]
    colours = [ANSWERS[row.code] for row in table.rows]
    colour = alt.Color(
        "answer:N",
        sort=labels,
        scale=alt.Scale(domain=[*labels, ""], range=[*colours, WITHHELD_FILL]),
        legend=alt.Legend(
            orient="top",
            title=None,
            values=labels,
            direction="vertical" if narrow else "horizontal",
            columns=1 if narrow else 5,
            labelFontSize=13,
            labelLimit=280,
            symbolType="square",
            labelColor=INK,
        ),
    )
    bars = (
        alt.Chart(source)
        .mark_bar(height=18, yOffset=shift, stroke=PAPER, strokeWidth=1.5)
        .encode(x=x, x2="end:Q", y=y, color=colour)
    )
    texts = (
        alt.Chart(source)
        .mark_text(fontSize=12, dy=shift, fontWeight="bold")
        .encode(
            x=alt.X("middle:Q", scale=alt.Scale(domain=[0, 100], nice=False)),
            y=y,
            text="text:N",
            color=alt.condition("datum.dark", alt.value("#ffffff"), alt.value(INK)),
        )
        .transform_filter(f"datum.end - datum.start > {100 * 34 / room:.1f}")
    )
    layers = [bars, texts]
    if narrow:
        layers.append(
            alt.Chart(_data(values=[{"label": name} for name in order]))
            .mark_text(align="left", dy=-14 if tall else -8, fontSize=13, lineBreak="\n", color=INK)
            .encode(x=alt.value(0), y=y, text="label:N")
        )
    step = (60 if tall else 46) if narrow else (36 if tall else 28)
    return alt.layer(*layers).resolve_scale(color="independent").properties(width=room, height=alt.Step(step))


def _segment(column: str, label: str, start: float, end: float, row: str, answer: str, text: str) -> dict[str, object]:
    return {
        "column": column,
        "label": label,
        "start": start,
        "end": end,
        "middle": (start + end) / 2,
        "answer": answer,
        "text": text,
        "dark": bool(row) and ANSWERS[row] in ON_DARK,
    }


def _matrix(table: ReleasedTable, width: Width, words: Words) -> Any:
    """Draw a field for each cell, darker for more."""
    columns = drawn_columns(table)
    rows = list(table.rows) if table.row_variable in ORDERED else by_size(table)
    names = {row.code: joined(wrapped(row.label, 32)) for row in rows}
    heads = dict(columns)
    data = [
        mark.datum(label=names[mark.row], head=heads[mark.column], short=mark.text.removesuffix("\N{NO-BREAK SPACE}%"))
        for mark in marks(table)
        if mark.column in heads
    ]
    left, largest = 215, max(float(str(datum.get("value", 0))) for datum in data) or 1.0
    room = width.pixels - left
    source = _data(values=data)
    y = alt.Y(
        "label:N",
        sort=list(names.values()),
        title=None,
        axis=alt.Axis(labelExpr=_SPLIT, labelLimit=left, labelPadding=6, labelLineHeight=14, labelOffset=_RAISED),
    )
    x = alt.X(
        "head:N",
        sort=list(heads.values()),
        title=None,
        axis=alt.Axis(orient="top", labelAngle=-55, labelLimit=150, labelAlign="left", labelFontSize=12),
    )
    shown = "isValid(datum.value)"
    scale = alt.Scale(domain=[0, largest], range=list(SEQUENCE), interpolate="lab")
    fields = (
        alt.Chart(source)
        .mark_rect(stroke=PAPER, strokeWidth=1.5)
        .encode(x=x, y=y, color=alt.Color("value:Q", scale=scale, legend=None))
        .transform_filter(shown)
    )
    withheld = (
        alt.Chart(source)
        .mark_rect(stroke=PAPER, strokeWidth=1.5, color=WITHHELD_FILL)
        .encode(x=x, y=y)
        .transform_filter(f"!{shown}")
    )
    texts = (
        alt.Chart(source)
        .mark_text(fontSize=11)
        .encode(
            x=x,
            y=y,
            text="short:N",
            color=alt.condition(f"datum.value > {_DARK_FROM * largest}", alt.value("#ffffff"), alt.value(INK)),
        )
    )
    return alt.layer(fields, withheld, texts, data=source).properties(width=room, height=alt.Step(26))


def _lines(table: ReleasedTable, width: Width, words: Words) -> Any:
    """Draw a small chart for each row, all on one scale, with the first and the last figure written out."""
    quarters = [code for code, _ in drawn_columns(table)]
    last = next(place for place, (code, _) in enumerate(table.columns) if code == quarters[-1])
    rows = list(table.rows) if all(row.code in ANSWERS for row in table.rows) else by_size(table, last)[:_MOST_LINES]
    narrow = width is Width.NARROW
    across = 2 if narrow else 4
    room = width.pixels // across - 20
    panels = {row.code: joined(wrapped(row.label, 21 if narrow else 26)[:3]) for row in rows}
    lines = max(name.count("\n") + 1 for name in panels.values())
    panels = {code: name + "\n" * (lines - 1 - name.count("\n")) for code, name in panels.items()}
    known = set(quarters)
    ends = {quarters[0], quarters[-1]}
    data = []
    run = 0
    for row in rows:
        for mark in (mark for mark in marks(table) if mark.row == row.code and mark.column in known):
            run += mark.value is None
            end = mark.column in ends
            data.append(mark.datum(panel=panels[row.code], run=f"{row.code} {run}", end=end))
    largest = max((float(str(datum["value"])) for datum in data if "value" in datum), default=1.0) or 1.0
    source = _data(values=data)
    x = alt.X(
        "column:O",
        sort=quarters,
        title=None,
        axis=alt.Axis(
            values=[quarters[0], quarters[-1]], labelAngle=0, labelFontSize=11, labelColor=MUTED, domain=True,
            domainColor=LINE, labelFlush=True,
        ),
        scale=alt.Scale(padding=0.35),
    )  # fmt: skip
    y = alt.Y("value:Q", axis=None, scale=alt.Scale(domain=[0, largest * 1.3], nice=False))
    shown = "isValid(datum.value)"
    layers = [
        alt.Chart(source).mark_line(color=BAR, strokeWidth=2).encode(x=x, y=y, detail="run:N").transform_filter(shown),
        alt.Chart(source).mark_circle(color=BAR, size=26, opacity=1).encode(x=x, y=y).transform_filter(shown),
        alt.Chart(source)
        .mark_text(dy=-11, fontSize=12, color=INK)
        .encode(x=x, y=y, text="text:N")
        .transform_filter(f"{shown} && datum.end"),
        alt.Chart(source)
        .mark_rect(color=WITHHELD_FILL, width=12)
        .encode(x=x, y=alt.value(62), y2=alt.value(74))
        .transform_filter(f"!{shown}"),
        alt.Chart(source)
        .mark_text(fontSize=12, color=INK)
        .encode(x=x, y=alt.value(55), text="text:N")
        .transform_filter(f"!{shown}"),
    ]
    header = alt.Header(labelExpr=_SPLIT, labelAlign="left", labelAnchor="start", labelLineHeight=15, title=None)
    return (
        alt.layer(*layers, data=source)
        .properties(width=room, height=74)
        .facet(facet=alt.Facet("panel:N", sort=list(panels.values()), header=header), columns=across, spacing=20)
    )


def _tiles(table: ReleasedTable, width: Width, words: Words) -> Any:
    """Draw counties as tiles, and whatever is no county in bars below."""
    column = drawn_columns(table)[0][0]
    cells = {mark.row: mark for mark in marks(table) if mark.column == column}
    tile = 62 if width is Width.NARROW else 72
    beside = {mark.row: mark.text for mark in marks(table) if mark.column == SUPPLY_COLUMN}
    data, others = [], []
    for code, mark in cells.items():
        if code in TILES:
            across, down, letters = TILES[code]
            text = f"{mark.text} / {beside[code]}" if code in beside else mark.text
            data.append(mark.datum(across=across, down=down, letters=letters) | {"text": text})
        else:
            others.append(mark)
    if not data:
        return _bars(table, width, words)
    largest = max((float(str(datum["value"])) for datum in data if "value" in datum), default=1.0) or 1.0
    source = _data(values=data)
    x = alt.X("across:O", axis=None, sort=list(range(5)))
    y = alt.Y("down:O", axis=None, sort=list(range(8)))
    shown = "isValid(datum.value)"
    scale = alt.Scale(domain=[0, largest], range=list(SEQUENCE), interpolate="lab")
    light = alt.condition(f"datum.value > {_DARK_FROM * largest}", alt.value("#ffffff"), alt.value(INK))
    layers = [
        alt.Chart(source)
        .mark_rect(stroke=PAPER, strokeWidth=3)
        .encode(x=x, y=y, color=alt.Color("value:Q", scale=scale, legend=None))
        .transform_filter(shown),
        alt.Chart(source)
        .mark_rect(stroke=PAPER, strokeWidth=3, color=WITHHELD_FILL)
        .encode(x=x, y=y)
        .transform_filter(f"!{shown}"),
        alt.Chart(source)
        .mark_text(dy=-10, fontSize=13, fontWeight="bold")
        .encode(x=x, y=y, text="letters:N", color=light),
        alt.Chart(source).mark_text(dy=10, fontSize=13).encode(x=x, y=y, text="text:N", color=light),
    ]
    grid = alt.layer(*layers, data=source).properties(width=5 * tile, height=8 * tile)
    if not others:
        return grid
    return alt.vconcat(grid, _labelled(others, [column], {column: ""}, width, width.labels), spacing=18).resolve_scale(
        x="independent"
    )


_CHARTS: Final[Mapping[ChartKind, Callable[[ReleasedTable, Width, Words], Any]]] = {
    ChartKind.BARS: _bars,
    ChartKind.MULTIPLES: _multiples,
    ChartKind.STACKED: _stacked,
    ChartKind.MATRIX: _matrix,
    ChartKind.LINES: _lines,
    ChartKind.TILES: _tiles,
}
