"""The warehouse: opened responses in columns, one row for each, in a DuckDB file on the analyst's machine."""

# Names of variables stand in the queries; the codebook allows only a-z, 0-9 and _ in them.
# ruff: noqa: S608

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import numpy as np
import pyarrow as pa

from intake_store.codebook import Codebook, VariableType
from intake_store.periods import Quarter
from intake_store.submission.errors import IntakeStoreError
from intake_store.submission.response import AnswerStatus, QualityFlag, Response
from intake_store.warehouse.opening import RejectionReason
from intake_store.warehouse.tallies import (
    ANSWERED,
    OWN_FIELDS,
    Period,
    PeriodSummary,
    Tally,
    quarters_of,
    tally_groups,
)

_SILENT = tuple(status.value for status in AnswerStatus if status is not AnswerStatus.ANSWERED)
_SEPARATOR = "|"  # no code has it

_COLUMN_TYPES = {VariableType.SINGLE: "VARCHAR", VariableType.MULTIPLE: "VARCHAR[]"}


class WarehouseError(IntakeStoreError):
    """The warehouse file cannot be used."""


@dataclass(frozen=True, slots=True)
class OpenedResponse:
    """A response with the id of the row it came from."""

    row_id: uuid.UUID
    response: Response


@dataclass(frozen=True, slots=True)
class UsageCount:
    """How often something happened in a week; a field that does not apply is empty."""

    iso_week: str
    quarter: str
    channel: str
    language: str
    event: str
    subject: str
    county: str
    count: int


class Warehouse:
    """A DuckDB file with a column for every variable of every codebook version.

    A single answer is a text, a multiple one a list; what has no codes holds `no_answer`, `unknown` or `not_asked`.
    Raises `WarehouseError` if the file cannot be opened.
    """

    def __init__(self, path: Path, codebooks: Mapping[str, Codebook]) -> None:
        self._path = path
        self._usage: list[UsageCount] = []
        self._datasets: dict[str, pa.Table] = {}
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._connection = duckdb.connect(str(path))
        except duckdb.Error as error:
            raise WarehouseError(
                f"The warehouse {path} cannot be opened: another program uses it, or it is damaged."
            ) from error
        path.chmod(0o600)
        try:
            self._variables = self._create(codebooks)
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write everything to the file and close it."""
        self._connection.close()

    def _create(self, codebooks: Mapping[str, Codebook]) -> dict[str, VariableType]:
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS responses (id UUID NOT NULL, codebook_version VARCHAR NOT NULL,"
            " population VARCHAR NOT NULL, iso_week VARCHAR NOT NULL, quarter VARCHAR NOT NULL,"
            " channel VARCHAR NOT NULL, language VARCHAR NOT NULL, synthetic BOOLEAN NOT NULL,"
            " flags VARCHAR[] NOT NULL)"
        )
        self._connection.execute("CREATE TABLE IF NOT EXISTS quarantine (id UUID NOT NULL, reason VARCHAR NOT NULL)")
        variables: dict[str, VariableType] = {}
        for codebook in codebooks.values():
            for variable in codebook.variables.values():
                if variables.setdefault(variable.name, variable.type) is not variable.type:
                    raise WarehouseError(
                        f"Variable {variable.name} is single in one codebook version and multiple in another."
                        " Give it a new name in the later version."
                    )
        for name, kind in variables.items():
            self._connection.execute(f'ALTER TABLE responses ADD COLUMN IF NOT EXISTS "{name}" {_COLUMN_TYPES[kind]}')
        return variables

    def mirror(self, inbox_ids: Sequence[uuid.UUID]) -> tuple[list[uuid.UUID], int]:
        """Delete what is no longer in the inbox; return the ids that still have to be opened, and how many went.

        Rows in quarantine count as still to be opened, since a key or a codebook may have come since.
        """
        self._connection.execute("CREATE OR REPLACE TEMP TABLE inbox (id UUID)")
        ids = {"id": _texts(map(str, inbox_ids))}
        self._connection.execute("INSERT INTO inbox SELECT id::UUID FROM ids")
        gone = "WHERE id NOT IN (SELECT id FROM inbox)"
        deleted = self._number(f"SELECT count(*) FROM responses {gone}")
        self._connection.execute(f"DELETE FROM responses {gone}")
        self._connection.execute("DELETE FROM quarantine")
        if deleted:
            # Takes them out of the log. DuckDB gives up their space in the file and does not overwrite it.
            self._connection.execute("CHECKPOINT")
        missing = self._connection.execute("SELECT id FROM inbox ANTI JOIN responses USING (id) ORDER BY id").fetchall()
        self._connection.execute("DROP TABLE inbox")
        del ids
        return [row[0] for row in missing], deleted

    def add(self, opened: Sequence[OpenedResponse], rejected: Mapping[uuid.UUID, RejectionReason]) -> None:
        """Add a batch in one transaction: opened responses, and rejected rows with their reason."""
        batch = self._batch(opened)
        columns = [f"string_split({name}, '{_SEPARATOR}')" if name in self._lists else name for name in batch]
        columns[0] = "id::UUID"
        flags = list(batch).index("flags")
        columns[flags] = f"list_filter(string_split(flags, '{_SEPARATOR}'), lambda flag: flag <> '')"
        names = ", ".join(f'"{name}"' for name in batch)
        quarantine_rows = {"id": _texts(map(str, rejected)), "reason": _texts(r.value for r in rejected.values())}
        self._connection.begin()
        try:
            if opened:
                self._connection.execute(f"INSERT INTO responses ({names}) SELECT {', '.join(columns)} FROM batch")
            if rejected:
                self._connection.execute("INSERT INTO quarantine SELECT id::UUID, reason FROM quarantine_rows")
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.commit()
        del quarantine_rows

    @property
    def _lists(self) -> frozenset[str]:
        return frozenset(name for name, kind in self._variables.items() if kind is VariableType.MULTIPLE)

    def _batch(self, opened: Sequence[OpenedResponse]) -> dict[str, np.ndarray[tuple[int], np.dtype[np.object_]]]:
        responses = [entry.response for entry in opened]
        quarters = {week: str(Quarter.of(week)) for week in {response.iso_week for response in responses}}
        batch = {
            "id": _texts(str(entry.row_id) for entry in opened),
            "codebook_version": _texts(response.codebook_version for response in responses),
            "population": _texts(response.population for response in responses),
            "iso_week": _texts(str(response.iso_week) for response in responses),
            "quarter": _texts(quarters[response.iso_week] for response in responses),
            "channel": _texts(response.channel.value for response in responses),
            "language": _texts(response.language for response in responses),
            "synthetic": _texts(str(response.synthetic).lower() for response in responses),
            "flags": _texts(_SEPARATOR.join(sorted(response.flags)) for response in responses),
        }
        for name in self._variables:
            batch[name] = _texts(_stored(response, name) for response in responses)
        return batch

    def size(self) -> int:
        """Return how many responses the warehouse holds."""
        return self._number("SELECT count(*) FROM responses")

    def quarantined(self) -> dict[RejectionReason, int]:
        """Return how many rows of the last load were rejected, by reason."""
        rows = self._connection.execute("SELECT reason, count(*) FROM quarantine GROUP BY reason ORDER BY reason")
        return {RejectionReason(reason): count for reason, count in rows.fetchall()}

    def tally(
        self, population: str, period: Quarter | Period, variables: Sequence[str]
    ) -> dict[tuple[str, ...], Tally]:
        """Return how many unflagged responses fall into each combination of categories of up to three variables.

        The categories of a variable are its codes, `answered` (at least one code), `no_answer`, `unknown` and
        `not_asked`; a multiple answer is counted under each of its codes. `OWN_FIELDS` can be named too. Combinations
        that nobody falls into are left out. Raises `WarehouseError` for a name that the warehouse does not have.
        """
        for name in variables:
            if name not in OWN_FIELDS and name not in self._variables:
                raise WarehouseError(f"The warehouse has no variable {name}.")
        columns = [
            f"array_to_string(\"{name}\", '{_SEPARATOR}')" if name in self._lists else f'"{name}"' for name in variables
        ]
        found = self._connection.execute(
            f"SELECT {', '.join([*columns, 'id'])} FROM responses WHERE population = ? AND list_contains(?, quarter)"
            " AND len(flags) = 0",
            [population, [str(quarter) for quarter in quarters_of(period)]],
        ).fetchall()
        return tally_groups(variables, ((row[:-1], 1, self._record_key(row[-1])) for row in found))

    def _record_key(self, row_id: uuid.UUID) -> int:
        return int.from_bytes(hashlib.blake2b(row_id.bytes, digest_size=4, key=b"interim").digest(), "big")

    def replace_usage(self, rows: Sequence[UsageCount]) -> None:
        """Put these usage counts in the place of all that were there."""
        self._usage = list(rows)

    def usage_tally(self, period: Quarter | Period, fields: Sequence[str]) -> dict[tuple[str, ...], int]:
        """Return the sums of the usage counts of a period by some of the fields of `UsageCount`."""
        quarters = {str(quarter) for quarter in quarters_of(period)}
        sums: dict[tuple[str, ...], int] = {}
        for row in self._usage:
            if row.quarter in quarters:
                cell = tuple(getattr(row, name) for name in fields)
                sums[cell] = sums.get(cell, 0) + row.count
        return sums

    def put_dataset(self, name: str, table: pa.Table) -> None:
        """Keep a small data set under a name, in the place of what was there."""
        self._datasets[name] = table

    def dataset(self, name: str) -> pa.Table | None:
        """Return the data set that is kept under a name, or None."""
        return self._datasets.get(name)

    def summary(self, population: str, period: Quarter | Period) -> PeriodSummary:
        """Return how many responses of a population a period holds."""
        found = self._connection.execute(
            "SELECT array_to_string(flags, '|'), synthetic, count(*) FROM responses"
            " WHERE population = ? AND list_contains(?, quarter) GROUP BY ALL",
            [population, [str(quarter) for quarter in quarters_of(period)]],
        ).fetchall()
        flags: dict[QualityFlag, int] = {}
        for joined, _synthetic, count in found:
            for flag in map(QualityFlag, joined.split("|") if joined else ()):
                flags[flag] = flags.get(flag, 0) + count
        return PeriodSummary(
            counted=sum(count for joined, _, count in found if not joined),
            flagged=sum(count for joined, _, count in found if joined),
            flags=flags,
            synthetic=any(synthetic for joined, synthetic, _ in found if not joined),
        )

    def counts(self, population: str, quarter: Quarter, rows: str) -> dict[str, int]:
        """Return how many unflagged responses fall into each category of a variable.

        The categories are its codes, `answered` (at least one code), `no_answer`, `unknown` and `not_asked`.
        """
        found = self._connection.execute(
            f"SELECT category, count(*) FROM (SELECT unnest({self._categories(rows)}) AS category FROM responses"
            " WHERE population = ? AND quarter = ? AND len(flags) = 0) GROUP BY category",
            [population, str(quarter)],
        )
        return dict(found.fetchall())

    def cross_counts(self, population: str, quarter: Quarter, rows: str, columns: str) -> dict[tuple[str, str], int]:
        """Return how many unflagged responses fall into each pair of categories of two variables; see `counts`."""
        found = self._connection.execute(
            f"SELECT row_category, column_category, count(*) FROM (SELECT row_category,"
            f" unnest({self._categories(columns)}) AS column_category FROM (SELECT *,"
            f" unnest({self._categories(rows)}) AS row_category FROM responses"
            " WHERE population = ? AND quarter = ? AND len(flags) = 0)) GROUP BY ALL",
            [population, str(quarter)],
        )
        return {(row, column): count for row, column, count in found.fetchall()}

    def _categories(self, name: str) -> str:
        """Return an SQL list of the categories that a response falls into."""
        if name not in self._variables:
            raise WarehouseError(f"The warehouse has no variable {name}.")
        codes = f'"{name}"' if name in self._lists else f'["{name}"]'
        silent = ", ".join(f"'{status}'" for status in _SILENT)
        known = f"""CASE WHEN "{name}" IS NULL THEN ['{AnswerStatus.NOT_ASKED.value}'] ELSE {codes} END"""
        return f"CASE WHEN ({known})[1] IN ({silent}) THEN {known} ELSE list_append({known}, '{ANSWERED}') END"

    def _number(self, query: str) -> int:
        row = self._connection.execute(query).fetchone()
        assert row is not None
        return int(row[0])


def _stored(response: Response, name: str) -> str | None:
    answer = response.answers.get(name)
    if answer is None:
        return None
    return _SEPARATOR.join(answer.codes) or answer.status.value


def _texts(values: Iterable[str | None]) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    return np.array(list(values), dtype=np.object_)
