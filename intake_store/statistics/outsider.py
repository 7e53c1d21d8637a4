"""The outsider: what somebody can work out who reads released tables and the codebook, and nothing else.

Written without a look at how tables are made or protected, so that it can contradict both. It knows how the categories
of a variable and the columns of a table add up, whom the questionnaire's routing leaves out, which answers are chosen
among earlier ones, which counties make up a region, and that a year is its quarters.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from intake_store.codebook import Codebook, Population, Variable, VariableType
from intake_store.disclosure.attack import Attack, Interval
from intake_store.periods import Year, parse_period
from intake_store.statistics.declarations import Source
from intake_store.statistics.geography import COUNTY, REGION, REGIONS, table_variable
from intake_store.statistics.released import NOT_STATED, Figure, ReleasedRow, ReleasedTable

Category = tuple[str, str]
Cell = tuple[str, ...]
"""Population and period, then variable and category in turns, sorted by variable."""

_ANSWERED: Final = "answered"
_NOT_ASKED: Final = "not_asked"
_NO_ANSWER: Final = "no_answer"
_SILENT: Final = "asked and silent"
_MEAN_DIGITS: Final = 2


@dataclass(frozen=True, slots=True)
class NarrowCell:
    """A count that is not protected: what is known of it lies too close together."""

    cell: Cell
    interval: Interval


@dataclass(frozen=True, slots=True)
class Findings:
    """What came out: how many withheld and unpublished counts were attacked, and which gave way.

    `least_width` is that of the narrowest interval of a withheld count.
    """

    withheld: int
    unpublished: int
    least_width: float
    narrow: tuple[NarrowCell, ...]


class Outsider:
    """Reads tables of any populations and periods and tells what they give away together."""

    def __init__(self, codebook: Codebook) -> None:
        self._codebook = codebook
        self._attack: Attack[Cell] = Attack()
        self._withheld: dict[Cell, None] = {}
        self._unpublished: dict[Cell, None] = {}
        self._met: dict[Cell, None] = {}
        self._places: dict[tuple[str, str], dict[tuple[Category, ...], None]] = {}

    def read(self, tables: Iterable[ReleasedTable]) -> None:
        """Take in everything that tables say; tables made of other things than responses say nothing here."""
        for table in tables:
            if table.source is not Source.RESPONSES or table.withheld:
                continue
            if table.is_series:
                for index, (quarter, _) in enumerate(table.columns):
                    # A quarter without a base had no table; of its counts nothing is said.
                    if any(row.counts[index] is not None for row in _all_rows(table)):
                        self._read_margin(table, quarter, index)
            else:
                self._read_margin(table, table.period, 0)
                self._read_columns(table)
        self._conclude()

    def attack(self, width: int) -> Findings:
        """Compute the feasible intervals.

        A withheld count gives way if its interval is narrower than `width`; a count that no table has, such as how many
        did not name a category, if besides it is certain to be below `width`.
        """
        found = self._attack.narrowest(self._withheld, width)
        hidden = self._attack.narrowest([cell for cell in self._unpublished if cell not in self._withheld], width)
        narrow = [NarrowCell(cell, self._attack.interval(cell)) for cell in found.narrow]
        unpublished = (NarrowCell(cell, self._attack.interval(cell)) for cell in hidden.narrow)
        narrow += [entry for entry in unpublished if entry.interval.highest < width]
        return Findings(found.cells, hidden.cells, found.least_width, tuple(narrow))

    def interval(self, population: str, period: str, *categories: Category) -> Interval:
        """Return what is known of one count."""
        return self._attack.interval(_cell(population, period, categories))

    # -- Reading ----------------------------------------------------------------------------------------------------

    def _read_margin(self, table: ReleasedTable, period: str, index: int) -> None:
        about = _About(table, period, table_variable(self._codebook.populations[table.population], table.row_variable))
        for row in table.rows:
            self._figure(table, about.cell(row.code), row.counts[index])
        base = about.cell(_ANSWERED)
        if table.base is not None:
            self._figure(table, base, table.base.counts[index])
        left = []
        for row in table.non_response:
            self._figure(table, about.cell(row.code), row.counts[index])
            left.append(about.cell(row.code))
        everybody = _cell(table.population, period, ())
        if not table.is_series:
            self._figure(table, everybody, table.responses)
        self._meet(everybody)
        self._attack.relate({everybody: 1.0, base: -1.0} | dict.fromkeys(left, -1.0))
        asked = _cell(table.population, period, ((about.rows.name, _SILENT),))
        silent = [cell for cell in left if cell[-1] != _NOT_ASKED]
        self._attack.relate({asked: 1.0} | dict.fromkeys(silent, -1.0))
        self._codes(about, ())
        self._mean(about, (), index)
        self._places.setdefault((table.population, period), {}).setdefault((), None)

    def _read_columns(self, table: ReleasedTable) -> None:
        if table.column_variable is None:
            return
        population = self._codebook.populations[table.population]
        about = _About(table, table.period, table_variable(population, table.row_variable))
        places = [((table.column_variable, code),) for code, _ in table.columns[1:]]
        for index, place in enumerate(places, start=1):
            for row in table.rows:
                self._figure(table, about.cell(row.code, *place), row.counts[index])
            if table.base is not None:
                self._figure(table, about.cell(_ANSWERED, *place), table.base.counts[index])
            self._codes(about, place)
            self._mean(about, place, index)
            self._whole(about, place)
            self._places[(table.population, table.period)][place] = None
        for code in (_ANSWERED, *(row.code for row in table.rows)):
            self._attack.relate({about.cell(code): 1.0} | {about.cell(code, *place): -1.0 for place in places})
        wholes = [_cell(table.population, table.period, place) for place in places]
        self._attack.relate({_cell(table.population, table.period, ()): 1.0} | dict.fromkeys(wholes, -1.0))
        columns = table_variable(population, table.column_variable)
        answered = _cell(table.population, table.period, ((columns.name, _ANSWERED),))
        self._meet(answered)
        self._attack.relate({answered: 1.0} | dict.fromkeys(wholes[:-1], -1.0))

    def _whole(self, about: _About, place: tuple[Category, ...]) -> None:
        """A column holds those who answered, those who were silent and those who were not asked."""
        whole = _cell(about.table.population, about.period, place)
        parts = [about.cell(_ANSWERED, *place), about.cell(_SILENT, *place)]
        if about.rows.ask_if is not None:
            parts.append(about.cell(_NOT_ASKED, *place))
        self._attack.relate({whole: 1.0} | dict.fromkeys(parts, -1.0))
        for cell in (whole, *parts[1:]):
            self._meet(cell)
            self._try_for(cell)

    def _figure(self, table: ReleasedTable, cell: Cell, figure: Figure) -> None:
        self._meet(cell)
        if figure is None:
            self._attack.bound(cell)
            self._withheld[cell] = None
            return
        off = float(table.noise or 0)
        if table.rounding is not None:
            off += table.rounding / 2
        # Noise is never added to nought, so a count that is shown is at least one.
        least = 1.0 if table.noise and figure else 0.0
        self._attack.bound(cell, max(least, figure - off), figure + off)

    def _codes(self, about: _About, place: tuple[Category, ...]) -> None:
        variable = about.rows
        base = about.cell(_ANSWERED, *place)
        cells = {code: about.cell(code.code, *place) for code in variable.codes}
        if variable.type is VariableType.SINGLE:
            self._attack.relate({base: 1.0} | dict.fromkeys(cells.values(), -1.0))
            return
        alone = [cell for code, cell in cells.items() if code.exclusive]
        others = [cell for code, cell in cells.items() if not code.exclusive]
        for code, cell in cells.items():
            rest = about.cell(f"all but {code.code}", *place)
            self._attack.relate({base: 1.0, cell: -1.0, rest: -1.0})
            self._try_for(rest)
        # Each answer names at least one category; one that stands alone leaves room for no other.
        self._attack.relate(dict.fromkeys([*alone, *others], 1.0) | {base: -1.0}, 0.0, float("inf"))
        most = float(variable.max)
        room = {base: most} | dict.fromkeys(alone, -most) | dict.fromkeys(others, -1.0)
        self._attack.relate(room, 0.0, float("inf"))

    def _mean(self, about: _About, place: tuple[Category, ...], index: int) -> None:
        means, base = about.table.means, about.table.base
        if means is None or base is None or means.counts[index] is None:
            return
        mean, number = means.counts[index], base.counts[index]
        assert mean is not None
        assert number is not None
        off = 0.5 * 10.0**-_MEAN_DIGITS * number
        values = {about.cell(code.code, *place): float(code.value or 0) for code in about.rows.codes}
        self._attack.relate(values, mean * number - off, mean * number + off)

    def _try_for(self, cell: Cell) -> None:
        """Attack a count that no table has, unless it counts what people left out: nobody is recognised by that."""
        if not {_NO_ANSWER, NOT_STATED, _SILENT}.intersection(cell[3::2]):
            self._unpublished[cell] = None

    def _meet(self, cell: Cell) -> None:
        self._met[cell] = None

    # -- Concluding -------------------------------------------------------------------------------------------------

    def _conclude(self) -> None:
        for (name, period), places in self._places.items():
            population = self._codebook.populations[name]
            for variable, place in itertools.product(population.variables, places):
                self._routed(population, period, variable, place)
                self._chosen_among(population, period, variable, place)
        self._regions()
        self._years()

    def _routed(self, population: Population, period: str, variable: Variable, place: tuple[Category, ...]) -> None:
        rule = variable.ask_if
        if rule is None:
            return

        def cell(name: str, category: str) -> Cell:
            return _cell(population.name, period, ((name, category), *place))

        router = population.variable(rule.variable)
        if not {cell(variable.name, _ANSWERED), cell(router.name, _ANSWERED)} <= self._met.keys():
            return
        asked = {cell(variable.name, _ANSWERED): -1.0, cell(variable.name, _SILENT): -1.0}
        leading = {cell(router.name, code.code): 1.0 for code in router.codes if code.code in rule.codes}
        if router.type is VariableType.SINGLE:
            self._attack.relate(leading | asked)
            return
        others = [code for code in router.codes if code.code not in rule.codes]
        away = {cell(router.name, code.code): -1.0 for code in others if code.exclusive}
        exact = all(code.exclusive for code in others)
        answered = {cell(router.name, _ANSWERED): 1.0}
        self._attack.relate(answered | away | asked, 0.0, 0.0 if exact else float("inf"))
        self._attack.relate(leading | asked, 0.0, float("inf"))
        for one in leading:
            self._attack.relate({one: 1.0} | asked, -float("inf"), 0.0)

    def _chosen_among(
        self, population: Population, period: str, variable: Variable, place: tuple[Category, ...]
    ) -> None:
        if variable.among is None:
            return
        for code in variable.codes:
            whole, part, rest = (
                _cell(population.name, period, ((name, category), *place))
                for name, category in (
                    (variable.among, code.code),
                    (variable.name, code.code),
                    (variable.name, f"only earlier {code.code}"),
                )
            )
            if whole in self._met and part in self._met:
                self._attack.relate({whole: 1.0, part: -1.0, rest: -1.0})
                self._try_for(rest)

    def _regions(self) -> None:
        counties = {region.code: region.counties for region in REGIONS}
        for cell in list(self._met):
            categories = list(_categories(cell))
            for name, category in categories:
                if name != REGION:
                    continue
                rest = [entry for entry in categories if entry[0] != REGION]
                offered = {code.code for code in self._codebook.populations[cell[0]].variable(COUNTY).codes}
                parts = [code for code in counties.get(category, (category,)) if code in offered or code == category]
                cells = [_cell(cell[0], cell[1], (*rest, (COUNTY, part))) for part in parts]
                if all(part in self._met for part in cells):
                    self._attack.relate({cell: 1.0} | dict.fromkeys(cells, -1.0))

    def _years(self) -> None:
        for cell in list(self._met):
            period = parse_period(cell[1])
            if not isinstance(period, Year):
                continue
            parts = [(cell[0], str(quarter), *cell[2:]) for quarter in period.quarters]
            if any(part in self._met for part in parts):
                self._attack.relate({cell: 1.0} | dict.fromkeys(parts, -1.0))


@dataclass(frozen=True, slots=True)
class _About:
    """A table, the period that is meant, and its row variable."""

    table: ReleasedTable
    period: str
    rows: Variable

    def cell(self, category: str, *place: Category) -> Cell:
        return _cell(self.table.population, self.period, ((self.rows.name, category), *place))


def _cell(population: str, period: str, categories: Sequence[Category]) -> Cell:
    return (population, period, *itertools.chain.from_iterable(sorted(categories)))


def _categories(cell: Cell) -> Iterator[Category]:
    return zip(cell[2::2], cell[3::2], strict=True)


def _all_rows(table: ReleasedTable) -> Iterator[ReleasedRow]:
    yield from table.rows
    yield from table.non_response
    if table.base is not None:
        yield table.base
