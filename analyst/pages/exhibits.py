"""Exhibits: released tables as they stand on a page, with chart, figures, quality and files."""

from __future__ import annotations

import datetime
import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
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
from analyst.pages.findings import Findings
from analyst.period_names import period_name
from analyst.translation import Translator, message
from analyst.web.publications import table_id
from intake_store.codebook import Codebook
from intake_store.statistics.declarations import PeriodKind, Source
from intake_store.statistics.geography import COUNTY
from intake_store.statistics.released import Figure, ReleasedRow, ReleasedTable
from intake_store.statistics.releases import AttackFigures, Release

_MOST_KEPT: Final = 2000
_SYNTHETIC: Final = "SYNTHETIC DATA: "


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


@dataclass(frozen=True)
class Exhibit:
    """A table of a release in the language of a page; what only some pages need is made when it is first asked for.

    `table` keeps the words "SYNTHETIC DATA" in its title, as files have it; `title` is without, for pages that show the
    same by a tag (`synthetic`).
    """

    table: ReleasedTable
    release: Release
    name: str
    title: str
    _made: _Making = field(repr=False)

    @property
    def synthetic(self) -> bool:
        """Whether made-up responses are among those counted; a page has to say so beside the title."""
        return self.table.synthetic

    @property
    def language(self) -> str:
        """The language of the texts."""
        return self._made.say.language

    @property
    def has_shares(self) -> bool:
        """Whether each count stands beside its share of the base."""
        return self.table.base is not None

    @property
    def address(self) -> str:
        """The page of the table."""
        return f"/tables/{self.name}?{urlencode({'release': self.release.number})}"

    @property
    def is_wide(self) -> bool:
        """Whether the table has so many columns that it has to be scrolled."""
        return len(self.table.columns) > 1

    @property
    def part(self) -> str:
        """What tells the table from others of its declaration, such as the need; empty where there is one only."""
        return self.table.layer[1] if self.table.layer else ""

    @property
    def period(self) -> str:
        """The name of the period, by its months."""
        return period_name(self.table.period, self._made.say)

    @property
    def scope(self) -> str:
        """Whom and when the table is about."""
        return ", ".join(filter(None, (self.table.population_label, self.part, self.period)))

    @property
    def is_yearly(self) -> bool:
        """Whether the table is released once a year."""
        return self.table.period_kind is PeriodKind.YEAR

    @cached_property
    def kind(self) -> ChartKind:
        """How the table is drawn."""
        return chart_kind(self.table)

    @cached_property
    def finding(self) -> str:
        """What the table says in plain sentences; empty where nothing can be said for sure."""
        return self._made.findings.of(self.table, self._made.say)

    @cached_property
    def finding_of_all(self) -> str:
        """What the table says of all together, however it is split."""
        table = self.table
        if table.is_series or len(table.columns) < 2 or table.column_variable == "service_kind":
            return self.finding
        rows = tuple(row.model_copy(update={"counts": row.counts[:1]}) for row in table.rows)
        update: dict[str, object] = {"columns": table.columns[:1], "rows": rows, "column_variable": None}
        for name in ("base", "means"):
            row = getattr(table, name)
            update[name] = row.model_copy(update={"counts": row.counts[:1]}) if row is not None else None
        return self._made.findings.of(table.model_copy(update=update), self._made.say)

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The rows of the table."""
        return tuple(lines(self.table, self._made.say))

    @cached_property
    def about(self) -> tuple[Statement, ...]:
        """What is said of the table: population, unit, base, quality, protection and notes."""
        publication = Publication(
            self.release, (self.table,), self._made.codebook, self._made.translators, self.language
        )
        return tuple(about_table(publication, self.table))

    @cached_property
    def references(self) -> tuple[ReferenceFigure, ...]:
        """Figures of others that may stand beside the table."""
        return self._made.references.beside(self.table)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What has to be said wherever there are figures of others."""
        return self._made.references.warnings if self.references else ()

    @cached_property
    def files(self) -> tuple[Link, ...]:
        """The files of the table."""
        return tuple(_files(self.release, self.name, self._made.say))

    @cached_property
    def counties(self) -> str:
        """What the letters on the tiles of a map stand for."""
        return _counties(self.table) if self.kind is ChartKind.TILES else ""

    @cached_property
    def on_a_tile(self) -> str:
        """What the figures on a tile of a map are."""
        return _on_a_tile(self.table, self._made.say)

    @cached_property
    def version(self) -> str:
        """A digest of the table in its language, for addresses that browsers may keep."""
        return hashlib.sha256(f"{self.language} {self.table.model_dump_json()}".encode()).hexdigest()[:12]

    def chart(self, width: str, ending: str = "svg") -> str:
        """Return the address of the chart; it changes with the table, so that a browser may keep it."""
        query = urlencode({"width": width, "language": self.language, "v": self.version})
        return f"/charts/{self.release.number}/{self.name}.{ending}?{query}"


@dataclass(frozen=True, slots=True)
class _Making:
    """What exhibits of one language are made with."""

    codebook: Codebook
    translators: Mapping[str, Translator]
    references: ReferenceFigures
    findings: Findings
    say: Translator


class Exhibits:
    """Makes exhibits, and keeps the last of them: what was released never changes."""

    def __init__(self, codebook: Codebook, translators: Mapping[str, Translator], references: ReferenceFigures) -> None:
        findings = Findings(codebook)
        self._making = {
            language: _Making(codebook, translators, references, findings, say) for language, say in translators.items()
        }
        self._kept: OrderedDict[tuple[int, str, str, str], Exhibit] = OrderedDict()

    def of(self, table: ReleasedTable, release: Release, language: str) -> Exhibit:
        """Return the exhibit of a table, which is given as it was released, in a language."""
        key = (release.sequence, release.number, table_id(table), language)
        if key not in self._kept:
            self._kept[key] = self._exhibit(table, release, language)
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def draft(self, table: ReleasedTable, language: str) -> Exhibit:
        """Return the exhibit of a table that is not released; nothing of it is kept, and it has no chart or file."""
        nothing = AttackFigures(withheld=0, unpublished=0, least_width=0.0, required_width=0)
        release = Release(
            sequence=1,
            period=table.period,
            revision=1,
            replaces=None,
            reason="",
            note="",
            released_on=datetime.date.min,
            program="",
            codebook_version="",
            threshold=table.threshold,
            synthetic=table.synthetic,
            set_aside={},
            attack=nothing,
            tables=(),
            previous=None,
        )
        return self._exhibit(table, release, language)

    def _exhibit(self, table: ReleasedTable, release: Release, language: str) -> Exhibit:
        making = self._making[language]
        return Exhibit(localised(table, making.say), release, table_id(table), plain_title(table, making.say), making)


def plain_title(table: ReleasedTable, say: Translator) -> str:
    """Return the title of a released table in a language, without the words that tell that it is synthetic."""
    return say.finished(table.title.removeprefix(_SYNTHETIC) if table.synthetic else table.title)


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
