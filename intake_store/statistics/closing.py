"""Closed quarters: the counts of a quarter as they stood when it was first released.

Responses can be withdrawn, or reach the end of their retention, after their quarter was released. A table that is made
later about the same quarter, for its year or in a revision, must not show the difference, or it would show what exactly
the withdrawn responses held. So the counts that any declared table needs are put aside at the release, and from then on
tables are made of them. They hold no responses, and they stay on the analyst's side, encrypted like the warehouse.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake_store.codebook import Codebook
from intake_store.periods import Period, Quarter
from intake_store.statistics.counts import CountSource, TableError
from intake_store.statistics.declarations import USAGE_FIELDS, Source, TableDeclaration
from intake_store.statistics.geography import COUNTY, REGION
from intake_store.submission.response import QualityFlag
from intake_store.warehouse.tallies import PeriodSummary, Tally

_TALLIES: Final = "closed_tallies"
_SUMMARIES: Final = "closed_summaries"
_USAGE: Final = "closed_usage"
_KEYS: Final = 2**32

_BETWEEN_NAMES: Final = "|"
_BETWEEN_PARTS: Final = "\n"

_Names = tuple[str, ...]
_Cell = tuple[str, ...]
_Place = tuple[str, str, _Names]

_TALLY_SCHEMA: Final = pa.schema(
    [
        ("quarter", pa.string()),
        ("population", pa.string()),
        ("names", pa.list_(pa.string())),
        ("cell", pa.list_(pa.string())),
        ("count", pa.int64()),
        ("key_sum", pa.int64()),
    ]
)
_SUMMARY_SCHEMA: Final = pa.schema(
    [
        ("quarter", pa.string()),
        ("population", pa.string()),
        ("counted", pa.int64()),
        ("flagged", pa.int64()),
        ("flags", pa.map_(pa.string(), pa.int64())),
        ("synthetic", pa.bool_()),
    ]
)
_USAGE_SCHEMA: Final = pa.schema(
    [("quarter", pa.string()), *((name, pa.string()) for name in USAGE_FIELDS), ("count", pa.int64())]
)


class ClosableCounts(CountSource, Protocol):
    """Counts with a place for small data sets: what a warehouse offers."""

    def put_dataset(self, name: str, table: pa.Table) -> None:
        """Keep a small data set under a name, in the place of what was there."""
        ...

    def dataset(self, name: str) -> pa.Table | None:
        """Return the data set that is kept under a name, or None."""
        ...


class ClosedCounts:
    """The counts that tables are made of: those put aside of closed quarters, and the warehouse's of all others."""

    def __init__(self, counts: ClosableCounts) -> None:
        self._counts = counts
        self._kept = _tallies_by_place(counts.dataset(_TALLIES))
        self._read: dict[_Place, dict[_Cell, Tally]] = {}
        self._summaries = {
            (row["quarter"], row["population"]): PeriodSummary(
                counted=row["counted"],
                flagged=row["flagged"],
                flags={QualityFlag(flag): count for flag, count in row["flags"]},
                synthetic=row["synthetic"],
            )
            for row in _rows(counts.dataset(_SUMMARIES))
        }
        self._usage: dict[str, dict[_Cell, int]] = {}
        for row in _rows(counts.dataset(_USAGE)):
            self._usage.setdefault(row["quarter"], {})[tuple(row[name] for name in USAGE_FIELDS)] = row["count"]
        self._closed = frozenset(quarter for quarter, _ in self._summaries)

    def is_closed(self, quarter: Quarter) -> bool:
        """Tell whether the counts of a quarter were put aside."""
        return str(quarter) in self._closed

    def tally(self, population: str, period: Period, variables: Sequence[str]) -> dict[_Cell, Tally]:
        """Return the counts of a period, added up over its quarters; see `Warehouse.tally`.

        Raises `TableError` if a closed quarter was closed without these counts.
        """
        sums: dict[_Cell, Tally] = {}
        for quarter in period.quarters:
            for cell, tally in self._of_quarter(population, quarter, tuple(variables)).items():
                before = sums.get(cell, Tally(0, 0))
                sums[cell] = Tally(before.count + tally.count, (before.key_sum + tally.key_sum) % _KEYS)
        return sums

    def summary(self, population: str, period: Period) -> PeriodSummary:
        """Return how many responses of a population a period holds, added up over its quarters."""
        found = [self._summary(population, quarter) for quarter in period.quarters]
        flags: dict[QualityFlag, int] = {}
        for summary in found:
            for flag, count in summary.flags.items():
                flags[flag] = flags.get(flag, 0) + count
        return PeriodSummary(
            counted=sum(summary.counted for summary in found),
            flagged=sum(summary.flagged for summary in found),
            flags=flags,
            synthetic=any(summary.synthetic for summary in found),
        )

    def usage_tally(self, period: Period, fields: Sequence[str]) -> dict[_Cell, int]:
        """Return the sums of the usage counts of a period by some of their fields; see `Warehouse.usage_tally`."""
        sums: dict[_Cell, int] = {}
        for quarter in period.quarters:
            if self.is_closed(quarter):
                for place, count in self._usage.get(str(quarter), {}).items():
                    cell = tuple(place[USAGE_FIELDS.index(name)] for name in fields)
                    sums[cell] = sums.get(cell, 0) + count
            else:
                for cell, count in self._counts.usage_tally(quarter, fields).items():
                    sums[cell] = sums.get(cell, 0) + count
        return sums

    def dataset(self, name: str) -> pa.Table | None:
        """Return a small data set of the warehouse; those do not change with responses."""
        return self._counts.dataset(name)

    def _of_quarter(self, population: str, quarter: Quarter, names: _Names) -> Mapping[_Cell, Tally]:
        if not self.is_closed(quarter):
            return self._counts.tally(population, quarter, names)
        place = (str(quarter), population, names)
        if place not in self._kept:
            if self._summary(population, quarter).counted == 0:
                return {}
            raise TableError(
                f"{quarter} was closed without counts of {' by '.join(names)} for {population}."
                " A new table can be made of quarters that are released after it was declared."
            )
        if place not in self._read:
            # Most of what is kept is never asked for, so only what is becomes objects.
            part = self._kept[place]
            rows = zip(*(part[name].to_pylist() for name in ("cell", "count", "key_sum")), strict=True)
            self._read[place] = {tuple(cell): Tally(count, keys) for cell, count, keys in rows if cell is not None}
        return self._read[place]

    def _summary(self, population: str, quarter: Quarter) -> PeriodSummary:
        if not self.is_closed(quarter):
            return self._counts.summary(population, quarter)
        return self._summaries.get((str(quarter), population), PeriodSummary(0, 0, {}, False))


class RecordedCounts:
    """Passes counts on and remembers them, to tell afterwards whether another source would have given the same."""

    def __init__(self, counts: CountSource) -> None:
        self._counts = counts
        self._tallies: dict[tuple[str, Period, _Names], Mapping[_Cell, Tally]] = {}
        self._summaries: dict[tuple[str, Period], PeriodSummary] = {}
        self._usage: dict[tuple[Period, _Names], Mapping[_Cell, int]] = {}

    def tally(self, population: str, period: Period, variables: Sequence[str]) -> Mapping[_Cell, Tally]:
        """Return what the source returns; see `Warehouse.tally`."""
        found = self._counts.tally(population, period, variables)
        self._tallies[population, period, tuple(variables)] = found
        return found

    def summary(self, population: str, period: Period) -> PeriodSummary:
        """Return what the source returns; see `Warehouse.summary`."""
        found = self._summaries[population, period] = self._counts.summary(population, period)
        return found

    def usage_tally(self, period: Period, fields: Sequence[str]) -> Mapping[_Cell, int]:
        """Return what the source returns; see `Warehouse.usage_tally`."""
        found = self._usage[period, tuple(fields)] = self._counts.usage_tally(period, fields)
        return found

    def agree_with(self, other: CountSource) -> bool:
        """Tell whether another source gives the same counts to everything that was asked."""
        return (
            all(other.summary(*asked) == found for asked, found in self._summaries.items())
            and all(other.tally(*asked) == found for asked, found in self._tallies.items())
            and all(other.usage_tally(*asked) == found for asked, found in self._usage.items())
        )


def close_quarter(
    counts: ClosableCounts, codebook: Codebook, declarations: Iterable[TableDeclaration], quarter: Quarter
) -> None:
    """Put aside the counts of a quarter that any declared table needs, unless that was done before."""
    if ClosedCounts(counts).is_closed(quarter):
        return
    declared = list(declarations)
    tallies: list[dict[str, Any]] = []
    summaries: list[dict[str, Any]] = []
    for population in codebook.populations:
        place = {"quarter": str(quarter), "population": population}
        summary = counts.summary(population, quarter)
        flags = [(flag.value, count) for flag, count in sorted(summary.flags.items())]
        known = {"counted": summary.counted, "flagged": summary.flagged, "flags": flags, "synthetic": summary.synthetic}
        summaries.append(place | known)
        for names in needed_tallies(declared, population):
            found = counts.tally(population, quarter, names)
            # A tally in which nobody falls is kept too, so that it is not taken for one that was forgotten.
            tallies.append(place | {"names": list(names), "cell": None, "count": None, "key_sum": None})
            for cell, tally in sorted(found.items()):
                kept = {"names": list(names), "cell": list(cell), "count": tally.count, "key_sum": tally.key_sum}
                tallies.append(place | kept)
    usage = [
        {"quarter": str(quarter), **dict(zip(USAGE_FIELDS, cell, strict=True)), "count": count}
        for cell, count in sorted(counts.usage_tally(quarter, USAGE_FIELDS).items())
    ]
    # The summaries come last: only with them a quarter is closed, so whoever stops half-way begins again.
    _append(counts, _USAGE, usage, _USAGE_SCHEMA, quarter)
    _append(counts, _TALLIES, tallies, _TALLY_SCHEMA, quarter)
    _append(counts, _SUMMARIES, summaries, _SUMMARY_SCHEMA, quarter)


def needed_tallies(declarations: Iterable[TableDeclaration], population: str) -> list[_Names]:
    """Return which variables are counted together in the declared tables of a population, sorted by name."""
    needed: set[_Names] = set()
    for declaration in declarations:
        if declaration.source is not Source.RESPONSES or population not in declaration.populations:
            continue
        names = tuple(sorted({COUNTY if name == REGION else name for name in declaration.variables}))
        needed |= {names, *((name,) for name in names)}
    return sorted(needed)


def _append(
    counts: ClosableCounts, name: str, rows: Sequence[Mapping[str, Any]], schema: pa.Schema, quarter: Quarter
) -> None:
    parts = [pa.Table.from_pylist(list(rows), schema=schema)]
    if (before := counts.dataset(name)) is not None:
        kept = before.cast(schema)
        parts.insert(0, kept.filter(pc.not_equal(kept["quarter"], str(quarter))))
    counts.put_dataset(name, pa.concat_tables(parts))


def _tallies_by_place(table: pa.Table | None) -> dict[_Place, pa.Table]:
    """Return the rows of each quarter, population and set of variables."""
    if table is None or not table.num_rows:
        return {}
    places = pc.binary_join_element_wise(
        table["quarter"].cast(pa.string()),
        table["population"].cast(pa.string()),
        pc.binary_join(table["names"], _BETWEEN_NAMES),
        _BETWEEN_PARTS,
    )
    encoded = places.combine_chunks().dictionary_encode()
    codes = encoded.indices.to_numpy()
    order = np.argsort(codes, kind="stable")
    in_order = table.take(pa.array(order))
    ends = np.cumsum(np.bincount(codes)).tolist()
    found: dict[_Place, pa.Table] = {}
    for place, start, end in zip(encoded.dictionary.to_pylist(), [0, *ends], ends, strict=False):
        quarter, population, names = place.split(_BETWEEN_PARTS)
        found[quarter, population, tuple(names.split(_BETWEEN_NAMES))] = in_order.slice(start, end - start)
    return found


def _rows(table: pa.Table | None) -> list[dict[str, Any]]:
    return [] if table is None else table.to_pylist()
