"""Release work over real HTTP and a real folder: preview, read, release, revise, and what must not happen twice."""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from analyst_site import Browser, Site, open_site

from analyst.accounts.audit import AuditEvent
from analyst.accounts.permissions import Role
from analyst.release_work.work import OpenStatistics
from intake_store.codebook import load_codebooks
from intake_store.disclosure.attack import Interval
from intake_store.keys.passphrases import Passphrase
from intake_store.periods import Period, Quarter, Year
from intake_store.settings import PROJECT, IntakeSettings
from intake_store.statistics.declarations import TableDeclaration
from intake_store.statistics.outsider import Findings, NarrowCell
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.releases import AttackFigures, Release, ReleaseDraft, ReleaseError, ReleaseFolder
from intake_store.statistics.releasing import Occasion, Preview, PreviewOutdated, Releasing
from intake_store.statistics.tables import MadeTable, ServiceSide
from intake_store.statistics.withheld import WithheldFigures, figures_of
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.synthetic import synthetic_tables
from intake_store.warehouse.warehouse import Warehouse
from intake_store.warehouse.warehouse_key import WarehouseKey

PERIOD = "/desk/releases/2026Q3"
CHECK = "/desk/releases/check"


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
        self.codebook_version = "1"

    def preview(self, period: Period, current_week: IsoWeek) -> Preview:
        assert self.going.wait(10)
        if self.problem is not None:
            raise self.problem
        made = []
        for table in self.tables:
            figures = list(figures_of(table))
            withheld = figures.count(None)
            made.append(MadeTable(table, WithheldFigures(len(figures), min(withheld, 1), max(withheld - 1, 0))))
        return Preview(tuple(made), Findings(3, 5, 12.0, self.narrow), self.codebook_version, 10)

    def release(self, period: Period, current_week: IsoWeek, occasion: Occasion) -> Release:
        assert self.going.wait(10)
        if self.problem is not None:
            raise self.problem
        if occasion.previewed not in (None, self.preview(period, current_week).digest):
            raise PreviewOutdated("The tables are no longer those of the preview.")
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
        return self.folder.add(draft, self.tables, occasion.seen)

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


async def preview(browser: Browser, address: str = PERIOD) -> None:
    answer = await browser.post(f"{address}/preview")
    assert answer.headers["Location"] == address, browser.text
    await done(browser, address)


async def done(browser: Browser, address: str = PERIOD) -> None:
    """Load the page as its refresh would, until nothing runs any more."""
    for _ in range(1000):
        await browser.get(address)
        if 'http-equiv="refresh"' not in browser.text:
            return
        await asyncio.sleep(0.02)
    pytest.fail("the work never ended")


def digest(browser: Browser) -> str:
    """Return what the form of the page that was seen last sends of its preview."""
    found = re.search(r'name="previewed" value="([0-9a-f]{64})"', browser.text)
    return found[1] if found else ""


async def release(browser: Browser, seen: str = "", previewed: str | None = None, **fields: str) -> int:
    chosen = digest(browser) if previewed is None else previewed
    answer = await browser.post(f"{PERIOD}/release", {"seen": seen, "previewed": chosen, **fields})
    if answer.status == 303:
        assert answer.headers["Location"] == PERIOD
    return answer.status


def withheld(table: ReleasedTable, name: str = "") -> ReleasedTable:
    """Return a table with its first row withheld, under another name if one is given."""
    row = table.rows[0].model_copy(update={"counts": tuple(None for _ in table.rows[0].counts)})
    return table.model_copy(update={"rows": (row, *table.rows[1:]), "name": name or table.name})


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
    seen = digest(browser)
    answers = await asyncio.gather(*(release(browser, previewed=seen) for _ in range(3)))
    assert sorted(answers) == [303, 409, 409]
    await done(browser)
    assert await release(browser, previewed=seen) == 409
    assert len(statistics.folder.releases()) == 1


async def test_a_second_tab_cannot_make_a_second_release(site: Site, statistics: Statistics) -> None:
    browser = await site.browser("rut")
    await preview(browser)
    seen = digest(browser)
    assert await release(browser) == 303
    await done(browser)
    # The other tab still shows the preview from before, with its form.
    for reason in ("", "Not seen."):
        assert await release(browser, previewed=seen, reason=reason) == 409
        assert "2026Q3" in browser.text
    assert len(statistics.folder.releases()) == 1


async def test_of_two_releasers_one_is_told_to_look_again(site: Site, statistics: Statistics) -> None:
    await site.person("rolf", Role.RELEASER)
    first, second = await site.browser("rut"), await site.browser("rolf")
    await preview(first)
    await preview(second)
    seen = digest(second)
    answers = await asyncio.gather(release(first), release(second))
    assert sorted(answers) == [303, 409]
    await done(first)
    assert await release(second, previewed=seen) == 409
    assert len(statistics.folder.releases()) == 1


async def test_a_release_from_the_command_line_in_between_is_noticed(site: Site, statistics: Statistics) -> None:
    browser = await site.browser("rut")
    await preview(browser)
    week = IsoWeek(2026, 48)
    occasion = Occasion(released_on=site.clock().date(), program="1.0.0")
    seen = digest(browser)
    statistics.release(Quarter(2026, 3), week, occasion)
    assert await release(browser) == 409
    assert await release(browser, previewed=seen, reason="Not seen.") == 409
    assert len(statistics.folder.releases()) == 1


async def test_a_preview_that_somebody_made_anew_has_to_be_looked_at(site: Site, statistics: Statistics) -> None:
    await site.person("rolf", Role.RELEASER)
    first, second = await site.browser("rut"), await site.browser("rolf")
    await preview(first)
    statistics.tables = [withheld(statistics.tables[0]), *statistics.tables[1:]]
    await preview(second)
    assert await release(first) == 409
    assert statistics.folder.releases() == []
    assert await release(second) == 303


async def test_what_was_not_looked_at_is_not_released(site: Site, statistics: Statistics) -> None:
    browser = await site.browser("rut")
    await preview(browser)
    statistics.tables = [withheld(statistics.tables[0]), *statistics.tables[1:]]
    assert await release(browser) == 303
    await done(browser)
    assert "The tables are no longer those of the preview." in browser.text
    assert statistics.folder.releases() == []


async def test_a_revision_needs_a_reason_and_shows_what_changed(site: Site, statistics: Statistics) -> None:
    browser = await site.browser("rut")
    await browser.get("/account?language=en")
    await preview(browser)
    assert await release(browser) == 303
    await done(browser)
    first = statistics.tables[0]
    changed = withheld(first).model_copy(update={"notes": ("Read this.",), "threshold": 12})
    new = statistics.tables[1].model_copy(update={"name": "another", "title": "A table that is new"})
    gone = statistics.tables[2]
    statistics.tables = [changed, statistics.tables[1], *statistics.tables[3:], new]
    await preview(browser)
    assert "2026Q3-1 is the newest release of this period, and would be replaced." in plain(browser)
    number = sum(count is not None for count in first.rows[0].counts)
    cells = re.search(rf'tables/{first.name}\.{first.population}".*?</tr>', browser.text, re.DOTALL)
    assert cells is not None
    told = re.findall(r'data-label="([^"]*)"><span>([^<]*)<', cells[0])
    assert dict(told)["Changed"] == dict(told)["Newly withheld"] == str(number)
    assert dict(told)["Newly shown"] == "0"
    assert "Changed besides figures: notes, threshold." in plain(browser)
    assert f"New tables A table that is new, {new.population_label}" in plain(browser)
    title = gone.title.removeprefix("SYNTHETIC DATA: ")
    assert f"Tables that are gone {title}, {gone.population_label}" in plain(browser)

    assert await release(browser, "2026Q3-1") == 409
    assert "A revision needs a reason." in browser.text
    assert len(statistics.folder.releases()) == 1, "without a reason nothing is revised"
    # The preview is still there: nobody has to make it again for that.
    assert await release(browser, "2026Q3-1", reason="A table was wrong.") == 303
    await done(browser)
    made = statistics.folder.releases()
    assert [(one.number, one.replaces, one.reason) for one in made] == [
        ("2026Q3-1", None, ""),
        ("2026Q3-2", "2026Q3-1", "A table was wrong."),
    ]


def plain(browser: Browser) -> str:
    """Return the words of a page on one line."""
    return " ".join(re.sub("<[^>]*>", " ", browser.text).split()).replace(" .", ".").replace(" ,", ",")


async def test_what_gives_way_is_shown_and_not_released(site: Site, statistics: Statistics) -> None:
    statistics.narrow = (NarrowCell(("needs_selling", "2026Q3", "needs", "housing"), Interval(3.0, 5.0)),)
    browser = await site.browser("rut")
    await preview(browser)
    assert "needs_selling 2026Q3 needs housing: 3–5" in browser.text
    assert f'action="{PERIOD}/release"' not in browser.text
    # Nor by a form that somebody wrote themselves.
    assert await release(browser, previewed=statistics.preview(Quarter(2026, 3), IsoWeek(2026, 48)).digest) == 409
    assert statistics.folder.releases() == []


async def test_each_table_is_read_as_it_would_be_published(site: Site, statistics: Statistics) -> None:
    browser = await site.browser("rut")
    await browser.get("/account?language=en")
    await preview(browser)
    addresses = re.findall(rf'href="({PERIOD}/tables/[^"]+)"', browser.text)
    assert len(addresses) == len(statistics.tables)
    table = next(table for table in statistics.tables if table.name == "needs" and table.population == "needs_selling")
    address = f"{PERIOD}/tables/needs.needs_selling"
    assert address in addresses
    await browser.get(address)
    draft = browser.text
    assert "Not released." in draft
    assert (await site.events())[-1] == ("rut", AuditEvent.PREVIEWED, "2026Q3 needs.needs_selling")
    for part in ("/charts/", "/releases/2026Q3"):
        assert part not in draft.replace("/desk/releases/", ""), "nothing leads to what is not there"
    # Every table can be read one after the other.
    seen = []
    following: str | None = addresses[0]
    while following:
        await browser.get(following)
        seen.append(following)
        found = re.search(r'href="([^"]*)" rel="next"', browser.text)
        following = found[1] if found else None
    assert sorted(seen) == sorted(addresses)

    await browser.get(PERIOD)
    assert await release(browser) == 303
    await done(browser)
    await browser.get("/tables/needs.needs_selling?release=2026Q3-1")
    assert grid(draft) == grid(browser.text), "the same rendering"
    assert len(grid(draft)) >= len(table.rows)
    assert (await browser.get(address)).status == 303, "the preview went with its release"


def grid(text: str) -> list[list[str]]:
    """Return the texts of every row of the table of figures on a page."""
    found = re.search(r"<table>.*?</table>", text, re.DOTALL)
    assert found is not None
    rows = re.findall(r"<tr.*?</tr>", found[0], re.DOTALL)
    return [re.sub(r"\s+", " ", re.sub("<[^>]*>", "|", row)).split("|") for row in rows]


async def test_only_who_may_preview_reads_a_preview(site: Site, statistics: Statistics) -> None:
    releaser = await site.browser("rut")
    await preview(releaser)
    for name in ("anna", "ada"):
        browser = await site.browser(name)
        for address in (PERIOD, f"{PERIOD}/tables/needs.needs_selling", CHECK):
            assert (await browser.get(address)).status == 403


async def test_why_figures_are_withheld_is_told_here_alone(site: Site, statistics: Statistics, tmp_path: Path) -> None:
    browser = await site.browser("rut")
    await browser.get("/account?language=en")
    await preview(browser)
    assert "To protect others" in browser.text
    assert await release(browser) == 303
    await done(browser)
    for path in ("/tables/needs.needs_selling", "/releases", "/api/v1/tables", "/"):
        await browser.get(path)
        assert "To protect others" not in browser.text
    for file in (tmp_path / "releases").rglob("*.json"):
        assert not re.search("primary|complementary", file.read_text())


async def test_a_new_period_is_compared_with_the_one_before(site: Site, statistics: Statistics) -> None:
    browser = await site.browser("rut")
    await browser.get("/account?language=en")
    now, week = statistics.tables, IsoWeek(2026, 48)
    occasion = Occasion(released_on=site.clock().date(), program="1.0.0")
    # A year ended too, but is another kind of period.
    for period in (Quarter(2026, 2), Year(2025)):
        statistics.tables = [
            table.model_copy(update={"period": str(period), "responses": (table.responses or 0) // 2}) for table in now
        ]
        first = statistics.tables[0]
        row = first.rows[1]
        fewer = row.model_copy(update={"counts": (0, *row.counts[1:])})
        statistics.tables[0] = first.model_copy(update={"rows": (first.rows[0], fewer, *first.rows[2:])})
        statistics.release(period, week, occasion)
    statistics.tables = now
    statistics.codebook_version = "2"
    await preview(browser)
    text = plain(browser)
    assert "What changed since 2026Q2-1" in text
    assert "The number of responses moved by more than a third:" in text
    assert f"({(now[0].responses or 0) // 2} → {now[0].responses})" in text
    assert "Codebook version 2 – before: 1" in text
    base, count = now[0].base, now[0].rows[1].counts[0]
    assert base is not None
    assert base.counts[0]
    assert count
    share = 100 * count / base.counts[0]
    assert f"+{share:.1f} percentage points: {row.label}" in text
    assert f"0.0 % of {base.counts[0]} responses, now {share:.1f} % of {base.counts[0]}" in text
    assert "Newly withheld" not in text


async def test_a_year_waits_for_its_quarters(site: Site, statistics: Statistics) -> None:
    browser = await site.browser("rut")
    await browser.get("/account?language=en")
    year = "/desk/releases/2025"
    await browser.get(year)
    assert "First release the quarters of the year: 2025Q1, 2025Q2, 2025Q3, 2025Q4." in browser.text
    await preview(browser, year)
    assert f'action="{year}/release"' not in browser.text


async def test_a_period_that_goes_on_is_not_released(site: Site, statistics: Statistics) -> None:
    browser = await site.browser("rut")
    await browser.get("/account?language=en")
    now = "/desk/releases/2026Q4"
    statistics.tables = [table.model_copy(update={"provisional": True}) for table in statistics.tables]
    await preview(browser, now)
    assert "The period ends on 2027-01-03." in browser.text
    assert f'action="{now}/release"' not in browser.text


async def test_a_period_with_too_few_responses_says_what_to_do(site: Site, statistics: Statistics) -> None:
    browser = await site.browser("rut")
    await browser.get("/account?language=en")
    statistics.tables = [table.model_copy(update={"withheld": True, "rows": ()}) for table in statistics.tables]
    await preview(browser)
    assert "There are too few responses of this period for any table." in browser.text
    assert "fyren responses load" in browser.text
    assert f'action="{PERIOD}/release"' not in browser.text


# -- What is released already --


async def test_released_files_are_checked_and_attacked(site: Site, statistics: Statistics) -> None:
    browser = await site.browser("rut")
    await browser.get("/account?language=en")
    await browser.get(CHECK)
    assert "Nothing has been released yet." in browser.text
    statistics.release(Quarter(2026, 3), IsoWeek(2026, 48), Occasion(released_on=site.clock().date(), program="1"))
    await browser.get(CHECK)
    assert f"No file was changed. Releases: 1; tables: {len(statistics.tables)}." in browser.text
    assert statistics.folder.verify().end in browser.text
    answer = await browser.post(f"{CHECK}/attack")
    assert answer.headers["Location"] == CHECK
    await done(browser, CHECK)
    assert "No withheld figure gives way." in browser.text
    assert ("rut", AuditEvent.PREVIEWED, "all releases") in await site.events()


async def test_a_release_that_was_altered_is_not_shown_and_stops_the_work(
    site: Site, statistics: Statistics, tmp_path: Path
) -> None:
    browser = await site.browser("rut")
    await browser.get("/account?language=en")
    occasion = Occasion(released_on=site.clock().date(), program="1")
    statistics.release(Quarter(2026, 2), IsoWeek(2026, 48), occasion)
    statistics.release(Quarter(2026, 3), IsoWeek(2026, 48), occasion)
    shown = "/tables/needs.needs_selling?release=2026Q2-1"
    assert (await browser.get(shown)).status == 200
    await preview(browser)
    assert f'action="{PERIOD}/release"' in browser.text
    seen = digest(browser)

    file = tmp_path / "releases" / "0001-2026Q2-1" / "needs.needs_selling.json"
    released = file.read_text()
    file.chmod(0o644)
    file.write_text(re.sub(r'"title": "[^"]*"', '"title": "Something else"', released))
    told = "Release 2026Q2-1 is not shown: its file needs.needs_selling.json is not what was released."
    # The table was read before, and the page kept it.
    for path in (shown, "/releases/2026Q2-1/tables/needs.needs_selling.csv"):
        answer = await browser.get(path)
        assert answer.status == 503
        assert told in (browser.text if path == shown else await answer.text())
    assert "Something else" not in browser.text
    for path in ("/desk/releases", CHECK, PERIOD):
        await browser.get(path)
        assert told in browser.text
    assert f'action="{PERIOD}/release"' not in browser.text
    assert await release(browser, "2026Q3-1", seen, reason="All the same.") == 303
    await done(browser)
    assert "Nothing can be released until it is restored from a copy." in browser.text
    assert len(statistics.folder.releases()) == 2
    # The others are as good as they were.
    assert (await browser.get("/tables/needs.needs_selling?release=2026Q3-1")).status == 200

    file.write_text(released)
    assert (await browser.get(shown)).status == 200
    rewritten = tmp_path / "releases" / "0001-2026Q2-1" / "release.json"
    rewritten.chmod(0o644)
    rewritten.write_text(rewritten.read_text().replace('"note": ""', '"note": "Never written."'))
    assert (await browser.get("/desk/releases")).status == 503
    assert "does not follow the one before it" in browser.text
    assert (await browser.get(CHECK)).status == 200
    assert "does not follow the one before it" in browser.text


# -- While it runs, and when it fails --


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
    answer = await browser.post(f"{PERIOD}/release", {"seen": "", "previewed": digest(browser)})
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
        assert "fyren responses load" in browser.text
        await preview(browser)
        assert "fyren responses load" in browser.text


DECLARED = TableDeclaration(name="needs", title="Needs", populations=("needs_buying",), rows="needs")


async def test_a_locked_or_busy_warehouse_says_what_to_do(tmp_path: Path) -> None:
    """The real door, a real key and warehouse: without its passphrase, with another program inside, and free."""
    settings = IntakeSettings(var=tmp_path)
    passphrase = Passphrase("four plain words here")
    settings.warehouse_key.parent.mkdir(parents=True)
    key = WarehouseKey.create(settings.warehouse_key, passphrase)
    async with open_site(tmp_path) as site:
        browser = await site.browser("rut")
        await browser.get("/desk/releases?language=en")
        assert "FYREN_KEY_PASSPHRASE_FILE" in browser.text
        await browser.get(PERIOD)
        assert "FYREN_KEY_PASSPHRASE_FILE" in browser.text
        (settings.warehouse_key.parent / "passphrase").write_text(f"{passphrase}\n")
        with Warehouse(settings.warehouse, load_codebooks(settings.codebooks), key):
            await preview(browser)
            assert "another program uses it. Wait until it has ended, and try again." in browser.text
        await preview(browser)
        assert "There are too few responses of this period for any table." in browser.text


async def test_responses_become_a_release_through_the_pages(tmp_path: Path) -> None:
    """From a real warehouse: what was previewed is what lies in the folder, and a load in between is noticed."""
    codebooks = load_codebooks(PROJECT / "flows" / "codebook")
    folder = ReleaseFolder(tmp_path / "releases")
    quarter = Quarter(2026, 3)
    by_gender = DECLARED.model_copy(update={"name": "needs_by_gender", "columns": "gender"})

    def load(seed: int) -> None:
        with Warehouse(tmp_path / "warehouse", codebooks, WarehouseKey(bytes(range(32)))) as opened:
            for batch in synthetic_tables(codebooks["1"], list(quarter.weeks), 500, seed=seed):
                opened.add_columns(batch, {})

    @contextlib.contextmanager
    def door() -> Iterator[OpenStatistics]:
        with Warehouse(tmp_path / "warehouse", codebooks, WarehouseKey(bytes(range(32)))) as opened:
            made = Releasing(opened, codebooks["1"], [DECLARED, by_gender], folder, 10, ServiceSide())
            yield OpenStatistics(made, {}, False)

    load(1)
    async with open_site(tmp_path, tmp_path / "releases", door) as site:
        browser = await site.browser("rut")
        await browser.get("/account?language=en")
        await preview(browser)
        load(2)
        assert await release(browser) == 303
        await done(browser)
        assert "responses or declared tables changed since" in browser.text
        assert folder.releases() == []
        await preview(browser)
        looked_at = digest(browser)
        assert await release(browser) == 303
        await done(browser)
        [made] = folder.releases()
        assert [table.name for table in folder.tables(made)] == ["needs", "needs_by_gender"]
        await preview(browser)
        assert digest(browser) == looked_at
        assert await release(browser, "2026Q3-1", reason="A title was wrong.") == 303
        await done(browser)
    assert [entry.number for entry in folder.releases()] == ["2026Q3-1", "2026Q3-2"]


@pytest.mark.parametrize("period", ["2026Q5", "x", "20261", "2026Q3'"])
async def test_there_is_no_such_period(site: Site, period: str) -> None:
    browser = await site.browser("rut")
    assert (await browser.get(f"/desk/releases/{period}")).status == 404
