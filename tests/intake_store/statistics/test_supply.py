from __future__ import annotations

from pathlib import Path

import pytest
from counted_responses import CountedResponses

from content_files import ContentError
from intake_store.codebook import Codebook
from intake_store.periods import Year
from intake_store.statistics.declarations import PeriodKind, Source, TableDeclaration
from intake_store.statistics.supply import Supply, load_coverage
from intake_store.statistics.tables import ServiceSide, make_tables
from intake_store.submission.response import Answer

COVERAGE = Path(__file__).parents[3] / "flows" / "directory" / "coverage.csv"
BY_COUNTY = TableDeclaration(
    name="needs_by_county",
    title="Needs",
    populations=("needs_selling",),
    rows="needs",
    columns="county",
    period=PeriodKind.YEAR,
)
SUPPLY = TableDeclaration(
    name="supply",
    title="Needs against services",
    source=Source.SUPPLY,
    populations=("needs_selling",),
    rows="county",
    period=PeriodKind.YEAR,
    needs={"housing": ("housing", "shelter")},
)


def test_the_coverage_that_comes_along_can_be_read() -> None:
    coverage = load_coverage(COVERAGE)
    assert len({county for county, _ in coverage}) == 21
    assert any(supply.services for supply in coverage.values())


def test_a_county_has_its_responses_and_its_services_side_by_side(codebook: Codebook, make_response) -> None:  # type: ignore[no-untyped-def]
    responses = [
        make_response(needs=Answer.of("housing" if number % 3 else "talk"), county=Answer.of(county))
        for county, size in (("01", 300), ("12", 200), ("14", 6))
        for number in range(size)
    ]
    coverage = {("01", "housing"): Supply(2, 5, 26), ("01", "shelter"): Supply(3, 4, 26)}
    tables = make_tables(
        CountedResponses(responses),
        codebook,
        [BY_COUNTY, SUPPLY],
        Year(2026),
        provisional=False,
        services=ServiceSide(coverage=coverage),
    )
    needs, supply = tables
    assert supply.layer == ("housing", codebook.populations["needs_selling"].variable("needs").label_of("housing"))
    rows = {row.code: row.counts for row in supply.rows}
    shown = {row.code: row.counts for row in needs.rows}["housing"]
    places = [code for code, _ in needs.columns]
    assert rows["01"] == (200, 3, 5, 26)
    assert rows["12"][1:] == (None, None, None)
    for county, figures in rows.items():
        assert figures[0] == shown[places.index(county)]
    assert rows["14"][0] is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("county,need\n", ":1: must have the columns"),
        ("county,need,services,municipalities_covered,municipalities\n01,housing,x,1,1\n", ":2: has a figure"),
        ("county,need,services,municipalities_covered,municipalities\n99,housing,1,1,1\n", ":2: names no county"),
    ],
)
def test_a_wrong_coverage_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "coverage.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ContentError, match=said):
        load_coverage(tmp_path / "coverage.csv")
    with pytest.raises(ContentError, match="fyren directory coverage"):
        load_coverage(tmp_path / "nothing.csv")
