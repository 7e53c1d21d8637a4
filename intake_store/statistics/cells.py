"""Cells: what the tables of a population publish, and every relation between the counts that an outsider knows.

A cell is named by its period, variables and categories, in one fixed order, so that the same count in two tables is the
same cell. Three kinds of relation are known to everybody: how the categories of a variable add up to its base, how a
row adds up over the columns, and what the questionnaire's routing implies. The year's cells are, besides, the sums of
the quarters' cells, which stand released when the year is made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from intake_store.codebook import Codebook, Population, Variable, VariableType
from intake_store.disclosure.suppression import CellSystem, information_loss
from intake_store.periods import Period, Quarter
from intake_store.statistics.counts import NOT_ASKED, SILENT, Pair, ResponseCounts
from intake_store.statistics.declarations import Measure, TableDeclaration
from intake_store.statistics.geography import COUNTY, REGION, REGIONS, table_variable
from intake_store.statistics.released import NOT_STATED
from intake_store.statistics.withheld import WithheldFigures
from intake_store.submission.response import AnswerStatus
from intake_store.warehouse.tallies import ANSWERED

CellKey = tuple[str, ...]
"""The period, then variable and category in turns; the period alone stands for all responses."""

SUM: Final = "sum of values"
"""The category whose cell holds the sum of the numbers that the codes carry."""

BASE_PER_COLUMN: Final = 2
"""How many times the threshold the base must be, for each column, for a table to be split by a variable."""

_SILENCE: Final = "asked, not answered"
_UNSAID: Final = frozenset({AnswerStatus.NO_ANSWER.value, NOT_STATED, _SILENCE})
# A base that is withheld takes its whole column of shares with it; all responses are the least missed.
_BASE_WEIGHT, _TOTAL_WEIGHT, _MARGIN_WEIGHT, _SILENT_WEIGHT, _MEAN_WEIGHT = 40.0, 10.0, 3.0, 1.5, 5.0

_SAME_IN_COUNTIES: Final = frozenset({ANSWERED, NOT_STATED, NOT_ASKED, _SILENCE, *SILENT})
_ONLY_COUNTY: Final = {region.code: region.counties[0] for region in REGIONS if len(region.counties) == 1}
_IN_REGIONS: Final = frozenset(region.code for region in REGIONS) - _ONLY_COUNTY.keys()


def cell_key(period: Period, pairs: Iterable[Pair]) -> CellKey:
    """Return the name of a cell; what region and county have in common gets the county's name."""
    named = []
    for name, category in pairs:
        if name == REGION and category not in _IN_REGIONS:
            named.append((COUNTY, _ONLY_COUNTY.get(category, category)))
        else:
            named.append((name, category))
    return (str(period), *(part for pair in sorted(named) for part in pair))


def codes_of(variable: Variable) -> tuple[str, ...]:
    """Return the codes of a variable."""
    return tuple(code.code for code in variable.codes)


def silent_of(variable: Variable) -> tuple[str, ...]:
    """Return how a variable can have been left unanswered by those who were asked."""
    return (AnswerStatus.NO_ANSWER.value, *((AnswerStatus.UNKNOWN.value,) if variable.unknown else ()))


class ResponseCells:
    """The cells of one population and period, and what everybody knows of them, as a system."""

    def __init__(
        self,
        counts: ResponseCounts,
        codebook: Codebook,
        declarations: Sequence[TableDeclaration],
        threshold: int,
        earlier: Mapping[CellKey, bool],
    ) -> None:
        self.counts = counts
        self.system: CellSystem[CellKey] = CellSystem()
        self._codebook = codebook
        self._threshold = threshold
        self._earlier = earlier
        self.counted: dict[CellKey, None] = {}
        """The cells that count responses; the others follow from them."""
        self.declarations = {d.name: made for d in declarations if (made := self._feasible(d)) is not None}
        """The tables that are made, by name; without columns where the base is too small to be split."""
        if self.declarations:
            self._publish((), _TOTAL_WEIGHT, total=True)
            for declaration in self.declarations.values():
                self._describe(declaration)
            self._link_routing()
            self._link_regions()

    @property
    def population(self) -> Population:
        """Whose responses are counted."""
        return self.counts.population

    def _feasible(self, declaration: TableDeclaration) -> TableDeclaration | None:
        """Return what of a table is made: what is not says nothing that would have to be guarded.

        Split into columns that hold hardly anybody, a table would be withheld nearly whole, and take others with it.
        """
        base = self.counts.count((declaration.rows, ANSWERED))
        if base < self._threshold:
            return None
        if declaration.columns is None:
            return declaration
        columns = len(table_variable(self.population, declaration.columns).codes)
        if base < BASE_PER_COLUMN * self._threshold * columns:
            return declaration.model_copy(update={"columns": None})
        return declaration

    def key(self, *pairs: Pair) -> CellKey:
        """Return the name of a cell of this period."""
        return cell_key(self.counts.period, pairs)

    def told(self, withheld: Collection[CellKey], figures: Iterable[tuple[Pair, ...]]) -> WithheldFigures:
        """Return why figures are withheld, each given as the categories it counts; never to be published."""
        keys = {self.key(*pairs): pairs for pairs in figures}
        loss = self.system.loss(withheld, keys)
        # For the system they are sensitive too; they would not be for their own count.
        earlier = sum(
            self._earlier.get(key) is False and not self._is_sensitive(self.system.value(key), pairs)
            for key, pairs in keys.items()
            if key in withheld
        )
        return WithheldFigures(len(keys), loss.primary - earlier, loss.complementary, earlier)

    # -- Tables -------------------------------------------------------------------------------------------------------

    def _describe(self, declaration: TableDeclaration) -> None:
        rows = table_variable(self.population, declaration.rows)
        self._margin(rows)
        mean = declaration.measure is Measure.MEAN
        if mean:
            self._mean(rows)
        if declaration.columns is None:
            return
        columns = table_variable(self.population, declaration.columns)
        places = [(columns.name, category) for category in (*codes_of(columns), NOT_STATED)]
        for place in places:
            self._column(rows, columns, place)
            if mean:
                self._mean(rows, place)
        for row in (ANSWERED, *codes_of(rows), *((SUM,) if mean else ())):
            whole = (rows.name, row)
            self._relate({self.key(whole): 1}, {self.key(whole, place): -1 for place in places})
        self._column_variable(rows, places)

    def _margin(self, variable: Variable) -> None:
        base = (variable.name, ANSWERED)
        self._publish((base,), _BASE_WEIGHT)
        silent = [(variable.name, status) for status in silent_of(variable)]
        if variable.ask_if is not None:
            silent.append((variable.name, NOT_ASKED))
        for pair in silent:
            self._publish((pair,), _SILENT_WEIGHT * self._loss(pair))
        self._relate({self.key(): 1, self.key(base): -1}, {self.key(pair): -1 for pair in silent})
        for code in codes_of(variable):
            self._publish(((variable.name, code),), _MARGIN_WEIGHT * self._loss((variable.name, code)))
        self._relate_codes(variable)

    def _column(self, rows: Variable, columns: Variable, place: Pair) -> None:
        self._publish(((rows.name, ANSWERED), place), _BASE_WEIGHT / 2)
        for code in codes_of(rows):
            pair = (rows.name, code)
            if self.excluded(pair, place) and self.counts.count(pair, place) == 0:
                # The questionnaire's rules leave nobody there, and everybody can read them.
                self._know((pair, place))
            else:
                self._publish((pair, place), self._loss(pair, place))
        self._relate_codes(rows, place)

    def excluded(self, *pairs: Pair) -> bool:
        """Tell whether a contradiction that is not allowed rules out that a counted response has both categories."""
        return any(
            not entry.allowed
            and len(entry.when) == len(pairs)
            and all(category in entry.when.get(name, ()) for name, category in pairs)
            for entry in self._codebook.contradictions
        )

    def _column_variable(self, rows: Variable, places: Sequence[Pair]) -> None:
        """Say how a column's base comes from the column variable, which may have a table of its own."""
        for place in places:
            self._hide((place,))
            silent = self._silence(rows, place)
            base = self.key((rows.name, ANSWERED), place)
            self._relate({self.key(place): 1, base: -1}, dict.fromkeys(silent, -1))
        self._relate({self.key(): 1}, {self.key(place): -1 for place in places})

    def _silence(self, variable: Variable, *within: Pair) -> list[CellKey]:
        """Return the cells, within a column, of those who were asked and silent and of those who were not asked."""
        kinds = [_SILENCE, *((NOT_ASKED,) if variable.ask_if is not None else ())]
        for kind in kinds:
            self._hide(((variable.name, kind), *within))
        return [self.key((variable.name, kind), *within) for kind in kinds]

    def _mean(self, variable: Variable, *within: Pair) -> None:
        """Add the sum of the values as a cell: with it, a mean tells how the withheld categories add up."""
        values = {self.key((variable.name, c.code), *within): c.value for c in variable.codes if c.value is not None}
        key = self.key((variable.name, SUM), *within)
        total = sum(self.system.value(cell) * value for cell, value in values.items())
        self.system.publish(key, total, _MEAN_WEIGHT, sensitive=False)
        self._relate(values, {key: -1})

    def _relate_codes(self, variable: Variable, *within: Pair) -> None:
        """Say how the codes of a variable add up to its base, in all responses or within a column."""
        base = self.key((variable.name, ANSWERED), *within)
        codes = {code.code: self.key((variable.name, code.code), *within) for code in variable.codes}
        if variable.type is VariableType.SINGLE:
            self._relate({base: 1}, dict.fromkeys(codes.values(), -1))
            return
        for code, key in codes.items():
            # How many did not name the category can be as telling as how many did.
            self._difference(self.key((variable.name, f"not {code}"), *within), base, key)
        # Whoever answered named at least one code and at most `max`; an exclusive code counts for all of theirs.
        alone = [codes[code.code] for code in variable.codes if code.exclusive]
        named = [codes[code.code] for code in variable.codes if not code.exclusive]
        self._at_least(
            self.key((variable.name, "named beyond one"), *within), dict.fromkeys([*named, *alone], 1), {base: -1}
        )
        self._at_least(
            self.key((variable.name, "could have named"), *within),
            {base: variable.max},
            dict.fromkeys(alone, -variable.max) | dict.fromkeys(named, -1),
        )

    # -- What the questionnaire implies ------------------------------------------------------------------------------

    def _link_routing(self) -> None:
        for place in self._columns():
            for variable in self.population.variables:
                if self._has((variable.name, ANSWERED), *place):
                    self._link_asked(variable, place)
                    self._link_among(variable, place)

    def _columns(self) -> list[tuple[Pair, ...]]:
        """Return every column of every table, and the total."""
        found: dict[tuple[Pair, ...], None] = {(): None}
        for declaration in self.declarations.values():
            if declaration.columns is not None:
                columns = table_variable(self.population, declaration.columns)
                found |= {((columns.name, category),): None for category in (*codes_of(columns), NOT_STATED)}
        return list(found)

    def _link_asked(self, variable: Variable, place: tuple[Pair, ...]) -> None:
        """Say that those who were asked are those whose earlier answer led to the question."""
        rule = variable.ask_if
        if rule is None or not self._has((rule.variable, ANSWERED), *place):
            return
        router = self.population.variable(rule.variable)
        base = self.key((variable.name, ANSWERED), *place)
        if place:
            silence = [self.key((variable.name, _SILENCE), *place)]
        else:
            silence = [self.key((variable.name, status)) for status in silent_of(variable)]
        asked = dict.fromkeys([base, *silence], -1)
        leading = {code: self.key((router.name, code), *place) for code in rule.codes if code in codes_of(router)}
        if router.type is VariableType.SINGLE:
            self._relate(dict.fromkeys(leading.values(), 1), asked)
            return
        others = [code for code in router.codes if code.code not in leading]
        everybody = self.key((router.name, ANSWERED), *place)
        away = {self.key((router.name, code.code), *place): -1 for code in others if code.exclusive}
        if all(code.exclusive for code in others):
            self._relate({everybody: 1} | away, asked)
            return
        # An answer with another code beside a leading one leads to the question, too.
        name = f"routed from {router.name}"
        self._at_least(self.key((variable.name, f"{name}, at most"), *place), {everybody: 1} | away, asked)
        self._at_least(
            self.key((variable.name, f"{name}, no more than named"), *place),
            dict.fromkeys(leading.values(), 1),
            asked,
        )
        for code, key in leading.items():
            reverse = {cell: -factor for cell, factor in asked.items()}
            self._at_least(self.key((variable.name, f"{name}, beside {code}"), *place), reverse, {key: -1})

    def _link_among(self, variable: Variable, place: tuple[Pair, ...]) -> None:
        """Say that whoever chose a code among an earlier answer had given it there; the others are as telling."""
        if variable.among is None or not self._has((variable.among, ANSWERED), *place):
            return
        for code in codes_of(variable):
            whole = self.key((variable.among, code), *place)
            key = self.key((variable.name, f"only {code}"), *place)
            self._difference(key, whole, self.key((variable.name, code), *place))

    def _link_regions(self) -> None:
        """Say that a region's cell is the sum of its counties' cells."""
        counties = {region.code: region.counties for region in REGIONS}
        for key in list(self.system.cells):
            pairs = list(zip(key[1::2], key[2::2], strict=True))
            found = [pair for pair in pairs if pair[0] == REGION]
            if not found or found[0][1] not in counties:
                continue
            rest = [pair for pair in pairs if pair[0] != REGION]
            offered = codes_of(self.population.variable(COUNTY))
            parts = [self.key(*rest, (COUNTY, code)) for code in counties[found[0][1]] if code in offered]
            if all(part in self.system.cells for part in parts):
                self._relate({key: 1}, dict.fromkeys(parts, -1))

    # -- The system ---------------------------------------------------------------------------------------------------

    def _has(self, *pairs: Pair) -> bool:
        return self.key(*pairs) in self.system.cells

    def _loss(self, *pairs: Pair) -> float:
        return information_loss(self.counts.count(*pairs))

    def _count(self, *pairs: Pair) -> int:
        for place, (name, category) in enumerate(pairs):
            if category == _SILENCE:
                rest = pairs[:place] + pairs[place + 1 :]
                return sum(self.counts.count((name, status), *rest) for status in SILENT)
        return self.counts.count(*pairs)

    def _publish(self, pairs: tuple[Pair, ...], weight: float, *, total: bool = False) -> None:
        key = self.key(*pairs)
        if self._earlier.get(key):
            # It stands in a release: it cannot be taken back, and everything else has to be safe beside it.
            self._know(pairs)
            return
        count = self._count(*pairs)
        self.counted[key] = None
        # What a release withheld stays withheld, or the release would give way.
        stays = key in self._earlier
        self.system.publish(key, count, weight, stays or (not total and self._is_sensitive(count, pairs)))

    def _know(self, pairs: tuple[Pair, ...]) -> None:
        self.counted[self.key(*pairs)] = None
        self.system.know(self.key(*pairs), self._count(*pairs))

    def _hide(self, pairs: tuple[Pair, ...]) -> None:
        count, key = self._count(*pairs), self.key(*pairs)
        self.counted[key] = None
        self.system.hide(key, count, self._is_sensitive(count, pairs))

    def _is_sensitive(self, count: int, pairs: Iterable[Pair]) -> bool:
        """Tell whether a count is too small to be known: nobody is recognised by an answer they left out."""
        return count < self._threshold and not any(category in _UNSAID for _, category in pairs)

    def add_unpublished(self, system: CellSystem[CellKey], key: CellKey) -> None:
        """Add a cell of this period to another system although no table of this period is about it."""
        pairs = tuple(zip(key[1::2], key[2::2], strict=True))
        count = self._count(*pairs)
        if self.counts.summary.counted == 0:
            system.know(key, 0)
        else:
            system.hide(key, count, self._is_sensitive(count, pairs))

    def _relate(self, *parts: Mapping[CellKey, int]) -> None:
        self.system.relate(_sum(parts))

    def _difference(self, key: CellKey, whole: CellKey, part: CellKey) -> None:
        """Add how many of `whole` are not of `part`: nobody publishes it, and a small number of people tells."""
        count = self.system.value(whole) - self.system.value(part)
        self.system.hide(key, count, self._is_sensitive(count, zip(key[1::2], key[2::2], strict=True)))
        self._relate({whole: 1, part: -1}, {key: -1})

    def _at_least(self, key: CellKey, *parts: Mapping[CellKey, int]) -> None:
        """Say that a sum of cells is not negative; by how much it exceeds zero counts no people."""
        relation = _sum(parts)
        amount = sum(self.system.value(cell) * factor for cell, factor in relation.items())
        self.system.hide(key, amount, sensitive=False)
        self._relate(relation, {key: -1})


def link_quarters(year: ResponseCells, quarters: Mapping[Quarter, ResponseCells], withheld: frozenset[CellKey]) -> None:
    """Put what the quarters publish, and what is known of the rest, into the year's system.

    `withheld` names the cells of quarters that were withheld. They stay so, and nothing that the year publishes may
    narrow them below the width; what the quarters did publish is known.
    """
    in_quarters = {key[1:] for cells in quarters.values() for key in cells.counted}
    shared = [key[1:] for key in year.counted if key[1:] in in_quarters]
    if not shared:
        return
    system = year.system
    for cells in quarters.values():
        for key, cell in cells.system.cells.items():
            if cell.published and key not in withheld:
                system.know(key, cell.value)
            else:
                system.hide(key, cell.value, cell.published or cell.sensitive)
        for relation in cells.system.relations:
            system.relate(relation)
    for rest in shared:
        for quarter, cells in quarters.items():
            if (key := (str(quarter), *rest)) not in system.cells:
                # The quarter's own tables say nothing about it, except that there were no responses at all.
                cells.add_unpublished(system, key)
        system.relate({(str(year.counts.period), *rest): 1} | {(str(quarter), *rest): -1 for quarter in quarters})


def _sum(parts: Iterable[Mapping[CellKey, int]]) -> dict[CellKey, int]:
    total: dict[CellKey, int] = {}
    for part in parts:
        for key, factor in part.items():
            total[key] = total.get(key, 0) + factor
    return {key: factor for key, factor in total.items() if factor}
