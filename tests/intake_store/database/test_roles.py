"""What PostgreSQL lets the bot and the analyst do; the documentation hands out the same file of SQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from intake import query
from postgresql_server import PostgresqlServer
from sqlalchemy import make_url, select
from sqlalchemy.exc import ProgrammingError

import intake_store.database
from intake_store.database.connections import connect
from intake_store.database.tables import IntakeTable, SealedRow
from intake_store.submission.inbox import Inbox
from intake_store.submission.receipts import new_receipt_code
from intake_store.submission.sealing import Sealer
from intake_store.submission.store import SubmissionOutcome
from intake_store.submission.store_secrets import StoreSecrets

ROLES = Path(intake_store.database.__file__).parent / "roles.sql"


@pytest.fixture
def as_role(postgresql: PostgresqlServer, postgresql_database: str) -> dict[str, str]:
    """Return the database's location for each role."""
    name = str(make_url(postgresql_database).database)
    postgresql.execute_file(ROLES, name)
    postgresql.execute_file(ROLES, name)
    roles = ("fyren_bot", "fyren_analyst")
    for role in roles:
        postgresql.execute(f"ALTER ROLE {role} LOGIN", name)
    return {role: postgresql.location(name, role) for role in roles}


@pytest.fixture
async def bots_inbox(as_role: dict[str, str], sealer: Sealer, store_secrets: StoreSecrets) -> AsyncIterator[Inbox]:
    inbox = await Inbox.open(as_role["fyren_bot"], sealer, store_secrets)
    yield inbox
    await inbox.close()


async def test_the_bot_can_do_its_work(bots_inbox: Inbox, postgresql_database: str, make_response) -> None:
    receipt = new_receipt_code()
    for week in ("2026-W44", "2026-W47"):
        assert await bots_inbox.submit(make_response(week=week), week) is SubmissionOutcome.STORED
    assert await bots_inbox.submit(make_response(), "again", receipt) is SubmissionOutcome.STORED
    assert await bots_inbox.submit(make_response(), "again", receipt) is SubmissionOutcome.ALREADY_STORED
    assert await bots_inbox.withdraw(receipt)
    assert len(await query(postgresql_database)) == 2
    assert len(await query(postgresql_database, "SELECT * FROM submission")) == 2


async def test_the_bot_reads_nothing_that_was_sealed_and_changes_nothing(
    bots_inbox: Inbox, as_role: dict[str, str], make_response
) -> None:
    await bots_inbox.submit(make_response(), "one", new_receipt_code())
    for statement in (
        "SELECT sealed FROM sealed_response",
        "SELECT * FROM sealed_response",
        "SELECT ctid, xmin FROM sealed_response",
        "DELETE FROM sealed_response RETURNING sealed",
        "UPDATE sealed_response SET iso_week = '2026-W01'",
        "COPY sealed_response TO STDOUT",
        "SELECT key_hash FROM submission",
        "SELECT * FROM withdrawn_response",
        "DELETE FROM withdrawn_response",
        "DELETE FROM usage_count",
        "TRUNCATE sealed_response",
        "CREATE TABLE other (x integer)",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"):
            await query(as_role["fyren_bot"], statement)


async def test_the_analyst_reads_every_column_of_responses_and_usage(
    bots_inbox: Inbox, as_role: dict[str, str], make_response
) -> None:
    await bots_inbox.submit(make_response(), "one")
    engine = connect(as_role["fyren_analyst"])
    async with engine.connect() as connection:
        assert len((await connection.execute(select(SealedRow))).all()) == 1
        assert (await connection.execute(select(IntakeTable.metadata.tables["usage_count"]))).all() == []
    await engine.dispose()


async def test_the_analyst_sees_no_order_and_changes_nothing(as_role: dict[str, str]) -> None:
    for statement in (
        "SELECT ctid FROM sealed_response",
        "SELECT xmin FROM sealed_response",
        "DELETE FROM sealed_response",
        "INSERT INTO usage_count VALUES ('2026-W47', '', '', '', '', '', 1)",
        "SELECT * FROM submission",
        "SELECT * FROM withdrawn_response",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"):
            await query(as_role["fyren_analyst"], statement)


def test_every_table_has_its_rights_written_down() -> None:
    text = ROLES.read_text(encoding="utf-8")
    for name in IntakeTable.metadata.tables:
        assert f"ON {name} TO fyren_bot" in text, name
