"""The report where there is little: a quarter alone, a year alone, everything withheld, nothing released."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from dashboard_site import dashboard_site
from pdf_reader import PdfFile
from reported_releases import QUARTER, YEAR, of_period, release

from analyst.translation import load_translators
from intake_store.statistics.released import ReleasedTable

SAY = load_translators()


def withheld(tables: Iterable[ReleasedTable]) -> Iterable[ReleasedTable]:
    for table in tables:
        nothing = {"rows": (), "base": None, "means": None, "non_response": (), "responses": None, "withheld": True}
        yield table.model_copy(update=nothing)


async def shown(releases: Path, language: str) -> str:
    query = {"language": language}
    async with (
        TestClient(TestServer(dashboard_site(releases))) as client,
        client.get("/report", params=query) as answer,
    ):
        assert answer.status == 200
        return html.unescape(await answer.text())


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize(("period", "table"), [(QUARTER, "needs"), (YEAR, "citizenship")])
async def test_one_release_is_enough(period: str, table: str, language: str, tmp_path: Path) -> None:
    text = await shown(release(tmp_path / "releases", of_period(period)), language)
    assert f'id="{table}.needs_selling"' in text
    assert f"{period}-1" in text
    assert SAY[language]("Nothing has been released yet.") not in text
    numbers = [int(found) for found in re.findall(r"<caption>\w+ (\d+)\.", text)]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("language", ["sv", "en"])
async def test_withheld_tables_are_named_and_nothing_is_shown_of_them(language: str, tmp_path: Path) -> None:
    folder = release(tmp_path / "releases", withheld(of_period(QUARTER)))
    text = await shown(folder, language)
    assert SAY[language]("Withheld as a whole, because there were too few responses or figures:") in text
    assert "<img" not in text.split('class="report"')[1]
    assert re.search(r'<ul class="keys">|class="figure"', text) is None
    if language == "en":
        async with TestClient(TestServer(dashboard_site(folder))) as client, client.get("/report.pdf") as answer:
            printed = PdfFile(await answer.read())
        assert len(printed.pages) < 8
        assert "What people need help with, Adults who sell sex" in " ".join(printed.texts)


async def test_without_a_release_there_is_no_report(tmp_path: Path) -> None:
    assert "Nothing has been released yet." in await shown(tmp_path / "releases", "en")
    site = dashboard_site(tmp_path / "releases")
    async with TestClient(TestServer(site)) as client, client.get("/report.pdf") as answer:
        assert answer.status == 404
        assert "Nothing has been released yet, so there is no report." in await answer.text()


async def test_a_replaced_release_says_so(tmp_path: Path) -> None:
    folder = release(tmp_path / "releases", of_period(YEAR))
    release(folder, of_period(YEAR), reason="A title was wrong.")
    async with TestClient(TestServer(dashboard_site(folder))) as client:
        async with client.get("/report?year=2025-1") as answer:
            old = html.unescape(await answer.text())
        async with client.get("/report") as answer:
            new = html.unescape(await answer.text())
    assert "A revision has replaced release 2025-1." in old
    assert "A revision has replaced" not in new
    for text in (old, new):
        assert "Replaces 2025-1. A title was wrong." in re.sub(r"\s+", " ", text)
