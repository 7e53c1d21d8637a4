"""A table over its periods: the editions of it that were released, as one cube with time among its dimensions.

Each figure stands as it was published. What is withheld in the edition of a period is withheld in the cube, and what
that edition does not have at all cannot have a figure. A cube of one edition is that table itself, so the formats that
know time as a dimension are written from cubes alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from analyst.exports.cells import NOT_APPLICABLE, WITHHELD, Content, Kind, Line, Measure, TableCells
from analyst.exports.publication import Publication
from analyst.translation import Translator, message
from intake_store.statistics.released import TOTAL, ReleasedTable
from intake_store.statistics.releases import Release

ALL_RESPONSES: Final = message("All responses")
EVERYONE: Final = message("All")


@dataclass(frozen=True, slots=True)
class Edition:
    """A table as one release published it."""

    release: Release
    table: ReleasedTable


@dataclass(frozen=True, slots=True)
class PeriodPublication:
    """One table over its periods: `newest` is the last of `editions`, with all that explains it; the oldest is first.

    There is one edition of each period, and all are of the same kind of period.
    """

    newest: Publication
    editions: tuple[Edition, ...]

    @classmethod
    def of_one(cls, publication: Publication) -> PeriodPublication:
        """Return the only table of a publication as it stands; raises `ValueError` for several tables or none."""
        [table] = publication.tables
        return cls(publication, (Edition(publication.release, table),))

    def in_language(self, language: str) -> PeriodPublication:
        """Return the same editions in another language; raises `KeyError` for one without a translator."""
        return replace(self, newest=self.newest.in_language(language))

    def localised(self) -> tuple[Edition, ...]:
        """Return the editions with every text in the publication's language."""
        tables = replace(self.newest, tables=tuple(edition.table for edition in self.editions)).localised()
        return tuple(Edition(edition.release, table) for edition, table in zip(self.editions, tables, strict=True))


@dataclass(frozen=True, slots=True)
class _Slice:
    """What one period has: the cells of an edition and where its columns are; `release` is where it was published."""

    period: str
    release: Release
    cells: TableCells
    lines: Mapping[str, Line]
    columns: Mapping[str, int]


class PeriodCube:
    """The cells of a table by row, period, column and measure.

    The columns of a series are quarters, so in its cube they are the periods; each comes from the newest edition that
    has it, and there is one column for all. `release_of` names the release that a period's figures come from.
    """

    def __init__(self, editions: Iterable[Edition], say: Translator) -> None:
        given = tuple(editions)
        made = [(edition, table_cells(edition.table, say)) for edition in given]
        self.is_series = all(edition.table.is_series and edition.table.columns for edition in given)
        self._slices = tuple(_quarters(made) if self.is_series else _periods(made))
        self.periods = tuple(part.period for part in self._slices)
        self.release_of = {part.period: part.release for part in self._slices}
        newest_first = [cells for _, cells in reversed(made)]
        self.lines = _lines(newest_first)
        self.columns = ((TOTAL, say(EVERYONE)),) if self.is_series else _columns(newest_first)
        present = {measure for _, cells in made for measure in cells.measures}
        self.measures = tuple(measure for measure in Measure if measure in present)

    @property
    def table(self) -> ReleasedTable:
        """The newest edition, or the newest that is split by columns where others are not: it names the dimensions."""
        tables = [part.cells.table for part in self._slices]
        return max(reversed(tables), key=lambda table: len(table.columns) > 1)

    def content(self, line: Line, period: int, column: int, measure: Measure) -> Content:
        """Return what may be shown in a cell; `period` and `column` count from 0."""
        part, code = self._slices[period], self.columns[column][0]
        found, place = part.lines.get(line.code), part.columns.get(code)
        if found is None or place is None or measure not in part.cells.measures:
            return self._absent(part, line, column, measure, split=place is None)
        return part.cells.content(found, place, measure)

    def contents(self) -> Iterator[tuple[Line, int, int, Measure, Content]]:
        """Yield every cell with its places, row by row, then by period, by column, and by measure."""
        for line in self.lines:
            for period in range(len(self.periods)):
                for column in range(len(self.columns)):
                    for measure in self.measures:
                        yield line, period, column, measure, self.content(line, period, column, measure)

    def _absent(self, part: _Slice, line: Line, column: int, measure: Measure, *, split: bool) -> Content:
        """Return why an edition does not have a cell: it was withheld with its table or its columns, or cannot be."""
        table = part.cells.table
        if not (table.withheld or (split and table.split_withheld)):
            return NOT_APPLICABLE
        if measure is Measure.COUNT:
            # Rows that are not split, such as those of all responses, have one figure only.
            possible = column < max(len(known.counts) for known in self._known(line))
        elif measure is Measure.PERCENT:
            possible = line.kind in (Kind.CODE, Kind.BASE)
        else:
            possible = line.kind is Kind.BASE
        return WITHHELD if possible else NOT_APPLICABLE

    def _known(self, line: Line) -> Iterator[Line]:
        for part in self._slices:
            if line.code in part.lines:
                yield part.lines[line.code]


def table_cells(table: ReleasedTable, say: Translator) -> TableCells:
    """Return the cells of a table whose texts are in the translator's language already."""
    return TableCells(table, say(ALL_RESPONSES), say(EVERYONE))


def _periods(made: list[tuple[Edition, TableCells]]) -> Iterator[_Slice]:
    for edition, cells in made:
        places = {code: place for place, (code, _) in enumerate(cells.columns)}
        yield _Slice(edition.table.period, edition.release, cells, {line.code: line for line in cells.lines}, places)


def _quarters(made: list[tuple[Edition, TableCells]]) -> Iterator[_Slice]:
    newest = {code: place for place, (_, cells) in enumerate(made) for code, _ in cells.columns}
    for code in sorted(newest):
        edition, cells = made[newest[code]]
        place = next(place for place, (name, _) in enumerate(cells.columns) if name == code)
        yield _Slice(code, edition.release, cells, {line.code: line for line in cells.lines}, {TOTAL: place})


def _lines(newest_first: Iterable[TableCells]) -> tuple[Line, ...]:
    """Return the rows of all editions, those of the newest first, and rows that are no categories after all others."""
    found: dict[str, Line] = {}
    for cells in newest_first:
        for line in cells.lines:
            found.setdefault(line.code, line)
    kinds = list(Kind)
    ordered = sorted(found.values(), key=lambda line: kinds.index(line.kind))
    return tuple(line for line in ordered if line.kind is not Kind.NONE) or tuple(ordered)


def _columns(newest_first: Iterable[TableCells]) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for cells in newest_first:
        for code, label in cells.columns:
            found.setdefault(code, label)
    return tuple(found.items())
