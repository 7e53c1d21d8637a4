from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from intake import BOTH_ENGINES, query, remains
from postgresql_server import PostgresqlServer
from sqlalchemy import make_url

from intake_store.database.versions import upgrade_database
from intake_store.submission.errors import InboxUnavailable
from intake_store.submission.inbox import Inbox
from intake_store.submission.receipts import new_receipt_code
from intake_store.upkeep.tidying import tidy_database


@BOTH_ENGINES
async def test_tidying_keeps_every_row(inbox: Inbox, database: str, make_response) -> None:
    for number in range(12):
        await inbox.submit(make_response(), str(number), new_receipt_code() if number % 2 else None)
    everything = [f"SELECT * FROM {name}" for name in ("sealed_response", "submission", "usage_count")]
    before = [sorted(await query(database, statement), key=str) for statement in everything]
    assert await tidy_database(database) == ()
    assert [sorted(await query(database, statement), key=str) for statement in everything] == before


async def test_postgresql_tells_the_order_of_submissions_until_it_is_tidied(
    postgresql_database: str, postgresql: PostgresqlServer, sealer, store_secrets, make_response
) -> None:
    name = str(make_url(postgresql_database).database)
    inbox = await Inbox.open(postgresql_database, sealer, store_secrets)
    for number in range(12):
        await inbox.submit(make_response(), str(number))
    await inbox.close()

    async def order() -> list[tuple[list[str], int]]:
        """Rows by place in the table, and how many transactions can be told apart."""
        placed = await query(postgresql_database, "SELECT row_id::text, xmin::text FROM sealed_response ORDER BY ctid")
        return [row_id for row_id, _ in placed], len({transaction for _, transaction in placed})

    placed, transactions = await order()
    assert placed != sorted(placed)
    assert transactions == 12
    await tidy_database(postgresql_database)
    placed, transactions = await order()
    assert placed == sorted(placed)
    assert transactions == 1
    toast = postgresql.execute("SELECT reltoastrelid::regclass FROM pg_class WHERE relname = 'sealed_response'", name)
    apart = await query(postgresql_database, f"SELECT chunk_data FROM {toast} WHERE chunk_seq = 0 ORDER BY chunk_id")
    in_order = await query(postgresql_database, "SELECT sealed FROM sealed_response ORDER BY row_id")
    assert all(sealed.startswith(chunk) for (chunk,), (sealed,) in zip(apart, in_order, strict=True))


async def test_what_was_deleted_is_gone_from_postgresqls_files(
    postgresql_database: str, postgresql: PostgresqlServer, sealer, store_secrets, make_response
) -> None:
    name = str(make_url(postgresql_database).database)
    inbox = await Inbox.open(postgresql_database, sealer, store_secrets)
    receipt = new_receipt_code()
    await inbox.submit(make_response(), "withdrawn", receipt)
    [(withdrawn, receipt_hash)] = await query(postgresql_database, "SELECT sealed, receipt_hash FROM sealed_response")
    await inbox.submit(make_response(), "kept")
    [(kept,)] = await query(postgresql_database, "SELECT sealed FROM sealed_response WHERE receipt_hash IS NULL")
    assert await inbox.withdraw(receipt)
    await inbox.close()
    raw = postgresql.raw_bytes(name)
    assert remains(withdrawn, raw)
    assert receipt_hash in raw
    assert await tidy_database(postgresql_database) == ()
    raw = postgresql.raw_bytes(name)
    assert not remains(withdrawn, raw)
    assert receipt_hash not in raw
    assert remains(kept, raw)


async def test_settings_that_keep_what_was_deleted_are_named(
    postgresql_database: str, postgresql: PostgresqlServer
) -> None:
    name = make_url(postgresql_database).database
    postgresql.execute(f"ALTER DATABASE {name} SET log_statement = 'all'")
    assert any("log_statement" in sentence for sentence in await tidy_database(postgresql_database))


async def test_a_role_that_may_not_empty_the_log_is_told(
    postgresql: PostgresqlServer, postgresql_template: str
) -> None:
    name = postgresql.create_database(postgresql_template)
    postgresql.execute("CREATE ROLE owner_alone LOGIN")
    for table in ("sealed_response", "submission", "usage_count", "withdrawn_response", "alembic_version"):
        postgresql.execute(f"ALTER TABLE {table} OWNER TO owner_alone", name)
    told = await tidy_database(postgresql.location(name, "owner_alone"))
    assert any("write-ahead log" in sentence for sentence in told)


async def test_a_tidy_sqlite_file_depends_on_the_rows_and_not_on_their_order(
    inbox: Inbox, database: str, tmp_path: Path, make_response
) -> None:
    for number in range(20):
        await inbox.submit(make_response(), str(number))
    other = str(tmp_path / "other.sqlite3")
    await upgrade_database(other)
    with closing(sqlite3.connect(other, isolation_level=None)) as connection:
        for table in ("sealed_response", "submission"):
            for row in reversed(await query(database, f"SELECT * FROM {table}")):
                connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
    assert contents(database) != contents(other)
    assert await tidy_database(database) == ()
    assert await tidy_database(other) == ()
    assert contents(database) == contents(other)


def contents(path: str) -> bytes:
    """Return a file without its header, which counts changes."""
    with open(path, "rb") as file:
        return file.read()[100:]


async def test_whoever_reads_keeps_the_log_from_being_emptied_and_it_is_said(
    inbox: Inbox, database: str, make_response, monkeypatch: pytest.MonkeyPatch
) -> None:
    await inbox.submit(make_response(), "one")
    monkeypatch.setattr("intake_store.upkeep.tidying.WAIT_FOR_READERS_MS", 50)
    with closing(sqlite3.connect(database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sealed_response").fetchone()
        [told] = await tidy_database(database)
    assert "again later" in told


async def test_a_database_that_is_written_to_is_not_tidied(
    inbox: Inbox, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intake_store.database.connections._SQLITE_PRAGMAS", ("busy_timeout = 50",))
    with closing(sqlite3.connect(database, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(InboxUnavailable):
            await tidy_database(database)
