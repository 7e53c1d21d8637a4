"""The audit log: who did what and when, in an order that cannot be changed unnoticed."""

from __future__ import annotations

import csv
import datetime
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TextIO

from sqlalchemy import ColumnElement, Row, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from analyst.accounts.clock import Clock
from analyst.accounts.database import AccountsDatabase
from analyst.accounts.errors import AuditLogChanged
from analyst.accounts.tables import AuditRow

UNKNOWN: Final = "(unknown)"
"""Who failed to log in under no known name; what was typed is not kept, because it may be a password."""

_FIRST: Final = hashlib.sha256(b"fyren audit log").digest()
_AT: Final = "%Y-%m-%dT%H:%M:%SZ"
_COLUMNS: Final = ("number", "at", "actor", "event", "subject", "digest")
_CANONICAL: Final = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))
_BATCH: Final = 1000
_SUBJECT_LENGTH: Final = 200


class AuditEvent(StrEnum):
    """What is recorded."""

    LOGIN_SUCCEEDED = "login_succeeded"
    LOGIN_FAILED = "login_failed"
    LOGGED_OUT = "logged_out"
    SECOND_FACTOR_SUCCEEDED = "second_factor_succeeded"
    SECOND_FACTOR_FAILED = "second_factor_failed"
    SECOND_FACTOR_ENROLLED = "second_factor_enrolled"
    SECOND_FACTOR_REMOVED = "second_factor_removed"
    RECOVERY_CODE_USED = "recovery_code_used"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of an event
    INVITATION_ACCEPTED = "invitation_accepted"
    ACCOUNT_CREATED = "account_created"
    ACCOUNT_RENAMED = "account_renamed"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_ENABLED = "account_enabled"
    ACCOUNT_RESET = "account_reset"
    ACCOUNT_UNLOCKED = "account_unlocked"
    ROLES_CHANGED = "roles_changed"
    SESSIONS_ENDED = "sessions_ended"
    TOKEN_CREATED = "token_created"  # noqa: S105 - the name of an event
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - the name of an event
    TOKEN_USED = "token_used"  # noqa: S105 - the name of an event
    TABLE_VIEWED = "table_viewed"
    EXPORTED = "exported"
    PREVIEWED = "previewed"
    RELEASED = "released"
    AUDIT_LOG_EXPORTED = "audit_log_exported"
    AUDIT_LOG_CHECKED = "audit_log_checked"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One line of the log; `subject` is the table, release, account or thing it was about.

    `at` is UTC to the second; in a row that was damaged it may be None, and the event any text.
    """

    number: int
    at: datetime.datetime | None
    actor: str
    event: AuditEvent | str
    subject: str
    digest: str


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """The newest record's number and digest; noted elsewhere, it proves later that nothing before it was changed."""

    number: int
    digest: str

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"

    @classmethod
    def parse(cls, text: str) -> ChainEnd:
        """Read `number:digest`; raises `ValueError`."""
        number, _, digest = text.strip().partition(":")
        if not number.isdecimal() or len(digest) != 64:
            raise ValueError(
                "the end of a chain is written as number:digest, as `fyren accounts audit verify` tells it"
            )
        bytes.fromhex(digest)
        return cls(int(number), digest.lower())


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which records are wanted: of whom, of what, and of which days (UTC), the last one included; nothing means all."""

    actor: str = ""
    events: frozenset[AuditEvent] = frozenset(AuditEvent)
    first_day: datetime.date | None = None
    last_day: datetime.date | None = None

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Yield what the rows have to fulfil."""
        if self.actor:
            yield AuditRow.actor == self.actor
        if self.events != frozenset(AuditEvent):
            yield AuditRow.event.in_(sorted(event.value for event in self.events))
        # Times are stored as text that sorts like them.
        if self.first_day is not None:
            yield AuditRow.at >= self.first_day.isoformat()
        if self.last_day is not None:
            yield AuditRow.at < f"{self.last_day.isoformat()}U"


class AuditLog:
    """Appends to the log, reads it, and checks its chain of digests.

    Each digest covers the record and the digest before it. Triggers refuse changes through the database; whoever
    writes the file directly can make a new chain from the changed record on, which `verify` notices if the end of the
    old one was noted elsewhere.
    """

    def __init__(self, database: AccountsDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def record(self, actor: str, event: AuditEvent, subject: str = "") -> None:
        """Append a record of its own."""
        async with self._database.writing() as connection:
            await self.append(connection, actor, event, subject)

    async def append(self, connection: AsyncConnection, actor: str, event: AuditEvent, subject: str = "") -> None:
        """Append a record in the transaction of what it tells about, so that neither happens without the other."""
        newest = select(AuditRow.number, AuditRow.digest).order_by(AuditRow.number.desc()).limit(1)
        before = (await connection.execute(newest)).one_or_none()
        number = 1 if before is None else before.number + 1
        at = self._clock().astimezone(datetime.UTC).strftime(_AT)
        plain = _plain(subject)
        digest = _digest(_FIRST if before is None else before.digest, number, at, actor, event.value, plain)
        values = {
            "number": number,
            "at": at,
            "actor": actor,
            "event": event.value,
            "subject": plain,
            "digest": digest,
        }
        await connection.execute(insert(AuditRow).values(values))

    async def newest(
        self, limit: int = 100, before: int | None = None, wanted: AuditFilter | None = None
    ) -> tuple[AuditRecord, ...]:
        """Return up to `limit` records, the newest first, of the wanted ones with numbers below `before`."""
        query = select(AuditRow.__table__).order_by(AuditRow.number.desc()).limit(limit)
        if wanted is not None:
            query = query.where(*wanted.conditions())
        if before is not None:
            query = query.where(AuditRow.number < before)
        async with self._database.reading() as connection:
            return tuple(_record(row) for row in await connection.execute(query))

    async def count(self, wanted: AuditFilter | None = None) -> int:
        """Return how many records there are, of the wanted ones."""
        # Without a wish the newest number tells, and nothing has to be read through.
        query = select(func.coalesce(func.max(AuditRow.number), 0))
        if wanted is not None:
            query = select(func.count()).select_from(AuditRow).where(*wanted.conditions())
        async with self._database.reading() as connection:
            return (await connection.execute(query)).scalar_one()

    async def last_logins(self) -> Mapping[str, datetime.date]:
        """Return the day (UTC) of everybody's last login."""
        query = (
            select(AuditRow.actor, func.max(AuditRow.at))
            .where(AuditRow.event == AuditEvent.LOGIN_SUCCEEDED.value)
            .group_by(AuditRow.actor)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return {actor: datetime.date.fromisoformat(at[:10]) for actor, at in rows}

    async def all(self) -> AsyncIterator[AuditRecord]:
        """Yield all records, the oldest first."""
        async for rows in self._batches():
            for row in rows:
                yield _record(row)

    async def verify(self, known: ChainEnd | None = None) -> ChainEnd:
        """Check every digest and return the end of the chain; raises `AuditLogChanged` naming the first wrong record.

        With `known`, an end that was noted earlier, it also notices records that were cut off or made anew.
        """
        number, digest = 0, _FIRST
        met_known = known is None or known.number == 0
        async for rows in self._batches():
            for row in rows:
                number += 1
                if row.number != number:
                    raise AuditLogChanged(f"Record {number} of the audit log is missing.", number)
                digest = _digest(digest, number, row.at, row.actor, row.event, row.subject)
                if not hmac.compare_digest(digest, row.digest):
                    raise AuditLogChanged(f"Record {number} of the audit log, or one before it, was changed.", number)
                if known is not None and number == known.number:
                    if digest.hex() != known.digest:
                        raise AuditLogChanged(
                            f"The audit log up to record {number} is not the one that was noted.", number
                        )
                    met_known = True
        if not met_known:
            assert known is not None
            raise AuditLogChanged(
                f"The audit log ends at record {number}; record {known.number} had been noted.", number
            )
        return ChainEnd(number, digest.hex())

    async def write_csv(self, file: TextIO) -> int:
        """Write all records as CSV with a heading, safe to open in a spreadsheet; returns how many."""
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        written = 0
        async for rows in self._batches():
            writer.writerows(
                (row.number, row.at, *map(_not_a_formula, (row.actor, row.event, row.subject)), row.digest.hex())
                for row in rows
            )
            written += len(rows)
        return written

    async def write_jsonl(self, file: TextIO) -> int:
        """Write all records, one JSON object a line; returns how many."""
        written = 0
        async for rows in self._batches():
            for row in rows:
                values = (row.number, row.at, row.actor, row.event, row.subject, row.digest.hex())
                file.write(json.dumps(dict(zip(_COLUMNS, values, strict=True)), ensure_ascii=False) + "\n")
            written += len(rows)
        return written

    async def _batches(self) -> AsyncIterator[Sequence[Row[int, str, str, str, str, bytes]]]:
        """Yield all rows as they are in the file, some at a time, so that other requests are answered in between."""
        after = 0
        while True:
            query = (
                select(AuditRow.number, AuditRow.at, AuditRow.actor, AuditRow.event, AuditRow.subject, AuditRow.digest)
                .where(AuditRow.number > after)
                .order_by(AuditRow.number)
                .limit(_BATCH)
            )
            async with self._database.reading() as connection:
                rows = (await connection.execute(query)).all()
            if rows:
                yield rows
            if len(rows) < _BATCH:
                return
            after = rows[-1].number


def _digest(before: bytes, number: int, at: str, actor: str, event: str, subject: str) -> bytes:
    content = _CANONICAL.encode([number, at, actor, event, subject])
    return hashlib.sha256(before + content.encode()).digest()


def _record(row: Row[int, str, str, str, str, bytes]) -> AuditRecord:
    # A row that somebody damaged has to be shown too.
    try:
        at = datetime.datetime.strptime(row.at, _AT).replace(tzinfo=datetime.UTC)
    except ValueError:
        at = None
    event = AuditEvent(row.event) if row.event in set(AuditEvent) else row.event
    return AuditRecord(row.number, at, row.actor, event, row.subject, row.digest.hex())


def _plain(subject: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in subject)[:_SUBJECT_LENGTH]


def _not_a_formula(cell: str) -> str:
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@")) else cell
