"""Two released periods of the same table beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from analyst.charts.marks import share
from analyst.numerals import percent
from analyst.translation import Translator, message
from intake_store.statistics.released import Figure, ReleasedRow, ReleasedTable
from intake_store.statistics.releases import Release

_SYNTHETIC: Final = "SYNTHETIC DATA: "

_LEAST_POINTS: Final = 1.0
"""A difference below one percentage point is not worth a sentence."""

_LEAST_TOLD: Final = 0.1
"""Shares are printed with one decimal, so differences that lie closer together look the same."""

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
    if first.row_variable != second.row_variable:
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


def reservations(
    first: tuple[ReleasedTable, Release], second: tuple[ReleasedTable, Release], say: Translator
) -> Iterator[str]:
    """Yield what has changed between two releases of a table, so that their figures do not mean quite the same."""
    (one, earlier), (other, later) = first, second
    if earlier.codebook_version != later.codebook_version:
        text = say(message("The codebook was another: version {first}, then version {second}."))
        yield text.format(first=earlier.codebook_version, second=later.codebook_version)
    if one.title.removeprefix(_SYNTHETIC) != other.title.removeprefix(_SYNTHETIC):
        yield say(message("The title of the table has changed, so it may count something else."))
    if one.base_text != other.base_text or one.unit != other.unit:
        yield say(message("The base or the unit is described in another way, so the shares may be shares of others."))
    lost = [row.label for row in one.rows if row.code not in {entry.code for entry in other.rows}]
    new = [row.label for row in other.rows if row.code not in {entry.code for entry in one.rows}]
    if lost or new:
        text = say(message("Categories that only one of them has are left out: {categories}."))
        yield text.format(categories=", ".join(say.finished(label) for label in [*lost, *new]))
    if (one.method, one.noise, one.rounding, one.threshold) != (
        other.method,
        other.noise,
        other.rounding,
        other.threshold,
    ):
        yield say(message("The figures were protected in another way, so more or less is withheld."))
    if one.noise is not None or other.noise is not None:
        yield say(message("The counts have noise in them, so a small difference can be noise alone."))
    if one.synthetic != other.synthetic:
        yield say(message("Only one of them counts made-up responses."))
    if one.provisional or other.provisional:
        yield say(message("One of the periods had not ended, so its figures will change."))


def largest_difference(table: ReleasedTable, say: Translator) -> str:
    """Return the difference that is largest of what is shown; empty where it is none, is shared, or may be noise."""
    if table.noise is not None or table.rounding is not None:
        return ""
    known = [(abs(row.difference), row) for row in compared_rows(table) if row.difference is not None]
    known.sort(key=lambda entry: -entry[0])
    if not known or known[0][0] < _LEAST_POINTS or (len(known) > 1 and known[0][0] - known[1][0] < _LEAST_TOLD):
        return ""
    row = known[0][1]
    text = message(
        "The largest difference of what is shown: {label}, {first} percent in the first period and {second} in the"
        " second."
    )
    first, second = row.shares
    return say(text).format(label=row.label, first=percent(first, say), second=percent(second, say))
