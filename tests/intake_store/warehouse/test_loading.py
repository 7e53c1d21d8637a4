from __future__ import annotations

import dataclasses
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from intake_store.codebook import Codebook, VariableType
from intake_store.keys.private_keys import PrivateKey
from intake_store.periods import Quarter
from intake_store.submission.errors import InboxUnavailable
from intake_store.submission.inbox import Inbox
from intake_store.submission.receipts import new_receipt_code
from intake_store.submission.response import NO_ANSWER, Answer, QualityFlag
from intake_store.warehouse.loading import load_responses
from intake_store.warehouse.opening import RejectionReason, ResponseOpener
from intake_store.warehouse.storage import WarehouseError
from intake_store.warehouse.warehouse import Warehouse
from intake_store.warehouse.warehouse_key import WarehouseKey

QUARTER = Quarter.parse("2026Q4")


@pytest.fixture
def opener(private_key: PrivateKey, codebooks: dict[str, Codebook]) -> ResponseOpener:
    return ResponseOpener([private_key], codebooks)


@pytest.fixture
def warehouse(tmp_path: Path, codebooks: dict[str, Codebook], warehouse_key: WarehouseKey) -> Iterator[Warehouse]:
    with Warehouse(tmp_path / "analyst" / "warehouse", codebooks, warehouse_key) as opened:
        yield opened


async def test_loading_twice_changes_nothing(
    inbox: Inbox, database: str, warehouse: Warehouse, opener: ResponseOpener, make_response
) -> None:
    for number in range(5):
        await inbox.submit(make_response(), str(number))
    first = await load_responses(database, warehouse, opener)
    assert (first.added, first.withdrawn, first.total) == (5, 0, 5)
    second = await load_responses(database, warehouse, opener)
    assert (second.added, second.withdrawn, second.total) == (0, 0, 5)
    await inbox.submit(make_response(), "later")
    assert (await load_responses(database, warehouse, opener)).added == 1


async def test_a_withdrawn_response_leaves_the_warehouse(
    inbox: Inbox, database: str, warehouse: Warehouse, opener: ResponseOpener, make_response
) -> None:
    receipt = new_receipt_code()
    await inbox.submit(make_response(), "kept")
    await inbox.submit(make_response("needs_buying"), "withdrawn", receipt)
    await load_responses(database, warehouse, opener)
    assert warehouse.summary("needs_buying", QUARTER).counted == 1
    await inbox.withdraw(receipt)
    report = await load_responses(database, warehouse, opener)
    assert (report.withdrawn, report.total) == (1, 1)
    assert warehouse.summary("needs_buying", QUARTER).counted == 0


async def test_rows_that_cannot_be_counted_are_set_aside_by_reason(
    inbox: Inbox, database: str, warehouse: Warehouse, opener: ResponseOpener, make_response
) -> None:
    for number in range(4):
        await inbox.submit(make_response(), str(number))
    with closing(sqlite3.connect(database)) as connection, connection:
        [(a,), (b,), (c,), _] = connection.execute("SELECT row_id FROM sealed_response ORDER BY row_id").fetchall()
        connection.execute("UPDATE sealed_response SET key_id = ? WHERE row_id = ?", ("f" * 16, a))
        connection.execute("UPDATE sealed_response SET iso_week = 'never' WHERE row_id = ?", (b,))
        connection.execute("UPDATE sealed_response SET sealed = x'00' WHERE row_id = ?", (c,))
    report = await load_responses(database, warehouse, opener)
    assert report.added == 1
    assert report.quarantined == {
        RejectionReason.UNKNOWN_KEY: 1,
        RejectionReason.DAMAGED: 1,
        RejectionReason.DOES_NOT_OPEN: 1,
    }
    # What was set aside is tried again and not counted twice.
    again = await load_responses(database, warehouse, opener)
    assert (again.added, again.total, again.quarantined) == (0, 1, report.quarantined)


async def test_a_key_that_comes_later_frees_what_was_set_aside(
    inbox: Inbox, database: str, warehouse: Warehouse, opener: ResponseOpener, codebooks, make_response
) -> None:
    await inbox.submit(make_response(), "one")
    without = await load_responses(database, warehouse, ResponseOpener([], codebooks))
    assert without.quarantined == {RejectionReason.UNKNOWN_KEY: 1}
    assert (await load_responses(database, warehouse, opener)).quarantined == {}
    assert warehouse.size() == 1


async def test_categories_are_counted_and_flagged_responses_left_out(
    inbox: Inbox, database: str, warehouse: Warehouse, opener: ResponseOpener, make_response
) -> None:
    young, old = Answer.of("18_24"), Answer.of("50p")
    await inbox.submit(make_response(needs=Answer.of("housing", "talk"), age_band=young), "1")
    await inbox.submit(make_response(needs=Answer.of("talk"), age_band=old), "2")
    await inbox.submit(make_response(needs=NO_ANSWER, age_band=old), "3")
    await inbox.submit(make_response(needs=Answer.of("talk"), week="2026-W01"), "another quarter")
    flagged = dataclasses.replace(make_response(), flags=frozenset({QualityFlag.TOO_FAST}))
    await inbox.submit(flagged, "4")
    await load_responses(database, warehouse, opener)
    summary = warehouse.summary("needs_selling", QUARTER)
    assert (summary.counted, summary.flagged, summary.synthetic) == (3, 1, True)
    assert warehouse.counts("needs_selling", QUARTER, "needs") == {
        "housing": 1,
        "talk": 2,
        "answered": 2,
        "no_answer": 1,
    }
    crossed = warehouse.cross_counts("needs_selling", QUARTER, "needs", "age_band")
    assert crossed["talk", "18_24"] == crossed["talk", "50p"] == crossed["answered", "50p"] == 1
    assert crossed["talk", "answered"] == 2
    assert crossed["no_answer", "50p"] == 1
    assert ("housing", "50p") not in crossed


async def test_a_missing_inbox_is_named(tmp_path: Path, warehouse: Warehouse, opener: ResponseOpener) -> None:
    with pytest.raises(InboxUnavailable, match="fyren database upgrade"):
        await load_responses(str(tmp_path / "missing.sqlite3"), warehouse, opener)


def test_only_the_owner_reads_the_warehouse(tmp_path: Path, warehouse: Warehouse) -> None:
    folder = tmp_path / "analyst" / "warehouse"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_variable_cannot_change_its_type_between_versions(
    tmp_path: Path, codebook: Codebook, warehouse_key: WarehouseKey
) -> None:
    changed = {
        name: dataclasses.replace(variable, type=VariableType.MULTIPLE) for name, variable in codebook.variables.items()
    }
    later = dataclasses.replace(codebook, version="2", variables=changed)
    with pytest.raises(WarehouseError, match="new name"):
        Warehouse(tmp_path / "w", {"1": codebook, "2": later}, warehouse_key)
