"""Where responses go: sealed on the way in, stored once, and deleted by whoever holds the receipt code."""

from __future__ import annotations

import asyncio
import hmac
from typing import NewType, Self

from sqlalchemy import CursorResult, delete, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from intake_store.database.connections import erase_remains
from intake_store.database.tables import SealedRow, SubmissionRow
from intake_store.submission.errors import ReceiptError
from intake_store.submission.intake_database import open_intake_database, reported
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.receipts import ReceiptCode, hash_receipt_code
from intake_store.submission.response import Response
from intake_store.submission.sealing import Sealer
from intake_store.submission.store import SubmissionOutcome
from intake_store.submission.store_secrets import StoreSecrets, SubmissionPepper

SubmissionHash = NewType("SubmissionHash", bytes)
"""What is stored of an idempotency key, 32 bytes."""


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
        """Open the database at a path or URL; raises `InboxUnavailable` if it is away or of another version."""
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
        oldest_kept = row.iso_week.previous()
        async with reported(), self._engine.begin() as connection:
            # The hash comes first: it takes the write lock, and a second submission stops here.
            try:
                await connection.execute(insert(SubmissionRow).values(key_hash=key_hash, iso_week=str(row.iso_week)))
            except IntegrityError:
                return SubmissionOutcome.ALREADY_STORED
            if self._cleared_before != oldest_kept:
                await connection.execute(delete(SubmissionRow).where(SubmissionRow.iso_week < str(oldest_kept)))
            try:
                await connection.execute(
                    insert(SealedRow).values(
                        row_id=row.row_id,
                        key_id=row.key_id,
                        purpose=row.purpose,
                        codebook_version=row.codebook_version,
                        iso_week=str(row.iso_week),
                        sealed=row.sealed,
                        receipt_hash=receipt_hash,
                    )
                )
            except IntegrityError as error:
                raise ReceiptError("This receipt code belongs to another response. Make a new one.") from error
        self._cleared_before = oldest_kept
        await self._erase_remains()
        return SubmissionOutcome.STORED

    async def withdraw(self, receipt: ReceiptCode) -> bool:
        """Delete the response of a receipt code, and its remains in the file; see `ResponseStore.withdraw`."""
        receipt_hash = await self._hash(receipt)
        async with reported(), self._engine.begin() as connection:
            result = await connection.execute(delete(SealedRow).where(SealedRow.receipt_hash == receipt_hash))
        deleted = _deleted_rows(result) > 0
        self._remains = self._remains or deleted
        await self._erase_remains()
        return deleted

    async def _hash(self, receipt: ReceiptCode) -> bytes:
        # Slow on purpose, so it runs beside the conversations of others.
        return await asyncio.to_thread(hash_receipt_code, receipt, self._secrets.receipts)

    async def _erase_remains(self) -> None:
        if self._remains:
            async with reported():
                self._remains = not await erase_remains(self._engine)


def hash_idempotency_key(idempotency_key: str, pepper: SubmissionPepper) -> SubmissionHash:
    """Return what is stored of an idempotency key: its HMAC-SHA-256 under the store's secret."""
    return SubmissionHash(hmac.digest(pepper, idempotency_key.encode("utf-8"), "sha256"))


def _deleted_rows(result: object) -> int:
    assert isinstance(result, CursorResult)
    return int(result.rowcount)
