"""A page becomes a tagged PDF, with the pictures it is given and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from pdf_reader import PdfFile

from analyst.report.margins import Margins, margin_style
from analyst.report.order import PrintOrder
from analyst.report.printing import pdf

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><rect width="10" height="10"/></svg>'
PAGE = '<!doctype html><html lang="en"><title>T</title><h1>T</h1><p>L</p><img src="/charts/a.svg" alt="A">'


def test_a_page_becomes_a_pdf_with_its_pictures(caplog: pytest.LogCaptureFixture) -> None:
    made = PdfFile(pdf(PrintOrder(PAGE, "", {"/charts/a.svg": SVG})))
    assert made.texts == ["T L"]
    assert [tag["/Alt"] for tag in made.tags() if tag["/S"] == "/Figure"] == ["A"]
    assert "Failed to load" not in caplog.text


@pytest.mark.parametrize("scheme", ["file", "http", "data"])
@pytest.mark.parametrize("where", ["picture", "style", "sheet"])
def test_nothing_else_is_loaded(scheme: str, where: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    picture = tmp_path / "secret.svg"
    picture.write_text(SVG)
    places = {"file": picture.as_uri(), "http": "http://127.0.0.1:9/secret.svg", "data": "data:image/svg+xml,x"}
    address = places[scheme]
    page = PAGE.replace("/charts/a.svg", address) if where == "picture" else PAGE
    if where == "sheet":
        page = page.replace("<title>", f'<link rel="stylesheet" href="{address}"><title>')
    style = f'p {{ background: url("{address}") }}' if where == "style" else ""
    pdf(PrintOrder(page, style, {"/charts/a.svg": SVG}))
    assert f"The report may not load {address}" in caplog.text


def test_an_order_is_the_same_after_it_was_sent() -> None:
    order = PrintOrder("<p>å", "p {}", {"/charts/a.svg": SVG})
    assert PrintOrder.from_json(order.to_json()) == order


def test_the_margins_stand_on_every_page() -> None:
    margins = Margins('A "heading"', "R\\1", "..", "Page {page} of {pages}", "MADE UP")
    page = '<!doctype html><html lang="en"><title>T</title><p>1<p style="break-before: page">2'
    first, second = PdfFile(pdf(PrintOrder(page, margin_style(margins), {}))).texts
    assert 'A "heading"' not in first
    assert 'A "heading"' in second
    assert "R\\1" in second
    for number, text in enumerate((first, second), start=1):
        assert "MADE UP" in text
        assert f"Page {number} of 2" in text
