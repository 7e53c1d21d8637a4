"""Loading: new sealed rows of the inbox become responses in the warehouse, and withdrawn ones leave it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from intake_store.database.connections import connect, file_is_missing
from intake_store.database.tables import SealedRow
from intake_store.submission.errors import InboxUnavailable
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.sealing import KeyId, SealedResponse
from intake_store.warehouse.opening import RejectedRow, RejectionReason, ResponseOpener
from intake_store.warehouse.warehouse import OpenedResponse, Warehouse

_BATCH = 5_000
_FETCH = 500  # SQLite takes at most 32 766 parameters in a statement, PostgreSQL 32 767

Progress = Callable[[int, int], None]
"""Called with how many rows are done and how many there are to do."""


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load did. `withdrawn` responses were in the warehouse and are no longer in the inbox."""

    added: int
    withdrawn: int
    quarantined: Mapping[RejectionReason, int]
    total: int


async def load_responses(
    location: str, warehouse: Warehouse, opener: ResponseOpener, progress: Progress | None = None
) -> LoadReport:
    """Open what is new in the inbox at a path or URL and bring the warehouse in step with it.

    Each batch is one transaction, so a load that was stopped goes on where it was; loading twice changes nothing.
    Raises `InboxUnavailable` if the inbox cannot be read.
    """
    if file_is_missing(location):
        raise InboxUnavailable(f"There is no intake database {location} yet. Run `fyren database upgrade`.")
    engine = connect(location)
    added = done = 0
    try:
        async with engine.connect() as connection:
            present = (await connection.execute(select(SealedRow.row_id))).scalars().all()
            missing, withdrawn = warehouse.mirror(present)
            for batch in _parts(missing, _BATCH):
                opened, rejected = _open_all(opener, await _fetch(connection, batch))
                warehouse.add(opened, rejected)
                added += len(opened)
                done += len(batch)
                if progress is not None:
                    progress(done, len(missing))
    except SQLAlchemyError as error:
        raise InboxUnavailable(
            "The intake database cannot be read. Is its path right, and has `fyren database upgrade` been run?"
        ) from error
    finally:
        await engine.dispose()
    return LoadReport(added, withdrawn, warehouse.quarantined(), warehouse.size())


async def _fetch(connection: AsyncConnection, row_ids: Sequence[uuid.UUID]) -> list[SealedRow]:
    rows: list[SealedRow] = []
    async with AsyncSession(connection, expire_on_commit=False) as session:
        for part in _parts(row_ids, _FETCH):
            rows.extend(await session.scalars(select(SealedRow).where(SealedRow.row_id.in_(part))))
            session.expunge_all()
    return rows


def _open_all(
    opener: ResponseOpener, rows: Sequence[SealedRow]
) -> tuple[list[OpenedResponse], dict[uuid.UUID, RejectionReason]]:
    opened: list[OpenedResponse] = []
    rejected: dict[uuid.UUID, RejectionReason] = {}
    for row in rows:
        try:
            opened.append(OpenedResponse(row.row_id, opener.open(_sealed_response(row))))
        except RejectedRow as error:
            rejected[row.row_id] = error.reason
    return opened, rejected


def _sealed_response(row: SealedRow) -> SealedResponse:
    try:
        week = IsoWeek.parse(row.iso_week)
    except ValueError as error:
        raise RejectedRow(RejectionReason.DAMAGED) from error
    return SealedResponse(row.row_id, KeyId(row.key_id), row.purpose, row.codebook_version, week, row.sealed)


def _parts(values: Sequence[uuid.UUID], size: int) -> Iterator[Sequence[uuid.UUID]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
