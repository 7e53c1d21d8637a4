"""Charts show what is published, never what is withheld, and the same table always gives the same file."""

from __future__ import annotations

import re

import pytest

from analyst.charts.drawing import ImageType, draw
from analyst.charts.kinds import ChartKind, chart_kind
from analyst.charts.marks import drawn_columns, marks
from analyst.charts.specifications import Width
from analyst.translation import Translator
from intake_store.statistics.declarations import Method, PeriodKind, Source, Theme
from intake_store.statistics.released import Figure, ReleasedRow, ReleasedTable

ENGLISH = Translator("en")


def table(
    rows: dict[str, tuple[Figure, ...]],
    columns: tuple[str, ...] = ("total",),
    base: tuple[Figure, ...] | None = (200,),
    **more: object,
) -> ReleasedTable:
    values: dict[str, object] = {
        "name": "example",
        "title": "What people need",
        "theme": Theme.NEEDS,
        "source": Source.RESPONSES,
        "population": "needs_selling",
        "population_label": "Adults",
        "period": "2025",
        "period_kind": PeriodKind.YEAR,
        "provisional": False,
        "synthetic": True,
        "threshold": 10,
        "unit": "Responses.",
        "base_text": "All.",
        "method": Method.SUPPRESSION,
        "method_text": "Small counts are withheld.",
        "row_variable": "needs",
        "row_label": "Need",
        "column_variable": "gender" if len(columns) > 1 else None,
        "columns": tuple((code, code.title()) for code in columns),
        "rows": tuple(ReleasedRow(code=code, label=code.title(), counts=counts) for code, counts in rows.items()),
        "base": ReleasedRow(code="base", label="Base", counts=base) if base else None,
        "responses": 220,
    }
    return ReleasedTable.model_validate(values | more)


BARS = table({"talk": (120,), "work": (None,), "debt": (0,)})
MULTIPLES = table({"talk": (120, 80), "work": (None, None)}, ("total", "woman"), (200, 100))
STACKED = table({"yes": (120, 80), "no": (80, None)}, ("total", "woman"), (200, 100))
MATRIX = table({"talk": (90,) * 9, "work": (None,) * 9}, ("total", *"abcdefgh"), (200,) * 9)
SERIES = table(
    {"talk": (None, 50, None, 70), "work": (None, 20, 30, 40)},
    ("2024Q4", "2025Q1", "2025Q2", "2025Q3"),
    (None, 100, 100, 100),
    column_variable="quarter",
)
COUNTIES = table({"01": (90,), "03": (None,), "abroad": (11,)}, row_variable="county")
KINDS = {
    ChartKind.BARS: BARS,
    ChartKind.MULTIPLES: MULTIPLES,
    ChartKind.STACKED: STACKED,
    ChartKind.MATRIX: MATRIX,
    ChartKind.LINES: SERIES,
    ChartKind.TILES: COUNTIES,
}


def svg(entry: ReleasedTable, width: Width = Width.FILE) -> str:
    drawn = draw(entry, width, ImageType.SVG, ENGLISH, "2025-1")
    assert drawn is not None
    return drawn.decode()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", Width)
def test_the_same_table_gives_the_same_accessible_file(kind: ChartKind, width: Width) -> None:
    assert chart_kind(KINDS[kind]) is kind
    first = svg(KINDS[kind], width)
    assert svg(KINDS[kind], width) == first
    assert 'role="img" aria-labelledby="title description"' in first
    assert '<title id="title">What people need</title>' in first
    assert not re.search(r"(href|src|url)=\"https?:", first.replace('xmlns="http', ""))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not ChartKind.LINES])
def test_what_is_withheld_is_striped_and_marked(kind: ChartKind) -> None:
    drawn = svg(KINDS[kind], Width.WIDE)
    assert 'fill="url(#withheld)"' in drawn
    assert ">..<" in drawn


def test_what_is_withheld_has_no_value_and_zero_has_one() -> None:
    found = {mark.row: mark for mark in marks(BARS)}
    assert (found["work"].value, found["work"].text) == (None, "..")
    assert "value" not in found["work"].datum()
    assert found["debt"].value == 0


def test_a_share_of_a_withheld_base_is_withheld() -> None:
    hidden = table({"talk": (50, 20)}, ("total", "woman"), (200, None))
    assert [mark.value for mark in marks(hidden)] == [25, None]


def test_quarters_before_the_first_release_are_not_called_withheld() -> None:
    assert [code for code, _ in drawn_columns(SERIES)] == ["2025Q1", "2025Q2", "2025Q3"]
    drawn = svg(SERIES, Width.WIDE)
    assert "2024Q4" not in drawn
    assert drawn.count(">..<") == 1


def test_answers_that_are_withheld_fill_what_is_left_of_the_whole() -> None:
    drawn = svg(STACKED, Width.WIDE)
    assert drawn.count('fill="url(#withheld)"') == 1
    assert "80\N{NO-BREAK SPACE}%" in drawn
    assert "20\N{NO-BREAK SPACE}%" not in drawn


@pytest.mark.parametrize("more", [{"withheld": True}, {"rows": ()}])
def test_nothing_is_drawn_of_a_withheld_table(more: dict[str, object]) -> None:
    hidden = BARS.model_copy(update=more)
    assert draw(hidden, Width.WIDE, ImageType.SVG, ENGLISH, "2025-1") is None


def test_a_table_in_which_everything_is_withheld_is_not_drawn() -> None:
    assert chart_kind(table({"talk": (None,), "work": (None,)})) is ChartKind.NONE


def test_a_picture_is_a_png() -> None:
    drawn = draw(BARS, Width.NARROW, ImageType.PNG, ENGLISH, "2025-1")
    assert drawn is not None
    assert drawn.startswith(b"\x89PNG")
