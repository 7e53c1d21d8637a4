"""Exhibits: released tables as they stand on a page, with chart, figures, quality and files."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from analyst.charts.counties import TILES
from analyst.charts.kinds import ChartKind, chart_kind
from analyst.charts.marks import share
from analyst.charts.specifications import SUPPLY_COLUMN
from analyst.exports.description import Statement, about_table
from analyst.exports.formats import EXPORT_FORMATS
from analyst.exports.publication import Publication, localised
from analyst.figures.reference_figures import ReferenceFigure, ReferenceFigures
from analyst.numerals import number, percent
from analyst.translation import Translator, message
from analyst.web.publications import table_id
from intake_store.codebook import Codebook
from intake_store.statistics.declarations import Source
from intake_store.statistics.geography import COUNTY
from intake_store.statistics.released import Figure, ReleasedRow, ReleasedTable
from intake_store.statistics.releases import Release

_MOST_KEPT: Final = 1000


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell: a text, and whether it is the sign for withheld."""

    text: str
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A row of cells under its heading; `kind` is `code`, `base`, `mean`, `non_response` or `responses`."""

    kind: str
    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A file of an exhibit, and what it is called."""

    href: str
    label: str


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A table of a release in the language of a page."""

    table: ReleasedTable
    release: Release
    name: str
    kind: ChartKind
    has_shares: bool
    lines: tuple[Line, ...]
    about: tuple[Statement, ...]
    references: tuple[ReferenceFigure, ...]
    warnings: tuple[str, ...]
    files: tuple[Link, ...]
    counties: str
    on_a_tile: str
    language: str
    version: str

    @property
    def address(self) -> str:
        """The page of the table."""
        return f"/tables/{self.name}?{urlencode({'release': self.release.number})}"

    def chart(self, width: str, ending: str = "svg") -> str:
        """Return the address of the chart; it changes with the table, so that a browser may keep it."""
        query = urlencode({"width": width, "language": self.language, "v": self.version})
        return f"/charts/{self.release.number}/{self.name}.{ending}?{query}"

    @property
    def is_wide(self) -> bool:
        """Whether the table has so many columns that it has to be scrolled."""
        return len(self.table.columns) > 1

    @property
    def scope(self) -> str:
        """Whom and when the table is about."""
        return ", ".join(filter(None, (self.table.population_label, *(self.table.layer or ())[1:], self.table.period)))


class Exhibits:
    """Makes exhibits, and keeps the last of them: what was released never changes."""

    def __init__(self, codebook: Codebook, translators: Mapping[str, Translator], references: ReferenceFigures) -> None:
        self._codebook = codebook
        self._translators = translators
        self._references = references
        self._kept: OrderedDict[tuple[int, str, str, str], Exhibit] = OrderedDict()

    def of(self, table: ReleasedTable, release: Release, language: str) -> Exhibit:
        """Return the exhibit of a table, which is given as it was released, in a language."""
        key = (release.sequence, release.number, table_id(table), language)
        if key not in self._kept:
            self._kept[key] = self._made(table, release, self._translators[language])
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return self._kept[key]

    def _made(self, table: ReleasedTable, release: Release, say: Translator) -> Exhibit:
        shown = localised(table, say)
        publication = Publication(release, (table,), self._codebook, self._translators, say.language)
        found = self._references.beside(table)
        name = table_id(table)
        kind = chart_kind(shown)
        digest = hashlib.sha256(f"{say.language} {shown.model_dump_json()}".encode()).hexdigest()
        return Exhibit(
            table=shown,
            release=release,
            name=name,
            kind=kind,
            has_shares=table.base is not None,
            lines=tuple(lines(shown, say)),
            about=tuple(about_table(publication, shown)),
            references=found,
            warnings=self._references.warnings if found else (),
            files=tuple(_files(release, name, say)),
            counties=_counties(shown) if kind is ChartKind.TILES else "",
            on_a_tile=_on_a_tile(shown, say),
            language=say.language,
            version=digest[:12],
        )


def lines(table: ReleasedTable, say: Translator) -> Iterator[Line]:
    """Yield the rows of a localised table: counts, and beside each its share where there is a base."""
    if table.withheld:
        return
    bases = table.base.counts if table.base is not None else None
    for row in table.rows:
        yield Line("code", row.label, tuple(_cells(row.counts, bases, say)))
    if table.base is not None:
        yield Line("base", table.base.label, tuple(_cells(table.base.counts, bases, say)))
    if table.means is not None:
        yield Line("mean", table.means.label, tuple(_plain(table.means, table, say, decimals=2)))
    for row in table.non_response:
        yield Line("non_response", row.label, tuple(_plain(row, table, say)))
    if table.source is Source.RESPONSES and not table.is_series:
        row = ReleasedRow(code="responses", label=say("All responses"), counts=(table.responses,))
        yield Line("responses", row.label, tuple(_plain(row, table, say)))


def _cells(counts: Sequence[Figure], bases: Sequence[Figure] | None, say: Translator) -> Iterator[Cell]:
    for place, count in enumerate(counts):
        yield Cell(number(count, say), count is None)
        if bases is not None:
            base = bases[place]
            value = share(count, base)
            # Of a base that is nothing there is no share; that is not withheld.
            yield Cell("", False) if base == 0 else Cell(percent(value, say), value is None)


def _plain(row: ReleasedRow, table: ReleasedTable, say: Translator, decimals: int = 0) -> Iterator[Cell]:
    for place in range(len(table.columns)):
        if place < len(row.counts):
            count = row.counts[place]
            yield Cell(number(count, say, decimals), count is None)
        else:
            yield Cell("")
        if table.base is not None:
            yield Cell("")


def _files(release: Release, name: str, say: Translator) -> Iterator[Link]:
    for entry in EXPORT_FORMATS.values():
        if entry.name != "px-zip":
            yield Link(f"/releases/{release.number}/tables/{name}.{entry.ending}", say(entry.label))


def _counties(table: ReleasedTable) -> str:
    """Return what the letters on the tiles stand for."""
    known = [(TILES[row.code][2], row.label) for row in table.rows if row.code in TILES]
    return ", ".join(f"{letters} {label}" for letters, label in known)


def _on_a_tile(table: ReleasedTable, say: Translator) -> str:
    """Return what the two figures on a tile are; with one, nothing has to be said."""
    labels = dict(table.columns)
    if SUPPLY_COLUMN not in labels or table.row_variable != COUNTY:
        return ""
    text = say(message("The figures on a tile: {first} / {second}."))
    return text.format(first=table.columns[0][1], second=labels[SUPPLY_COLUMN])
