"""The report as PDF: it loads the pictures it is given and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyst.report.document import Report, pdf

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><rect width="10" height="10"/></svg>'
PAGE = '<!doctype html><html lang="en"><title>T</title><h1>T</h1><p class="lead">L</p><img src="/charts/a.svg" alt="A">'


def test_a_page_becomes_a_pdf_with_its_pictures(caplog: pytest.LogCaptureFixture) -> None:
    assert pdf(PAGE, {"/charts/a.svg": SVG}).startswith(b"%PDF-")
    assert "Failed to load" not in caplog.text


@pytest.mark.parametrize("scheme", ["file", "http"])
def test_nothing_else_is_loaded(scheme: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    picture = tmp_path / "secret.svg"
    picture.write_bytes(SVG)
    address = picture.as_uri() if scheme == "file" else "http://127.0.0.1:9/secret.svg"
    pdf(PAGE.replace("/charts/a.svg", address), {"/charts/a.svg": SVG})
    assert f"The report may not load {address}" in caplog.text


async def test_a_report_is_made_once() -> None:
    report = Report()
    first = await report.pdf(PAGE, {}, "sv 2025Q1-1")
    assert await report.pdf("other", {}, "sv 2025Q1-1") is first
