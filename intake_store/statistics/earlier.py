"""What was published earlier about a period: cells that are known for good, and cells that stay withheld."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from intake_store.periods import Period, parse_period
from intake_store.statistics.cells import SUM, CellKey, cell_key
from intake_store.statistics.counts import Pair
from intake_store.statistics.declarations import Method, Source
from intake_store.statistics.released import TOTAL, Figure, ReleasedRow, ReleasedTable


def earlier_cells(tables: Iterable[ReleasedTable], population: str) -> dict[CellKey, bool]:
    """Return the cells that released tables have of a population, and whether any of them shows the count.

    Series only repeat other tables, and counts with noise are not the true ones: neither says anything here.
    """
    published: dict[CellKey, bool] = {}
    for table in tables:
        exact = table.source is Source.RESPONSES and table.method is Method.SUPPRESSION
        if table.population == population and exact and not table.is_series and not table.withheld:
            for key, figure in _cells(table):
                published[key] = published.get(key, False) or figure is not None
    return published


def _cells(table: ReleasedTable) -> Iterator[tuple[CellKey, Figure]]:
    period = parse_period(table.period)
    yield cell_key(period, ()), table.responses
    for row in _rows(table):
        # Non-response stands in the total alone.
        for (column, _), figure in zip(table.columns, row.counts, strict=False):
            yield _key(period, table, row.code, column), figure
    if table.means is not None:
        for (column, _), figure in zip(table.columns, table.means.counts, strict=True):
            yield _key(period, table, SUM, column), figure


def _rows(table: ReleasedTable) -> Iterator[ReleasedRow]:
    yield from table.rows
    yield from table.non_response
    if table.base is not None:
        yield table.base


def _key(period: Period, table: ReleasedTable, category: str, column: str) -> CellKey:
    pairs: list[Pair] = [(table.row_variable, category)]
    if column != TOTAL:
        assert table.column_variable is not None
        pairs.append((table.column_variable, column))
    return cell_key(period, pairs)
