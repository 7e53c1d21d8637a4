"""Release work over real HTTP and a real folder: preview, release, revision, and what must not happen twice."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from analyst_site import Browser, Site, open_site

from analyst.accounts.audit import AuditEvent
from analyst.accounts.permissions import Role
from analyst.release_work import OpenStatistics
from intake_store.disclosure.attack import Interval
from intake_store.periods import Period, Quarter
from intake_store.statistics.outsider import Findings, NarrowCell
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.releases import AttackFigures, Release, ReleaseDraft, ReleaseError, ReleaseFolder
from intake_store.statistics.releasing import Occasion, Preview
from intake_store.submission.iso_weeks import IsoWeek

PERIOD = "/desk/releases/2026Q3"


class Statistics:
    """Makes tables like the real one, of tables that lie ready, and holds still while a test wants it to."""

    def __init__(self, folder: ReleaseFolder, tables: list[ReleasedTable]) -> None:
        self.folder = folder
        self.tables = tables
        self.narrow: tuple[NarrowCell, ...] = ()
        self.going = threading.Event()
        self.going.set()
        self.problem: Exception | None = None
        self.production = False

    def preview(self, period: Period, current_week: IsoWeek) -> Preview:
        assert self.going.wait(10)
        if self.problem is not None:
            raise self.problem
        return Preview(tuple(self.tables), Findings(3, 5, 12.0, self.narrow))

    def release(self, period: Period, current_week: IsoWeek, occasion: Occasion) -> Release:
        assert self.going.wait(10)
        draft = ReleaseDraft(
            period=str(period),
            reason=occasion.reason,
            note=occasion.note,
            released_on=occasion.released_on,
            program=occasion.program,
            codebook_version="1",
            threshold=10,
            attack=AttackFigures(withheld=3, unpublished=5, least_width=12.0, required_width=10),
        )
        return self.folder.add(draft, self.tables)

    @contextlib.contextmanager
    def open(self) -> Iterator[OpenStatistics]:
        yield OpenStatistics(self, {}, self.production)


@pytest.fixture
def statistics(tmp_path: Path, few_releases: Path) -> Statistics:
    published = ReleaseFolder(few_releases)
    return Statistics(ReleaseFolder(tmp_path / "releases"), published.tables(published.releases()[1]))


@pytest.fixture
async def site(tmp_path: Path, statistics: Statistics) -> AsyncIterator[Site]:
    async with open_site(tmp_path, tmp_path / "releases", statistics.open) as opened:
        yield opened


async def preview(browser: Browser) -> None:
    answer = await browser.post(f"{PERIOD}/preview")
    assert answer.headers["Location"] == PERIOD, browser.text
    await done(browser)


async def done(browser: Browser) -> None:
    """Load the page as its refresh would, until nothing runs any more."""
    for _ in range(200):
        await browser.get(PERIOD)
        if 'http-equiv="refresh"' not in browser.text:
            return
        await asyncio.sleep(0.02)
    pytest.fail("the work never ended")


async def release(browser: Browser, seen: str = "", **fields: str) -> int:
    answer = await browser.post(f"{PERIOD}/release", {"seen": seen, **fields})
    if answer.status == 303:
        assert answer.headers["Location"] == PERIOD
    return answer.status


async def test_a_period_is_previewed_and_released_once(site: Site, statistics: Statistics) -> None:
    browser = await site.browser("rut")
    await browser.get(PERIOD)
    assert "Förhandsgranska" in browser.text or "preview" in browser.text
    await preview(browser)
    withheld = sum(count is None for table in statistics.tables for row in table.rows for count in row.counts)
    assert withheld > 0
    for text in ("12", "2026Q3"):
        assert text in browser.text
    assert f'action="{PERIOD}/release"' in browser.text
    assert await release(browser, note="A note for readers.") == 303
    await done(browser)
    [made] = statistics.folder.releases()
    assert (made.number, made.note, made.reason) == ("2026Q3-1", "A note for readers.", "")
    assert "2026Q3-1" in browser.text
    assert f'action="{PERIOD}/release"' not in browser.text
    events = [event for event in await site.events() if event[0] == "rut" and event[1] is not AuditEvent.TABLE_VIEWED]
    assert events[-2:] == [("rut", AuditEvent.PREVIEWED, "2026Q3"), ("rut", AuditEvent.RELEASED, "2026Q3-1")]


async def test_a_form_that_is_sent_twice_releases_once(site: Site, statistics: Statistics) -> None:
    browser = await site.browser("rut")
    await preview(browser)
    answers = await asyncio.gather(*(release(browser) for _ in range(3)))
    assert sorted(answers) == [303, 409, 409]
    await done(browser)
    assert await release(browser) == 409
    assert len(statistics.folder.releases()) == 1


async def test_a_second_tab_cannot_make_a_second_release(site: Site, statistics: Statistics) -> None:
    browser = await site.browser("rut")
    await preview(browser)
    assert await release(browser) == 303
    await done(browser)
    # The other tab still shows the preview from before, with its form.
    for fields in ({}, {"reason": "Not seen."}):
        assert await release(browser, **fields) == 409
        assert "2026Q3" in browser.text
    assert len(statistics.folder.releases()) == 1


async def test_of_two_releasers_one_is_told_to_look_again(site: Site, statistics: Statistics) -> None:
    await site.person("rolf", Role.RELEASER)
    first, second = await site.browser("rut"), await site.browser("rolf")
    await preview(first)
    await preview(second)
    answers = await asyncio.gather(release(first), release(second))
    assert sorted(answers) == [303, 409]
    await done(first)
    assert await release(second) == 409
    assert len(statistics.folder.releases()) == 1


async def test_a_release_from_the_command_line_in_between_is_noticed(site: Site, statistics: Statistics) -> None:
    browser = await site.browser("rut")
    await preview(browser)
    week = IsoWeek(2026, 48)
    occasion = Occasion(released_on=site.clock().date(), program="1.0.0")
    statistics.release(Quarter(2026, 3), week, occasion)
    assert await release(browser) == 409
    assert await release(browser, reason="Not seen.") == 409
    assert len(statistics.folder.releases()) == 1


async def test_a_revision_needs_a_reason_and_shows_what_changed(site: Site, statistics: Statistics) -> None:
    browser = await site.browser("rut")
    await preview(browser)
    assert await release(browser) == 303
    await done(browser)
    first = statistics.tables[0]
    row = first.rows[0].model_copy(update={"counts": tuple(None for _ in first.rows[0].counts)})
    statistics.tables = [first.model_copy(update={"rows": (row, *first.rows[1:])}), *statistics.tables[1:]]
    await preview(browser)
    assert "2026Q3-1" in browser.text
    assert f'<td class="number">{len(row.counts)}</td>' in browser.text
    assert await release(browser, "2026Q3-1") == 303
    await done(browser)
    assert "2026Q3-1" in browser.text
    assert len(statistics.folder.releases()) == 1, "without a reason nothing is revised"
    await preview(browser)
    assert await release(browser, "2026Q3-1", reason="A table was wrong.") == 303
    await done(browser)
    made = statistics.folder.releases()
    assert [(one.number, one.replaces, one.reason) for one in made] == [
        ("2026Q3-1", None, ""),
        ("2026Q3-2", "2026Q3-1", "A table was wrong."),
    ]


async def test_what_gives_way_is_shown_and_not_released(site: Site, statistics: Statistics) -> None:
    statistics.narrow = (NarrowCell(("needs_selling", "2026Q3", "needs", "housing"), Interval(3.0, 5.0)),)
    browser = await site.browser("rut")
    await preview(browser)
    assert "needs_selling 2026Q3 needs housing: 3–5" in browser.text
    assert f'action="{PERIOD}/release"' not in browser.text


async def test_while_it_runs_a_page_without_a_script_asks_again(site: Site, statistics: Statistics) -> None:
    browser = await site.browser("rut")
    statistics.going.clear()
    await browser.post(f"{PERIOD}/preview")
    answer = await browser.get(PERIOD)
    assert answer.status == 200
    assert f'<meta http-equiv="refresh" content="3;url={PERIOD}">' in browser.text
    assert f'<a href="{PERIOD}">' in browser.text
    answer = await browser.post("/desk/releases/2026Q2/preview")
    assert answer.status == 409
    statistics.going.set()
    await done(browser)


@pytest.mark.parametrize(
    ("problem", "told"),
    [(ReleaseError("2026Q3 is damaged. Restore it."), "2026Q3 is damaged. Restore it."), (ZeroDivisionError("x"), "")],
)
async def test_what_goes_wrong_is_told_plainly(
    site: Site, statistics: Statistics, problem: Exception, told: str
) -> None:
    browser = await site.browser("rut")
    statistics.problem = problem
    await preview(browser)
    assert told in browser.text
    assert 'class="problem"' in browser.text
    assert "ZeroDivisionError" not in browser.text
    statistics.problem = None
    await preview(browser)
    assert f'action="{PERIOD}/release"' in browser.text


async def test_a_release_needs_a_fresh_second_factor_and_a_preview(site: Site, statistics: Statistics) -> None:
    browser = await site.browser("rut")
    assert await release(browser) == 409
    await preview(browser)
    site.clock.turn(600)
    await browser.get(PERIOD)
    answer = await browser.post(f"{PERIOD}/release", {"seen": ""})
    assert answer.headers["Location"] == f"/confirm?next={PERIOD}"
    assert statistics.folder.releases() == []
    await browser.step_up()
    await browser.get(PERIOD)
    assert await release(browser) == 303
    await done(browser)
    assert len(statistics.folder.releases()) == 1


async def test_without_a_warehouse_the_page_says_what_to_do(tmp_path: Path) -> None:
    async with open_site(tmp_path / "bare") as site:
        browser = await site.browser("rut")
        await browser.get("/desk/releases")
        assert "2026Q3" in browser.text
        await preview(browser)
        assert "fyren responses load" in browser.text


@pytest.mark.parametrize("period", ["2026Q5", "x", "20261", "2026Q3'"])
async def test_there_is_no_such_period(site: Site, period: str) -> None:
    browser = await site.browser("rut")
    assert (await browser.get(f"/desk/releases/{period}")).status == 404
