"""Why figures of a table are withheld, as counts for whoever releases it.

**Nothing of this is ever published.** That a figure is withheld for its own sake says that it is below the threshold;
that it is withheld for another's sake says that it is not. A reader who knew which is which would have narrower
intervals than the attacker reckons with. So this is no part of `ReleasedTable`, which is all that a release holds, and
it tells how many figures of a table there are of each kind, never which.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from intake_store.statistics.declarations import Source
from intake_store.statistics.released import Figure, ReleasedTable


@dataclass(frozen=True, slots=True)
class WithheldFigures:
    """How many figures a table has, with base, means and non-response, and how many are withheld for which reason.

    `primary` ones are below the threshold themselves (or break the rule for sums of money), `complementary` ones are
    withheld so that others cannot be worked out from them, `earlier` ones because a release of the same responses
    withholds them, and `elsewhere` ones because the table only repeats another one that does not have them either.
    """

    figures: int = 0
    primary: int = 0
    complementary: int = 0
    earlier: int = 0
    elsewhere: int = 0

    def __add__(self, other: WithheldFigures) -> WithheldFigures:
        return WithheldFigures(
            self.figures + other.figures,
            self.primary + other.primary,
            self.complementary + other.complementary,
            self.earlier + other.earlier,
            self.elsewhere + other.elsewhere,
        )

    @property
    def withheld(self) -> int:
        """How many figures are withheld in all."""
        return self.primary + self.complementary + self.earlier + self.elsewhere


@dataclass(frozen=True, slots=True)
class MadeTable:
    """A table as it would be published, and why figures of it are withheld, which would not."""

    table: ReleasedTable
    withheld: WithheldFigures


def repeats(table: ReleasedTable) -> bool:
    """Tell whether a table only puts figures of others side by side, so that sums would count them twice."""
    return table.is_series or table.source is Source.SUPPLY


def figures_of(table: ReleasedTable) -> Iterator[Figure]:
    """Yield every figure of a table; of one that is withheld as a whole, none."""
    if table.withheld:
        return
    for row in (*table.rows, *table.non_response):
        yield from row.counts
    for line in (table.base, table.means):
        if line is not None:
            yield from line.counts
    if table.source is Source.RESPONSES and not table.is_series:
        yield table.responses
