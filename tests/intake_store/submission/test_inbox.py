from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from intake import BOTH_ENGINES, query, remains
from postgresql_server import PostgresqlServer
from sqlalchemy import event, inspect, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError

from intake_store.database.connections import connect
from intake_store.database.versions import upgrade_database
from intake_store.submission.errors import InboxDamaged, InboxUnavailable, OutcomeUnknown, ReceiptError
from intake_store.submission.inbox import Inbox, hash_idempotency_key
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.receipts import hash_receipt_code, new_receipt_code
from intake_store.submission.sealing import Sealer
from intake_store.submission.store import NullResponseStore, SubmissionOutcome
from intake_store.submission.store_secrets import StoreSecrets


def mode(database: str) -> int:
    return stat.S_IMODE(Path(database).stat().st_mode)


@pytest.fixture
def raw_bytes(request: pytest.FixtureRequest, engine: str, database: str) -> Callable[[], bytes]:
    """Read everything that stands in the database's files, the write-ahead log included."""
    if engine == "sqlite":
        return lambda: b"".join(path.read_bytes() for path in Path(database).parent.iterdir())
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    return lambda: server.raw_bytes(make_url(database).database)


@pytest.fixture
def impatient(inbox: Inbox, engine: str) -> None:
    """Let the inbox wait 50 ms for others and not ten seconds."""

    def shorten(connection: Any, *_: object) -> None:
        connection.cursor().execute("PRAGMA busy_timeout = 50" if engine == "sqlite" else "SET lock_timeout = 50")

    event.listen(inbox._engine.sync_engine, "checkout", shorten)


@BOTH_ENGINES
async def test_a_response_is_stored_once(inbox: Inbox, database: str, make_response) -> None:
    response = make_response()
    assert await inbox.submit(response, "one") is SubmissionOutcome.STORED
    assert await inbox.submit(response, "one") is SubmissionOutcome.ALREADY_STORED
    assert await inbox.submit(response, "two") is SubmissionOutcome.STORED
    assert len(await query(database)) == 2


@BOTH_ENGINES
async def test_a_submission_tried_many_times_at_once_is_stored_once(
    inbox: Inbox, database: str, sealer: Sealer, store_secrets: StoreSecrets, make_response
) -> None:
    other = await Inbox.open(database, sealer, store_secrets)
    try:
        response = make_response()
        outcomes = await asyncio.gather(*(store.submit(response, "same") for store in (inbox, other) for _ in range(6)))
    finally:
        await other.close()
    assert sorted(outcomes) == [SubmissionOutcome.ALREADY_STORED] * 11 + [SubmissionOutcome.STORED]
    assert len(await query(database)) == 1


@BOTH_ENGINES
async def test_a_row_holds_nothing_else_than_the_documented_columns(inbox: Inbox, database: str, make_response) -> None:
    await inbox.submit(make_response(), "one")
    columns = await column_names(database)
    assert columns["sealed_response"] == {
        "row_id", "key_id", "purpose", "codebook_version", "iso_week", "sealed", "receipt_hash",
    }  # fmt: skip
    assert columns["submission"] == {"key_hash", "iso_week"}
    assert columns["withdrawn_response"] == {"row_id", "iso_week"}
    assert await query(database, "SELECT purpose, codebook_version, iso_week, receipt_hash FROM sealed_response") == [
        ("response", "1", "2026-W47", None)
    ]


@BOTH_ENGINES
async def test_neither_key_nor_code_nor_answer_stands_in_the_files(
    inbox: Inbox, raw_bytes: Callable[[], bytes], store_secrets: StoreSecrets, make_response
) -> None:
    receipt = new_receipt_code()
    await inbox.submit(make_response(), "a-key-to-look-for", receipt)
    found = raw_bytes()
    assert hash_idempotency_key("a-key-to-look-for", store_secrets.submissions) in found
    assert hash_receipt_code(receipt, store_secrets.receipts) in found
    for secret in ("a-key-to-look-for", receipt, receipt.replace("-", ""), "needs_selling", "no_answer"):
        assert secret.encode() not in found


async def test_the_order_of_answering_is_not_kept(inbox: Inbox, database: str, make_response) -> None:
    for number in range(8):
        await inbox.submit(make_response(), str(number))
    stored = [row[0] for row in await query(database, "SELECT row_id FROM sealed_response")]
    assert stored == sorted(stored)
    with pytest.raises(OperationalError, match="no such column: rowid"):
        await query(database, "SELECT rowid FROM sealed_response")


async def test_a_withdrawn_response_is_gone_from_the_raw_files(
    inbox: Inbox, database: str, raw_bytes: Callable[[], bytes], store_secrets: StoreSecrets, make_response
) -> None:
    receipt = new_receipt_code()
    await inbox.submit(make_response(), "kept", new_receipt_code())
    await inbox.submit(make_response(), "withdrawn", receipt)
    wanted = hash_receipt_code(receipt, store_secrets.receipts).hex()
    [(sealed,)] = await query(database, f"SELECT sealed FROM sealed_response WHERE receipt_hash = x'{wanted}'")
    assert remains(sealed, raw_bytes())
    assert await inbox.withdraw(receipt)
    assert not remains(sealed, raw_bytes())
    assert len(await query(database)) == 1
    assert not await inbox.withdraw(receipt)
    assert not await inbox.withdraw(new_receipt_code())


async def test_remains_are_erased_as_soon_as_a_reader_lets_go(
    inbox: Inbox, database: str, raw_bytes: Callable[[], bytes], make_response, impatient: None
) -> None:
    receipt = new_receipt_code()
    await inbox.submit(make_response(), "withdrawn", receipt)
    [(sealed,)] = await query(database, "SELECT sealed FROM sealed_response")
    with closing(sqlite3.connect(database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sealed_response").fetchone()
        assert await inbox.withdraw(receipt)
        assert remains(sealed, raw_bytes())
        reader.execute("COMMIT")
    await inbox.submit(make_response(), "next")
    assert not remains(sealed, raw_bytes())


@BOTH_ENGINES
async def test_a_withdrawal_leaves_the_id_of_what_is_gone(inbox: Inbox, database: str, make_response) -> None:
    receipt = new_receipt_code()
    await inbox.submit(make_response(), "one", receipt)
    [(row_id,)] = await query(database, "SELECT row_id FROM sealed_response")
    assert await inbox.withdraw(receipt)
    assert not await inbox.withdraw(receipt)
    assert await query(database) == []
    assert await query(database, "SELECT * FROM withdrawn_response") == [(row_id, str(IsoWeek.current()))]


@BOTH_ENGINES
async def test_old_submission_hashes_are_forgotten(inbox: Inbox, database: str, make_response) -> None:
    for week in ("2026-W45", "2026-W46", "2026-W47"):
        await inbox.submit(make_response(week=week), week)
    assert sorted(await query(database, "SELECT iso_week FROM submission")) == [("2026-W46",), ("2026-W47",)]
    assert len(await query(database)) == 3


@BOTH_ENGINES
async def test_a_receipt_belongs_to_one_response(inbox: Inbox, database: str, make_response) -> None:
    receipt = new_receipt_code()
    await inbox.submit(make_response(), "one", receipt)
    with pytest.raises(ReceiptError, match="another response"):
        await inbox.submit(make_response(), "two", receipt)
    assert len(await query(database)) == 1
    assert await inbox.submit(make_response(), "two", new_receipt_code()) is SubmissionOutcome.STORED


@BOTH_ENGINES
async def test_a_locked_database_is_said_to_be_away_and_keeps_nothing(
    inbox: Inbox, database: str, make_response, impatient: None
) -> None:
    engine = connect(database)
    try:
        async with engine.connect() as writer:
            lock = "BEGIN IMMEDIATE" if engine.dialect.name == "sqlite" else "LOCK TABLE sealed_response"
            await writer.execute(text(lock))
            with pytest.raises(InboxUnavailable, match="nothing was changed"):
                await inbox.submit(make_response(), "one")
            await writer.rollback()
    finally:
        await engine.dispose()
    assert await inbox.submit(make_response(), "one") is SubmissionOutcome.STORED


async def column_names(database: str) -> dict[str, set[str]]:
    engine = connect(database)
    try:
        async with engine.connect() as connection:
            found = await connection.run_sync(lambda sync: inspect(sync).get_multi_columns())
    finally:
        await engine.dispose()
    return {name: {column["name"] for column in columns} for (_, name), columns in found.items()}


async def test_a_missing_or_old_database_is_named(tmp_path: Path, sealer: Sealer, store_secrets: StoreSecrets) -> None:
    missing = tmp_path / "missing.sqlite3"
    with pytest.raises(InboxUnavailable, match="fyren database upgrade"):
        await Inbox.open(str(missing), sealer, store_secrets)
    assert not missing.exists()
    missing.touch()
    with pytest.raises(InboxUnavailable, match="fyren database upgrade"):
        await Inbox.open(str(missing), sealer, store_secrets)


async def test_sqlite_is_set_to_forget_and_to_keep(inbox: Inbox, database: str) -> None:
    expected = {"journal_mode": "wal", "secure_delete": 1, "trusted_schema": 0, "foreign_keys": 1, "synchronous": 2}
    async with inbox._engine.connect() as connection:
        for pragma, value in expected.items():
            found = (await connection.exec_driver_sql(f"PRAGMA {pragma}")).scalar_one()
            assert found == value, pragma
    assert mode(database) == 0o600


@pytest.mark.parametrize(
    ("start", "junk"),
    [(0, b"junk"), (100, b"\xff" * 40), (3 * 16384, b"\0" * 16384)],
    ids=["header", "schema", "tables"],
)
async def test_a_damaged_file_is_named_and_nothing_is_written(
    tmp_path: Path, sealer: Sealer, store_secrets: StoreSecrets, make_response, start: int, junk: bytes
) -> None:
    path = tmp_path / "intake.sqlite3"
    await upgrade_database(str(path))
    inbox = await Inbox.open(str(path), sealer, store_secrets)
    for number in range(40):
        await inbox.submit(make_response(), str(number))
    await inbox.close()
    with path.open("r+b") as file:
        file.seek(start)
        file.write(junk)
    damaged = path.read_bytes()
    with pytest.raises(InboxDamaged, match=r"is damaged; nothing was written.* restore"):
        await Inbox.open(str(path), sealer, store_secrets)
    assert path.read_bytes() == damaged


async def test_a_cut_off_file_is_named(tmp_path: Path, sealer: Sealer, store_secrets: StoreSecrets) -> None:
    path = tmp_path / "intake.sqlite3"
    await upgrade_database(str(path))
    os.truncate(path, path.stat().st_size - 16384)
    with pytest.raises(InboxDamaged):
        await Inbox.open(str(path), sealer, store_secrets)


async def test_a_file_that_all_may_read_is_reported(
    database: str, sealer: Sealer, store_secrets: StoreSecrets, caplog: pytest.LogCaptureFixture
) -> None:
    os.chmod(database, 0o644)
    await (await Inbox.open(database, sealer, store_secrets)).close()
    assert "chmod 600" in caplog.text
    assert database not in caplog.text


async def test_the_null_store_records_nothing_and_says_so(make_response) -> None:
    store = NullResponseStore()
    assert await store.submit(make_response(), "one") is SubmissionOutcome.NOT_RECORDED
    assert not await store.withdraw(new_receipt_code())


def test_equal_or_short_secrets_are_refused() -> None:
    derived = StoreSecrets.derive(b"r" * 32)
    with pytest.raises(ValueError, match="must differ"):
        StoreSecrets(receipts=derived.receipts, submissions=derived.receipts)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least"):
        StoreSecrets(receipts=derived.receipts, submissions=b"short")  # type: ignore[arg-type]
    assert derived.receipts.hex() not in repr(derived)


@pytest.mark.parametrize("reached", [False, True], ids=["not kept", "kept"])
async def test_a_connection_that_breaks_in_the_commit_loses_and_doubles_nothing(
    postgresql_database: str, sealer: Sealer, store_secrets: StoreSecrets, make_response, reached: bool
) -> None:
    """The server is asked again until it tells what became of the submission, and then of the withdrawal."""
    inbox = await Inbox.open(postgresql_database, sealer, store_secrets)
    receipt = new_receipt_code()
    broken = 0

    def break_connection(connection: Any) -> None:
        nonlocal broken
        if broken % 2 == 0:
            driver = connection.connection.dbapi_connection
            if reached:
                driver.commit()
            driver.driver_connection.terminate()
            broken += 1
            raise DBAPIError("COMMIT", {}, OSError("connection lost"), connection_invalidated=True)
        broken += 1

    event.listen(inbox._engine.sync_engine, "commit", break_connection)
    try:
        assert await inbox.submit(make_response(), "one", receipt) is SubmissionOutcome.STORED
        assert len(await query(postgresql_database)) == 1
        broken = 0
        assert await inbox.withdraw(receipt) is True
        assert await query(postgresql_database) == []
        assert len(await query(postgresql_database, "SELECT * FROM withdrawn_response")) == 1
    finally:
        await inbox.close()


async def test_when_the_server_stays_away_nobody_claims_to_know(
    postgresql_database: str, sealer: Sealer, store_secrets: StoreSecrets, make_response, monkeypatch
) -> None:
    monkeypatch.setattr("intake_store.submission.inbox._PAUSES", (0.01, 0.01))
    inbox = await Inbox.open(postgresql_database, sealer, store_secrets)

    def break_connection(connection: Any) -> None:
        connection.connection.dbapi_connection.driver_connection.terminate()
        raise DBAPIError("COMMIT", {}, OSError("connection lost"), connection_invalidated=True)

    event.listen(inbox._engine.sync_engine, "commit", break_connection)
    with pytest.raises(OutcomeUnknown):
        await inbox.submit(make_response(), "one")
    event.remove(inbox._engine.sync_engine, "commit", break_connection)
    assert await inbox.submit(make_response(), "one") is SubmissionOutcome.STORED
    await inbox.close()
