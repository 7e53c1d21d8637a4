"""The audit log is append-only, notices tampering, and can be read elsewhere."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from accounts_place import Place
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from analyst.accounts.audit import AuditEvent, ChainEnd
from analyst.accounts.errors import AuditLogChanged

NEW_ROW = (
    "(number, at, actor, event, subject, digest) VALUES ({number}, '2026-01-01T00:00:00Z', 'x', 'exported', '', x'00')"
)


async def filled(place: Place, number: int = 5) -> ChainEnd:
    for each in range(number):
        await place.room.audit.record("anna", AuditEvent.TABLE_VIEWED, f"table {each}")
        place.clock.turn(1)
    return await place.room.audit.verify()


@contextmanager
def by_hand(place: Place) -> Iterator[sqlite3.Connection]:
    """Yield a connection without the triggers, as somebody with the file has it."""
    connection = sqlite3.connect(place.path)
    for name in ("audit_record_never_changed", "audit_record_never_deleted", "audit_record_in_order"):
        connection.execute(f"DROP TRIGGER {name}")
    yield connection
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_record SET subject = 'x' WHERE number = 2",
        "UPDATE audit_record SET number = 9 WHERE number = 5",
        "DELETE FROM audit_record WHERE number = 5",
        "DELETE FROM audit_record",
        "INSERT OR REPLACE INTO audit_record " + NEW_ROW.format(number=2),
        "INSERT INTO audit_record " + NEW_ROW.format(number=-1),
        "INSERT INTO audit_record " + NEW_ROW.format(number=7),
        "INSERT INTO audit_record " + NEW_ROW.format(number=2) + " ON CONFLICT DO UPDATE SET subject = 'x'",
    ],
)
async def test_the_database_refuses_changes(place: Place, statement: str) -> None:
    end = await filled(place)
    connection = sqlite3.connect(place.path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)
    connection.close()
    database = place.room.audit._database
    with pytest.raises(IntegrityError, match="append-only"):
        async with database.writing() as writing:
            await writing.execute(text(statement))
    assert await place.room.audit.verify(end) == end


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE audit_record SET subject = 'other' WHERE number = 3", "Record 3 "),
        ("UPDATE audit_record SET at = '2020-01-01T00:00:00Z' WHERE number = 1", "Record 1 "),
        ("UPDATE audit_record SET actor = 'bodil' WHERE number = 5", "Record 5 "),
        ("UPDATE audit_record SET event = 'exported' WHERE number = 2", "Record 2 "),
        ("UPDATE audit_record SET digest = zeroblob(32) WHERE number = 4", "Record 4 "),
        ("DELETE FROM audit_record WHERE number = 2", "Record 2 .* missing"),
        ("DELETE FROM audit_record WHERE number = 1", "Record 1 .* missing"),
    ],
)
async def test_tampering_is_noticed(place: Place, statement: str, message: str) -> None:
    await filled(place)
    with by_hand(place) as connection:
        connection.execute(statement)
    with pytest.raises(AuditLogChanged, match=message):
        await place.room.audit.verify()


async def test_swapped_records_are_noticed(place: Place) -> None:
    await filled(place)
    with by_hand(place) as connection:
        rows = connection.execute("SELECT at, actor, event, subject, digest FROM audit_record WHERE number IN (2, 3)")
        second, third = rows.fetchall()
        for number, row in ((2, third), (3, second)):
            connection.execute(
                "UPDATE audit_record SET at = ?, actor = ?, event = ?, subject = ?, digest = ? WHERE number = ?",
                (*row, number),
            )
    with pytest.raises(AuditLogChanged, match="Record 2 "):
        await place.room.audit.verify()


async def test_a_shortened_or_new_log_is_noticed_by_the_noted_end(place: Place) -> None:
    noted = await filled(place)
    with by_hand(place) as connection:
        connection.execute("DELETE FROM audit_record WHERE number = 5")
    assert (await place.room.audit.verify()).number == 4
    with pytest.raises(AuditLogChanged, match="ends at record 4"):
        await place.room.audit.verify(noted)
    await place.room.audit.record("anna", AuditEvent.EXPORTED, "another")
    await place.room.audit.verify()
    with pytest.raises(AuditLogChanged, match="not the one that was noted"):
        await place.room.audit.verify(noted)


async def test_the_log_grows_on_from_a_noted_end(place: Place) -> None:
    assert str(await place.room.audit.verify()).startswith("0:")
    noted = ChainEnd.parse(str(await filled(place)))
    end = await filled(place)
    assert await place.room.audit.verify(noted) == end
    assert end.number == 10
    for wrong in ("", "5", "5:00", "x:" + "0" * 64, "5:" + "x" * 64):
        with pytest.raises(ValueError):  # noqa: PT011 - several kinds
            ChainEnd.parse(wrong)


async def test_many_at_once_keep_one_chain(place: Place) -> None:
    await asyncio.gather(*(place.room.audit.record("anna", AuditEvent.EXPORTED, str(n)) for n in range(40)))
    assert (await place.room.audit.verify()).number == 40


async def test_pages_of_the_newest(place: Place) -> None:
    await filled(place)
    first = await place.room.audit.newest(3)
    assert [record.number for record in first] == [5, 4, 3]
    assert [record.number for record in await place.room.audit.newest(3, before=3)] == [2, 1]
    assert await place.room.audit.count() == 5
    assert first[0].at.utcoffset() is not None
    assert first[0].at.microsecond == 0


async def test_it_is_written_out_as_csv_and_json_lines(place: Place) -> None:
    await place.room.audit.record("anna", AuditEvent.EXPORTED, '=cmd|"; a\nb\u202e' + "x" * 300)
    table, lines = io.StringIO(), io.StringIO()
    assert await place.room.audit.write_csv(table) == 1
    assert await place.room.audit.write_jsonl(lines) == 1
    (row,) = csv.DictReader(io.StringIO(table.getvalue()))
    assert row["at"] == "2026-11-24T12:00:00Z"
    assert row["subject"].startswith("'=cmd|\"; a b x")
    (line,) = map(json.loads, lines.getvalue().splitlines())
    assert line["event"] == "exported"
    assert len(line["subject"]) == 200
    assert line["digest"] == row["digest"]
