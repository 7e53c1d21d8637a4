"""Making tables: counts of responses, protected together, as tables that may be published."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Final

from intake_store.codebook import Codebook, Population, Variable
from intake_store.disclosure.perturbation import PerturbationTable
from intake_store.periods import Period, Quarter, Year
from intake_store.statistics.cells import SUM, CellKey, ResponseCells, codes_of, link_quarters, silent_of
from intake_store.statistics.counts import NOT_ASKED, SILENT, CountSource, OneAtATime, Pair, ResponseCounts, TableError
from intake_store.statistics.declarations import Measure, Method, PeriodKind, Source, TableDeclaration
from intake_store.statistics.earlier import earlier_cells
from intake_store.statistics.geography import table_variable
from intake_store.statistics.released import (
    NOT_STATED,
    QUARTER_COLUMNS,
    TOTAL,
    Figure,
    FlagCount,
    ReleasedRow,
    ReleasedTable,
)
from intake_store.statistics.service_figures import ServiceFigures, figure_tables
from intake_store.statistics.supply import Coverage, supply_tables
from intake_store.statistics.usage_tables import usage_tables_told
from intake_store.statistics.withheld import MadeTable, WithheldFigures, figures_of
from intake_store.statistics.wording import COUNTED_RESPONSES, OF_THOSE_WHO_ANSWERED
from intake_store.submission.response import AnswerStatus
from intake_store.warehouse.tallies import ANSWERED, PeriodSummary

__all__ = ["DEFAULT_THRESHOLD", "MadeTable", "ServiceSide", "TableError", "make_tables", "make_tables_told"]

DEFAULT_THRESHOLD: Final = 10
"""The smallest count that is released."""

NOISE_VARIANCE: Final = 4.0
"""The variance of what the cell-key method adds to counts."""

LEAST_DEVIATION: Final = 5
"""The most that it adds or takes away, or the threshold where that is more."""

_BASE_LABEL: Final = "Base: answered the question"
_MEAN_LABEL: Final = "Mean"
_SILENT_LABELS: Final = {
    AnswerStatus.NO_ANSWER.value: "Preferred not to say",
    AnswerStatus.UNKNOWN.value: "Did not know",
    NOT_ASKED: "Was not asked",
}


@dataclass(frozen=True, slots=True)
class ServiceSide:
    """What is known of services: the directory's coverage and the services' own yearly figures."""

    coverage: Coverage = field(default_factory=dict)
    figures: Sequence[ServiceFigures] = ()


NOTHING_OF_SERVICES: Final = ServiceSide()


def make_tables(
    source: CountSource,
    codebook: Codebook,
    declarations: Iterable[TableDeclaration],
    period: Period,
    *,
    provisional: bool,
    threshold: int = DEFAULT_THRESHOLD,
    earlier: Sequence[ReleasedTable] = (),
    services: ServiceSide = NOTHING_OF_SERVICES,
) -> list[ReleasedTable]:
    """Make all declared tables that are released for a period, protected together.

    `earlier` are tables about the same responses that are published already: what they show is known, and what they
    withhold stays withheld. `services` is what tables about services are made of.

    All declarations must be given, also when only one table is wanted: which cells are withheld depends on all that
    is published about the same responses, in the quarters of a year too. Raises `TableError` if the warehouse holds
    codes the codebook does not.
    """
    made = make_tables_told(
        source,
        codebook,
        declarations,
        period,
        provisional=provisional,
        threshold=threshold,
        earlier=earlier,
        services=services,
    )
    return [entry.table for entry in made]


def make_tables_told(
    source: CountSource,
    codebook: Codebook,
    declarations: Iterable[TableDeclaration],
    period: Period,
    *,
    provisional: bool,
    threshold: int = DEFAULT_THRESHOLD,
    earlier: Sequence[ReleasedTable] = (),
    services: ServiceSide = NOTHING_OF_SERVICES,
) -> list[MadeTable]:
    """Make tables as `make_tables` does, and tell of each why figures are withheld, for whoever releases them."""
    declared_tables = tuple(declarations)
    by_population: dict[str, list[TableDeclaration]] = {}
    for declaration in declared_tables:
        if declaration.source is Source.RESPONSES:
            for name in declaration.populations:
                by_population.setdefault(name, []).append(declaration)
    counts = OneAtATime(source)

    def of_population(name: str) -> list[MadeTable]:
        declared = by_population[name]
        tables = _PopulationTables(counts, codebook, codebook.populations[name], declared, threshold, earlier)
        return tables.release(period, provisional)

    # Populations have nothing to do with each other, and the solver lets other threads work while it does.
    with ThreadPoolExecutor(os.cpu_count(), "tables") as threads:
        made = list(itertools.chain.from_iterable(threads.map(of_population, by_population)))
    of_period = [declaration for declaration in declared_tables if declaration.period.fits(period)]
    of_responses = [entry.table for entry in made]
    supply = supply_tables(of_period, of_responses, codebook, services.coverage)
    made.extend(MadeTable(table, _not_had(table)) for table in supply)
    made.extend(usage_tables_told(source, codebook, of_period, period, provisional=provisional, threshold=threshold))
    if isinstance(period, Year):
        reported = services.figures
        sums = figure_tables(of_period, reported, codebook, period, provisional=provisional, threshold=threshold)
        made.extend(MadeTable(table, _of_sums(table)) for table in sums)
    return made


class _PopulationTables:
    """The tables of one population, made for whichever periods are asked for."""

    def __init__(
        self,
        source: CountSource,
        codebook: Codebook,
        population: Population,
        declarations: Sequence[TableDeclaration],
        threshold: int,
        earlier: Sequence[ReleasedTable],
    ) -> None:
        self._earlier = earlier_cells(earlier, population.name)
        self._source = source
        self._codebook = codebook
        self._population = population
        self._declarations = declarations
        self._threshold = threshold
        self._protected: dict[Period, _Protected] = {}

    def release(self, period: Period, provisional: bool) -> list[MadeTable]:
        declared = [declaration for declaration in self._declarations if declaration.period.fits(period)]
        return [
            self._series(declaration, period, provisional)
            if declaration.series is not None and isinstance(period, Quarter)
            else self._protect(period).made(declaration, provisional)
            for declaration in declared
        ]

    def _protect(self, period: Period) -> _Protected:
        if period not in self._protected:
            self._protected[period] = self._made(period)
        return self._protected[period]

    def _made(self, period: Period) -> _Protected:
        declared = [declaration for declaration in self._declarations if declaration.period.fits(period)]
        counts = ResponseCounts(self._source, self._population, period)
        cells = ResponseCells(counts, self._codebook, declared, self._threshold, self._earlier)
        if isinstance(period, Year) and cells.declarations:
            quarters = {quarter: self._protect(quarter) for quarter in period.quarters}
            earlier = frozenset(key for made in quarters.values() for key in made.withheld)
            link_quarters(cells, {quarter: made.cells for quarter, made in quarters.items()}, earlier)
        if all(declaration.method is Method.CELL_KEY for declaration in declared):
            noise = PerturbationTable.make(max(self._threshold, LEAST_DEVIATION), NOISE_VARIANCE)
            return _Protected(cells, frozenset(), self._threshold, noise)
        return _Protected(cells, cells.system.suppress(self._threshold), self._threshold)

    def _series(self, declaration: TableDeclaration, last: Quarter, provisional: bool) -> MadeTable:
        """Put the figures of several quarters side by side, each as its own table has them."""
        assert declaration.series is not None
        quarters = [last.before(number) for number in reversed(range(declaration.series))]
        made = [self._protect(quarter).made(declaration, provisional, in_series=True) for quarter in quarters]
        tables = [entry.table for entry in made]
        latest = tables[-1]
        variable = table_variable(self._population, declaration.rows)
        labels = {code.code: code.label for code in variable.codes}
        silent = _silence(variable)

        def beside(code: str, label: str, found: Sequence[Sequence[ReleasedRow]]) -> ReleasedRow:
            figures = [next((row.counts[0] for row in rows if row.code == code), None) for rows in found]
            return ReleasedRow(code=code, label=label, counts=tuple(figures))

        every = [table.rows for table in tables]
        bases = [[table.base] if table.base is not None else [] for table in tables]
        left = [table.non_response for table in tables]
        table = latest.model_copy(
            update={
                "column_variable": QUARTER_COLUMNS,
                "column_label": "Quarter",
                "columns": tuple((str(quarter), str(quarter)) for quarter in quarters),
                "rows": tuple(beside(code, label, every) for code, label in labels.items()),
                "base": beside(ANSWERED, _BASE_LABEL, bases),
                "non_response": tuple(beside(status, _SILENT_LABELS[status], left) for status in silent),
                "synthetic": any(table.synthetic for table in tables),
                "title": _title(declaration.title, any(table.synthetic for table in tables)),
                "withheld": all(table.withheld for table in tables),
            }
        )
        if table.withheld:
            return MadeTable(table, WithheldFigures())
        told = sum((entry.withheld for entry in made), WithheldFigures())
        # A quarter too small for a table of its own has no figures here either.
        figures = sum(1 for _ in figures_of(table))
        return MadeTable(table, replace(told, figures=figures, elsewhere=told.elsewhere + figures - told.figures))


class _Protected:
    """The cells of one population and period, and which of them are withheld."""

    def __init__(
        self,
        cells: ResponseCells,
        withheld: frozenset[CellKey],
        threshold: int,
        noise: PerturbationTable | None = None,
    ) -> None:
        self.cells = cells
        self.withheld = withheld
        self._threshold = threshold
        self._noise = noise

    def made(self, declaration: TableDeclaration, provisional: bool, *, in_series: bool = False) -> MadeTable:
        """Return a table and why figures of it are withheld; in a series, the total's column of it alone."""
        return MadeTable(self.released(declaration, provisional), self._told(declaration, in_series=in_series))

    def _told(self, declaration: TableDeclaration, *, in_series: bool) -> WithheldFigures:
        made = self.cells.declarations.get(declaration.name)
        if made is None:
            return WithheldFigures()
        rows = table_variable(self.cells.population, declaration.rows)
        places: list[tuple[Pair, ...]] = [()]
        if made.columns is not None and not in_series:
            columns = table_variable(self.cells.population, made.columns)
            places += [((columns.name, category),) for category in (*codes_of(columns), NOT_STATED)]
        figures: list[tuple[Pair, ...]] = [] if in_series else [()]
        figures += [((rows.name, category), *place) for category in (*codes_of(rows), ANSWERED) for place in places]
        figures += [((rows.name, status),) for status in _silence(rows)]
        told = self.cells.told(self.withheld, figures)
        if declaration.measure is not Measure.MEAN or in_series:
            return told
        # A mean is withheld with its base, which is small, or with the sum of its values, which protects others.
        bases = [self.cells.told(self.withheld, [((rows.name, ANSWERED), *place)]) for place in places]
        sums = [self.cells.told(self.withheld, [((rows.name, SUM), *place)]) for place in places]
        small = sum(base.primary for base in bases)
        hidden = sum(bool(base.withheld or total.withheld) for base, total in zip(bases, sums, strict=True))
        return told + WithheldFigures(len(places), small, hidden - small)

    def released(self, declaration: TableDeclaration, provisional: bool) -> ReleasedTable:
        population, counts = self.cells.population, self.cells.counts
        rows = table_variable(population, declaration.rows)
        made = self.cells.declarations.get(declaration.name)
        is_open = made is not None
        is_split = made is not None and made.columns is not None
        wanted_columns = table_variable(population, declaration.columns) if declaration.columns is not None else None
        columns = wanted_columns if is_split else None
        places: list[tuple[tuple[Pair, ...], str, str]] = [((), TOTAL, "All")]
        if columns is not None:
            places += [(((columns.name, code.code),), code.code, code.label) for code in columns.codes]
            places.append((((columns.name, NOT_STATED),), NOT_STATED, "Not stated"))

        def row(category: str, label: str, in_columns: bool = True) -> ReleasedRow:
            wanted = places if in_columns else places[:1]
            figures = [self._figure(declaration, (rows.name, category), *place) for place, _, _ in wanted]
            return ReleasedRow(code=category, label=label, counts=tuple(figures) if is_open else (None,) * len(wanted))

        silent = _silence(rows)
        return ReleasedTable(
            name=declaration.name,
            title=_title(declaration.title, counts.summary.synthetic),
            theme=declaration.theme,
            source=declaration.source,
            population=population.name,
            population_label=population.label,
            period=str(counts.period),
            period_kind=declaration.period,
            provisional=provisional,
            synthetic=counts.summary.synthetic,
            threshold=self._threshold,
            unit=COUNTED_RESPONSES,
            base_text=declaration.base or OF_THOSE_WHO_ANSWERED,
            method=declaration.method,
            method_text=_method_text(declaration, self._threshold),
            rounding=declaration.rounding,
            noise=self._noise.deviation if self._noise is not None else None,
            row_variable=rows.name,
            row_label=rows.label,
            column_variable=columns.name if columns else None,
            column_label=wanted_columns.label if wanted_columns else None,
            split_withheld=is_open and declaration.columns is not None and not is_split,
            columns=tuple((code, label) for _, code, label in places),
            rows=tuple(row(code.code, code.label) for code in rows.codes) if is_open else (),
            base=row(ANSWERED, _BASE_LABEL),
            means=self._means(declaration, rows, [place for place, _, _ in places]) if is_open else None,
            non_response=tuple(row(s, _SILENT_LABELS[s], in_columns=False) for s in silent) if is_open else (),
            responses=_whole(self._figure(declaration)) if is_open else None,
            flagged=_flagged(counts.summary, self._threshold),
            notes=declaration.notes,
            withheld=not is_open,
        )

    def _figure(self, declaration: TableDeclaration, *pairs: Pair) -> Figure:
        key = self.cells.key(*pairs)
        if key in self.withheld or key not in self.cells.system.cells:
            return None
        value = self.cells.system.value(key)
        if self._noise is not None:
            value = self._noise.perturbed(value, self._key_sum(declaration, pairs))
        if declaration.rounding is None:
            return value
        return declaration.rounding * ((2 * value + declaration.rounding) // (2 * declaration.rounding))

    def _key_sum(self, declaration: TableDeclaration, pairs: tuple[Pair, ...]) -> int:
        """Return the sum of the record keys of a cell; all responses are those of every answer and silence."""
        if pairs:
            return self.cells.counts.tally(*pairs).key_sum
        every = (ANSWERED, *SILENT, NOT_ASKED)
        return sum(self.cells.counts.tally((declaration.rows, category)).key_sum for category in every)

    def _means(
        self, declaration: TableDeclaration, rows: Variable, places: Sequence[tuple[Pair, ...]]
    ) -> ReleasedRow | None:
        if declaration.measure is not Measure.MEAN:
            return None
        means: list[Figure] = []
        for place in places:
            base, total = (self.cells.key((rows.name, category), *place) for category in (ANSWERED, SUM))
            hidden = {base, total} & self.withheld or self.cells.system.value(base) == 0
            means.append(None if hidden else round(self.cells.system.value(total) / self.cells.system.value(base), 2))
        return ReleasedRow(code="mean", label=_MEAN_LABEL, counts=tuple(means))


def _silence(variable: Variable) -> tuple[str, ...]:
    """Return the rows of a table's non-response."""
    return (*silent_of(variable), *((NOT_ASKED,) if variable.ask_if is not None else ()))


def _not_had(table: ReleasedTable) -> WithheldFigures:
    """Return what is told of a table that repeats another one: what that one does not have, or nobody knows."""
    figures = list(figures_of(table))
    return WithheldFigures(len(figures), elsewhere=sum(figure is None for figure in figures))


def _of_sums(table: ReleasedTable) -> WithheldFigures:
    """Return what is told of a table of sums, which are withheld by their own rule or not at all."""
    figures = list(figures_of(table))
    return WithheldFigures(len(figures), primary=sum(figure is None for figure in figures))


def _title(title: str, synthetic: bool) -> str:
    return f"SYNTHETIC DATA: {title}" if synthetic else title


def _flagged(summary: PeriodSummary, threshold: int) -> tuple[FlagCount, ...]:
    counts = sorted((flag.value, count) for flag, count in summary.flags.items())
    return tuple(FlagCount(flag=flag, count=count if count >= threshold else None) for flag, count in counts)


def _whole(figure: Figure) -> int | None:
    return None if figure is None else int(figure)


def _method_text(declaration: TableDeclaration, threshold: int) -> str:
    """Say how the counts came about and what was done to them."""
    period = "Weeks count to the quarter of their Thursday."
    if declaration.period is PeriodKind.YEAR:
        period = "Weeks count to the year of their Thursday."
    rounded = f" Counts are rounded to the nearest multiple of {declaration.rounding}." if declaration.rounding else ""
    source = "Answers that people chose to give to an automated service; not an estimate of how common anything is."
    if declaration.method is Method.CELL_KEY:
        return (
            f"{source} Every count has a small random number added to it, on average nought, with a standard deviation"
            f" of {math.sqrt(NOISE_VARIANCE):g} and never more than {max(threshold, LEAST_DEVIATION)}; it depends on"
            f" the responses counted and is the same wherever they are counted. So rows do not add up exactly."
            f"{rounded} {period}"
        )
    return (
        f"{source} A count is withheld, shown as two dots, when it is below {threshold}, when fewer than"
        f" {threshold} responses of the base did not name the category, or when a withheld count could be"
        f" worked out from it.{rounded} {period}"
    )
