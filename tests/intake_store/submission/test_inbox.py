from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from intake_store.submission.errors import InboxUnavailable, ReceiptError
from intake_store.submission.inbox import Inbox, hash_idempotency_key
from intake_store.submission.receipts import hash_receipt_code, new_receipt_code
from intake_store.submission.sealing import Sealer
from intake_store.submission.store import NullResponseStore, SubmissionOutcome
from intake_store.submission.store_secrets import StoreSecrets


def rows(database: str, query: str = "SELECT * FROM sealed_response") -> list[tuple]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(query).fetchall()


def mode(database: str) -> int:
    return stat.S_IMODE(Path(database).stat().st_mode)


def raw_bytes(database: str) -> bytes:
    """Everything that stands in the database's files, the write-ahead log included."""
    return b"".join(path.read_bytes() for path in Path(database).parent.iterdir())


@pytest.fixture
def impatient(inbox: Inbox) -> None:
    """Let the inbox wait 50 ms for others and not ten seconds."""

    def shorten(connection: Any, *_: object) -> None:
        connection.cursor().execute("PRAGMA busy_timeout = 50")

    event.listen(inbox._engine.sync_engine, "checkout", shorten)


async def test_a_response_is_stored_once(inbox: Inbox, database: str, make_response) -> None:
    response = make_response()
    assert await inbox.submit(response, "one") is SubmissionOutcome.STORED
    assert await inbox.submit(response, "one") is SubmissionOutcome.ALREADY_STORED
    assert await inbox.submit(response, "two") is SubmissionOutcome.STORED
    assert len(rows(database)) == 2


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
    assert len(rows(database)) == 1


async def test_a_row_holds_nothing_else_than_the_documented_columns(inbox: Inbox, database: str, make_response) -> None:
    await inbox.submit(make_response(), "one")
    columns = {row[1] for row in rows(database, "PRAGMA table_info(sealed_response)")}
    assert columns == {"row_id", "key_id", "purpose", "codebook_version", "iso_week", "sealed", "receipt_hash"}
    assert {row[1] for row in rows(database, "PRAGMA table_info(submission)")} == {"key_hash", "iso_week"}
    assert rows(database, "SELECT purpose, codebook_version, iso_week, receipt_hash FROM sealed_response") == [
        ("response", "1", "2026-W47", None)
    ]


async def test_neither_key_nor_code_nor_answer_stands_in_the_files(
    inbox: Inbox, database: str, store_secrets: StoreSecrets, make_response
) -> None:
    receipt = new_receipt_code()
    await inbox.submit(make_response(), "a-key-to-look-for", receipt)
    found = raw_bytes(database)
    assert hash_idempotency_key("a-key-to-look-for", store_secrets.submissions) in found
    assert hash_receipt_code(receipt, store_secrets.receipts) in found
    for secret in ("a-key-to-look-for", receipt, receipt.replace("-", ""), "needs_selling", "no_answer"):
        assert secret.encode() not in found


async def test_the_order_of_answering_is_not_kept(inbox: Inbox, database: str, make_response) -> None:
    for number in range(8):
        await inbox.submit(make_response(), str(number))
    stored = [row[0] for row in rows(database, "SELECT row_id FROM sealed_response")]
    assert stored == sorted(stored)
    with pytest.raises(sqlite3.OperationalError, match="no such column: rowid"):
        rows(database, "SELECT rowid FROM sealed_response")


async def test_a_withdrawn_response_is_gone_from_the_raw_files(
    inbox: Inbox, database: str, store_secrets: StoreSecrets, make_response
) -> None:
    receipt = new_receipt_code()
    await inbox.submit(make_response(), "kept", new_receipt_code())
    await inbox.submit(make_response(), "withdrawn", receipt)
    wanted = hash_receipt_code(receipt, store_secrets.receipts).hex()
    [(sealed,)] = rows(database, f"SELECT sealed FROM sealed_response WHERE receipt_hash = x'{wanted}'")
    assert _present(database, sealed)
    assert await inbox.withdraw(receipt)
    assert not _present(database, sealed)
    assert len(rows(database)) == 1
    assert not await inbox.withdraw(receipt)
    assert not await inbox.withdraw(new_receipt_code())


def _present(database: str, sealed: bytes) -> bool:
    """Whether any 32 bytes of a sealed row, taken every 64, stand in a file."""
    found = raw_bytes(database)
    return any(piece in found for piece in _pieces(sealed))


def _pieces(sealed: bytes) -> Iterable[bytes]:
    return (sealed[start : start + 32] for start in range(0, len(sealed) - 32, 64))


async def test_remains_are_erased_as_soon_as_a_reader_lets_go(
    inbox: Inbox, database: str, make_response, impatient: None
) -> None:
    receipt = new_receipt_code()
    await inbox.submit(make_response(), "withdrawn", receipt)
    [(sealed,)] = rows(database, "SELECT sealed FROM sealed_response")
    with closing(sqlite3.connect(database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sealed_response").fetchone()
        assert await inbox.withdraw(receipt)
        assert _present(database, sealed)
        reader.execute("COMMIT")
    await inbox.submit(make_response(), "next")
    assert not _present(database, sealed)


async def test_old_submission_hashes_are_forgotten(inbox: Inbox, database: str, make_response) -> None:
    for week in ("2026-W45", "2026-W46", "2026-W47"):
        await inbox.submit(make_response(week=week), week)
    assert sorted(rows(database, "SELECT iso_week FROM submission")) == [("2026-W46",), ("2026-W47",)]
    assert len(rows(database)) == 3


async def test_a_receipt_belongs_to_one_response(inbox: Inbox, database: str, make_response) -> None:
    receipt = new_receipt_code()
    await inbox.submit(make_response(), "one", receipt)
    with pytest.raises(ReceiptError, match="another response"):
        await inbox.submit(make_response(), "two", receipt)
    assert len(rows(database)) == 1
    assert await inbox.submit(make_response(), "two", new_receipt_code()) is SubmissionOutcome.STORED


async def test_a_locked_database_is_said_to_be_away_and_keeps_nothing(
    inbox: Inbox, database: str, make_response, impatient: None
) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(InboxUnavailable, match="nothing was changed"):
            await inbox.submit(make_response(), "one")
        writer.execute("ROLLBACK")
    assert await inbox.submit(make_response(), "one") is SubmissionOutcome.STORED


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
