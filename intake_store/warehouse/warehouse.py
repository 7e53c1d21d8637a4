"""The warehouse: opened responses in columns, one row for each, and the small data sets that tables need beside them.

It lies in a folder of encrypted segments, counted by DuckDB or Spark, or in a PostgreSQL database. All of them answer
the same questions, each by one Ibis expression.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pyarrow as pa
import pyarrow.compute as pc

from intake_store.codebook import Codebook
from intake_store.periods import Quarter
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.response import QualityFlag, Response, StoredResponse
from intake_store.usage.events import UsageCount
from intake_store.warehouse.engines import EngineName, start_engine
from intake_store.warehouse.opening import RejectionReason
from intake_store.warehouse.postgresql import PostgresqlStorage
from intake_store.warehouse.segments import SegmentFolder
from intake_store.warehouse.storage import (
    Ids,
    Storage,
    WarehouseError,
    missing_from,
    queried_table,
    response_schema,
    variables_of,
)
from intake_store.warehouse.tallies import (
    OWN_FIELDS,
    SEPARATOR,
    Period,
    PeriodSummary,
    Tally,
    quarters_of,
    tally_groups,
)
from intake_store.warehouse.warehouse_key import WarehouseKey

MOST_VARIABLES: Final = 3
"""A tally has at most so many variables; more would single people out."""

USAGE_FIELDS: Final = ("iso_week", "quarter", "channel", "language", "event", "subject", "county")
"""What a usage count can be asked by."""

_USAGE = "usage"


@dataclass(frozen=True, slots=True)
class OpenedResponse:
    """A response with the id of the row it came from."""

    row_id: uuid.UUID
    response: Response


class ResponseColumns:
    """Turns opened responses into the columns of the warehouse."""

    def __init__(self, variables: Iterable[str], record_secret: bytes) -> None:
        self._variables = tuple(variables)
        self._schema = response_schema(self._variables)
        self._hash = hashlib.blake2b(digest_size=4, key=record_secret)
        self._quarters: dict[str, str] = {}

    def of(self, row_ids: Sequence[uuid.UUID], responses: Sequence[StoredResponse]) -> pa.Table:
        """Return a table with a row for each response; the ids are those of their rows."""
        columns: dict[str, list[Any]] = {
            "id": [row_id.bytes for row_id in row_ids],
            "record_key": [self.record_key(row_id) for row_id in row_ids],
            "codebook_version": [response.codebook_version for response in responses],
            "population": [response.population for response in responses],
            "iso_week": [response.iso_week for response in responses],
            "quarter": [self._quarter(response.iso_week) for response in responses],
            "channel": [str(response.channel) for response in responses],
            "language": [response.language for response in responses],
            "synthetic": [response.synthetic for response in responses],
            "flags": [SEPARATOR.join(response.flags) for response in responses],
        }
        answers = [response.answers for response in responses]
        for name in self._variables:
            found = [given.get(name) for given in answers]
            columns[name] = [SEPARATOR.join(value) if type(value) is tuple else value for value in found]
        arrays = [pa.array(columns[field.name], type=field.type) for field in self._schema]
        return pa.Table.from_arrays(arrays, schema=self._schema)

    def record_key(self, row_id: uuid.UUID) -> int:
        """Return 32 bits that only the row's id and the warehouse's secret decide."""
        keyed = self._hash.copy()
        keyed.update(row_id.bytes)
        return int.from_bytes(keyed.digest(), "big")

    def _quarter(self, week: str) -> str:
        found = self._quarters.get(week)
        if found is None:
            found = self._quarters[week] = str(Quarter.of(IsoWeek.parse(week)))
        return found


class Warehouse:
    """The opened responses at a folder, or in the database of a `postgresql://` URL.

    `engine` counts what lies in a folder; a database counts for itself. Raises `WarehouseError` if the place cannot
    be used, or if a variable changes its type between versions of the codebook.
    """

    def __init__(
        self,
        location: Path | str,
        codebooks: Mapping[str, Codebook],
        key: WarehouseKey,
        engine: EngineName = EngineName.DUCKDB,
    ) -> None:
        self._variables = variables_of(codebooks)
        self._columns = ResponseColumns(self._variables, key.record_secret)
        self._storage: Storage
        if is_database(location):
            if engine is not EngineName.DUCKDB:
                raise WarehouseError("A warehouse in PostgreSQL counts for itself; leave the engine out.")
            self._storage = PostgresqlStorage(str(location), self._variables)
        else:
            self._storage = SegmentFolder(Path(location), key, self._variables, start_engine(engine))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the folder or the database; everything is written already."""
        self._storage.close()

    # -- Loading --

    @property
    def columns(self) -> ResponseColumns:
        """What turns responses into the columns that `add_columns` takes."""
        return self._columns

    def mirror(self, inbox: Ids) -> tuple[Ids, int]:
        """Delete what is no longer in the inbox; return the ids that still have to be opened, and how many went.

        `inbox` is sorted, and so is what is returned. Rows that were rejected are still to be opened, since a key or a
        codebook may have come since.
        """
        deleted = self._storage.keep_only(inbox)
        self._storage.forget_rejections()
        return missing_from(inbox, self._storage.ids()), deleted

    def add(self, opened: Sequence[OpenedResponse], rejected: Mapping[RejectionReason, int] | None = None) -> None:
        """Add a batch of responses, and how many rows were rejected for each reason, wholly or not at all."""
        stored = [entry.response.to_stored() for entry in opened]
        self.add_columns(self._columns.of([entry.row_id for entry in opened], stored), rejected or {})

    def add_columns(self, responses: pa.Table, rejected: Mapping[RejectionReason, int]) -> None:
        """Add a batch that is in columns already; see `add`."""
        self._storage.add(responses, rejected)

    def settle(self) -> None:
        """Put what was added into the order that queries read fastest, if it is worth it by now."""
        self._storage.settle()

    def size(self) -> int:
        """Return how many responses the warehouse holds."""
        return self._storage.size()

    def quarantined(self) -> dict[RejectionReason, int]:
        """Return how many rows of the last load were rejected, by reason."""
        return self._storage.rejections()

    # -- Counting --

    def tally(
        self, population: str, period: Quarter | Period, variables: Sequence[str]
    ) -> dict[tuple[str, ...], Tally]:
        """Return how many unflagged responses fall into each combination of categories of up to three variables.

        The categories of a variable are its codes, `answered` (at least one code), `no_answer`, `unknown` and
        `not_asked`; a multiple answer is counted under each of its codes. `OWN_FIELDS` can be named too. Combinations
        that nobody falls into are left out. Raises `WarehouseError` for a name that the warehouse does not have.
        """
        if len(variables) > MOST_VARIABLES or len(set(variables)) < len(variables):
            raise WarehouseError(f"A tally takes up to {MOST_VARIABLES} different variables.")
        for name in variables:
            if name not in OWN_FIELDS and name not in self._variables:
                raise WarehouseError(f"The warehouse has no variable {name}.")
        groups = self._groups(population, period, variables, flagged=False)
        return tally_groups(
            variables,
            (([row[name] for name in variables], row["responses"], row["key_sum"]) for row in groups),
        )

    def summary(self, population: str, period: Quarter | Period) -> PeriodSummary:
        """Return how many responses of a population a period holds."""
        groups = self._groups(population, period, ["flags", "synthetic"], flagged=True)
        flags: dict[QualityFlag, int] = {}
        for row in groups:
            for flag in map(QualityFlag, filter(None, row["flags"].split(SEPARATOR))):
                flags[flag] = flags.get(flag, 0) + row["responses"]
        return PeriodSummary(
            counted=sum(row["responses"] for row in groups if not row["flags"]),
            flagged=sum(row["responses"] for row in groups if row["flags"]),
            flags=flags,
            synthetic=any(row["synthetic"] for row in groups if not row["flags"]),
        )

    def _groups(
        self, population: str, period: Quarter | Period, columns: Sequence[str], *, flagged: bool
    ) -> list[dict[str, Any]]:
        """Return the number and key sum of responses with the same stored values, for every engine the same way."""
        quarters = [str(quarter) for quarter in quarters_of(period)]
        read = list(dict.fromkeys(["population", "quarter", "flags", "record_key", *columns]))
        table = queried_table(read)
        wanted = (table.population == population) & table.quarter.isin(quarters)
        if not flagged:
            wanted &= table.flags == ""
        chosen = table.filter(wanted)
        measures = {"responses": chosen.count(), "key_sum": chosen.record_key.sum().cast("int64")}
        groups = chosen.group_by(list(columns)).aggregate(**measures) if columns else chosen.aggregate(**measures)
        return [row for row in self._storage.run(groups, population, quarters, read) if row["responses"]]

    # -- Small data sets --

    def replace_usage(self, rows: Iterable[UsageCount]) -> None:
        """Put these usage counts in the place of all that were there."""
        schema = pa.schema([*((name, pa.string()) for name in USAGE_FIELDS), ("count", pa.int64())])
        self.put_dataset(_USAGE, pa.Table.from_pylist([_usage_row(row) for row in rows], schema=schema))

    def usage_tally(self, period: Quarter | Period, fields: Sequence[str]) -> dict[tuple[str, ...], int]:
        """Return the sums of the usage counts of a period by some of `USAGE_FIELDS`.

        Raises `WarehouseError` for another field.
        """
        if not set(fields) <= set(USAGE_FIELDS):
            raise WarehouseError(f"A usage count can be asked by {', '.join(USAGE_FIELDS)}.")
        content = self.dataset(_USAGE)
        if content is None:
            return {}
        quarters = pa.array([str(quarter) for quarter in quarters_of(period)], pa.string())
        wanted = content.filter(pc.is_in(content["quarter"].cast(pa.string()), quarters))
        names = [*dict.fromkeys(fields)]
        sums = wanted.select([*names, "count"]).group_by(names).aggregate([("count", "sum")])
        if not wanted.num_rows:
            return {}
        cells = zip(*(sums[name].to_pylist() for name in fields), strict=True) if fields else [()]
        return dict(zip(cells, sums["count_sum"].to_pylist(), strict=True))

    def put_dataset(self, name: str, table: pa.Table) -> None:
        """Keep a small data set under a name, in the place of what was there."""
        self._storage.put_dataset(name, table)

    def dataset(self, name: str) -> pa.Table | None:
        """Return the data set that is kept under a name, or None."""
        return self._storage.dataset(name)


def _usage_row(row: UsageCount) -> dict[str, str | int]:
    known = row.occurrence
    return {
        "iso_week": str(row.iso_week),
        "quarter": str(Quarter.of(row.iso_week)),
        "channel": known.channel,
        "language": known.language,
        "event": known.event.value,
        "subject": known.subject,
        "county": known.county,
        "count": row.count,
    }


def is_database(location: Path | str) -> bool:
    """Tell whether a location is the URL of a PostgreSQL database, and not a folder."""
    return str(location).startswith(("postgresql://", "postgres://"))
