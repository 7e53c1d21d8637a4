"""Every declared table has a chart on purpose, in every width, in which no words lie on others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import altair
import numpy as np
import pytest
from declared_tables import DECLARATIONS, declared_tables

from analyst.charts.kinds import ChartKind, chart_kind
from analyst.charts.lettering import text_width
from analyst.charts.specifications import specification
from analyst.charts.widths import Width
from analyst.exports.publication import localised
from analyst.translation import load_translators
from intake_store.statistics.released import ReleasedTable

TRANSLATORS = load_translators()
TABLES = {f"{table.name}.{table.population}": table for table in declared_tables()}
KINDS = {
    ChartKind.BARS: """arenas barriers citizenship_country control cost_per_person needs needs_unmet relatives_barriers
        relatives_role staff_barriers staff_needs topics young_barriers young_needs_unmet""",
    ChartKind.MULTIPLES: """age_by_gender barriers_by_gender buyers_arenas_by_age buyers_barriers_by_age citizenship
        compensation forms multiple_exploitation needs_by_age needs_by_gender needs_by_lgbtq region_by_gender relatives
        relatives_needs service_kind situation young_age_by_gender young_needs_by_gender""",
    ChartKind.STACKED: """asked_by_staff crime_victim disability got_help harmful_use lgbtq needs_met_by_age
        needs_met_by_gender needs_met_by_lgbtq needs_met_by_region professional_help staff_asking third_party
        trans_experience treatment_by_gender treatment_by_lgbtq treatment_by_service young_crime_victim young_got_help
        young_needs_met young_professional_help young_treatment""",
    ChartKind.MATRIX: "barriers_by_region needs_by_county needs_by_region treatment_content",
    ChartKind.LINES: """arenas_over_time needs_over_time third_party_over_time treatment_over_time
        young_needs_over_time""",
    ChartKind.TILES: "county supply_by_county",
    ChartKind.COUNTY_BARS: "searches_by_county searches_in_vain",
    ChartKind.FUNNEL: "funnel_by_channel funnel_by_language",
}


def test_the_kind_of_every_declared_table_was_chosen() -> None:
    chosen = {name: kind for kind, names in KINDS.items() for name in names.split()}
    assert chosen.keys() == DECLARATIONS.keys(), "a new table needs a kind of chart that somebody has looked at"
    assert {table.name: chart_kind(table) for table in TABLES.values()} == chosen


@pytest.mark.parametrize("width", Width)
@pytest.mark.parametrize("language", TRANSLATORS)
def test_nothing_lies_on_anything_else_or_outside(language: str, width: Width) -> None:
    say = TRANSLATORS[language]
    for name, table in TABLES.items():
        spec = specification(localised(table, say), width, say, "2025-1")
        assert spec is not None, name
        for area in data_of(spec, "rect"):
            assert float(area["x"]) >= -1, name
            assert float(area["x2"]) <= spec["width"] + 1, name
        written = [(text, box) for text, box in boxes(spec) if text]
        corners = np.array([box for _, box in written])
        assert corners[:, 0].min() >= -2, name
        assert corners[:, 2].max() <= spec["width"] + 4, (name, written[int(corners[:, 2].argmax())])
        assert corners[:, 3].max() <= spec["height"] + 4, name
        left, top, right, bottom = (corners[:, side] for side in range(4))
        over = (left[:, None] + 1 < right) & (left + 1 < right[:, None])
        over &= (top[:, None] + 1 < bottom) & (top + 1 < bottom[:, None])
        over &= np.triu(np.ones_like(over), 1).astype(bool)
        clashes = [(written[one][0], written[other][0]) for one, other in np.argwhere(over)]
        assert not clashes, (name, clashes[:5])


@pytest.mark.parametrize("kind", KINDS)
def test_specifications_are_vega_lite(kind: ChartKind) -> None:
    table = next(table for table in TABLES.values() if chart_kind(table) is kind)
    spec = specification(table, Width.FILE, TRANSLATORS["en"], "2025-1")
    assert spec is not None
    altair.LayerChart.from_dict(spec, validate=True)


@pytest.mark.parametrize("width", Width)
def test_a_chart_draws_published_figures_and_no_others(width: Width) -> None:
    for name, table in TABLES.items():
        spec = specification(table, width, TRANSLATORS["en"], "2025-1")
        assert spec is not None
        published = figures(table)
        drawn = [datum for kind in ("rect", "circle") for datum in data_of(spec, kind) if "value" in datum]
        assert drawn, name
        for datum in drawn:
            assert published[datum["row"], datum["column"]] == pytest.approx(datum["value"]), name
        assert "null" not in json.dumps([datum["value"] for datum in drawn])


def figures(table: ReleasedTable) -> dict[tuple[str, str], float]:
    """Return what a chart may draw: counts, or shares of the base, of what is not withheld."""
    found = {}
    for row in table.rows:
        for place, ((code, _), count) in enumerate(zip(table.columns, row.counts, strict=True)):
            base = 100 if table.base is None else table.base.counts[place]
            if count is not None and base:
                found[row.code, code] = 100 * count / base
    return found


def data_of(spec: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    layers = [layer for layer in spec["layer"] if layer["mark"]["type"] == kind]
    return [datum for layer in layers for datum in layer["data"]["values"]]


def boxes(spec: dict[str, Any]) -> Iterator[tuple[str, tuple[float, float, float, float]]]:
    """Yield the level texts of a specification and about how much room each takes."""
    for layer in spec["layer"]:
        mark = layer["mark"]
        if mark["type"] != "text" or mark["angle"]:
            continue
        for datum in layer["data"]["values"]:
            wide = text_width(datum["text"], datum["size"], bold=mark["fontWeight"] == "bold")
            left = datum["x"] - {"left": 0, "right": wide, "center": wide / 2}[mark["align"]]
            yield datum["text"], (left, datum["y"] - 0.72 * datum["size"], left + wide, datum["y"])
