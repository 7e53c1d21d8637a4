"""Reports are made once, beside everything else, and whoever asks is told when it does not work."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from analyst_site import open_site
from dashboard_site import dashboard_site
from reported_releases import QUARTER, of_period, release

import analyst.report.document
from analyst.accounts.audit import AuditEvent
from analyst.report.document import ReportError, Reports
from analyst.report.order import PrintOrder

SLOW = """
import os, pathlib, sys, time
sys.stdin.buffer.read()
log = pathlib.Path(sys.argv[1])
log.write_text((log.read_text() if log.exists() else "") + "made\\n")
time.sleep(float(sys.argv[2]))
print("%PDF-", *(name for name in os.environ if name.startswith("FYREN_")))
"""


def command(log: Path, seconds: float = 0) -> list[str]:
    """Return what stands in for the printer: it writes down that it was asked, and takes its time."""
    return [sys.executable, "-c", SLOW, str(log), str(seconds)]


async def appears(path: Path) -> None:
    for _ in range(1000):
        if await asyncio.to_thread(path.exists):
            return
        await asyncio.sleep(0.02)
    raise TimeoutError(path)


class Drawing:
    """Pictures that count how often they were drawn."""

    times = 0

    async def __call__(self) -> Mapping[str, str]:
        self.times += 1
        return {}


async def test_who_asks_at_once_gets_the_same_and_it_is_kept(tmp_path: Path) -> None:
    drawing, log = Drawing(), tmp_path / "log"
    reports = Reports(tmp_path / "kept", command(log, 0.1))
    first, second = await asyncio.gather(reports.pdf("page", "", drawing), reports.pdf("page", "", drawing))
    assert first is second
    assert await reports.pdf("page", "", drawing) == first
    assert await Reports(tmp_path / "kept", command(log)).pdf("page", "", drawing) == first
    assert (log.read_text(), drawing.times) == ("made\n", 1)
    await reports.pdf("another page", "", drawing)
    await reports.pdf("page", "another style", drawing)
    assert log.read_text() == "made\n" * 3
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "kept").iterdir())


async def test_the_last_ones_are_kept(tmp_path: Path) -> None:
    reports = Reports(tmp_path / "kept", command(tmp_path / "log"), most=2)
    for page in ("one", "two", "one", "three"):
        await reports.pdf(page, "", Drawing())
        await asyncio.sleep(0.02)
    names = {path.stem for path in (tmp_path / "kept").iterdir()}
    assert names == {reports.name("one", ""), reports.name("three", "")}


async def test_the_printer_has_no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FYREN_KEY_PASSPHRASE_FILE", "/secret")
    assert await Reports(tmp_path, command(tmp_path / "log")).pdf("page", "", Drawing()) == b"%PDF-\n"


@pytest.mark.parametrize(
    "broken",
    [["/nonexistent/printer"], [sys.executable, "-c", "raise SystemExit(3)"], [sys.executable, "-c", "print('no')"]],
)
async def test_what_breaks_is_told_and_can_be_repeated(broken: list[str], tmp_path: Path) -> None:
    with pytest.raises(ReportError):
        await Reports(tmp_path / "kept", broken).pdf("page", "", Drawing())
    assert await Reports(tmp_path / "kept", command(tmp_path / "log")).pdf("page", "", Drawing()) == b"%PDF-\n"


async def test_what_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"longer than 0\.3 seconds"):
        await Reports(tmp_path / "kept", command(tmp_path / "log", 60), seconds=0.3).pdf("page", "", Drawing())


async def test_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    reports = Reports(tmp_path, command(tmp_path / "log"))
    (tmp_path / f"{reports.name('page', '')}.pdf").write_bytes(b"half")
    assert await reports.pdf("page", "", Drawing()) == b"%PDF-\n"


async def test_without_a_folder_it_is_made_all_the_same(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "kept").write_text("a file")
    assert await Reports(tmp_path / "kept", command(tmp_path / "log")).pdf("page", "", Drawing()) == b"%PDF-\n"
    assert "could not be kept" in caplog.text


async def test_who_goes_away_takes_nothing_from_the_others(tmp_path: Path) -> None:
    reports = Reports(tmp_path, command(tmp_path / "log", 0.2))
    gone, waiting = (asyncio.create_task(reports.pdf("page", "", Drawing())) for _ in range(2))
    await asyncio.sleep(0.05)
    gone.cancel()
    assert await waiting == b"%PDF-\n"
    assert (tmp_path / "log").read_text() == "made\n"


async def test_what_is_being_made_ends_with_the_place(tmp_path: Path) -> None:
    reports = Reports(tmp_path, command(tmp_path / "log", 60))
    waiting = asyncio.create_task(reports.pdf("page", "", Drawing()))
    await appears(tmp_path / "log")
    await reports.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_another_page_answers_while_a_report_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    few = [table for table in of_period(QUARTER) if table.name == "needs"]
    reports = Reports(tmp_path / "kept", command(log, 1.5))
    site = dashboard_site(release(tmp_path / "releases", few), reports)
    async with TestClient(TestServer(site)) as client:
        asked = asyncio.create_task(client.get("/report.pdf"))
        await appears(log)
        begun = time.monotonic()
        async with client.get("/method") as answer:
            assert answer.status == 200
        assert not asked.done()
        assert time.monotonic() - begun < 1.5
        answer = await asked
        assert answer.headers["Content-Disposition"] == 'attachment; filename="fyren-2025Q4-1-en.pdf"'
        known = {"If-None-Match": answer.headers["ETag"]}
        async with client.get("/report.pdf", headers=known) as again:
            assert again.status == 304


async def test_a_report_that_cannot_be_made_leads_to_the_page(tmp_path: Path) -> None:
    few = [table for table in of_period(QUARTER) if table.name == "needs"]
    reports = Reports(tmp_path / "kept", [sys.executable, "-c", "raise SystemExit(1)"])
    site = dashboard_site(release(tmp_path / "releases", few), reports)
    async with TestClient(TestServer(site)) as client, client.get("/report.pdf?quarter=2025Q4") as answer:
        assert answer.status == 503
        text = await answer.text()
    assert "Nothing is lost" in text
    assert 'href="/report?quarter=2025Q4"' in text
    assert 'href="/report.pdf?quarter=2025Q4"' in text


async def test_whoever_takes_a_report_along_stands_in_the_audit_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def made(self: Reports, order: PrintOrder) -> bytes:
        return b"%PDF-"

    monkeypatch.setattr(Reports, "_made", made)
    few = [table for table in of_period(QUARTER) if table.name == "needs"]
    async with open_site(tmp_path, release(tmp_path / "releases", few), organization="The board") as site:
        browser = await site.browser("anna")
        answer = await browser.get("/report.pdf?language=en")
        assert (answer.status, await answer.read()) == (200, b"%PDF-")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert ("anna", AuditEvent.TABLE_VIEWED, "/report.pdf") in await site.events()
        await browser.get("/report")
        assert "The board" in browser.text
        stranger = await (await site.browser()).get("/report.pdf")
        assert stranger.headers["Location"].startswith("/login")
    assert [path.suffix for path in (tmp_path / "analyst" / "reports").iterdir()] == [".pdf"]


def test_the_site_itself_does_not_load_the_printer() -> None:
    assert "weasyprint" not in vars(analyst.report.document)
