"""The audit log as an administrator sees it: in words, filtered, in pages, checked, and taken along."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3

import pytest
from analyst_site import Browser, Site

from analyst.accounts.audit import AuditEvent
from analyst.web.audit_words import EVENT_LABELS, GROUPS, EventGroup
from analyst.web.keys import ACCOUNTS, SETTINGS

ROW = re.compile(r'<tr><td>([^<]+)</td><td>([^<]+)</td><td>([^<]+)</td><td>([^<]*)</td><td class="number">(\d+)</td>')


async def rows(browser: Browser, address: str) -> list[tuple[str, ...]]:
    """Return number, time, who, what and about of each record that a page shows."""
    answer = await browser.get(address)
    assert answer.status == 200, browser.text
    return [(number, *others) for *others, number in ROW.findall(browser.text)]


async def record(site: Site, actor: str, event: AuditEvent, subject: str = "") -> None:
    await site.server.app[ACCOUNTS].audit.record(actor, event, subject)


@pytest.fixture
async def ada(site: Site) -> Browser:
    return await site.browser("ada")


def test_every_event_has_a_word_and_a_group() -> None:
    assert set(EVENT_LABELS) == set(AuditEvent)
    grouped = [GROUPS[group] for group in EventGroup if group not in (EventGroup.BUT_VIEWS, EventGroup.EVERYTHING)]
    assert frozenset().union(*grouped) == frozenset(AuditEvent)
    assert set(GROUPS) == set(EventGroup)


async def test_events_are_words_and_opened_pages_are_left_out(site: Site, ada: Browser) -> None:
    await record(site, "anna", AuditEvent.TABLE_VIEWED, "/tables")
    await record(site, "(unknown)", AuditEvent.LOGIN_FAILED, "password")
    shown = await rows(ada, "/audit?language=en")
    assert shown[0][2:] == ("Somebody unknown", "Failed to log in", "with a password")
    assert not [row for row in shown if row[3] == "Opened a page"]
    assert (await rows(ada, "/audit?what=everything"))[1][2:] == ("anna", "Opened a page", "/tables")
    assert (await rows(ada, "/audit?what=table_viewed"))[0][2:] == ("anna", "Opened a page", "/tables")
    assert {row[3] for row in await rows(ada, "/audit?what=refused")} == {"Failed to log in"}


async def test_filters_of_people_and_days(site: Site, ada: Browser) -> None:
    for _ in range(3):
        site.clock.turn(24 * 3600)
        await record(site, "anna", AuditEvent.EXPORTED, "/x.csv")
        await record(site, "rut", AuditEvent.RELEASED, "2026Q3-1")
    site.clock.turn(-3 * 24 * 3600)
    mine = await rows(ada, "/audit?who=anna&what=reading&language=en")
    assert [row[1][:10] for row in mine] == ["2026-11-27", "2026-11-26", "2026-11-25"]
    between = await rows(ada, "/audit?from=2026-11-26&to=2026-11-26")
    assert [row[2] for row in between] == ["rut", "anna"], "the last day is included whole"
    assert await rows(ada, "/audit?who=nobody") == []
    assert "No record fits" in ada.text
    assert 'value="nobody"' in ada.text, "what was asked for stays in the form"
    for wrong, field in (
        ("from=yesterday", "from"),
        ("from=2026-11-27&to=2026-11-26", "to"),
        ("what=nonsense", "what"),
    ):
        assert (await ada.get(f"/audit?{wrong}")).status == 400
        assert f'href="#field-{field}"' in ada.text
    for wrong in ("before=-1", "before=x", "before=%D9%A1", f"before={'9' * 30}"):
        assert (await ada.get(f"/audit?{wrong}")).status == 400


async def test_pages_lead_on_and_keep_the_filter(site: Site, ada: Browser) -> None:
    for number in range(230):
        await record(site, "anna", AuditEvent.EXPORTED, f"/{number}.csv")
    seen: list[str] = []
    address = "/audit?who=anna&what=exported&language=en"
    for length in (100, 100, 30):
        page = await rows(ada, address)
        assert len(page) == length
        seen += [row[4] for row in page]
        assert "Records that fit: 230" in ada.text
        older = re.search(r'href="(/audit\?[^"]*before=\d+)">Older', ada.text)
        address = older[1] if older else ""
        assert not address or "who=anna&what=exported" in address
    assert not address
    assert seen == [f"/{number}.csv" for number in reversed(range(230))]


async def test_files_are_whole_keep_codes_and_tell_of_themselves(site: Site, ada: Browser) -> None:
    await record(site, "anna", AuditEvent.TABLE_VIEWED, "=1+1")
    text = await (await ada.client.get("/audit.csv")).text()
    written = list(csv.DictReader(io.StringIO(text)))
    events = await site.events()
    assert [(row["actor"], row["event"]) for row in written] == [(who, what.value) for who, what, _ in events]
    assert events[-1] == ("ada", AuditEvent.AUDIT_LOG_EXPORTED, "fyren-audit.csv")
    assert written[-2]["subject"] == "'=1+1"
    text = await (await ada.client.get("/audit.jsonl")).text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["number"] for line in lines] == list(range(1, len(events) + 2))
    assert lines[-1]["subject"] == "fyren-audit.jsonl"
    stranger = await site.browser("anna")
    for path in ("/audit", "/audit.csv", "/audit.jsonl", "/audit/check"):
        assert (await stranger.client.get(path)).status == 403


async def test_a_check_says_in_words_what_it_found(site: Site, ada: Browser) -> None:
    await ada.get("/audit/check?language=en")
    assert "The audit log is whole." in ada.text
    end = re.search(r'class="digest">(\d+:[0-9a-f]{64})<', ada.text)[1]  # type: ignore[index]
    await record(site, "anna", AuditEvent.EXPORTED, "/x.csv")
    await ada.get("/audit/check", params={"known": end})
    assert "goes on from the end that was noted" in ada.text
    assert (await ada.get("/audit/check?known=nonsense")).status == 400
    await ada.get("/audit/check", params={"known": f"1:{'0' * 64}"})
    assert "The audit log is not whole." in ada.text
    assert "up to record 1 is not the one that was noted" in ada.text
    checks = [about for _, event, about in await site.events() if event is AuditEvent.AUDIT_LOG_CHECKED]
    assert checks[0].startswith("whole, ")
    assert checks[-1] == "changed"


async def test_a_check_names_the_first_record_that_was_changed(site: Site, ada: Browser) -> None:
    await record(site, "anna", AuditEvent.EXPORTED, "/x.csv")
    connection = sqlite3.connect(site.server.app[SETTINGS].accounts)
    connection.execute("DROP TRIGGER audit_record_never_changed")
    connection.execute("UPDATE audit_record SET subject = '/y.csv' WHERE subject = '/x.csv'")
    number = connection.execute("SELECT number FROM audit_record WHERE subject = '/y.csv'").fetchone()[0]
    connection.commit()
    connection.close()
    shown = await rows(ada, "/audit/check?language=en")
    assert f"Record {number} of the audit log, or one before it, was changed." in ada.text
    assert [(row[0], row[4]) for row in shown] == [(str(number), "/y.csv")]
    # Nor does a damaged record keep the log from being read.
    connection = sqlite3.connect(site.server.app[SETTINGS].accounts)
    connection.execute("UPDATE audit_record SET event = 'nonsense', at = 'then' WHERE subject = '/y.csv'")
    connection.commit()
    connection.close()
    assert ("–", "anna", "nonsense", "/y.csv") in [row[1:] for row in await rows(ada, "/audit/check")]
    assert (await ada.get("/audit?what=everything")).status == 200
    assert "anna,nonsense,/y.csv" in await (await ada.client.get("/audit.csv")).text()
