"""What stands in the PDF, read back by a reader that shares nothing with what wrote it."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from dashboard_site import dashboard_site
from pdf_reader import PdfFile

from analyst.charts.kinds import ChartKind, chart_kind
from analyst.exports.publication import localised
from analyst.report.contents import CHAPTERS, report_chapters
from analyst.report.short_tables import printed, shortened
from analyst.translation import Translator
from intake_store.statistics.releases import ReleaseFolder

MOST_PAGES = 20
A4 = (595, 842)


def words(text: str) -> str:
    """Return a text with single spaces, whichever spaces it had."""
    return " ".join(text.split())


@pytest.fixture(scope="module")
def say() -> Translator:
    return Translator("sv")


def test_it_is_short_and_stands_upright_but_for_a_wide_table(swedish_report: PdfFile) -> None:
    sizes = [tuple(round(side) for side in page.mediabox[2:]) for page in swedish_report.pages]
    assert len(sizes) <= MOST_PAGES
    assert set(sizes) == {A4, A4[::-1]}
    assert sizes.count(A4[::-1]) == 1


def test_every_page_says_what_it_is(swedish_report: PdfFile, say: Translator) -> None:
    number = len(swedish_report.pages)
    for place, text in enumerate(swedish_report.texts, start=1):
        assert say("SYNTHETIC DATA: made-up responses") in text, place
        assert say("Page {page} of {pages}").format(page=place, pages=number) in text
        assert say("Released figures; .. = withheld") in text
        if place > 1:
            assert say("Release {numbers}").format(numbers="2025Q4-1, 2025-1") in text
    cover = swedish_report.texts[0]
    for said in ("The board's department", "statistics@example.org", "CC0 1.0", "2026-01-20"):
        assert said in cover
    assert say("The texts were translated from English by a machine and have not been reviewed.") in cover


def test_the_figures_are_those_of_the_tables(swedish_report: PdfFile, board_releases: Path, say: Translator) -> None:
    folder = ReleaseFolder(board_releases)
    whole = words(" ".join(swedish_report.texts))
    entries = [(table, release) for release in folder.releases() for table in folder.tables(release)]
    lines = withheld = 0
    for _, chosen in report_chapters(entries):
        for table, _ in chosen:
            shown = localised(table, say)
            if chart_kind(shown) is ChartKind.NONE:
                continue
            for line in printed(shortened(shown).table, say).lines:
                cells = [cell.text for cell in line.cells]
                assert words(" ".join([line.label, *cells])) in whole, (table.name, line.label)
                lines, withheld = lines + 1, withheld + cells.count("..")
    assert lines > 150
    assert withheld > 20


def test_the_bookmarks_lead_to_chapters_and_tables(swedish_report: PdfFile, say: Translator) -> None:
    outline = list(swedish_report.outline())
    chapters = [title for level, title in outline if level == 1]
    wanted = [say(chapter.title) for chapter in CHAPTERS]
    assert [title for title in chapters if title in wanted] == wanted
    assert chapters[0] == say("Summary")
    assert say("Method and quality") in chapters
    children = outline[chapters.index(say("Needs and barriers")) :]
    assert (2, say("What people need help with")) in children


def test_it_tells_programs_that_read_it_aloud_what_is_what(swedish_report: PdfFile, say: Translator) -> None:
    catalog = swedish_report.catalog
    assert catalog["/Lang"] == "sv"
    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/ViewerPreferences"]["/DisplayDocTitle"]
    assert 'pdfuaid:part="1"' in swedish_report.metadata()
    assert say("Needs and experience of people who sell or buy sex") in swedish_report.title
    assert swedish_report.author == "The board's department"
    tags = list(swedish_report.tags())
    kinds = [tag["/S"].removeprefix("/") for tag in tags]
    figures = [tag for tag in tags if tag["/S"] == "/Figure"]
    assert len(figures) >= 15
    assert all(tag.get("/Alt") for tag in figures)
    assert kinds.count("Table") >= len(figures)
    assert {"TH", "TD", "THead", "Caption", "L", "Link"} <= set(kinds)
    assert all(tag["/A"].get_object().get("/Headers") for tag in tags if tag["/S"] == "/TD")
    levels = [int(kind[1:]) for kind in kinds if re.fullmatch(r"H\d", kind)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_it_leads_nowhere_and_runs_nothing(swedish_report: PdfFile) -> None:
    for page in swedish_report.pages:
        for link in page.get("/Annots", ()):
            annotation = link.get_object()
            assert "/A" not in annotation or annotation["/A"]["/S"] == "/GoTo"
            assert annotation.get("/Contents")
    assert not {"/OpenAction", "/AA", "/AcroForm"} & swedish_report.catalog.keys()
    assert "/EmbeddedFiles" not in swedish_report.catalog["/Names"]


async def test_the_page_has_the_same_parts_in_the_same_order(board_releases: Path, swedish_report: PdfFile) -> None:
    site = dashboard_site(board_releases)
    async with TestClient(TestServer(site)) as client, client.get("/report?language=sv") as answer:
        source = await answer.text()
    headings = [re.sub(r"<[^>]+>", "", found) for found in re.findall(r"<h[23][^>]*>(.*?)</h[23]>", source, re.DOTALL)]
    titles = [title for _, title in swedish_report.outline()]
    assert [heading for heading in headings if heading in titles] == titles
