"""Tables that not every release has: where the API finds them, and what it gives of all their periods together."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from analyst_site import open_site
from jsonstat_validator import validate_jsonstat
from test_api import V1, Program, program_of

from analyst.accounts.audit import AuditEvent
from intake_store.statistics.declarations import Method, PeriodKind, Source, Theme
from intake_store.statistics.released import ReleasedRow, ReleasedTable
from intake_store.statistics.releases import AttackFigures, ReleaseDraft, ReleaseFolder

NONE_ATTACKED = AttackFigures(withheld=0, unpublished=0, least_width=100, required_width=10)


def table(name: str, period: str, count: int | None) -> ReleasedTable:
    return ReleasedTable(
        name=name,
        title="What people need help with",
        theme=Theme.NEEDS,
        source=Source.RESPONSES,
        population="needs_selling",
        population_label="Adults",
        period=period,
        period_kind=PeriodKind.QUARTER if "Q" in period else PeriodKind.YEAR,
        provisional=False,
        synthetic=True,
        threshold=10,
        unit="Responses.",
        base_text="All.",
        method=Method.SUPPRESSION,
        method_text="Counted.",
        row_variable="needs",
        row_label="Needs",
        columns=(("total", "All"),),
        rows=(ReleasedRow(code="housing", label="A place to live", counts=(count,)),),
        base=ReleasedRow(code="answered", label="Base", counts=(100,)),
        responses=100,
    )


RELEASES = (
    ("2025Q3", {"needs": 31, "gone": 13}),
    ("2025Q4", {"needs": None, "gone": 14}),
    ("2025", {"of_years": 99}),
    ("2026Q1", {"needs": 32}),
    ("2025Q4", {"needs": 33}),
)
"""In the order of their release; the last one revises a quarter, and leaves a table out."""


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("releases")
    made = ReleaseFolder(folder)
    seen: set[str] = set()
    for day, (period, counts) in enumerate(RELEASES, 1):
        draft = ReleaseDraft(
            period=period,
            reason="A row opened later." if period in seen else "",
            released_on=datetime.date(2026, 5, day),
            program="1.0",
            codebook_version="1",
            threshold=10,
            attack=NONE_ATTACKED,
        )
        seen.add(period)
        made.add(draft, [table(name, period, count) for name, count in counts.items()])
    return folder


@pytest.fixture
async def program(tmp_path: Path, releases: Path) -> AsyncIterator[Program]:
    async with open_site(tmp_path, releases) as site:
        yield await program_of(site)


async def get(program: Program, path: str, **headers: str) -> Any:
    status, body, _ = await program.get(f"{V1}/{path}", **{"Accept-Language": "en", **headers})
    assert status == 200, body
    return body


async def test_a_table_is_found_in_the_newest_period_that_has_it(program: Program) -> None:
    assert (await get(program, "tables/needs.needs_selling"))["release"] == "2026Q1-1"
    assert (await get(program, "tables/gone.needs_selling"))["release"] == "2025Q3-1"
    assert (await get(program, "tables/of_years.needs_selling"))["release"] == "2025-1"
    assert (await get(program, "tables/needs.needs_selling?period=2025Q4"))["release"] == "2025Q4-2"


async def test_the_list_has_each_table_once_with_its_periods(program: Program) -> None:
    listed = await get(program, "tables")
    found = {
        entry["name"]: (entry["release"], [one["release"] for one in entry["periods"]]) for entry in listed["items"]
    }
    assert found == {
        "needs": ("2026Q1-1", ["2026Q1-1", "2025Q4-2", "2025Q3-1"]),
        "gone": ("2025Q3-1", ["2025Q3-1"]),
        "of_years": ("2025-1", ["2025-1"]),
    }
    assert listed["total"] == 3
    of_quarter = await get(program, "tables?period=2025Q4")
    assert [(entry["name"], entry["release"]) for entry in of_quarter["items"]] == [("needs", "2025Q4-2")]
    assert len(of_quarter["items"][0]["periods"]) == 3
    for entry in listed["items"]:
        for one in entry["periods"]:
            assert (await get(program, one["address"].removeprefix(f"{V1}/")))["period"] == one["period"]


async def test_who_asks_a_release_for_a_table_of_another_is_led_on(program: Program) -> None:
    status, problem, _ = await program.get(
        f"{V1}/releases/newest/tables/gone.needs_selling", **{"Accept-Language": "en"}
    )
    assert status == 404
    assert problem["detail"] == (
        "Release 2025Q4-2 does not have this table. These releases have it: 2025Q4-1, 2025Q3-1."
    )


async def test_all_periods_come_in_one_answer(program: Program) -> None:
    cube = await get(program, "tables/needs.needs_selling/periods")
    assert validate_jsonstat(cube)
    assert cube["role"]["time"] == ["period"]
    assert cube["dimension"]["period"]["category"]["index"] == ["2025Q3", "2025Q4", "2026Q1"]
    lines = (await get(program, "tables/needs.needs_selling/periods?format=csv")).decode()
    counts = [line for line in csv.DictReader(io.StringIO(lines)) if line["row"] == "housing"]
    assert [(line["period"], line["count"], line["release"]) for line in counts] == [
        ("2025Q3", "31", "2025Q3-1"),
        ("2025Q4", "33", "2025Q4-2"),
        ("2026Q1", "32", "2026Q1-1"),
    ]
    px = (await get(program, "tables/needs.needs_selling/periods?format=px")).decode()
    assert 'TIMEVAL("Period")=TLIST(Q1),"20253","20254","20261";' in px
    assert (await get(program, "tables/needs.needs_selling/periods?format=xlsx")).startswith(b"PK")
    accepted = await get(program, "tables/needs.needs_selling/periods", Accept="text/csv")
    assert accepted.decode() == lines


async def test_all_periods_are_a_file_of_the_pages_too_and_taking_it_is_noted(tmp_path: Path, releases: Path) -> None:
    async with open_site(tmp_path, releases) as site:
        browser = await site.browser("anna")
        for ending in ("csv", "plain.csv", "excel.csv", "json", "px", "xlsx"):
            answer = await browser.client.get(f"/series/needs.needs_selling.{ending}")
            assert answer.status == 200, ending
            assert f"fyren-needs-needs_selling-2025Q3-2026Q1.{ending}" in answer.headers["Content-Disposition"]
        for path in ("/series/none.px", "/series/needs.needs_selling.zip", "/series/.px"):
            assert (await browser.client.get(path)).status == 404
        exported = [subject for _, event, subject in await site.events() if event is AuditEvent.EXPORTED]
        assert exported[:1] == ["/series/needs.needs_selling.csv"]
        assert len(exported) == 6
        administrator = await site.browser("ada")
        assert (await administrator.client.get("/series/needs.needs_selling.px")).status == 403
