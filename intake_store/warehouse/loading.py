"""Loading: new sealed rows of the inbox become responses in the warehouse, and those that left the inbox leave it."""

from __future__ import annotations

import asyncio
import multiprocessing
import uuid
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pyarrow as pa
from sqlalchemy import ColumnElement, String, select, type_coerce
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from intake_store.database.connections import connect, file_is_missing
from intake_store.database.tables import SealedRow
from intake_store.submission.errors import InboxUnavailable
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.response import StoredResponse
from intake_store.submission.sealing import KeyId, SealedResponse
from intake_store.warehouse.opening import RejectedRow, RejectionReason, ResponseOpener
from intake_store.warehouse.storage import ID_BYTES, Ids, WarehouseError, found_in, ids_from
from intake_store.warehouse.warehouse import ResponseColumns, Warehouse
from intake_store.workers import end_with_parent

BATCH: Final = 5_000
"""So many rows are one step: a load that is stopped loses no more than what it was opening."""

WORTH_A_PROCESS: Final = 2 * BATCH
"""With fewer rows to open, starting processes takes longer than they save."""

_ASKED_AT_ONCE = 500  # SQLite takes at most 32 766 parameters in a statement, PostgreSQL 32 767
_IDS_AT_ONCE = 100_000

Progress = Callable[[int, int], None]
"""Called with how many rows are done and how many there are to do."""

_Row = tuple[uuid.UUID, str, str, str, str, bytes]
_Opened = tuple[pa.Table, Mapping[RejectionReason, int], int]


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load did. `withdrawn` responses were in the warehouse and are no longer in the inbox."""

    added: int
    withdrawn: int
    quarantined: Mapping[RejectionReason, int]
    total: int


async def load_responses(
    location: str,
    warehouse: Warehouse,
    opener: ResponseOpener,
    progress: Progress | None = None,
    *,
    processes: int = 1,
) -> LoadReport:
    """Open what is new in the inbox at a path or URL and bring the warehouse in step with it.

    Each batch is added wholly or not at all, so a load that was stopped goes on where it was; loading twice changes
    nothing. Rows are opened in so many processes, which inherit the keys in memory. Raises `InboxUnavailable` if the
    inbox cannot be read.
    """
    if file_is_missing(location):
        raise InboxUnavailable(f"There is no intake database {location} yet. Run `fyren database upgrade`.")
    engine = connect(location)
    added = done = 0
    try:
        inbox = await _ids_in(engine)
        missing, withdrawn = warehouse.mirror(inbox)
        if progress is not None:
            progress(0, len(missing))
        with _opening(opener, warehouse.columns, processes if len(missing) >= WORTH_A_PROCESS else 1) as open_rows:
            # One batch more than there are processes: while they open, the next one is read.
            async for responses, rejected, rows in _in_order(
                _batches(engine, inbox, missing), open_rows, processes + 1
            ):
                warehouse.add_columns(responses, rejected)
                added += responses.num_rows
                done += rows
                if progress is not None:
                    progress(done, len(missing))
        warehouse.settle()
    except SQLAlchemyError as error:
        raise InboxUnavailable(
            "The intake database cannot be read. Is its path right, and has `fyren database upgrade` been run?"
        ) from error
    finally:
        await engine.dispose()
    return LoadReport(added, withdrawn, warehouse.quarantined(), warehouse.size())


# -- Reading the inbox --


async def _ids_in(engine: AsyncEngine) -> Ids:
    """Return the sorted ids of all rows; without the sealed bytes, which are much longer."""
    parts: list[bytes] = []
    # As the database has it: text in SQLite, a UUID in PostgreSQL.
    query = select(type_coerce(SealedRow.row_id, String()))
    async with engine.connect() as connection:
        found = await connection.stream(query.execution_options(yield_per=_IDS_AT_ONCE))
        async for rows in found.scalars().partitions():
            if isinstance(rows[0], str):
                parts.append(bytes.fromhex("".join(rows)))
            else:
                parts.append(b"".join(row_id.bytes for row_id in rows))
    return np.sort(ids_from(b"".join(parts)))


async def _batches(engine: AsyncEngine, inbox: Ids, missing: Ids) -> AsyncIterator[list[_Row]]:
    for start in range(0, len(missing), BATCH):
        wanted = missing[start : start + BATCH]
        first, last = np.searchsorted(inbox, wanted[[0, -1]])
        # Where most rows are wanted, one walk through the table is faster than asking for each.
        dense = last - first < 2 * len(wanted)
        conditions = [_between(wanted)] if dense else list(_one_of(wanted))
        rows: list[_Row] = []
        # A connection for each batch: a longer reading transaction would keep deleted rows in SQLite's log.
        async with engine.connect() as connection:
            for condition in conditions:
                rows += await _rows(connection.execute, condition)
        if dense:
            there = found_in(ids_from(b"".join(row[0].bytes for row in rows)), wanted)
            rows = [row for row, is_wanted in zip(rows, there.tolist(), strict=True) if is_wanted]
        # Rows that were withdrawn meanwhile are missing; they leave the warehouse at the next load, if they are there.
        yield rows


async def _rows(execute: Callable[[Any], Awaitable[Any]], condition: ColumnElement[bool]) -> list[_Row]:
    columns = (
        SealedRow.row_id,
        SealedRow.key_id,
        SealedRow.purpose,
        SealedRow.codebook_version,
        SealedRow.iso_week,
        SealedRow.sealed,
    )
    found = await execute(select(*columns).where(condition).order_by(SealedRow.row_id))
    return [tuple(row) for row in found]


def _between(wanted: Ids) -> ColumnElement[bool]:
    first, last = _uuids(wanted[[0, -1]])
    return (SealedRow.row_id >= first) & (SealedRow.row_id <= last)


def _one_of(wanted: Ids) -> Iterator[ColumnElement[bool]]:
    for start in range(0, len(wanted), _ASKED_AT_ONCE):
        yield SealedRow.row_id.in_(_uuids(wanted[start : start + _ASKED_AT_ONCE]))


def _uuids(ids: Ids) -> list[uuid.UUID]:
    raw = ids.tobytes()
    return [uuid.UUID(bytes=raw[start : start + ID_BYTES]) for start in range(0, len(raw), ID_BYTES)]


# -- Opening --


class RowOpener:
    """Opens a batch of rows into columns, and counts what cannot be counted."""

    def __init__(self, opener: ResponseOpener, columns: ResponseColumns) -> None:
        self._opener = opener
        self._columns = columns

    def open(self, rows: Sequence[_Row]) -> _Opened:
        """Return the columns of the rows that open, how many do not by reason, and how many rows there were."""
        row_ids: list[uuid.UUID] = []
        responses: list[StoredResponse] = []
        rejected: Counter[RejectionReason] = Counter()
        for row_id, key_id, purpose, version, week, sealed in rows:
            try:
                row = SealedResponse(row_id, KeyId(key_id), purpose, version, _week(week), sealed)
                responses.append(self._opener.open_stored(row))
            except RejectedRow as error:
                rejected[error.reason] += 1
            else:
                row_ids.append(row_id)
        return self._columns.of(row_ids, responses), rejected, len(rows)


@lru_cache(maxsize=1024)
def _week(text: str) -> IsoWeek:
    try:
        return IsoWeek.parse(text)
    except ValueError as error:
        raise RejectedRow(RejectionReason.DAMAGED) from error


_Open = Callable[[Sequence[_Row]], Awaitable[_Opened]]


@contextmanager
def _opening(opener: ResponseOpener, columns: ResponseColumns, processes: int) -> Iterator[_Open]:
    """Yield what opens a batch: here, or in one of some processes."""
    here = RowOpener(opener, columns)
    if processes < 2:

        async def open_here(rows: Sequence[_Row]) -> _Opened:
            return here.open(rows)

        yield open_here
        return
    # Forked, so that the keys reach them in memory, and neither by a file nor by an argument.
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(processes, context, initializer=_keep, initargs=(here,)) as pool:

        async def open_there(rows: Sequence[_Row]) -> _Opened:
            content, rejected, number = await asyncio.get_running_loop().run_in_executor(pool, _open_in_process, rows)
            return pa.ipc.open_stream(content).read_all(), rejected, number

        try:
            yield open_there
        except BrokenProcessPool as error:
            raise WarehouseError(
                "A process that opens responses was ended from outside, perhaps for want of memory. Start the load"
                " again; it goes on where it was."
            ) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


_IN_THIS_PROCESS: list[RowOpener] = []


def _keep(opener: RowOpener) -> None:
    end_with_parent()
    _IN_THIS_PROCESS[:] = [opener]


def _open_in_process(rows: Sequence[_Row]) -> tuple[bytes, Mapping[RejectionReason, int], int]:
    responses, rejected, number = _IN_THIS_PROCESS[0].open(rows)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, responses.schema) as writer:
        writer.write_table(responses)
    return sink.getvalue().to_pybytes(), rejected, number


async def _in_order(batches: AsyncIterator[list[_Row]], open_rows: _Open, at_once: int) -> AsyncIterator[_Opened]:
    """Yield the opened batches in order, with so many of them on the way."""
    under_way: deque[asyncio.Task[_Opened]] = deque()
    try:
        async for rows in batches:
            under_way.append(asyncio.ensure_future(open_rows(rows)))
            # Lets the task hand its rows over before the next ones are read.
            await asyncio.sleep(0)
            if len(under_way) >= at_once:
                yield await under_way.popleft()
        while under_way:
            yield await under_way.popleft()
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
