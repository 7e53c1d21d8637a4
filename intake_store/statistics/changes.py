"""What a release would change: against the release that it replaces, or against that of an earlier period.

Made of published and publishable tables alone, so it says nothing that a reader of both could not work out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from intake_store.periods import Period, Year, parse_period
from intake_store.statistics.declarations import Source
from intake_store.statistics.released import TOTAL, Figure, ReleasedRow, ReleasedTable
from intake_store.statistics.releases import Release
from intake_store.statistics.withheld import figures_of, repeats

MOST_SHARES: Final = 10
"""So many of the largest changes of shares are listed."""

STRONG_CHANGE: Final = 3
"""A number of responses that moved by more than the part of it that this divides is worth a second look."""

TableKey = tuple[str, str, str]
"""Name, population and layer."""

_Place = tuple[str, str, str]


class Statement(StrEnum):
    """What a table says besides its figures."""

    TITLE = "title"
    LABELS = "labels"
    UNIT = "unit"
    BASE = "base"
    NOTES = "notes"
    METHOD_TEXT = "method_text"
    METHOD = "method"
    THRESHOLD = "threshold"
    ROUNDING = "rounding"
    NOISE = "noise"
    SPLIT = "split"
    CATEGORIES = "categories"
    SYNTHETIC = "synthetic"


@dataclass(frozen=True, slots=True)
class TableChange:
    """How a table differs: in how many figures, and in which of its statements."""

    table: ReleasedTable
    changed: int
    newly_withheld: int
    newly_shown: int
    statements: tuple[Statement, ...]

    @property
    def is_changed(self) -> bool:
        """Whether anything is different."""
        return bool(self.changed or self.statements)


@dataclass(frozen=True, slots=True)
class ThenAndNow:
    """A number of a population then and now; None where it is withheld, or the population was not there."""

    population: str
    then: int | None
    now: int | None

    @property
    def is_strong(self) -> bool:
        """Whether it moved by more than a third of what it was."""
        if self.then is None or self.now is None:
            return False
        return abs(self.now - self.then) * STRONG_CHANGE > self.then


@dataclass(frozen=True, slots=True)
class WithheldThenAndNow:
    """How many figures of a population there were then and are now, and how many of them are withheld.

    Tables that only repeat others are not counted.
    """

    population: str
    then_figures: int
    then_withheld: int
    now_figures: int
    now_withheld: int

    @property
    def then(self) -> float | None:
        """The share that was withheld, between 0 and 1."""
        return self.then_withheld / self.then_figures if self.then_figures else None

    @property
    def now(self) -> float | None:
        """The share that is withheld."""
        return self.now_withheld / self.now_figures if self.now_figures else None


@dataclass(frozen=True, slots=True)
class ShareChange:
    """A category whose share of its base changed; shares are in percent."""

    table: ReleasedTable
    row: ReleasedRow
    then: float
    then_base: Figure
    now: float
    now_base: Figure

    @property
    def difference(self) -> float:
        """The change in percentage points."""
        return self.now - self.then


@dataclass(frozen=True, slots=True)
class Changes:
    """What a release would change against another; `is_revision` tells whether that is of the same period."""

    against: str
    is_revision: bool
    tables: Mapping[TableKey, TableChange]
    new: tuple[ReleasedTable, ...]
    gone: tuple[ReleasedTable, ...]
    responses: tuple[ThenAndNow, ...]
    withheld: tuple[WithheldThenAndNow, ...]
    shares: tuple[ShareChange, ...]
    codebook: tuple[str, str]
    threshold: tuple[int, int]

    @property
    def strong(self) -> tuple[ThenAndNow, ...]:
        """The populations whose number of responses moved by more than a third."""
        return tuple(entry for entry in self.responses if entry.is_strong)

    @property
    def altered(self) -> tuple[TableChange, ...]:
        """The tables that say something different besides their figures."""
        return tuple(change for change in self.tables.values() if change.statements)


def release_before(releases: Sequence[Release], period: Period) -> Release | None:
    """Return what a release of a period is compared with.

    That is the newest of the same period, or else the newest of the last period of its kind before it; None if there
    is neither.
    """
    own = [release for release in releases if release.period == str(period)]
    if own:
        return own[-1]
    yearly = isinstance(period, Year)
    earlier = [
        release
        for release in releases
        if isinstance(parse_period(release.period), Year) is yearly and release.period < str(period)
    ]
    return max(earlier, key=lambda release: (release.period, release.revision), default=None)


def changes(
    release: Release, before: Sequence[ReleasedTable], now: Sequence[ReleasedTable], codebook: str, threshold: int
) -> Changes:
    """Return what tables of now change against a release and its tables."""
    is_revision = any(table.period == release.period and not table.is_series for table in now)
    known = {key_of(table): table for table in before}
    made = {key_of(table): table for table in now}
    # Quarters of a series move with it, so its figures are compared within the period alone.
    pairs = {key: (known[key], table) for key, table in made.items() if key in known}
    return Changes(
        against=release.number,
        is_revision=is_revision,
        tables={key: _change(*pair) for key, pair in pairs.items()},
        new=tuple(table for key, table in made.items() if key not in known),
        gone=tuple(table for key, table in known.items() if key not in made),
        responses=tuple(_responses(before, now)),
        withheld=tuple(_withheld(before, now)),
        shares=tuple(_shares(pairs.values())),
        codebook=(release.codebook_version, codebook),
        threshold=(release.threshold, threshold),
    )


def key_of(table: ReleasedTable) -> TableKey:
    """Return what names a table in every release."""
    return table.name, table.population, table.layer[0] if table.layer else ""


def responses_of(tables: Iterable[ReleasedTable]) -> dict[str, int | None]:
    """Return the number of responses of each population, by its label; None where no table tells it."""
    found: dict[str, int | None] = {}
    for table in tables:
        # A series carries the number of its last quarter, which is the period of the table.
        if table.source is Source.RESPONSES:
            before = found.get(table.population_label)
            found[table.population_label] = table.responses if before is None else before
    return found


def _change(before: ReleasedTable, now: ReleasedTable) -> TableChange:
    then, figures = dict(_cells(before)), dict(_cells(now))
    differ = [place for place in then.keys() | figures.keys() if _differs(then, figures, place)]
    return TableChange(
        table=now,
        changed=len(differ),
        newly_withheld=sum(
            place in figures and figures[place] is None and then.get(place) is not None for place in differ
        ),
        newly_shown=sum(place in then and then[place] is None and figures.get(place) is not None for place in differ),
        statements=tuple(_statements(before, now)),
    )


def _differs(then: Mapping[_Place, Figure], now: Mapping[_Place, Figure], place: _Place) -> bool:
    return (place in then) is not (place in now) or then[place] != now[place]


def _cells(table: ReleasedTable) -> Iterator[tuple[_Place, Figure]]:
    if table.withheld:
        return
    columns = [code for code, _ in table.columns]
    kinds = [("code", row) for row in table.rows] + [("non_response", row) for row in table.non_response]
    kinds += [("base", table.base)] if table.base is not None else []
    kinds += [("mean", table.means)] if table.means is not None else []
    for kind, row in kinds:
        # What is told for the total only has one figure.
        for column, figure in zip(columns, row.counts, strict=False):
            yield (kind, row.code, column), figure
    if table.source is Source.RESPONSES and not table.is_series:
        yield ("responses", "", TOTAL), table.responses


def _statements(before: ReleasedTable, now: ReleasedTable) -> Iterator[Statement]:
    compared: dict[Statement, tuple[object, object]] = {
        Statement.TITLE: (_plain_title(before), _plain_title(now)),
        Statement.UNIT: (before.unit, now.unit),
        Statement.BASE: (before.base_text, now.base_text),
        Statement.NOTES: (before.notes, now.notes),
        Statement.METHOD_TEXT: (before.method_text, now.method_text),
        Statement.METHOD: (before.method, now.method),
        Statement.THRESHOLD: (before.threshold, now.threshold),
        Statement.ROUNDING: (before.rounding, now.rounding),
        Statement.NOISE: (before.noise, now.noise),
        Statement.SYNTHETIC: (before.synthetic, now.synthetic),
        Statement.SPLIT: (before.column_variable, now.column_variable),
    }
    yield from (statement for statement, (then, later) in compared.items() if then != later)
    known, labels = _labels(before), _labels(now)
    if any(known[place] != labels[place] for place in known.keys() & labels.keys()):
        yield Statement.LABELS
    # Of other sources the categories are those that anything was counted for.
    if now.source is Source.RESPONSES and not now.withheld and not before.withheld:
        rows = [{row.code for row in table.rows} for table in (before, now)]
        columns = [{code for code, _ in table.columns} for table in (before, now)]
        split_alike = before.column_variable == now.column_variable and not now.is_series
        if rows[0] != rows[1] or (split_alike and columns[0] != columns[1]):
            yield Statement.CATEGORIES


def _plain_title(table: ReleasedTable) -> str:
    return table.title.removeprefix("SYNTHETIC DATA: ")


def _labels(table: ReleasedTable) -> dict[tuple[str, str], str]:
    labels = {("row", row.code): row.label for row in (*table.rows, *table.non_response)}
    if not table.is_series:
        labels |= {("column", code): label for code, label in table.columns}
    labels["row variable", table.row_variable] = table.row_label
    labels["population", table.population] = table.population_label
    if table.layer:
        labels["layer", table.layer[0]] = table.layer[1]
    return labels


def _responses(before: Iterable[ReleasedTable], now: Iterable[ReleasedTable]) -> Iterator[ThenAndNow]:
    then, current = responses_of(before), responses_of(now)
    for population in dict.fromkeys([*current, *then]):
        yield ThenAndNow(population, then.get(population), current.get(population))


def _withheld(before: Iterable[ReleasedTable], now: Iterable[ReleasedTable]) -> Iterator[WithheldThenAndNow]:
    then, current = _figures_by_population(before), _figures_by_population(now)
    for population in dict.fromkeys([*current, *then]):
        yield WithheldThenAndNow(population, *then.get(population, (0, 0)), *current.get(population, (0, 0)))


def _figures_by_population(tables: Iterable[ReleasedTable]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for table in tables:
        figures = [] if repeats(table) else list(figures_of(table))
        known = found.get(table.population_label, (0, 0))
        found[table.population_label] = (known[0] + len(figures), known[1] + figures.count(None))
    return found


def _shares(pairs: Iterable[tuple[ReleasedTable, ReleasedTable]]) -> list[ShareChange]:
    """Return the largest changes of shares, each category of a population once, however many tables have it."""
    found: dict[tuple[str, str, str], ShareChange] = {}
    for before, now in pairs:
        if now.source is not Source.RESPONSES or now.is_series or before.is_series:
            continue
        then = {row.code: _share(row, before) for row in before.rows}
        for row in now.rows:
            share, earlier = _share(row, now), then.get(row.code)
            if share is not None and earlier is not None and share != earlier:
                assert before.base is not None
                assert now.base is not None
                change = ShareChange(now, row, earlier, before.base.counts[0], share, now.base.counts[0])
                found.setdefault((now.population, now.row_variable, row.code), change)
    return sorted(found.values(), key=lambda change: -abs(change.difference))[:MOST_SHARES]


def _share(row: ReleasedRow, table: ReleasedTable) -> float | None:
    base = table.base.counts[0] if table.base is not None else None
    count = row.counts[0]
    return None if count is None or not base else 100 * count / base
