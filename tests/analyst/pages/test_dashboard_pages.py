"""What stands on the dashboard's pages, read as HTML."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer
from dashboard_site import dashboard_site

from analyst.pages.table_index import folded, sorting_key, without_marks

WITH_FIGURES = (
    "/",
    "/trends",
    "/themes/who",
    "/themes/needs",
    "/themes/experience",
    "/themes/young",
    "/themes/geography",
    "/tables",
    "/tables?q=needs",
    "/tables/needs.needs_selling",
    "/tables/county.needs_selling",
    "/compare?table=needs.needs_selling&first=2025Q1-1&second=2025Q4-1",
)


class Reader:
    """Reads pages as text and as HTML."""

    def __init__(self, client: TestClient) -> None:  # type: ignore[type-arg]
        self.client = client

    async def source(self, path: str, status: int = 200, **query: str) -> str:
        async with self.client.get(path, params=query or None) as response:
            assert response.status == status, path
            return await response.text()

    async def text(self, path: str, **query: str) -> str:
        shown = re.sub(r"<[^>]+>", " ", await self.source(path, **query))
        return " ".join(html.unescape(shown).split())


@pytest_asyncio.fixture
async def reader(released: Path) -> AsyncIterator[Reader]:
    async with TestClient(TestServer(dashboard_site(released))) as client:
        yield Reader(client)


@pytest.mark.parametrize("path", WITH_FIGURES)
@pytest.mark.parametrize("language", ["en", "sv"])
async def test_synthetic_figures_are_always_marked_and_no_title_begins_so(
    reader: Reader, path: str, language: str
) -> None:
    source = await reader.source(f"{path}{'&' if '?' in path else '?'}language={language}")
    # At the top of the page, and beside each title of a table with made-up responses.
    assert re.search(r'<p class="[^"]*synthetic[^"]*"', source), path
    assert "SYNTHETIC DATA" not in source
    assert "SYNTETISKA DATA" not in source
    for heading in re.findall(r'<h\d id="[a-z0-9_]+\.[a-z0-9_]+"[^>]*>.*?</h\d>', source):
        assert 'class="tag synthetic"' in heading


async def test_the_report_is_marked(reader: Reader) -> None:
    assert re.search(r'<p class="[^"]*synthetic[^"]*"', await reader.source("/report"))


async def test_the_menu_is_grouped_and_marks_the_page(reader: Reader) -> None:
    source = await reader.source("/themes/needs")
    folded_up, beside = re.findall(r'<nav class="(folded|beside)"', source)
    assert (folded_up, beside) == ("folded", "beside")
    menu = source.split('<nav class="beside"')[1].split("</nav>")[0]
    assert re.findall(r"<p>([^<]+)</p>", menu) == ["Themes", "Over time", "Tables", "About the figures", "Work"]
    assert re.findall(r'href="([^"]+)" aria-current="page"', menu) == ["/themes/needs"]
    inside = (await reader.source("/tables/needs.needs_selling")).split('<nav class="beside"')[1]
    assert 'href="/tables" aria-current="true"' in inside


async def test_nobody_sees_a_menu_before_the_login(reader: Reader) -> None:
    source = await reader.source("/themes/none?nobody", 404)
    assert 'href="/tables"' not in source
    assert "Svenska" in source
    assert 'href="/tables"' in await reader.source("/themes/none", 404)


async def test_the_overview_tells_how_many_and_how_it_changed(reader: Reader) -> None:
    text = await reader.text("/")
    assert "October–December 2025 (2025Q4)" in text
    assert re.search(r"[\d,]+ (more|fewer) than in the period before \([\d,]+\)\.|As many as", text)
    assert re.search(r"[\d,]+ of [\d,]+ \(\d+%\) answered the question about: Needs\.", text)
    # The fixture releases no barriers, so there is nothing to tell of them.
    barriers = text.split("What keeps people from seeking help")[1].split("Whether people get the help")[0]
    assert "Not known: none of the chosen releases has this table." in barriers
    first = await reader.text("/", quarter="2025Q1-1")
    assert "The period before has not been released." in first


async def test_quarters_and_years_are_told_apart(reader: Reader) -> None:
    text = await reader.text("/themes/needs")
    assert "Quarter: October–December 2025 (2025Q4)" in text
    assert "Whole year: 2025" in text


async def test_a_reference_figure_stands_once_on_a_page(reader: Reader) -> None:
    source = await reader.source("/themes/needs")
    figures = re.findall(r"<li><p>([^<]+)</p>", source.split("<main")[1])
    assert figures
    assert len(figures) == len(set(figures))


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("needs", True),
        ("NEEDS selling", True),
        ("behov", True),
        ("kön", True),
        ("ko\N{COMBINING DIAERESIS}n", True),
        ("KÖN", True),
        ("kon", True),
        ("län", True),
        ("zebra", False),
        ("needs zebra", False),
    ],
)
async def test_tables_are_found_by_words_of_both_languages(reader: Reader, query: str, is_found: bool) -> None:
    text = await reader.text("/tables", q=query)
    number, of_all = map(int, re.findall(r"(\d+) of (\d+) tables\.", text)[0])
    assert (0 < number < of_all) if is_found else number == 0
    assert ("No table has all of these words." in text) == (not is_found)


async def test_tables_are_chosen_by_population_and_theme(reader: Reader) -> None:
    source = await reader.source("/tables", population="needs_under_18")
    assert set(re.findall(r'href="/tables/([^"?]+)\?', source)) == {"young_needs_by_gender.needs_under_18"}
    source = await reader.source("/tables", theme="who", q="age")
    assert all("age_by_gender" in name for name in re.findall(r'href="/tables/([^"?]+)\?', source))
    assert re.search(r'<option value="who" selected>', source)


def test_swedish_letters() -> None:
    assert folded("A\N{COMBINING RING ABOVE}") == "å"
    assert without_marks("åäö é") == "aao e"
    assert sorted(["ö", "ä", "å", "z", "A"], key=sorting_key) == ["A", "z", "å", "ä", "ö"]


async def test_a_table_leads_to_all_that_belongs_to_it(reader: Reader) -> None:
    source = await reader.source("/tables/needs.needs_selling")
    assert 'aria-current="page">What people need help with</li>' in source
    for address in (
        "/tables/needs.needs_buying?release=2025Q4-1",
        "/compare?table=needs.needs_selling&amp;first=2025Q3-1&amp;second=2025Q4-1",
        "/method",
        "/codebook?variable=needs#needs",
        "/releases/2025Q4-1/tables/needs.needs_selling.px",
    ):
        assert f'href="{address}"' in source, address
    text = await reader.text("/tables/needs.needs_selling")
    for fact in ("Population", "Unit of count", "Base", "Period", "Sign for withheld", "Preferred not to say"):
        assert fact in text


async def test_comparing_leads_step_by_step_and_gives_percentage_points(reader: Reader) -> None:
    first = await reader.source("/compare")
    assert 'name="first"' not in first
    second = await reader.source("/compare", table="needs.needs_selling")
    assert re.findall(r'<option value="(\d{4}[^"]*)"', second).count("2025-1") == 0
    query = {"table": "needs.needs_selling", "first": "2025Q3-1", "second": "2025Q4-1"}
    text = await reader.text("/compare", **query)
    assert "Difference in percentage points" in text
    assert "the same in both releases" in text
    once = await reader.text("/compare", table="county.needs_selling", first="2025-1", second="2025Q4-1")
    assert "These two cannot be compared." in once


async def test_the_codebook_tells_questions_rules_and_tables(reader: Reader) -> None:
    source = await reader.source("/codebook", variable="needs_met")
    assert len(re.findall(r'<details class="variable" open>', source)) == 1
    text = await reader.text("/codebook")
    assert "Asked only when “Someone else decides or takes money” was answered with something else than: No." in text
    assert "Whether people get the help they need, by gender" in text
    for query in ("behov", "needs_met", "econ_aid"):
        found = await reader.text("/codebook", q=query)
        assert 0 < int(re.findall(r"(\d+) of \d+ variables", found)[0]) < 30, query
    assert "No variable has all of these words." in await reader.text("/codebook", q="zebra")


async def test_unknown_choices_on_the_map_page_give_what_there_is(reader: Reader) -> None:
    assert "Where those who answered are" in await reader.text("/themes/geography", need="none", county="99")
