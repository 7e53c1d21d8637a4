from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import sqlite3
import stat
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from intake import BOTH_ENGINES, query, remains
from postgresql_server import PostgresqlServer
from sqlalchemy import insert

from intake_store.database.connections import connect
from intake_store.database.tables import SealedRow, SubmissionRow
from intake_store.database.versions import upgrade_database
from intake_store.submission.errors import InboxUnavailable
from intake_store.submission.inbox import Inbox
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.receipts import new_receipt_code
from intake_store.submission.sealing import Sealer
from intake_store.submission.store import SubmissionOutcome
from intake_store.submission.store_secrets import StoreSecrets
from intake_store.upkeep import backups
from intake_store.upkeep.backup_files import BackupError, BackupReader
from intake_store.upkeep.backups import RestoreReport, create_backup, forget_in_backups, restore_backup
from intake_store.upkeep.digests import TableDigest
from intake_store.upkeep.retention import RetentionRules
from intake_store.upkeep.withdrawals import (
    LIST_NAME,
    WithdrawalListError,
    Withdrawals,
    read_withdrawals,
    write_withdrawals,
)

TABLES = ("sealed_response", "submission", "usage_count", "withdrawn_response")
INTO_BOTH = pytest.mark.parametrize("into", ["sqlite", "postgresql"])

Restore = Callable[..., object]


@pytest.fixture
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """Name a database that has no tables yet."""

    def name(engine: str) -> str:
        if engine == "sqlite":
            return str(tmp_path / "restored" / "intake.sqlite3")
        server: PostgresqlServer = request.getfixturevalue("postgresql")
        return server.location(server.create_database())

    return name


@pytest.fixture
def restore(rules: RetentionRules, this_week: IsoWeek) -> Restore:
    async def do(path: Path, location: str, withdrawals: Withdrawals | None = None) -> RestoreReport:
        return await restore_backup(path, location, withdrawals or {}, rules, this_week)

    return do


async def everything(database: str) -> dict[str, TableDigest]:
    """Return how many rows each table has, and their digest."""
    found = {table: TableDigest() for table in TABLES}
    for table, digest in found.items():
        for row in await query(database, f"SELECT * FROM {table}"):
            digest.add({str(place): value for place, value in enumerate(row)})
    return found


async def fill(inbox: Inbox, database: str, make_response) -> None:
    for number in range(3):
        await inbox.submit(make_response(), str(number))
    withdrawn = new_receipt_code()
    await inbox.submit(make_response(), "withdrawn", withdrawn)
    assert await inbox.withdraw(withdrawn)
    row = "'2026-W47', 'web', 'sv', 'flow_entered', 'x', '', 9000000000"
    await query(database, f"INSERT INTO usage_count VALUES ({row})")


@BOTH_ENGINES
@INTO_BOTH
async def test_a_backup_restores_every_row_into_either_engine(
    inbox: Inbox, database: str, tmp_path: Path, empty: Callable[[str], str], restore, into: str, make_response,
    sealer: Sealer, store_secrets: StoreSecrets,
) -> None:  # fmt: skip
    await fill(inbox, database, make_response)
    receipt = new_receipt_code()
    await inbox.submit(make_response(), "with receipt", receipt)
    path = tmp_path / "backups" / "monday"
    assert await create_backup(database, path) == dict(zip(TABLES, (4, 5, 1, 1), strict=True))
    target = empty(into)
    report = await restore(path, target)
    assert report == RestoreReport(dict(zip(TABLES, (4, 5, 1, 1), strict=True)), withdrawn=0, expired=0)
    assert await everything(target) == await everything(database)
    restored = await Inbox.open(target, sealer, store_secrets)
    try:
        assert await restored.submit(make_response(), "with receipt", receipt) is SubmissionOutcome.ALREADY_STORED
        assert await restored.withdraw(receipt)
    finally:
        await restored.close()


@BOTH_ENGINES
async def test_a_backup_made_while_many_submit_holds_all_that_was_acknowledged_before_it_began(
    database: str, tmp_path: Path, empty: Callable[[str], str], restore, make_response, sealer: Sealer,
    store_secrets: StoreSecrets, inbox: Inbox,
) -> None:  # fmt: skip
    acknowledged: list[str] = []
    numbers, stop = itertools.count(), asyncio.Event()

    async def submit_on() -> None:
        while not stop.is_set():
            key = str(next(numbers))
            await inbox.submit(make_response(), key)
            acknowledged.append(key)

    writers = [asyncio.create_task(submit_on()) for _ in range(3)]
    try:
        for number in range(3):
            while len(acknowledged) < 8 * (number + 1):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            before = len(acknowledged)
            counts = await create_backup(database, tmp_path / f"backup-{number}")
            during = len(acknowledged) - before
            # Rows and keys of submissions are stored together, so a torn backup would differ here.
            assert counts["sealed_response"] == counts["submission"]
            assert before <= counts["sealed_response"] <= before + during + len(writers)
    finally:
        stop.set()
        await asyncio.gather(*writers)
    assert during > 0
    target = empty("sqlite")
    await restore(tmp_path / "backup-2", target)
    assert (await query(target, "SELECT count(*) FROM sealed_response"))[0][0] == counts["sealed_response"]


async def test_the_file_is_for_its_owner_alone_and_stands_by_itself(
    inbox: Inbox, database: str, tmp_path: Path, make_response
) -> None:
    await fill(inbox, database, make_response)
    path = tmp_path / "backups" / "monday"
    await create_backup(database, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [other.name for other in path.parent.iterdir()] == ["monday"]
    path.chmod(0o400)
    path.parent.chmod(0o500)
    with BackupReader.open(path) as reader:
        assert reader.tables["sealed_response"] == 3
    path.parent.chmod(0o700)
    assert [other.name for other in path.parent.iterdir()] == ["monday"]


async def test_an_existing_file_is_not_overwritten(database: str, tmp_path: Path) -> None:
    path = tmp_path / "monday"
    path.write_text("kept")
    with pytest.raises(BackupError, match="not overwritten"):
        await create_backup(database, path)
    assert path.read_text() == "kept"


@pytest.fixture(scope="module")
def made_backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backup")

    async def make() -> None:
        database = str(folder / "intake.sqlite3")
        await upgrade_database(database)
        engine = connect(database)
        fixed = {"key_id": "k", "purpose": "response", "codebook_version": "1", "iso_week": "2026-W47"}
        async with engine.begin() as connection:
            for number in range(3):
                row = {**fixed, "row_id": uuid.uuid4(), "sealed": os.urandom(3184), "receipt_hash": None}
                await connection.execute(insert(SealedRow).values(row))
                key = {"key_hash": bytes([number]) * 32, "iso_week": "2026-W47"}
                await connection.execute(insert(SubmissionRow).values(key))
        await engine.dispose()
        await create_backup(database, folder / "monday")

    asyncio.run(make())
    return folder / "monday"


@pytest.fixture
def backup(made_backup: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(made_backup, tmp_path))


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 4096)


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def one_bit_of_a_row_flipped(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        [sealed] = connection.execute("SELECT sealed FROM sealed_response").fetchone()
    content = bytearray(path.read_bytes())
    content[content.index(sealed[1000:]) + 10] ^= 1
    path.write_bytes(content)


def a_row_missing(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM submission WHERE key_hash = (SELECT max(key_hash) FROM submission)")


def not_finished(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM backup_manifest WHERE table_name LIKE 'fyren%'")


def no_database(path: Path) -> None:
    path.write_bytes(b"junk" * 5000)


@pytest.mark.parametrize(
    "harm", [truncated, emptied, one_bit_of_a_row_flipped, a_row_missing, not_finished, no_database]
)
async def test_a_harmed_backup_is_noticed_and_nothing_is_restored(
    backup: Path, empty: Callable[[str], str], restore, harm: Callable[[Path], None]
) -> None:
    harm(backup)
    target = empty("sqlite")
    with pytest.raises(BackupError, match="damaged or cut off"):
        await restore(backup, target)
    assert not os.path.exists(target)  # noqa: ASYNC240


async def test_another_database_is_no_backup(database: str, empty: Callable[[str], str], restore, inbox: Inbox) -> None:
    await inbox.close()
    with pytest.raises(BackupError, match="is no backup"):
        await restore(Path(database), empty("sqlite"))


async def test_a_backup_of_a_newer_version_is_refused(backup: Path, empty: Callable[[str], str], restore) -> None:
    with closing(sqlite3.connect(backup)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(BackupError, match=r"version 9999.*newer program"):
        await restore(backup, empty("sqlite"))


@BOTH_ENGINES
async def test_a_database_that_is_not_empty_is_left_alone(
    inbox: Inbox, database: str, tmp_path: Path, make_response, restore
) -> None:
    await fill(inbox, database, make_response)
    path = tmp_path / "backups" / "monday"
    await create_backup(database, path)
    before = await everything(database)
    with pytest.raises(BackupError, match="not empty"):
        await restore(path, database)
    assert await everything(database) == before


@INTO_BOTH
async def test_a_restore_that_fails_half_way_leaves_nothing(
    backup: Path, empty: Callable[[str], str], restore, into: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = empty(into)
    written = TableDigest.__eq__
    monkeypatch.setattr(TableDigest, "__eq__", lambda one, other: written(one, other) and one.rows != 3)
    with pytest.raises(BackupError, match="nothing was restored"):
        await restore(backup, target)
    monkeypatch.undo()
    assert all(digest.rows == 0 for digest in (await everything(target)).values())
    assert (await restore(backup, target)).restored["sealed_response"] == 3


async def test_a_full_disk_leaves_no_file(
    inbox: Inbox, database: str, tmp_path: Path, make_response, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(8):
        await inbox.submit(make_response(), str(number))

    class Full(backups.BackupWriter):
        def add(self, table, rows, digest) -> None:
            pages = self._connection.execute("PRAGMA page_count").fetchone()[0]
            self._connection.execute(f"PRAGMA max_page_count = {pages}")
            super().add(table, rows, digest)

    monkeypatch.setattr(backups, "BackupWriter", Full)
    with pytest.raises(BackupError, match=r"full.*there is none"):
        await create_backup(database, tmp_path / "backups" / "monday")
    assert list((tmp_path / "backups").iterdir()) == []


@BOTH_ENGINES
async def test_a_withdrawal_since_the_backup_stays_withdrawn(
    inbox: Inbox, database: str, tmp_path: Path, empty: Callable[[str], str], restore, make_response
) -> None:
    receipt = new_receipt_code()
    await inbox.submit(make_response(), "stays")
    await inbox.submit(make_response(), "withdrawn later", receipt)
    path, listed = tmp_path / "backups" / "monday", tmp_path / "backups" / LIST_NAME
    await create_backup(database, path)
    assert await inbox.withdraw(receipt)
    assert await write_withdrawals(database, listed, IsoWeek.current().before(6)) == 1
    target = empty("sqlite")
    report = await restore(path, target, read_withdrawals(listed))
    assert (report.withdrawn, report.restored["sealed_response"]) == (1, 1)
    assert await query(target) == await query_like_sqlite(database)
    # The restored database knows of the withdrawal, for the next backup and for another restore of the old one.
    assert len(await query(target, "SELECT * FROM withdrawn_response")) == 1
    # What would happen without the list, so that this test cannot pass for another reason:
    other = tmp_path / "other.sqlite3"
    assert (await restore(path, str(other))).restored["sealed_response"] == 2


async def query_like_sqlite(database: str) -> list[tuple]:
    return [(getattr(row[0], "hex", row[0]), *row[1:]) for row in await query(database)]


async def test_backups_forget_what_was_withdrawn_or_expired_since(
    inbox: Inbox, database: str, tmp_path: Path, rules: RetentionRules, this_week: IsoWeek, make_response
) -> None:
    receipt = new_receipt_code()
    await inbox.submit(make_response(), "stays")
    await inbox.submit(make_response(week="2025-W20"), "expired")
    await inbox.submit(make_response(), "withdrawn", receipt)
    going = "SELECT sealed FROM sealed_response WHERE receipt_hash IS NOT NULL OR iso_week < '2026'"
    gone = await query(database, going)
    folder = tmp_path / "backups"
    await create_backup(database, folder / "monday")
    await inbox.withdraw(receipt)
    await query(database, "DELETE FROM sealed_response WHERE iso_week < '2026'")
    await create_backup(database, folder / "tuesday")
    await write_withdrawals(database, folder / LIST_NAME, IsoWeek(2026, 1))
    (folder / "junk").write_bytes(b"junk" * 2000)
    listed = read_withdrawals(folder / LIST_NAME)
    tuesday = read_bytes(folder / "tuesday")

    report = await forget_in_backups(folder, listed, rules, this_week)

    assert isinstance(report.pop("junk"), BackupError)
    assert report == {"monday": 2, "tuesday": 0}
    assert read_bytes(folder / "tuesday") == tuesday
    assert not any(remains(sealed, read_bytes(folder / "monday")) for (sealed,) in gone)
    assert len(gone) == 2
    with BackupReader.open(folder / "monday") as reader:
        assert reader.tables["sealed_response"] == 1
    assert (await forget_in_backups(folder, listed, rules, this_week))["monday"] == 0


def read_bytes(path: Path) -> bytes:
    return path.read_bytes()


async def test_expired_responses_are_not_restored(
    inbox: Inbox, database: str, tmp_path: Path, empty: Callable[[str], str], restore, make_response
) -> None:
    await inbox.submit(make_response(week="2025-W20"), "old")
    await inbox.submit(make_response(), "new")
    await create_backup(database, tmp_path / "monday")
    report = await restore(tmp_path / "monday", empty("sqlite"))
    assert (report.expired, report.restored["sealed_response"]) == (1, 1)


async def test_the_list_keeps_what_a_restored_database_no_longer_knows(
    inbox: Inbox, database: str, tmp_path: Path, make_response
) -> None:
    receipts = [new_receipt_code() for _ in range(2)]
    for receipt in receipts:
        await inbox.submit(make_response(), receipt, receipt)
    path = tmp_path / LIST_NAME
    for number, receipt in enumerate(receipts, start=1):
        await inbox.withdraw(receipt)
        assert await write_withdrawals(database, path, IsoWeek(2026, 1)) == number
        await query(database, "DELETE FROM withdrawn_response")
    assert len(read_withdrawals(path)) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert await write_withdrawals(database, path, IsoWeek.current().before(-1)) == 0


@pytest.mark.parametrize("length", [0, 10, 60, -1, -20])
async def test_a_damaged_list_is_named(database: str, tmp_path: Path, inbox: Inbox, make_response, length: int) -> None:
    receipt = new_receipt_code()
    await inbox.submit(make_response(), "one", receipt)
    await inbox.withdraw(receipt)
    path = tmp_path / LIST_NAME
    await write_withdrawals(database, path, IsoWeek(2026, 1))
    path.write_bytes(path.read_bytes().rstrip(b"\n")[:length])
    with pytest.raises(WithdrawalListError, match="damaged"):
        read_withdrawals(path)
    with pytest.raises(WithdrawalListError, match="damaged"):
        await write_withdrawals(database, path, IsoWeek(2026, 1))


async def test_a_database_that_is_away_is_named(tmp_path: Path) -> None:
    with pytest.raises(InboxUnavailable, match="no intake database"):
        await create_backup(str(tmp_path / "missing"), tmp_path / "backup")
    assert os.listdir(tmp_path) == []


def test_digests_tell_values_and_columns_apart() -> None:
    rows = [{"a": "1"}, {"a": 1}, {"a": b"1"}, {"a": None}, {"b": "1"}, {"a": "1", "b": ""}, {"a": "", "b": "1"}]
    digests = set()
    for row in rows:
        digest = TableDigest()
        digest.add(row)
        digests.add(str(digest))
    assert len(digests) == len(rows)
