"""The sheet that a chart is laid out on, and the Vega-Lite specification of what lies on it.

Places and sizes are CSS pixels from the upper left corner: where labels wrap and panels stand is decided before
drawing, and one layered view without scales or axes is drawn in a fraction of the time that facets take.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from analyst.charts.looks import FAINT, INK, LINE, OUTLINE, PAPER, THEME, WITHHELD_FILL
from analyst.charts.marks import Mark

Align = Literal["left", "right", "center"]
Ring = Sequence[tuple[float, float]]

_BAR_STROKE: Final = 0.75


@dataclass(frozen=True, slots=True)
class _Letters:
    align: Align
    bold: bool
    angle: int


class Canvas:
    """A sheet of a width; `height` grows with what is laid on it, and `notes` say what a reader has to know of it."""

    def __init__(self, width: float) -> None:
        self.width = width
        self.height = 0.0
        self.notes: list[str] = []
        self._texts: dict[_Letters, list[dict[str, object]]] = {}
        self._rects: list[dict[str, object]] = []
        self._rules: list[dict[str, object]] = []
        self._lines: list[dict[str, object]] = []
        self._dots: list[dict[str, object]] = []
        self._areas: dict[str, list[list[Ring]]] = {}

    def rect(
        self, x: float, y: float, width: float, height: float, fill: str, mark: Mark, outline: bool = False
    ) -> None:
        """Draw the field or bar of a published figure."""
        place = {"x": x, "y": y, "x2": x + width, "y2": y + height}
        self._rects.append(_of(mark) | _rounded(place) | {"fill": fill, "stroke": OUTLINE if outline else None})
        self._reach(y + height)

    def swatch(self, x: float, y: float, size: float, fill: str) -> None:
        """Draw a field that explains a colour."""
        place = {"x": x, "y": y, "x2": x + size, "y2": y + size}
        self._rects.append(_rounded(place) | {"fill": fill, "stroke": OUTLINE})
        self._reach(y + size)

    def plate(self, x: float, y: float, width: float, height: float) -> None:
        """Draw a bit of paper for letters on a pattern."""
        place = {"x": x, "y": y, "x2": x + width, "y2": y + height}
        self._rects.append(_rounded(place) | {"fill": PAPER, "stroke": None})

    def withheld(self, x: float, y: float, width: float, height: float) -> None:
        """Draw the stripes that stand for a withheld figure."""
        self.area([[(x, y), (x + width, y), (x + width, y + height), (x, y + height)]], WITHHELD_FILL)
        self._reach(y + height)

    def area(self, rings: Sequence[Ring], fill: str) -> None:
        """Draw an area with borders of its own; areas of one colour are drawn as one."""
        self._areas.setdefault(fill, []).append([[_pair(*corner) for corner in ring] for ring in rings])
        self._reach(max(y for ring in rings for _, y in ring))

    def text(
        self,
        x: float,
        y: float,
        text: str | Sequence[str],
        *,
        size: float = 13,
        align: Align = "left",
        bold: bool = False,
        angle: int = 0,
        colour: str = INK,
        leading: float = 15,
    ) -> None:
        """Write one line or several; `y` is where the letters of the first line stand."""
        kind = _Letters(align, bold, angle)
        for place, line in enumerate([text] if isinstance(text, str) else text):
            spot = _rounded({"x": x, "y": y + place * leading})
            self._texts.setdefault(kind, []).append(spot | {"text": line, "size": size, "colour": colour})
            self._reach(y + place * leading + 4)

    def rule(self, x: float, y: float, x2: float, y2: float, colour: str = LINE) -> None:
        """Draw a straight line that guides the eye."""
        self._rules.append(_rounded({"x": x, "y": y, "x2": x2, "y2": y2}) | {"colour": colour})
        self._reach(max(y, y2))

    def line(self, points: Sequence[tuple[float, float, Mark]], colour: str) -> None:
        """Draw published figures as a line with a dot at each; one alone is a dot."""
        run = len(self._lines)
        for x, y, mark in points:
            spot = _rounded({"x": x, "y": y}) | {"colour": colour}
            if len(points) > 1:
                self._lines.append(spot | {"run": run})
            self._dots.append(_of(mark) | spot)
            self._reach(y)

    def dot(self, x: float, y: float, colour: str) -> None:
        """Draw a dot."""
        self._dots.append(_rounded({"x": x, "y": y}) | {"colour": colour})
        self._reach(y)

    def space(self, height: float) -> None:
        """Leave room below."""
        self.height += height

    def put(self, other: Canvas, x: float, y: float) -> None:
        """Lay another sheet on this one."""
        for own, theirs in (
            (self._rects, other._rects),
            (self._rules, other._rules),
            (self._dots, other._dots),
        ):
            own.extend(_moved(datum, x, y) for datum in theirs)
        first = len(self._lines)
        for datum in other._lines:
            self._lines.append(_moved(datum, x, y) | {"run": first + int(str(datum["run"]))})
        for kind, data in other._texts.items():
            self._texts.setdefault(kind, []).extend(_moved(datum, x, y) for datum in data)
        for fill, areas in other._areas.items():
            moved: list[list[Ring]] = [[[_pair(a + x, b + y) for a, b in ring] for ring in rings] for rings in areas]
            self._areas.setdefault(fill, []).extend(moved)
        self._reach(y + other.height)

    def specification(self) -> dict[str, Any]:
        """Return the Vega-Lite specification of everything on the sheet."""
        ends = {"x2": {"field": "x2"}, "y2": {"field": "y2"}}
        layers: list[dict[str, Any]] = [
            {
                "data": {"values": [_feature(areas)]},
                "projection": {"type": "identity", "scale": 1, "translate": [0, 0]},
                "mark": {
                    "type": "geoshape",
                    "clip": False,
                    "fill": fill,
                    "stroke": FAINT if fill == WITHHELD_FILL else OUTLINE,
                    "strokeWidth": _BAR_STROKE,
                },
            }
            for fill, areas in self._areas.items()
        ]
        bars = {"type": "rect", "strokeWidth": _BAR_STROKE}
        layers += _layer(self._rects, bars, ends | {"fill": _as_is("fill"), "stroke": _as_is("stroke")})
        layers += _layer(self._rules, {"type": "rule"}, ends | {"color": _as_is("colour")})
        runs = {"detail": {"field": "run", "type": "nominal"}, "order": {"field": "x", "type": "quantitative"}}
        layers += _layer(self._lines, {"type": "line", "strokeWidth": 2}, runs | {"color": _as_is("colour")})
        layers += _layer(self._dots, {"type": "circle", "size": 26, "opacity": 1}, {"color": _as_is("colour")})
        for kind, data in self._texts.items():
            mark = {
                "type": "text",
                "align": kind.align,
                "baseline": "alphabetic",
                "fontWeight": "bold" if kind.bold else "normal",
                "angle": kind.angle,
            }
            words = {"text": {"field": "text", "type": "nominal"}}
            size = {"size": {"field": "size", "type": "quantitative", "scale": None}}
            layers += _layer(data, mark, words | size | {"color": _as_is("colour")})
        return {
            "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
            "config": dict(THEME),
            "width": round(self.width),
            "height": round(self.height),
            "layer": layers,
        }

    def _reach(self, y: float) -> None:
        self.height = max(self.height, y)


def _layer(data: list[dict[str, object]], mark: dict[str, Any], encoding: dict[str, Any]) -> list[dict[str, Any]]:
    place = {axis: {"field": axis, "type": "quantitative", "scale": None, "axis": None} for axis in ("x", "y")}
    return [{"data": {"values": data}, "mark": mark, "encoding": place | encoding}] if data else []


def _as_is(field: str) -> dict[str, object]:
    return {"field": field, "type": "nominal", "scale": None, "legend": None}


def _of(mark: Mark) -> dict[str, object]:
    """Return what a drawn figure stands for; a withheld one is never drawn, so it has no place in the data."""
    return {"row": mark.row, "column": mark.column, "value": mark.value}


def _feature(areas: Sequence[Sequence[Ring]]) -> dict[str, object]:
    closed = [[[*ring, ring[0]] for ring in rings] for rings in areas]
    polygons = [[ring] for rings in closed for ring in rings]
    return {"type": "Feature", "geometry": {"type": "MultiPolygon", "coordinates": polygons}, "properties": {}}


def _moved(datum: Mapping[str, object], x: float, y: float) -> dict[str, object]:
    step = {"x": x, "x2": x, "y": y, "y2": y}
    return {key: round(float(str(part)) + step[key], 1) if key in step else part for key, part in datum.items()}


def _rounded(place: Mapping[str, float]) -> dict[str, object]:
    return {key: round(value, 1) for key, value in place.items()}


def _pair(x: float, y: float) -> tuple[float, float]:
    return round(x, 1), round(y, 1)
