from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace

import pytest
from intake import BOTH_ENGINES, query, remains

from intake_store.submission.inbox import Inbox
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.receipts import new_receipt_code
from intake_store.upkeep.retention import RetentionRefused, RetentionRules, run_retention

TABLES = ("sealed_response", "submission", "usage_count", "withdrawn_response")
EXPIRED, KEPT = "2025-W46", "2025-W47"
"""The last week that goes, and the first that stays, with 52 weeks."""


async def counts(database: str) -> dict[str, int]:
    return {name: (await query(database, f"SELECT count(*) FROM {name}"))[0][0] for name in TABLES}


async def fill(inbox: Inbox, database: str, make_response) -> None:
    """Store a response with a receipt in each of two weeks, and a row of every other kind in an old week."""
    for week in (EXPIRED, KEPT):
        await inbox.submit(make_response(week=week), week, new_receipt_code())
    await query(database, "INSERT INTO usage_count VALUES ('2024-W46', 'web', 'sv', 'flow_entered', '', '', 3)")
    await query(database, "INSERT INTO usage_count VALUES ('2024-W48', 'web', 'sv', 'flow_entered', '', '', 3)")
    await query(database, f"INSERT INTO withdrawn_response VALUES ('{uuid.uuid4().hex}', '2026-W40')")
    await query(database, f"INSERT INTO withdrawn_response VALUES ('{uuid.uuid4().hex}', '2026-W41')")


@BOTH_ENGINES
async def test_what_is_expired_goes_from_the_tables_and_from_the_files(
    inbox: Inbox,
    database: str,
    raw_bytes: Callable[[], bytes],
    make_response,
    rules: RetentionRules,
    this_week: IsoWeek,
) -> None:
    await fill(inbox, database, make_response)
    stored = await query(database, "SELECT iso_week, sealed, receipt_hash FROM sealed_response")
    keys = [key for (key,) in await query(database, "SELECT key_hash FROM submission")]
    secrets = {week: (sealed, receipt_hash) for week, sealed, receipt_hash in stored}
    before = raw_bytes()
    assert all(remains(sealed, before) and receipt in before for sealed, receipt in secrets.values())
    assert all(key in before for key in keys)

    report = await run_retention(database, rules, this_week)

    assert report.deleted == {"sealed_response": 1, "submission": 2, "usage_count": 1, "withdrawn_response": 1}
    assert report.remains == ()
    assert await query(database, "SELECT iso_week FROM sealed_response") == [(KEPT,)]
    after = raw_bytes()
    assert remains(secrets[KEPT][0], after)
    assert not remains(secrets[EXPIRED][0], after)
    assert secrets[EXPIRED][1] not in after
    assert not any(key in after for key in keys)


@BOTH_ENGINES
async def test_when_all_is_expired_every_table_counts_zero(
    inbox: Inbox,
    database: str,
    raw_bytes: Callable[[], bytes],
    make_response,
    rules: RetentionRules,
    this_week: IsoWeek,
) -> None:
    await fill(inbox, database, make_response)
    sealed = [row[0] for row in await query(database, "SELECT sealed FROM sealed_response")]
    report = await run_retention(database, rules, this_week.before(-300), even_all=True)
    assert sum(report.deleted.values()) == 8
    assert await counts(database) == dict.fromkeys(TABLES, 0)
    after = raw_bytes()
    assert not any(remains(bytes_, after) for bytes_ in sealed)
    assert (await run_retention(database, rules, this_week)).deleted == dict.fromkeys(report.deleted, 0)


@BOTH_ENGINES
async def test_a_dry_run_counts_the_same_and_deletes_nothing(
    inbox: Inbox, database: str, make_response, rules: RetentionRules, this_week: IsoWeek
) -> None:
    await fill(inbox, database, make_response)
    before = await counts(database)
    foreseen = await run_retention(database, rules, this_week, dry_run=True)
    assert await counts(database) == before
    assert foreseen.deleted == (await run_retention(database, rules, this_week)).deleted


@BOTH_ENGINES
async def test_a_clock_that_runs_ahead_deletes_nothing(
    inbox: Inbox, database: str, make_response, rules: RetentionRules, this_week: IsoWeek
) -> None:
    await fill(inbox, database, make_response)
    before = await counts(database)
    with pytest.raises(RetentionRefused, match=r"newest is of 2025-W47.*clock.*--even-all"):
        await run_retention(database, rules, this_week.before(-520))
    assert await counts(database) == before


async def test_a_clock_that_was_stepped_back_deletes_nothing_new(
    inbox: Inbox, database: str, make_response, rules: RetentionRules, this_week: IsoWeek
) -> None:
    await inbox.submit(make_response(week="2026-W47"), "one")
    report = await run_retention(database, replace(rules, responses=4), this_week.before(30))
    assert sum(report.deleted.values()) == 0
