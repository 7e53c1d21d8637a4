from __future__ import annotations

import dataclasses
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest
from intake import BOTH_ENGINES

from intake_store.codebook import Codebook, VariableType
from intake_store.keys.private_keys import PrivateKey
from intake_store.periods import Quarter
from intake_store.submission.errors import InboxUnavailable
from intake_store.submission.inbox import Inbox
from intake_store.submission.receipts import new_receipt_code
from intake_store.submission.response import NO_ANSWER, Answer, QualityFlag
from intake_store.submission.sealing import Sealer
from intake_store.warehouse.loading import load_responses
from intake_store.warehouse.opening import RejectionReason, ResponseOpener
from intake_store.warehouse.storage import WarehouseError
from intake_store.warehouse.warehouse import OpenedResponse, Warehouse
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
    needs = warehouse.tally("needs_selling", QUARTER, ["needs"])
    assert {cell: tally.count for cell, tally in needs.items()} == {
        ("housing",): 1,
        ("talk",): 2,
        ("answered",): 2,
        ("no_answer",): 1,
    }
    by_age = warehouse.tally("needs_selling", QUARTER, ["needs", "age_band"])
    crossed = {cell: tally.count for cell, tally in by_age.items()}
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


# -- Many rows --------------------------------------------------------------------------------------------------------


@BOTH_ENGINES
async def test_a_load_that_was_stopped_goes_on(
    inbox: Inbox,
    database: str,
    warehouse: Warehouse,
    opener: ResponseOpener,
    make_response,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("intake_store.warehouse.loading.BATCH", 3)
    await inbox.submit_batch([make_response() for _ in range(10)])
    add, seen = warehouse.add_columns, []

    def stopped(responses: pa.Table, rejected: dict[RejectionReason, int]) -> None:
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(responses.num_rows)
        add(responses, rejected)

    with monkeypatch.context() as patched:
        patched.setattr(warehouse, "add_columns", stopped)
        with pytest.raises(KeyboardInterrupt):
            await load_responses(database, warehouse, opener)
    assert warehouse.size() == sum(seen) == 6
    steps: list[tuple[int, int]] = []
    report = await load_responses(database, warehouse, opener, lambda done, total: steps.append((done, total)))
    assert (report.added, report.total) == (4, 10)
    assert steps == [(0, 4), (3, 4), (4, 4)]
    # Two of very many: asked for one by one, and not found by walking through the whole table.
    await inbox.submit_batch([make_response() for _ in range(2)])
    assert (await load_responses(database, warehouse, opener)).total == 12


async def test_processes_open_what_one_process_opens(
    inbox: Inbox,
    database: str,
    open_warehouse,
    opener: ResponseOpener,
    make_response,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr("intake_store.warehouse.loading.BATCH", 4)
    monkeypatch.setattr("intake_store.warehouse.loading.WORTH_A_PROCESS", 0)
    await inbox.submit_batch([make_response(needs=Answer.of("talk")) for _ in range(10)])
    await inbox.submit_batch([make_response(needs=NO_ANSWER) for _ in range(11)])
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "UPDATE sealed_response SET sealed = x'00' WHERE row_id = (SELECT max(row_id) FROM sealed_response)"
        )
    found = []
    for processes in (1, 2):
        with open_warehouse(tmp_path / str(processes)) as warehouse:
            report = await load_responses(database, warehouse, opener, processes=processes)
            found.append((report, warehouse.tally("needs_selling", QUARTER, ["needs"])))
    assert found[0] == found[1]
    assert found[0][0].added == 20


async def test_a_process_that_was_ended_is_named(
    inbox: Inbox,
    database: str,
    warehouse: Warehouse,
    opener: ResponseOpener,
    make_response,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("intake_store.warehouse.loading.WORTH_A_PROCESS", 0)
    await inbox.submit_batch([make_response()])
    with monkeypatch.context() as patched:
        patched.setattr("intake_store.warehouse.loading.RowOpener.open", lambda *_: os._exit(1))
        with pytest.raises(WarehouseError, match="goes on where it was"):
            await load_responses(database, warehouse, opener, processes=2)
    assert (await load_responses(database, warehouse, opener)).total == 1


async def test_from_postgresql_to_postgresql(
    postgresql, postgresql_database: str, open_warehouse, sealer, store_secrets, opener, make_response
) -> None:
    inbox = await Inbox.open(postgresql_database, sealer, store_secrets)
    receipt = new_receipt_code()
    await inbox.submit(make_response(), "one", receipt)
    await inbox.submit_batch([make_response() for _ in range(4)])
    with open_warehouse(postgresql.location(postgresql.create_database())) as warehouse:
        assert (await load_responses(postgresql_database, warehouse, ResponseOpener([], {}))).quarantined == {
            RejectionReason.UNKNOWN_KEY: 5
        }
        report = await load_responses(postgresql_database, warehouse, opener)
        assert (report.added, report.withdrawn, report.quarantined, report.total) == (5, 0, {}, 5)
        await inbox.withdraw(receipt)
        report = await load_responses(postgresql_database, warehouse, opener)
        assert (report.added, report.withdrawn, report.total) == (0, 1, 4)
    await inbox.close()


def test_the_fast_way_opens_what_the_slow_way_opens(
    opener: ResponseOpener, sealer: Sealer, varied: list[OpenedResponse]
) -> None:
    for entry in varied:
        row = sealer.seal(entry.response)
        assert opener.open(row) == entry.response
        assert opener.open_stored(row) == entry.response.to_stored()
