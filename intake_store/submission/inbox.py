"""Where responses go: sealed on the way in, stored once, and deleted by whoever holds the receipt code."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, NewType, Self

from sqlalchemy import CursorResult, delete, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from intake_store.database.connections import erase_remains
from intake_store.database.tables import IntakeTable, SealedRow, SubmissionRow, WithdrawnRow
from intake_store.submission.errors import InboxUnavailable, OutcomeUnknown, ReceiptError
from intake_store.submission.intake_database import changing, open_intake_database, reported
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.receipts import ReceiptCode, ReceiptHash, hash_receipt_code
from intake_store.submission.response import Response
from intake_store.submission.sealing import SealedResponse, Sealer
from intake_store.submission.store import SubmissionOutcome
from intake_store.submission.store_secrets import StoreSecrets, SubmissionPepper

SubmissionHash = NewType("SubmissionHash", bytes)
"""What is stored of an idempotency key, 32 bytes."""

_PAUSES: Final = (0.2, 0.8, 2.0)
"""Seconds before each time that a database whose connection broke is asked again; a restart takes about that long."""


_READERS_MS: Final = 250
"""How long somebody who withdraws waits for readers to let go of the write-ahead log; the next change tries again."""


class Inbox:
    """The intake database as its writer sees it.

    Idempotency keys are kept as keyed hashes through the ISO week that follows the submission's, since the client's
    state, which holds the key, does not live longer than a day; the first submission of a later week deletes them.
    """

    def __init__(self, engine: AsyncEngine, sealer: Sealer, store_secrets: StoreSecrets) -> None:
        self._engine = engine
        self._sealer = sealer
        self._secrets = store_secrets
        self._remains = False
        self._cleared_before: IsoWeek | None = None

    @classmethod
    async def open(cls, location: str, sealer: Sealer, store_secrets: StoreSecrets) -> Self:
        """Open the database at a path or URL.

        Raises `InboxUnavailable` if it is away, of another version or, as `InboxDamaged`, if its file is damaged.
        """
        return cls(await open_intake_database(location), sealer, store_secrets)

    async def close(self) -> None:
        """Erase what deletions left in the write-ahead log, and let go of all connections."""
        try:
            await self._erase_remains()
        finally:
            await self._engine.dispose()

    async def submit(
        self, response: Response, idempotency_key: str, receipt: ReceiptCode | None = None
    ) -> SubmissionOutcome:
        """Seal and store a response once; see `ResponseStore.submit`."""
        row = self._sealer.seal(response)
        receipt_hash = await self._hash(receipt) if receipt is not None else None
        key_hash = hash_idempotency_key(idempotency_key, self._secrets.submissions)
        try:
            outcome = await self._store(row, key_hash, receipt_hash)
        except OutcomeUnknown:
            # The key was new, so if it is there now, this submission put it there.
            await _asked_again(lambda: self._store(row, key_hash, receipt_hash))
            outcome = SubmissionOutcome.STORED
        await self._erase_remains()
        return outcome

    async def submit_batch(self, responses: Iterable[Response]) -> None:
        """Seal and store responses that nobody waits for, all or none of them.

        They have neither receipts nor idempotency keys, so this is for responses that a program makes.
        """
        rows = [
            {
                "row_id": row.row_id,
                "key_id": row.key_id,
                "purpose": row.purpose,
                "codebook_version": row.codebook_version,
                "iso_week": str(row.iso_week),
                "sealed": row.sealed,
            }
            for row in map(self._sealer.seal, responses)
        ]
        if rows:
            async with changing(self._engine) as connection:
                await connection.execute(insert(SealedRow), rows)

    async def withdraw(self, receipt: ReceiptCode) -> bool:
        """Delete the response of a receipt code, and its remains in the file; see `ResponseStore.withdraw`."""
        receipt_hash = await self._hash(receipt)
        try:
            deleted = await self._delete(receipt_hash)
        except OutcomeUnknown:
            # There was such a response; if it is not there now, this withdrawal deleted it.
            await _asked_again(lambda: self._delete(receipt_hash))
            deleted = True
        self._remains = self._remains or deleted
        await self._erase_remains()
        return deleted

    async def _store(
        self, row: SealedResponse, key_hash: SubmissionHash, receipt_hash: ReceiptHash | None
    ) -> SubmissionOutcome:
        week, oldest_kept = str(row.iso_week), row.iso_week.previous()
        async with changing(self._engine) as connection:
            # The hash comes first: it takes the write lock, and a second submission stops here.
            if not await _insert_new(connection, SubmissionRow, key_hash=key_hash, iso_week=week):
                return SubmissionOutcome.ALREADY_STORED
            if self._cleared_before != oldest_kept:
                old = delete(SubmissionRow).where(SubmissionRow.iso_week < str(oldest_kept))
                self._remains = _rows(await connection.execute(old)) > 0 or self._remains
            if not await _insert_new(
                connection,
                SealedRow,
                row_id=row.row_id,
                key_id=row.key_id,
                purpose=row.purpose,
                codebook_version=row.codebook_version,
                iso_week=week,
                sealed=row.sealed,
                receipt_hash=receipt_hash,
            ):
                raise ReceiptError("This receipt code belongs to another response. Make a new one.")
        self._cleared_before = oldest_kept
        return SubmissionOutcome.STORED

    async def _delete(self, receipt_hash: ReceiptHash) -> bool:
        async with changing(self._engine) as connection:
            found = await connection.execute(
                delete(SealedRow).where(SealedRow.receipt_hash == receipt_hash).returning(SealedRow.row_id)
            )
            row_id = found.scalar_one_or_none()
            if row_id is None:
                return False
            await _insert_new(connection, WithdrawnRow, row_id=row_id, iso_week=str(IsoWeek.current()))
        return True

    async def _hash(self, receipt: ReceiptCode) -> ReceiptHash:
        # Slow on purpose, so it runs beside the conversations of others.
        return await asyncio.to_thread(hash_receipt_code, receipt, self._secrets.receipts)

    async def _erase_remains(self) -> None:
        # What was stored or deleted stays so; if its remains cannot be erased now, the next change tries again.
        with contextlib.suppress(InboxUnavailable):
            if self._remains:
                async with reported():
                    self._remains = not await erase_remains(self._engine, wait_ms=_READERS_MS)


def hash_idempotency_key(idempotency_key: str, pepper: SubmissionPepper) -> SubmissionHash:
    """Return what is stored of an idempotency key: its HMAC-SHA-256 under the store's secret."""
    return SubmissionHash(hmac.digest(pepper, idempotency_key.encode("utf-8"), "sha256"))


async def _asked_again(action: Callable[[], Awaitable[object]]) -> None:
    """Do again what nobody can tell the outcome of, until the database answers; raises `OutcomeUnknown` in the end."""
    for pause in _PAUSES:
        await asyncio.sleep(pause)
        try:
            await action()
        except (InboxUnavailable, OutcomeUnknown):
            continue
        return
    raise OutcomeUnknown("The connection to the intake database broke, and it is still away. Try again later.")


async def _insert_new(connection: AsyncConnection, table: type[IntakeTable], **values: Any) -> bool:
    """Insert a row unless its key is taken; tell whether it was inserted.

    An error would do as well, but PostgreSQL writes errors into its log, with the key and the exact time.
    """
    insert_or_pass = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    return _rows(await connection.execute(insert_or_pass(table).values(**values).on_conflict_do_nothing())) > 0


def _rows(result: object) -> int:
    assert isinstance(result, CursorResult)
    return int(result.rowcount)
