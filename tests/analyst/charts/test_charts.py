"""Charts show what is published, never what is withheld, and the same table always gives the same file."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from released_examples import random_tables

from analyst.charts.drawing import Charts, ImageType, draw
from analyst.charts.kinds import ChartKind, chart_kind
from analyst.charts.marks import drawn_columns, marks
from analyst.charts.specifications import specification
from analyst.charts.widths import Width
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
        "base_text": "All who answered.",
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
STACKED = table(
    {"yes": (120, 80), "partly": (10, None), "no": (70, None)},
    ("total", "woman"),
    (200, 100),
    row_variable="needs_met",
)
MATRIX = table({"talk": (90,) * 9, "work": (None,) * 8 + (20,)}, ("total", *"abcdefgh"), (200,) * 9)
SERIES = table(
    {"talk": (None, 50, None, 70), "work": (None, 20, 30, 40)},
    ("2024Q4", "2025Q1", "2025Q2", "2025Q3"),
    (None, 100, 100, 100),
    column_variable="quarter",
)
COUNTIES = table({"01": (90,), "03": (None,), "abroad": (11,)}, row_variable="county")
SEARCHES = table(
    {"debt": (90, 30, None), "shelter": (40, 20, 20)},
    ("total", "01", "03"),
    (200, 60, 50),
    source=Source.USAGE,
    row_variable="subject",
    column_variable="county",
)
FUNNEL = table(
    {"conversation_started": (400, 100), "flow_entered": (300, None)},
    ("total", "web"),
    None,
    source=Source.USAGE,
    row_variable="event",
)
KINDS = {
    ChartKind.BARS: BARS,
    ChartKind.MULTIPLES: MULTIPLES,
    ChartKind.STACKED: STACKED,
    ChartKind.MATRIX: MATRIX,
    ChartKind.LINES: SERIES,
    ChartKind.TILES: COUNTIES,
    ChartKind.COUNTY_BARS: SEARCHES,
    ChartKind.FUNNEL: FUNNEL,
}


def svg(entry: ReleasedTable, width: Width = Width.FILE) -> str:
    drawn = draw(entry, width, ImageType.SVG, ENGLISH, "2025-1")
    assert drawn is not None
    return drawn.decode()


def test_every_kind_is_drawn_here() -> None:
    assert KINDS.keys() | {ChartKind.NONE} == set(ChartKind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", Width)
def test_the_same_table_gives_the_same_accessible_file(kind: ChartKind, width: Width) -> None:
    assert chart_kind(KINDS[kind]) is kind
    first = svg(KINDS[kind], width)
    assert svg(KINDS[kind], width) == first
    assert 'role="img" aria-labelledby="title description"' in first
    assert '<title id="title">What people need</title>' in first
    assert "<desc id=" in first
    assert "<text" in first


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_refers_to_nothing_outside_itself_and_has_no_program(kind: ChartKind) -> None:
    drawn = svg(KINDS[kind])
    assert set(re.findall(r"\b(?:https?|data|file|javascript):[^\"'\s<)]*", drawn)) == {"http://www.w3.org/2000/svg"}
    assert set(re.findall(r"url\(([^)]*)\)", drawn)) <= {"#withheld", "#outside"}
    assert not re.search(r"<(script|image|use|style|foreignObject|a)\b|\bhref=|\bon\w+=|@import|@font-face", drawn)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [Width.WIDE, Width.NARROW])
def test_what_is_withheld_is_striped_and_marked(kind: ChartKind, width: Width) -> None:
    drawn = svg(KINDS[kind], width)
    # A phone has the largest published figures of a table with many columns, and a sentence on the rest.
    if width is Width.NARROW and kind in (ChartKind.MATRIX, ChartKind.COUNTY_BARS):
        assert 'url(#withheld)"' not in drawn
        return
    assert 'fill="url(#withheld)"' in drawn
    assert re.search(r">(\.\.|\.\. / .*|.* / \.\.)<", drawn)


def test_a_file_says_what_it_is_and_what_its_signs_mean() -> None:
    titled = BARS.model_copy(update={"title": "SYNTHETIC DATA: What people need", "layer": ("x", "Housing")})
    drawn = re.sub(r"<[^>]*>", " ", svg(titled.model_copy(update={"provisional": True})))
    for part in (
        "SYNTHETIC DATA: What people need",
        "Adults, Housing, 2025",
        "All who answered.",
        "release 2025-1",
        "Two dots (..) on grey stripes: withheld",
        "The period has not ended",
    ):
        assert part in drawn


def test_the_description_says_in_words_what_the_chart_shows() -> None:
    text = re.search(r"<desc[^>]*>(.*?)</desc>", svg(MULTIPLES))
    assert text is not None
    assert "Adults, 2025" in text[1]
    assert "Largest: Talk 60%." in text[1]
    assert "2 of 4 figures are withheld." in text[1]


def test_what_is_withheld_has_no_value_and_zero_has_one() -> None:
    found = {mark.row: mark for mark in marks(BARS, ENGLISH)}
    assert (found["work"].value, found["work"].text, found["work"].is_withheld) == (None, "..", True)
    assert (found["debt"].value, found["debt"].is_withheld) == (0, False)


def test_a_share_of_a_withheld_base_is_withheld() -> None:
    hidden = table({"talk": (50, 20)}, ("total", "woman"), (200, None))
    assert [mark.value for mark in marks(hidden, ENGLISH)] == [25, None]


def test_a_share_of_nobody_is_not_called_withheld() -> None:
    nobody = table({"yes": (50, 0)}, ("total", "woman"), (200, 0), row_variable="needs_met")
    assert [mark.text for mark in marks(nobody, ENGLISH)] == ["25%", "\N{EN DASH}"]
    assert ">\N{EN DASH}<" in svg(nobody, Width.WIDE)


def hidden_figures(true: ReleasedTable, published: ReleasedTable) -> set[Figure]:
    """Return every figure that the table has and its publication withholds."""
    found: set[Figure] = set() if published.responses else {true.responses}
    rows: list[tuple[ReleasedRow | None, ReleasedRow | None]] = [*zip(true.rows, published.rows, strict=True)]
    for own, shown in (*rows, (true.base, published.base), (true.means, published.means)):
        if own is not None and shown is not None:
            found |= {count for count, given in zip(own.counts, shown.counts, strict=True) if given is None}
    return found


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables=random_tables())
def test_no_withheld_figure_is_anywhere_in_a_specification(tables: tuple[ReleasedTable, ReleasedTable]) -> None:
    true, published = tables
    hidden = hidden_figures(true, published)
    for width in Width:
        spec = specification(published, width, ENGLISH, "2026Q3-1")
        if spec is None:
            continue
        values = [datum.get("value") for layer in spec["layer"] for datum in layer["data"]["values"]]
        assert not hidden.intersection(value for value in values if value is not None)
        numbers = re.findall(r"\d[\d,]*", json.dumps(spec))
        assert not {str(figure) for figure in hidden}.intersection(number.replace(",", "") for number in numbers)


def test_quarters_before_the_first_release_are_not_called_withheld() -> None:
    assert [code for code, _ in drawn_columns(SERIES)] == ["2025Q1", "2025Q2", "2025Q3"]
    drawn = svg(SERIES, Width.WIDE)
    assert "2024Q4" not in drawn
    assert drawn.count(">..<") == 1


def test_a_quarter_without_any_figure_leaves_a_gap_in_every_line() -> None:
    broken = table(
        {"talk": (40, None, 60), "work": (20, None, 40)},
        ("2025Q1", "2025Q2", "2025Q3"),
        (100, None, 100),
        column_variable="quarter",
    )
    assert [code for code, _ in drawn_columns(broken)] == ["2025Q1", "2025Q2", "2025Q3"]
    spec = specification(broken, Width.WIDE, ENGLISH, "2025-1")
    assert spec is not None
    kinds = [layer["mark"]["type"] for layer in spec["layer"]]
    # Two dots in each panel that no line joins.
    assert "line" not in kinds
    assert svg(broken, Width.WIDE).count(">..<") == 2


def test_withheld_answers_that_are_neighbours_leave_their_gap_in_their_place() -> None:
    drawn = svg(STACKED, Width.WIDE)
    assert drawn.count('fill="url(#withheld)"') == 1
    assert "drawn together" not in drawn
    apart = table({"yes": (None,), "partly": (90,), "no": (None,)}, row_variable="needs_met")
    assert "drawn together" in svg(apart, Width.WIDE)


def test_a_chart_that_leaves_rows_out_says_so() -> None:
    many: dict[str, tuple[Figure, ...]] = {f"need{number}": (100 - number, 100 - number) for number in range(15)}
    series = table(many, ("2025Q1", "2025Q2"), (200, 200), column_variable="quarter")
    assert "The 12 largest of 15 categories are drawn; the table has all." in svg(series, Width.WIDE)
    sparse = table({"talk": (90,) * 9, "work": (20, *(None,) * 8)}, ("total", *"abcdefgh"), (200,) * 9)
    assert "Not drawn, because everything but the total is withheld: Work." in svg(sparse, Width.WIDE)
    assert ">Work<" not in svg(sparse, Width.WIDE)


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


async def test_a_chart_is_drawn_once() -> None:
    charts = Charts()
    first = await charts.draw(BARS, Width.NARROW, ImageType.SVG, ENGLISH, "2025-1")
    assert await charts.draw(BARS.model_copy(), Width.NARROW, ImageType.SVG, ENGLISH, "2025-1") is first
    assert await charts.draw(BARS, Width.NARROW, ImageType.SVG, ENGLISH, "2025-2") is not first
