"""Tables as a printed report has room for: the largest rows, the columns that tell most, and what was left out.

Nothing here adds a figure: every cell is a released count, its share of a released base, or the sign for withheld.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from analyst.charts.kinds import ChartKind, chart_kind
from analyst.charts.looks import ANSWERS
from analyst.charts.marks import by_size, drawn_columns, share
from analyst.charts.specifications import ORDERED
from analyst.numerals import number, percent
from analyst.translation import Translator, message
from intake_store.statistics.released import NOT_STATED, TOTAL, Figure, ReleasedRow, ReleasedTable

MOST_ROWS: Final = 10
_MOST_IN_SERIES: Final = 8
_MOST_GROUPS: Final = 6
_SHADES: Final = 5

_CUT: Final = frozenset({ChartKind.BARS, ChartKind.MULTIPLES, ChartKind.MATRIX})


@dataclass(frozen=True, slots=True)
class ShortTable:
    """A table without what there is no room for; how many rows were left out, how many of them are withheld, columns.

    A row counts as withheld if the figure that its chart draws first is.
    """

    table: ReleasedTable
    rows_left: int = 0
    withheld_left: int = 0
    columns_left: int = 0

    @property
    def is_short(self) -> bool:
        """Whether anything was left out."""
        return bool(self.rows_left or self.columns_left)


@dataclass(frozen=True, slots=True)
class PrintedCell:
    """What stands in a cell, and in a table of shades how dark the cell is, from 0 to 5."""

    text: str
    withheld: bool = False
    shade: int = 0


@dataclass(frozen=True, slots=True)
class PrintedHead:
    """A heading over `columns` columns and `rows` rows."""

    text: str
    columns: int = 1
    rows: int = 1


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """A row of cells under its heading; `kind` is `code` or `base`."""

    kind: str
    label: str
    cells: tuple[PrintedCell, ...]


@dataclass(frozen=True, slots=True)
class PrintedTable:
    """A table in rows of headings and lines of cells; `wide` ones need the long side of a page."""

    heads: tuple[tuple[PrintedHead, ...], ...]
    lines: tuple[PrintedLine, ...]
    wide: bool = False


def shortened(table: ReleasedTable) -> ShortTable:
    """Return what a report shows of a table, in the order in which its chart is drawn."""
    kind = chart_kind(table)
    if kind in _CUT and not table.is_series:
        place = table.columns.index(drawn_columns(table)[0])
        rows = list(table.rows) if table.row_variable in ORDERED else by_size(table, place)
        kept = rows[:MOST_ROWS]
        withheld = sum(row.counts[place] is None for row in rows[MOST_ROWS:])
        return ShortTable(table.model_copy(update={"rows": tuple(kept)}), len(rows) - len(kept), withheld)
    if kind is ChartKind.STACKED:
        return _fewer_groups(table)
    if table.is_series and kind is not ChartKind.NONE:
        return _newest(table)
    return ShortTable(table)


def printed(table: ReleasedTable, say: Translator) -> PrintedTable:
    """Return a shortened table, given in the translator's language, as it is printed."""
    kind = chart_kind(table)
    if table.withheld or not table.rows:
        return PrintedTable((), ())
    if table.base is None:
        return _plain(table, say)
    if kind is ChartKind.STACKED:
        return _turned(table, say)
    if kind is ChartKind.MATRIX:
        return _shaded(table, say)
    if table.is_series:
        return _series(table, say)
    return _shares(table, say)


def _fewer_groups(table: ReleasedTable) -> ShortTable:
    """Keep of a table that is split into many groups the whole, and the groups with the most answers."""
    bases = table.base.counts if table.base is not None else ()
    told = [
        place
        for place, (code, _) in enumerate(table.columns)
        if code not in (TOTAL, NOT_STATED) and any(row.counts[place] is not None for row in table.rows)
    ]
    told.sort(key=lambda place: -(bases[place] or 0))
    groups = sum(code not in (TOTAL, NOT_STATED) for code, _ in table.columns)
    kept = [place for place, (code, _) in enumerate(table.columns) if code == TOTAL] + told[:_MOST_GROUPS]
    return ShortTable(_of_columns(table, kept), columns_left=groups - len(told[:_MOST_GROUPS]))


def _newest(table: ReleasedTable) -> ShortTable:
    """Keep of a series the quarters that were released, and the rows that are largest in the last of them."""
    codes = {code for code, _ in drawn_columns(table)}
    kept = [place for place, (code, _) in enumerate(table.columns) if code in codes]
    cut = _of_columns(table, kept)
    if all(row.code in ANSWERS for row in cut.rows):
        return ShortTable(cut)
    last = len(kept) - 1
    rows = by_size(cut, last)
    withheld = sum(row.counts[last] is None for row in rows[_MOST_IN_SERIES:])
    left = max(0, len(rows) - _MOST_IN_SERIES)
    return ShortTable(cut.model_copy(update={"rows": tuple(rows[:_MOST_IN_SERIES])}), left, withheld)


def _of_columns(table: ReleasedTable, places: Sequence[int]) -> ReleasedTable:
    def row(entry: ReleasedRow) -> ReleasedRow:
        return entry.model_copy(update={"counts": tuple(entry.counts[place] for place in places)})

    return table.model_copy(
        update={
            "columns": tuple(table.columns[place] for place in places),
            "rows": tuple(row(entry) for entry in table.rows),
            "base": row(table.base) if table.base is not None else None,
            "means": row(table.means) if table.means is not None else None,
        }
    )


def _plain(table: ReleasedTable, say: Translator) -> PrintedTable:
    heads = (PrintedHead(table.row_label), *(PrintedHead(label) for _, label in table.columns))
    lines = [PrintedLine("code", row.label, tuple(_count(count, say) for count in row.counts)) for row in table.rows]
    return PrintedTable((heads,), tuple(lines))


def _shares(table: ReleasedTable, say: Translator) -> PrintedTable:
    """Number and share of the whole, and the shares of each group."""
    assert table.base is not None
    bases = table.base.counts
    number_head, share_head = PrintedHead(say(message("Number"))), PrintedHead("%")
    if len(table.columns) == 1:
        heads: tuple[tuple[PrintedHead, ...], ...] = ((PrintedHead(table.row_label), number_head, share_head),)
    else:
        groups = [PrintedHead(label) for _, label in table.columns[1:]]
        heads = (
            (PrintedHead(table.row_label, rows=2), PrintedHead(table.columns[0][1], columns=2), *groups),
            (number_head, share_head, *(share_head for _ in groups)),
        )
    lines = []
    for row in table.rows:
        shares = [_share(count, base, say) for count, base in zip(row.counts, bases, strict=True)]
        lines.append(PrintedLine("code", row.label, (_count(row.counts[0], say), *shares)))
    below = (_count(bases[0], say), PrintedCell("100"), *(_count(base, say) for base in bases[1:]))
    lines.append(PrintedLine("base", say(message("Base, number")), below))
    return PrintedTable(heads, tuple(lines))


def _turned(table: ReleasedTable, say: Translator) -> PrintedTable:
    """Each group in a line of its own, with its base, the shares of all answers, and the mean where there is one."""
    assert table.base is not None
    heads = [PrintedHead(table.column_label or ""), PrintedHead(say(message("Base, number")))]
    heads += [PrintedHead(f"{row.label}, %") for row in table.rows]
    if table.means is not None:
        heads.append(PrintedHead(table.means.label))
    lines = []
    for place, (_, label) in enumerate(table.columns):
        base = table.base.counts[place]
        cells = [_count(base, say), *(_share(row.counts[place], base, say) for row in table.rows)]
        if table.means is not None:
            mean = table.means.counts[place]
            cells.append(PrintedCell(number(mean, say, 2), mean is None))
        lines.append(PrintedLine("code", label, tuple(cells)))
    return PrintedTable((tuple(heads),), tuple(lines))


def _series(table: ReleasedTable, say: Translator) -> PrintedTable:
    assert table.base is not None
    bases = table.base.counts
    heads = (PrintedHead(f"{table.row_label}, %"), *(PrintedHead(label) for _, label in table.columns))
    lines = [
        PrintedLine(
            "code",
            row.label,
            tuple(_share(count, base, say) for count, base in zip(row.counts, bases, strict=True)),
        )
        for row in table.rows
    ]
    lines.append(PrintedLine("base", say(message("Base, number")), tuple(_count(base, say) for base in bases)))
    return PrintedTable((heads,), tuple(lines))


def _shaded(table: ReleasedTable, say: Translator) -> PrintedTable:
    """Draw a table as fields, darker for more, with the share written in each."""
    plain = _series(table, say)
    assert table.base is not None
    values = [
        share(count, base) for row in table.rows for count, base in zip(row.counts, table.base.counts, strict=True)
    ]
    largest = max((value for value in values if value is not None), default=0.0) or 1.0

    def cells(row: ReleasedRow, line: PrintedLine) -> Iterator[PrintedCell]:
        assert table.base is not None
        for count, base, cell in zip(row.counts, table.base.counts, line.cells, strict=True):
            value = share(count, base) or 0.0
            yield PrintedCell(cell.text, cell.withheld, min(_SHADES, int((_SHADES + 1) * value / largest)))

    lines = [
        PrintedLine(line.kind, line.label, tuple(cells(row, line)))
        for row, line in zip(table.rows, plain.lines, strict=False)
    ]
    return PrintedTable(plain.heads, (*lines, plain.lines[-1]), wide=True)


def _count(count: Figure, say: Translator) -> PrintedCell:
    return PrintedCell(number(count, say), count is None)


def _share(count: Figure, base: Figure, say: Translator) -> PrintedCell:
    if base == 0:
        # Of a base that is nothing there is no share; that is not withheld.
        return PrintedCell("")
    value = share(count, base)
    return PrintedCell(percent(value, say), value is None)
