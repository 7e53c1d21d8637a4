"""PostgreSQL as docs/deployment.md says to set it up: an owner without special powers can do all that is needed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from intake import query
from postgresql_server import PostgresqlServer

import intake_store.database
from intake_store.database.versions import upgrade_database
from intake_store.submission.inbox import Inbox
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.sealing import Sealer
from intake_store.submission.store_secrets import StoreSecrets
from intake_store.upkeep.backups import create_backup, restore_backup
from intake_store.upkeep.retention import RetentionRules, run_retention

DEPLOYMENT = Path(__file__).parents[3] / "docs" / "deployment.md"
ROLES = Path(intake_store.database.__file__).parent / "roles.sql"
RULES = RetentionRules(responses=104, usage_counts=260, withdrawals=6)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    """Yield a server with the settings that the documentation asks for, and with the owner it makes."""
    text = DEPLOYMENT.read_text(encoding="utf-8")
    [settings] = re.findall(r"```\n(wal_level = .*?)```", text, re.DOTALL)
    statements = re.findall(r"-c '([^']+)'", re.findall(r"```\ncreateuser .*?```", text, re.DOTALL)[0])
    assert len(statements) == 4
    with PostgresqlServer.running(keeps_what_it_acknowledged=True) as server:
        with (server.data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(settings)
        server.restart()
        server.execute("CREATE ROLE fyren_owner LOGIN")
        server.execute("CREATE DATABASE fyren OWNER fyren_owner")
        for statement in statements:
            server.execute(statement, "fyren")
        yield server


async def test_the_owner_upgrades_hands_out_rights_tidies_and_backs_up(
    server: PostgresqlServer, sealer: Sealer, store_secrets: StoreSecrets, make_response, tmp_path: Path
) -> None:
    owner = server.location("fyren", "fyren_owner")
    await upgrade_database(owner)
    await upgrade_database(owner)
    server.execute_file(ROLES, "fyren", "fyren_owner")
    inbox = await Inbox.open(server.location("fyren", "fyren_bot"), sealer, store_secrets)
    await inbox.submit(make_response(week="2020-W01"), "old")
    await inbox.submit(make_response(), "new")
    await inbox.close()
    report = await run_retention(owner, RULES, IsoWeek(2026, 47))
    assert report.deleted["sealed_response"] == 1
    assert report.remains == ()
    assert len(await query(server.location("fyren", "fyren_analyst"), "SELECT sealed FROM sealed_response")) == 1
    assert (await create_backup(owner, tmp_path / "backup"))["sealed_response"] == 1
    for name in ("sealed_response", "submission", "usage_count", "withdrawn_response"):
        await query(owner, f"DELETE FROM {name}")
    report = await restore_backup(tmp_path / "backup", owner, {}, RULES, IsoWeek(2026, 47))
    assert report.restored["sealed_response"] == 1


async def test_a_submission_is_on_the_disk_whatever_the_server_is_set_to(server: PostgresqlServer) -> None:
    server.execute("ALTER DATABASE postgres SET synchronous_commit = off")
    assert await query(server.location("postgres"), "SHOW synchronous_commit") == [("on",)]
