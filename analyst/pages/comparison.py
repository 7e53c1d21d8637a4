"""Two released periods of the same table beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analyst.charts.marks import share
from intake_store.statistics.released import Figure, ReleasedRow, ReleasedTable

PERIODS = "period"
"""The column variable of a table that holds two periods."""


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """A row in both periods; a share or a difference is None where one of its parts is withheld."""

    label: str
    counts: tuple[Figure, Figure]
    shares: tuple[float | None, float | None]

    @property
    def difference(self) -> float | None:
        """The difference of the shares in percentage points."""
        first, second = self.shares
        return None if first is None or second is None else second - first


def side_by_side(first: ReleasedTable, second: ReleasedTable) -> ReleasedTable | None:
    """Return one table with the totals of two as its columns; None if they cannot be put beside each other.

    Both hold released figures only, so the table tells nothing that is not published.
    """
    if first.withheld or second.withheld or first.is_series or (first.base is None) != (second.base is None):
        return None
    later = {row.code: row for row in second.rows}
    rows = [
        ReleasedRow(code=row.code, label=row.label, counts=(row.counts[0], later[row.code].counts[0]))
        for row in first.rows
        if row.code in later
    ]
    if not rows:
        return None
    base = None
    if first.base is not None and second.base is not None:
        base = first.base.model_copy(update={"counts": (first.base.counts[0], second.base.counts[0])})
    update = {
        "period": f"{first.period}, {second.period}",
        "column_variable": PERIODS,
        "column_label": None,
        "columns": ((first.period, first.period), (second.period, second.period)),
        "rows": tuple(rows),
        "base": base,
        "means": None,
        "non_response": (),
        "responses": None,
        "flagged": (),
        "synthetic": first.synthetic or second.synthetic,
    }
    return first.model_copy(update=update)


def compared_rows(table: ReleasedTable) -> Iterator[ComparedRow]:
    """Yield the rows of a table that holds two periods."""
    bases = table.base.counts if table.base is not None else (None, None)
    for row in table.rows:
        shares = (share(row.counts[0], bases[0]), share(row.counts[1], bases[1]))
        yield ComparedRow(row.label, (row.counts[0], row.counts[1]), shares)
