"""The warehouse on disk: encrypted Parquet files, and an encrypted manifest that says which of them count.

Every byte of a segment, its column names and numbers of rows included, is encrypted and authenticated with AES-256-GCM
(Parquet modular encryption with an encrypted footer), under a key that belongs to this one segment and bound to its
name. A change writes new segments first and then puts a new manifest in the place of the old one, so a crash leaves
the state before or after it. Segments that the manifest no longer names are deleted.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import ibis.expr.types as ir
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pyarrow.parquet.encryption import create_decryption_properties, create_encryption_properties

from intake_store.keys import secret_files
from intake_store.warehouse.engines import Engine
from intake_store.warehouse.opening import RejectionReason
from intake_store.warehouse.storage import (
    ID_BYTES,
    Ids,
    WarehouseError,
    found_in,
    ids_from,
    response_schema,
)
from intake_store.warehouse.warehouse_key import WarehouseKey

LOOSE_SEGMENTS: Final = 16
"""So many segments of single batches are read as they are; more are put in order by `settle`."""

LOOSE_RESPONSES: Final = 500_000
"""So many responses are put in order at once; it bounds the memory that this takes."""

FULL_SEGMENT: Final = 100_000
"""A segment with so many responses is not made longer."""

MANIFEST: Final = "manifest"
"""The file that says what counts; a folder with it is a warehouse."""

_BOUND = b"fyren warehouse manifest 1"
_NONCE_BYTES = 12
_SEGMENT_NAME = re.compile(r"[0-9a-f]{32}\.parquet")
# Their values are all different; a dictionary of them would be a second copy.
_NOT_REPEATED = ("id", "record_key", "synthetic")
_LOCK = "lock"


class _Segment(msgspec.Struct, frozen=True):
    """A file of responses, and of whom: with one population and one quarter it is in order."""

    name: str
    rows: int
    populations: tuple[str, ...]
    quarters: tuple[str, ...]

    @property
    def is_loose(self) -> bool:
        return len(self.populations) != 1 or len(self.quarters) != 1


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    segments: tuple[_Segment, ...] = ()
    datasets: dict[str, str] = {}
    rejections: dict[RejectionReason, int] = {}


class SegmentFolder:
    """A folder of encrypted segments; one program at a time uses it.

    Raises `WarehouseError` if the folder cannot be used, holds a warehouse of another form, or does not open with the
    key.
    """

    def __init__(self, folder: Path, key: WarehouseKey, variables: Iterable[str], engine: Engine) -> None:
        self._folder = folder
        self._key = key
        self._engine = engine
        self._schema = response_schema(variables)
        _refuse_what_is_no_warehouse(folder)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
            self._lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise WarehouseError(f"The warehouse {folder} cannot be used ({error.strerror}).") from error
        try:
            self._take_lock()
            self._manifest = self._read_manifest()
            self._delete_unnamed()
        except BaseException:
            os.close(self._lock)
            raise

    def close(self) -> None:
        """Let other programs use the folder."""
        self._engine.close()
        os.close(self._lock)

    # -- Responses --

    def ids(self) -> Ids:
        """Return the row ids of all responses."""
        return np.sort(ids_from(b"".join(self._ids_of(segment) for segment in self._manifest.segments)))

    def keep_only(self, inbox: Ids) -> int:
        """Write the segments anew that hold other ids than these; the old ones are deleted."""
        deleted = 0
        for segment in self._manifest.segments:
            ids = ids_from(self._ids_of(segment))
            # Sorted ones are looked up ten times as fast, and mostly there is nothing to delete.
            if found_in(np.sort(ids), inbox).all():
                continue
            kept = found_in(ids, inbox)
            gone = int(len(kept) - kept.sum())
            rest = self._read(segment, self._schema.names).filter(pa.array(kept))
            self._change(remove=[segment], add=[rest] if rest.num_rows else [])
            deleted += gone
        return deleted

    def forget_rejections(self) -> None:
        """Begin to count rejected rows anew."""
        if self._manifest.rejections:
            self._commit(msgspec.structs.replace(self._manifest, rejections={}))

    def add(self, responses: pa.Table, rejected: Mapping[RejectionReason, int]) -> None:
        """Add a segment with these responses, and the numbers of rejected rows."""
        counts = dict(self._manifest.rejections)
        for reason, number in rejected.items():
            counts[reason] = counts.get(reason, 0) + number
        self._change(add=[responses] if responses.num_rows else [], rejections=counts)
        if sum(segment.rows for segment in self._loose()) >= LOOSE_RESPONSES:
            self._put_in_order()

    def settle(self) -> None:
        """Sort the segments of single batches into segments of one population and one quarter, if there are many."""
        if len(self._loose()) > LOOSE_SEGMENTS:
            self._put_in_order()

    def rejections(self) -> dict[RejectionReason, int]:
        """Return how many rows were rejected since they were last forgotten, by reason."""
        return {reason: self._manifest.rejections[reason] for reason in sorted(self._manifest.rejections)}

    def size(self) -> int:
        """Return how many responses there are."""
        return sum(segment.rows for segment in self._manifest.segments)

    def run(
        self, query: ir.Table, population: str, quarters: Sequence[str], columns: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Return the rows of a query on the segments that can hold responses of a population and some quarters."""
        read = [
            self._read(segment, columns)
            for segment in self._manifest.segments
            if population in segment.populations and not set(quarters).isdisjoint(segment.quarters)
        ]
        return self._engine.run(query, pa.concat_tables(read)) if read else []

    # -- Data sets --

    def put_dataset(self, name: str, table: pa.Table) -> None:
        """Keep a small data set under a name, in the place of what was there."""
        file = self._write(table)
        self._commit(
            msgspec.structs.replace(self._manifest, datasets={**self._manifest.datasets, name: file}),
        )

    def dataset(self, name: str) -> pa.Table | None:
        """Return the data set that is kept under a name, or None."""
        file = self._manifest.datasets.get(name)
        if file is None:
            return None
        with self._opened(file) as content:
            return content.read()

    # -- Files --

    def _loose(self) -> list[_Segment]:
        return [segment for segment in self._manifest.segments if segment.is_loose]

    def _put_in_order(self) -> None:
        loose = self._loose()
        read = [self._read(segment, self._schema.names) for segment in loose]
        together = pa.concat_tables(read).unify_dictionaries()
        short = {
            (segment.populations[0], segment.quarters[0]): segment
            for segment in self._manifest.segments
            if not segment.is_loose and segment.rows < FULL_SEGMENT
        }
        remove, add = list(loose), []
        for (population, quarter), part in _parts(together):
            begun = short.get((population, quarter))
            if begun is not None:
                remove.append(begun)
                part = pa.concat_tables([self._read(begun, self._schema.names), part])
            add.append(part)
        self._change(remove=remove, add=add)

    def _change(
        self,
        *,
        remove: Iterable[_Segment] = (),
        add: Iterable[pa.Table] = (),
        rejections: dict[RejectionReason, int] | None = None,
    ) -> None:
        gone = {segment.name for segment in remove}
        written = [
            _Segment(
                self._write(table),
                table.num_rows,
                tuple(sorted(pc.unique(table["population"]).to_pylist())),
                tuple(sorted(pc.unique(table["quarter"]).to_pylist())),
            )
            for table in add
        ]
        kept = [segment for segment in self._manifest.segments if segment.name not in gone]
        self._commit(
            msgspec.structs.replace(
                self._manifest,
                segments=(*kept, *written),
                rejections=self._manifest.rejections if rejections is None else rejections,
            )
        )

    def _ids_of(self, segment: _Segment) -> bytes:
        with self._opened(segment.name) as content:
            column = content.read(["id"])["id"]
        return b"".join(
            chunk.buffers()[1][chunk.offset * ID_BYTES : (chunk.offset + len(chunk)) * ID_BYTES]
            for chunk in column.chunks
        )

    def _read(self, segment: _Segment, names: Sequence[str]) -> pa.Table:
        with self._opened(segment.name) as content:
            there = set(content.schema_arrow.names)
            read = content.read([name for name in names if name in there])
        columns = []
        for name in names:
            kind = _stored_type(self._schema.field(name).type)
            # A column that a later codebook brought: nobody in this segment was asked.
            column = read[name] if name in there else pa.nulls(read.num_rows, self._schema.field(name).type)
            columns.append(column.cast(kind))
        return pa.table(columns, names=list(names))

    @contextlib.contextmanager
    def _opened(self, name: str) -> Iterator[pq.ParquetFile]:
        try:
            properties = create_decryption_properties(self._key.derived(name), aad_prefix=name.encode())
            with pq.ParquetFile(self._folder / name, decryption_properties=properties) as content:
                yield content
        except (OSError, pa.ArrowException) as error:
            raise self._damaged(name) from error

    def _write(self, table: pa.Table) -> str:
        name = f"{secrets.token_hex(16)}.parquet"
        stored = table.cast(pa.schema([(field.name, _stored_type(field.type)) for field in table.schema]))
        properties = create_encryption_properties(
            self._key.derived(name), aad_prefix=name.encode(), store_aad_prefix=False
        )
        path = self._folder / name
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                pq.write_table(
                    stored,
                    file,
                    encryption_properties=properties,
                    compression="zstd",
                    use_dictionary=[name for name in stored.column_names if name not in _NOT_REPEATED],
                    write_statistics=False,
                )
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            raise WarehouseError(f"The warehouse {self._folder} cannot be written ({error.strerror}).") from error
        return name

    def _commit(self, manifest: _Manifest) -> None:
        before, after = self._named(self._manifest), self._named(manifest)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        content = nonce + AESGCM(self._key.derived("manifest")).encrypt(nonce, msgspec.json.encode(manifest), _BOUND)
        secret_files.replace(self._folder / MANIFEST, content, 0o600)
        self._manifest = manifest
        for name in before - after:
            (self._folder / name).unlink(missing_ok=True)

    def _read_manifest(self) -> _Manifest:
        try:
            content = (self._folder / MANIFEST).read_bytes()
        except FileNotFoundError:
            if any(_SEGMENT_NAME.fullmatch(path.name) for path in self._folder.iterdir()):
                raise self._damaged(MANIFEST) from None
            self._manifest = _Manifest()
            self._commit(self._manifest)
            return self._manifest
        except OSError as error:
            raise WarehouseError(f"The warehouse {self._folder} cannot be used ({error.strerror}).") from error
        try:
            opened = AESGCM(self._key.derived("manifest")).decrypt(
                content[:_NONCE_BYTES], content[_NONCE_BYTES:], _BOUND
            )
            return msgspec.json.decode(opened, type=_Manifest)
        except (InvalidTag, ValueError, msgspec.MsgspecError) as error:
            raise WarehouseError(
                f"The warehouse {self._folder} does not open with this key, or it is damaged. Use the key it was made"
                " with; or delete the folder and load everything anew with `fyren responses load`."
            ) from error

    def _delete_unnamed(self) -> None:
        """Delete what a program that was stopped wrote and did not come to name, or named no longer."""
        named = self._named(self._manifest)
        for path in self._folder.iterdir():
            if _SEGMENT_NAME.fullmatch(path.name) and path.name not in named:
                path.unlink(missing_ok=True)

    def _named(self, manifest: _Manifest) -> set[str]:
        return {*(segment.name for segment in manifest.segments), *manifest.datasets.values()}

    def _take_lock(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise WarehouseError(
                f"The warehouse {self._folder} cannot be opened: another program uses it. Wait until it has ended, and"
                " try again."
            ) from error

    def _damaged(self, name: str) -> WarehouseError:
        return WarehouseError(
            f"The warehouse {self._folder} is damaged ({name}). Delete the folder and load everything anew with"
            " `fyren responses load`."
        )


def _stored_type(kind: pa.DataType) -> pa.DataType:
    return pa.dictionary(pa.int32(), pa.string()) if kind == pa.string() else kind


def _parts(responses: pa.Table) -> Iterator[tuple[tuple[str, str], pa.Table]]:
    """Yield the responses of each population and quarter; sorted once, so that each part is a slice."""
    codes, names = [], []
    for column in (responses["population"], responses["quarter"]):
        encoded = column.combine_chunks()
        codes.append(encoded.indices.to_numpy())
        names.append(encoded.dictionary.to_pylist())
    places = codes[0] * len(names[1]) + codes[1]
    order = np.argsort(places, kind="stable")
    in_order = responses.take(pa.array(order))
    starts = np.flatnonzero(np.diff(places[order], prepend=-1))
    for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
        population, quarter = divmod(int(places[order[start]]), len(names[1]))
        yield (names[0][population], names[1][quarter]), in_order.slice(start, end - start)


def _refuse_what_is_no_warehouse(folder: Path) -> None:
    for path in (folder, folder.with_name(f"{folder.name}.duckdb")):
        if path.is_file():
            raise WarehouseError(
                f"{path} is no warehouse of today's form: up to Fyren 0.1 it was a file, and not encrypted. Delete the"
                " file, and load everything anew with `fyren responses load`."
            )
    if folder.is_dir() and not (folder / _LOCK).exists() and any(folder.iterdir()):
        raise WarehouseError(f"The folder {folder} holds other files. Give the warehouse a folder of its own.")
