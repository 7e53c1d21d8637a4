"""What disclosure control costs, table by table, and whether it holds: cells withheld, and the attacker's figures.

Synthetic responses over one year; its quarters and the year are made as a release would make them, and everything that
is published of a population is attacked together. *Primary* cells are withheld for being below the threshold,
*complementary* ones because of others.

    uv run python -m benchmarks.suppression --responses 2000
    uv run python -m benchmarks.suppression --responses 50000
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from intake_store.codebook import Codebook, load_codebooks
from intake_store.periods import Period, Year
from intake_store.settings import PROJECT
from intake_store.statistics.counts import ResponseCounts
from intake_store.statistics.declarations import DECLARATIONS_FOLDER, Source, TableDeclaration, load_declarations
from intake_store.statistics.outsider import Outsider
from intake_store.statistics.released import TOTAL, ReleasedTable
from intake_store.statistics.tables import DEFAULT_THRESHOLD, make_tables
from intake_store.synthetic.responses import synthetic_tables
from intake_store.warehouse.warehouse import Warehouse
from intake_store.warehouse.warehouse_key import WarehouseKey

YEAR = Year(2026)
PERIODS: tuple[Period, ...] = (*YEAR.quarters, YEAR)


def main() -> None:
    """Make and attack all tables of a year, and print what was withheld."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--responses", type=int, default=2_000)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    codebooks = load_codebooks(PROJECT / "flows" / "codebook")
    codebook = codebooks[max(codebooks, key=int)]
    declared = [d for d in load_declarations(DECLARATIONS_FOLDER, codebook).values() if d.source is Source.RESPONSES]
    with (
        tempfile.TemporaryDirectory(prefix="fyren-bench-") as folder,
        Warehouse(Path(folder) / "warehouse", codebooks, WarehouseKey.generate()) as warehouse,
    ):
        weeks = [week for quarter in YEAR.quarters for week in quarter.weeks]
        for table in synthetic_tables(codebook, weeks, chosen.responses, chosen.seed):
            warehouse.add_columns(table, {})
        print(f"## {chosen.responses:,} synthetic responses, seed {chosen.seed}, threshold {DEFAULT_THRESHOLD}\n")
        print("| population | tables made | seconds | attacked | narrowest | too narrow | seconds |")
        print("|---|--:|--:|--:|--:|--:|--:|")
        lines = [line for name in codebook.populations for line in of_population(warehouse, codebook, declared, name)]
    print("\n| population | table | period | figures | primary | complementary |")
    print("|---|---|---|--:|--:|--:|")
    print("\n".join(lines))


def of_population(
    warehouse: Warehouse, codebook: Codebook, declared: list[TableDeclaration], population: str
) -> Iterator[str]:
    """Make and attack the tables of one population; yield a line for each table of the year and its last quarter."""
    own = [d.model_copy(update={"populations": (population,)}) for d in declared if population in d.populations]
    start = time.process_time()
    made = [
        table
        for period in PERIODS
        for table in make_tables(warehouse, codebook, own, period, provisional=False)
        if not table.is_series
    ]
    making, start = time.process_time() - start, time.process_time()
    outsider = Outsider(codebook)
    outsider.read(made)
    found = outsider.attack(DEFAULT_THRESHOLD)
    print(
        f"| {population} | {len(made)} | {making:.1f} | {found.withheld + found.unpublished} | {found.least_width:g}"
        f" | {len(found.narrow)} | {time.process_time() - start:.1f} |"
    )
    counts = {period: ResponseCounts(warehouse, codebook.populations[population], period) for period in PERIODS}
    for table in made:
        period = next(period for period in PERIODS if str(period) == table.period)
        if period is YEAR or period == YEAR.quarters[-1]:
            figures, primary, complementary = withheld(table, counts[period])
            yield f"| {population} | {table.name} | {period} | {figures} | {primary} | {complementary} |"


def withheld(table: ReleasedTable, counts: ResponseCounts) -> tuple[int, int, int]:
    """Return how many figures a table has, and how many are withheld as primary and as complementary cells."""
    figures = primary = complementary = 0
    for row in table.rows:
        for (column, _), figure in zip(table.columns, row.counts, strict=True):
            figures += 1
            if figure is None:
                pairs = [(table.row_variable, row.code)]
                if column != TOTAL:
                    pairs.append((table.column_variable or "", column))
                small = counts.count(*pairs) < table.threshold
                primary += small
                complementary += not small
    return figures, primary, complementary


if __name__ == "__main__":
    main()
