from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import uuid
from pathlib import Path
from typing import Any

import pytest
from intake import BOTH_ENGINES, query, remains
from sqlalchemy import insert, select

from intake_store.codebook import Codebook
from intake_store.database.connections import connect
from intake_store.database.tables import SealedRow
from intake_store.keys.key_ring import KeyRing
from intake_store.keys.passphrases import Passphrase
from intake_store.keys.private_keys import PrivateKey
from intake_store.keys.resealing import reseal, rows_by_key
from intake_store.submission.errors import InboxUnavailable
from intake_store.submission.inbox import Inbox
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.receipts import new_receipt_code
from intake_store.submission.response import Response
from intake_store.submission.sealing import KeyId, PublicKeyFile, SealedResponse, Sealer
from intake_store.submission.store_secrets import StoreSecrets
from intake_store.warehouse.opening import ResponseOpener

PASSPHRASE = Passphrase("seven grey herons")


def ring(*keys: PrivateKey) -> KeyRing:
    return KeyRing(keys, PASSPHRASE)


@pytest.fixture(scope="module")
def newer() -> PrivateKey:
    return PrivateKey.generate()


async def stored(database: str) -> list[SealedResponse]:
    engine = connect(database)
    try:
        async with engine.connect() as connection:
            found = (await connection.execute(select(SealedRow.__table__).order_by(SealedRow.row_id))).mappings().all()
    finally:
        await engine.dispose()
    return [
        SealedResponse(
            row["row_id"],
            KeyId(row["key_id"]),
            row["purpose"],
            row["codebook_version"],
            IsoWeek.parse(row["iso_week"]),
            row["sealed"],
        )
        for row in found
    ]


async def store(database: str, rows: list[SealedResponse]) -> None:
    values: list[dict[str, Any]] = [
        {
            "row_id": row.row_id,
            "key_id": row.key_id,
            "purpose": row.purpose,
            "codebook_version": row.codebook_version,
            "iso_week": str(row.iso_week),
            "sealed": row.sealed,
        }
        for row in rows
    ]
    engine = connect(database)
    try:
        async with engine.begin() as connection:
            await connection.execute(insert(SealedRow), values)
    finally:
        await engine.dispose()


@BOTH_ENGINES
async def test_rows_are_sealed_anew_and_keep_everything_else(
    database: str,
    inbox: Inbox,
    private_key: PrivateKey,
    newer: PrivateKey,
    codebooks: dict[str, Codebook],
    make_response,
) -> None:
    receipt = new_receipt_code()
    response = make_response()
    await inbox.submit(response, "one", receipt)
    await inbox.submit(response, "two")
    before = await stored(database)
    seen: list[tuple[int, int]] = []
    report = await reseal(database, ring(newer, private_key), lambda *progress: seen.append(progress))
    assert (report.resealed, report.unreadable, report.damaged) == (2, {}, {})
    assert seen == [(2, 2)]
    after = await stored(database)
    assert [(row.row_id, row.purpose, row.codebook_version, row.iso_week, len(row.sealed)) for row in after] == [
        (row.row_id, row.purpose, row.codebook_version, row.iso_week, len(row.sealed)) for row in before
    ]
    opener = ResponseOpener([newer], codebooks)
    assert [opener.open(row) for row in after] == [response] * 2
    assert await rows_by_key(database) == {newer.public_key.key_id: 2}
    assert (await reseal(database, ring(newer, private_key))).resealed == 0
    # The receipt still deletes its row, and the same submission is still known.
    assert await inbox.withdraw(receipt)
    assert not await inbox.withdraw(receipt)
    assert len(await stored(database)) == 1


@BOTH_ENGINES
async def test_rows_of_a_lost_key_and_rows_that_do_not_open_are_counted_and_left_alone(
    database: str, sealer: Sealer, codebook: Codebook, private_key: PrivateKey, newer: PrivateKey, make_response
) -> None:
    lost = PrivateKey.generate()
    good, bad = sealer.seal(make_response()), sealer.seal(make_response())
    bad = SealedResponse(
        bad.row_id, bad.key_id, bad.purpose, bad.codebook_version, bad.iso_week, bad.sealed[:-1] + b"\0"
    )
    unreadable = Sealer(lost.public_key, codebook).seal(make_response())
    await store(database, [good, bad, unreadable])
    await store_with_bad_week(database, sealer.seal(make_response()))
    report = await reseal(database, ring(newer, private_key))
    old = private_key.public_key.key_id
    assert report.resealed == 1
    assert report.unreadable == {lost.public_key.key_id: 1}
    assert report.damaged == {old: 2}
    found = {row[0]: row[1] for row in await query(database, "SELECT row_id, sealed FROM sealed_response")}
    by_id = {uuid.UUID(str(row_id)): bytes(sealed) for row_id, sealed in found.items()}
    assert by_id[bad.row_id] == bad.sealed
    assert by_id[unreadable.row_id] == unreadable.sealed
    # With the key back from escrow, the next time takes them too.
    assert (await reseal(database, ring(newer, private_key, lost))).resealed == 1


async def store_with_bad_week(database: str, row: SealedResponse) -> None:
    await store(database, [row])
    await query(database, f"UPDATE sealed_response SET iso_week = 'soon' WHERE {_is(database, row.row_id)}")


def _is(database: str, row_id: uuid.UUID) -> str:
    return f"row_id = '{row_id.hex if '://' not in database else row_id}'"


async def test_old_bytes_leave_no_remains_in_the_files(
    database: str, sealer: Sealer, private_key: PrivateKey, newer: PrivateKey, make_response
) -> None:
    rows = [sealer.seal(make_response()) for _ in range(5)]
    await store(database, rows)
    await reseal(database, ring(newer, private_key))
    raw = b"".join(path.read_bytes() for path in Path(database).parent.iterdir() if path.is_file())
    assert not any(remains(row.sealed, raw) for row in rows)


async def test_who_withdraws_while_it_runs_gets_nothing_back(
    database: str, inbox: Inbox, private_key: PrivateKey, newer: PrivateKey, make_response, monkeypatch
) -> None:
    receipt = new_receipt_code()
    await inbox.submit(make_response(), "one", receipt)
    import intake_store.keys.resealing as resealing

    replace = resealing._replace

    async def withdrawn_first(connection, before, new):
        await connection.execute(SealedRow.__table__.delete())
        return await replace(connection, before, new)

    monkeypatch.setattr(resealing, "_replace", withdrawn_first)
    assert (await reseal(database, ring(newer, private_key))).resealed == 0
    assert await stored(database) == []


async def test_responses_go_on_coming_in_while_it_runs(
    database: str,
    inbox: Inbox,
    sealer: Sealer,
    private_key: PrivateKey,
    newer: PrivateKey,
    codebooks: dict[str, Codebook],
    make_response,
) -> None:
    await store(database, [sealer.seal(make_response()) for _ in range(150)])

    async def submit() -> None:
        for number in range(20):
            await inbox.submit(make_response(), str(number))

    await asyncio.gather(reseal(database, ring(newer, private_key)), submit())
    # Those that came in late are taken by the next time.
    await reseal(database, ring(newer, private_key))
    rows = await stored(database)
    assert len(rows) == 170
    assert await rows_by_key(database) == {newer.public_key.key_id: 170}
    opener = ResponseOpener([newer], codebooks)
    assert all(opener.open(row) for row in rows)


RESEALING = """
    import asyncio, sys
    from pathlib import Path
    from intake_store.keys.key_ring import KeyRing
    from intake_store.keys.passphrases import Passphrase
    from intake_store.keys.private_keys import read_private_key
    from intake_store.keys.resealing import reseal

    database, folder = sys.argv[1], Path(sys.argv[2])
    passphrase = Passphrase("seven grey herons")
    ring = KeyRing(tuple(read_private_key(folder / name, passphrase) for name in ("newer", "older")), passphrase)
    asyncio.run(reseal(database, ring, lambda done, total: print(done, flush=True)))
"""


@BOTH_ENGINES
async def test_killed_in_the_middle_each_row_is_old_or_new_and_the_next_time_goes_on(
    database: str,
    tmp_path: Path,
    sealer: Sealer,
    private_key: PrivateKey,
    newer: PrivateKey,
    codebooks: dict[str, Codebook],
    make_response,
) -> None:
    response: Response = make_response()
    await store(database, [sealer.seal(response) for _ in range(400)])
    for name, key in (("newer", newer), ("older", private_key)):
        (tmp_path / name).write_bytes(key.lock(PASSPHRASE, 2**10))
    process = subprocess.Popen(  # noqa: ASYNC220 - nothing else goes on in this test
        [sys.executable, "-c", textwrap.dedent(RESEALING), database, str(tmp_path)], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"100\n"
    finally:
        process.kill()
        process.communicate()
    counts = await rows_by_key(database)
    assert counts[newer.public_key.key_id] % 100 == 0
    assert 100 <= counts[newer.public_key.key_id] < 400
    opener = ResponseOpener([newer, private_key], codebooks)
    rows = await stored(database)
    assert [opener.open(row) for row in rows] == [response] * 400
    report = await reseal(database, ring(newer, private_key))
    assert report.resealed == counts[private_key.public_key.key_id]
    assert await rows_by_key(database) == {newer.public_key.key_id: 400}


async def test_a_database_that_is_away_is_named(tmp_path: Path, private_key: PrivateKey) -> None:
    for action in (
        rows_by_key(str(tmp_path / "none.sqlite3")),
        reseal(str(tmp_path / "none.sqlite3"), ring(private_key)),
    ):
        with pytest.raises(InboxUnavailable, match="fyren database upgrade"):
            await action


async def test_a_rotated_public_key_is_sealed_to_without_a_restart(
    database: str,
    tmp_path: Path,
    codebook: Codebook,
    store_secrets: StoreSecrets,
    private_key: PrivateKey,
    newer: PrivateKey,
    make_response,
    caplog: pytest.LogCaptureFixture,
) -> None:
    file = tmp_path / "public.pem"
    file.write_bytes(private_key.public_key.to_pem())
    inbox = await Inbox.open(database, Sealer(PublicKeyFile(file), codebook), store_secrets)
    try:
        await inbox.submit(make_response(), "one")
        (tmp_path / "new.pem").write_bytes(newer.public_key.to_pem())
        (tmp_path / "new.pem").replace(file)
        await inbox.submit(make_response(), "two")
        # A copy that was cut off, or a file that is gone, stops nobody.
        file.write_bytes(newer.public_key.to_pem()[:500])
        await inbox.submit(make_response(), "three")
        file.unlink()
        await inbox.submit(make_response(), "four")
        file.write_bytes(private_key.public_key.to_pem())
        await inbox.submit(make_response(), "five")
    finally:
        await inbox.close()
    assert "cannot be read" in caplog.text
    assert await rows_by_key(database) == {private_key.public_key.key_id: 2, newer.public_key.key_id: 3}
