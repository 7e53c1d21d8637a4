"""Re-sealing: what is sealed to an old key is opened and sealed to the newest, so that the old key can be destroyed."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from intake_store.database.connections import erase_remains
from intake_store.database.tables import SealedRow
from intake_store.keys.key_ring import KeyRing
from intake_store.keys.private_keys import PrivateKey
from intake_store.submission.errors import IntakeStoreError, KeyFileError
from intake_store.submission.intake_database import changing, open_intake_database, reported
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.sealing import KeyId, PublicKey, SealedResponse, binding, hpke_suite, pad, seal_bytes

_BATCH = 100
"""Rows in a transaction: whoever submits meanwhile waits for a fraction of a second at most."""

Progress = Callable[[int, int], None]
"""Called with how many rows have been seen and how many there were to do."""


class ResealingError(IntakeStoreError):
    """A row was sealed anew and would not open; it was left as it was."""


@dataclass(frozen=True, slots=True)
class ResealReport:
    """How many rows were sealed anew, and which were left as they were, by key.

    `unreadable` are sealed to a key that is not at hand; `damaged` to one that is, and do not open.
    """

    resealed: int
    unreadable: Mapping[KeyId, int]
    damaged: Mapping[KeyId, int]


class _Row(NamedTuple):
    row_id: uuid.UUID
    key_id: str
    purpose: str
    codebook_version: str
    iso_week: str
    sealed: bytes


async def rows_by_key(location: str) -> dict[KeyId, int]:
    """Count the sealed rows of the intake database at a path or URL by the key they are sealed to.

    Raises `InboxUnavailable` if it cannot be read.
    """
    async with _opened(location) as engine, reported(), engine.connect() as connection:
        found = await connection.execute(
            select(SealedRow.key_id, func.count()).group_by(SealedRow.key_id).order_by(SealedRow.key_id)
        )
        return {KeyId(key_id): count for key_id, count in found}


async def reseal(location: str, ring: KeyRing, progress: Progress | None = None) -> ResealReport:
    """Seal every row that is sealed to an older key of the ring to its newest key.

    A row keeps its id, its week and its receipt; only the sealed bytes and the key id change, in one statement. So at
    any moment each row is either as it was or sealed anew; if this is interrupted, the next time goes on with the rest.
    Rows that do not open are left alone and counted. Raises `InboxUnavailable` if the database cannot be used.
    """
    resealed_rows = 0
    unreadable: Counter[KeyId] = Counter()
    damaged: Counter[KeyId] = Counter()
    newest = ring.newest.public_key.key_id
    async with _opened(location) as engine:
        async with reported(), engine.connect() as connection:
            total = (
                await connection.scalar(select(func.count()).select_from(SealedRow).where(SealedRow.key_id != newest))
            ) or 0
        after: uuid.UUID | None = None
        seen = 0
        while rows := await _next_rows(engine, newest, after):
            after = rows[-1].row_id
            fresh: list[tuple[KeyId, SealedResponse]] = []
            for row in rows:
                key_id = KeyId(row.key_id)
                key = ring.get(key_id)
                if key is None:
                    unreadable[key_id] += 1
                elif (resealed := _resealed(row, key, ring.newest)) is None:
                    damaged[key_id] += 1
                else:
                    fresh.append((key_id, resealed))
            async with changing(engine) as connection:
                for before, new in fresh:
                    resealed_rows += await _replace(connection, before, new)
            seen += len(rows)
            if progress is not None:
                progress(min(seen, total), total)
        if resealed_rows:
            async with reported():
                await erase_remains(engine)
    return ResealReport(resealed_rows, dict(unreadable), dict(damaged))


def round_trip(private_key: PrivateKey, public_key: PublicKey) -> None:
    """Seal something to the public key and open it with the private one; raises `KeyFileError` if it does not open."""
    content = pad(uuid.uuid4().bytes)
    row = seal_bytes(content, public_key=public_key, purpose="check", codebook_version="0", iso_week=IsoWeek(2000, 1))
    try:
        opened = hpke_suite().decrypt(row.sealed, private_key.hpke, info=row.info)
    except (InvalidTag, ValueError):
        opened = b""
    if opened != content:
        raise KeyFileError(
            f"What is sealed to the public key {public_key.key_id} does not open with the private key"
            f" {private_key.public_key.key_id}. They are no pair."
        )


@asynccontextmanager
async def _opened(location: str) -> AsyncIterator[AsyncEngine]:
    engine = await open_intake_database(location)
    try:
        yield engine
    finally:
        await engine.dispose()


async def _next_rows(engine: AsyncEngine, newest: KeyId, after: uuid.UUID | None) -> Sequence[_Row]:
    columns = (
        SealedRow.row_id,
        SealedRow.key_id,
        SealedRow.purpose,
        SealedRow.codebook_version,
        SealedRow.iso_week,
        SealedRow.sealed,
    )
    query = select(*columns).where(SealedRow.key_id != newest).order_by(SealedRow.row_id).limit(_BATCH)
    if after is not None:
        query = query.where(SealedRow.row_id > after)
    async with reported(), engine.connect() as connection:
        return [_Row(*row) for row in await connection.execute(query)]


def _resealed(row: _Row, key: PrivateKey, newest: PrivateKey) -> SealedResponse | None:
    """Return a row sealed to the newest key, or None if it does not open; what is returned has just been opened."""
    suite = hpke_suite()
    try:
        week = IsoWeek.parse(row.iso_week)
        info = binding(row.row_id, KeyId(row.key_id), row.purpose, row.codebook_version, week)
        padded = suite.decrypt(row.sealed, key.hpke, info=info)
    except (InvalidTag, ValueError):
        return None
    new = seal_bytes(
        padded,
        public_key=newest.public_key,
        purpose=row.purpose,
        codebook_version=row.codebook_version,
        iso_week=week,
        row_id=row.row_id,
    )
    if suite.decrypt(new.sealed, newest.hpke, info=new.info) != padded:
        raise ResealingError("A row that was sealed anew does not open. Nothing was changed; check this machine.")
    return new


async def _replace(connection: AsyncConnection, before: KeyId, new: SealedResponse) -> int:
    # Who withdrew their response meanwhile has no row any more, and gets none back.
    result = await connection.execute(
        update(SealedRow)
        .where(SealedRow.row_id == new.row_id, SealedRow.key_id == before)
        .values(key_id=new.key_id, sealed=new.sealed)
    )
    assert isinstance(result, CursorResult)
    return int(result.rowcount)
