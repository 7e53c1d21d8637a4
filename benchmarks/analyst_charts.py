"""How long charts take: laying out, drawing as SVG, and as PNG, for every kind and width.

python -m benchmarks.analyst_charts var/analyst/releases

Of each kind the table with the most cells is drawn. The last column sets the SVG against bars on a wide page in the
same run, so that machines can be compared; what a process needs once is told apart.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from analyst.charts.description import description
from analyst.charts.drawing import png_of, svg_of
from analyst.charts.kinds import ChartKind, chart_kind
from analyst.charts.specifications import specification
from analyst.charts.widths import Width
from analyst.exports.publication import localised
from analyst.translation import Translator
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.releases import ReleaseFolder

_RUNS = 5
_Made = TypeVar("_Made")


def measure(releases: Path) -> None:
    """Print a table in Markdown: the fewest milliseconds of processor time of a few runs, whatever else is running."""
    say = Translator("sv")
    largest = _largest(releases)
    first = next(iter(largest.values()))
    before = time.perf_counter()
    _svg(first, Width.WIDE, say)
    print(f"The first chart of a process: {1000 * (time.perf_counter() - before):.0f} ms\n")
    print("| kind | table | cells | width | layout ms | SVG ms | PNG ms | SVG kB | SVG to wide bars |")
    print("|---|---|---|---|---|---|---|---|---|")
    standard = None
    for kind, table in largest.items():
        cells = len(table.rows) * len(table.columns)
        for width in (Width.WIDE, Width.NARROW, Width.FILE):
            laid, _ = _fastest(lambda table=table, width=width: specification(table, width, say, "1"))
            drawn, svg = _fastest(lambda table=table, width=width: _svg(table, width, say))
            turned, _ = _fastest(lambda svg=svg: png_of(svg))
            standard = standard or drawn
            print(
                f"| {kind.value} | {table.name} | {cells} | {width.value} | {laid:.0f} | {drawn:.0f} | {turned:.0f}"
                f" | {len(svg) / 1000:.0f} | {drawn / standard:.1f} |"
            )


def _largest(releases: Path) -> dict[ChartKind, ReleasedTable]:
    say = Translator("sv")
    found: dict[ChartKind, ReleasedTable] = {}
    folder = ReleaseFolder(releases)
    for release in folder.releases():
        for table in folder.tables(release):
            kind = chart_kind(table)
            known = found.get(kind)
            if kind is not ChartKind.NONE and (known is None or _cells(table) > _cells(known)):
                found[kind] = table
    return {kind: localised(found[kind], say) for kind in ChartKind if kind in found}


def _cells(table: ReleasedTable) -> int:
    return len(table.rows) * len(table.columns)


def _svg(table: ReleasedTable, width: Width, say: Translator) -> str:
    spec = specification(table, width, say, "1")
    assert spec is not None
    return svg_of(spec, table.title, description(table, say))


def _fastest(make: Callable[[], _Made]) -> tuple[float, _Made]:
    """Return the fewest milliseconds of processor time of a few runs, and what was made."""
    times = []
    for _ in range(_RUNS):
        before = time.process_time()
        made = make()
        times.append(1000 * (time.process_time() - before))
    return min(times), made


if __name__ == "__main__":
    measure(Path(sys.argv[1]))
