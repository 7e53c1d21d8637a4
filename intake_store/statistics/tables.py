"""Released tables: counts of responses that have been through disclosure control."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from intake_store.codebook import Codebook, Population, Variable, VariableType
from intake_store.disclosure.suppression import CellSystem, information_loss
from intake_store.periods import Quarter
from intake_store.statistics.declarations import TableDeclaration
from intake_store.submission.errors import IntakeStoreError
from intake_store.submission.response import AnswerStatus
from intake_store.warehouse.tallies import ANSWERED
from intake_store.warehouse.warehouse import Warehouse

DEFAULT_THRESHOLD: Final = 10
"""The smallest count that is released."""

NOT_STATED: Final = "not_stated"
"""The column of responses that did not answer the column variable."""

_SILENT: Final = (AnswerStatus.NO_ANSWER.value, AnswerStatus.UNKNOWN.value, AnswerStatus.NOT_ASKED.value)
_SILENT_LABELS: Final = {
    AnswerStatus.NO_ANSWER.value: "Preferred not to say",
    AnswerStatus.UNKNOWN.value: "Did not know",
}

# A base that is withheld takes its whole column of shares with it; all responses are the least missed.
_BASE_WEIGHT, _TOTAL_WEIGHT, _MARGIN_WEIGHT, _SILENT_WEIGHT = 40.0, 10.0, 3.0, 1.5

CellKey = tuple[str, ...]
"""What a cell counts: variable and category in turns; the empty key counts all responses."""


class TableError(IntakeStoreError):
    """A table cannot be made of what the warehouse holds."""


@dataclass(frozen=True, slots=True)
class ReleasedRow:
    """A row of counts, one for each column; `None` is a withheld count."""

    code: str
    label: str
    counts: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class ReleasedTable:
    """A table as it may be published, with all that a reader needs to understand it.

    `columns` are codes and labels, the first one being the total. `base` counts, for each column, the responses that
    answered the row variable; shares are of the base. `withheld` tells that the base was too small for any table.
    `flagged` counts responses left out for doubtful quality; `None` stands for a count under the threshold.
    """

    name: str
    title: str
    population: str
    population_label: str
    period: Quarter
    provisional: bool
    synthetic: bool
    threshold: int
    row_variable: str
    row_label: str
    column_variable: str | None
    column_label: str | None
    columns: tuple[tuple[str, str], ...]
    rows: tuple[ReleasedRow, ...]
    base: ReleasedRow
    non_response: tuple[ReleasedRow, ...]
    responses: int | None
    flagged: int | None
    notes: tuple[str, ...]
    withheld: bool

    @property
    def unit(self) -> str:
        """What is counted."""
        return "Responses. A person can have given more than one, and nobody can tell."

    @property
    def method(self) -> str:
        """How the counts came about and what was done to them."""
        return (
            f"Answers that people chose to give to an automated service; not an estimate of how common anything is."
            f" A count is withheld, shown as two dots, when it is below {self.threshold}, when fewer than"
            f" {self.threshold} responses of the base did not name the category, or when a withheld count could be"
            f" worked out from it. Weeks count to the quarter of their Thursday."
        )


def make_tables(
    warehouse: Warehouse,
    codebook: Codebook,
    declarations: Iterable[TableDeclaration],
    period: Quarter,
    *,
    provisional: bool,
    threshold: int = DEFAULT_THRESHOLD,
) -> list[ReleasedTable]:
    """Make all declared tables of a period, protected together.

    All declarations must be given, also when only one table is wanted: which cells are withheld depends on all that
    is published about the same responses. Raises `TableError` if the warehouse holds codes the codebook does not.
    """
    by_population: dict[str, list[TableDeclaration]] = {}
    for declaration in declarations:
        for name in declaration.populations:
            by_population.setdefault(name, []).append(declaration)
    made: list[ReleasedTable] = []
    for name, declared in by_population.items():
        population = codebook.populations[name]
        made.extend(_PopulationTables(warehouse, population, declared, period, threshold).release(provisional))
    return made


class _PopulationTables:
    """The tables of one population and period: their counts, the relations between them, and what is withheld."""

    def __init__(
        self,
        warehouse: Warehouse,
        population: Population,
        declarations: Sequence[TableDeclaration],
        period: Quarter,
        threshold: int,
    ) -> None:
        self._warehouse = warehouse
        self._population = population
        self._period = period
        self._threshold = threshold
        self._summary = warehouse.summary(population.name, period)
        self._system: CellSystem[CellKey] = CellSystem()
        # A table over too small a base is not made, so it says nothing that would have to be guarded.
        self._counts = {d.name: self._count(d) for d in declarations}
        self._declarations = declarations

    def _count(self, declaration: TableDeclaration) -> Mapping[CellKey, int]:
        rows = self._population.variable(declaration.rows)
        found = self._warehouse.counts(self._population.name, self._period, rows.name)
        counts: dict[CellKey, int] = {(rows.name, category): count for category, count in found.items()}
        if declaration.columns is not None:
            columns = self._population.variable(declaration.columns)
            crossed = self._warehouse.cross_counts(self._population.name, self._period, rows.name, columns.name)
            for (row, column), count in crossed.items():
                category = NOT_STATED if column in _SILENT else column
                key = (rows.name, row, columns.name, category)
                counts[key] = counts.get(key, 0) + count
            known = {*_codes(columns), ANSWERED, NOT_STATED}
            if not {key[3] for key in counts if len(key) == 4} <= known:
                raise TableError(f"The warehouse holds codes of {columns.name} that the codebook does not have.")
        if not {key[1] for key in counts} <= {*_codes(rows), ANSWERED, *_SILENT}:
            raise TableError(f"The warehouse holds codes of {rows.name} that the codebook does not have.")
        return counts

    def release(self, provisional: bool) -> list[ReleasedTable]:
        open_tables = [d for d in self._declarations if self._base(d) >= self._threshold]
        if open_tables:
            self._publish((), self._summary.counted, _TOTAL_WEIGHT)
        for declaration in open_tables:
            self._describe(declaration)
        withheld = self._system.suppress(self._threshold)
        return [self._released(d, withheld, provisional, d in open_tables) for d in self._declarations]

    def _base(self, declaration: TableDeclaration) -> int:
        return self._counts[declaration.name].get((declaration.rows, ANSWERED), 0)

    # -- What everybody knows about the cells ------------------------------------------------------------------------

    def _describe(self, declaration: TableDeclaration) -> None:
        rows = self._population.variable(declaration.rows)
        counts = self._counts[declaration.name]
        self._publish_variable(rows, counts)
        if declaration.columns is None:
            return
        columns = self._population.variable(declaration.columns)
        categories = (*_codes(columns), NOT_STATED)
        for category in categories:
            self._describe_column(rows, columns, category, counts)
        for row in (ANSWERED, *_codes(rows)):
            total = (rows.name, row)
            self._system.relate({total: 1} | {(*total, columns.name, category): -1 for category in categories})
        self._relate_column_variable(rows, columns)

    def _relate_column_variable(self, rows: Variable, columns: Variable) -> None:
        """Say how a column's base comes from the column variable, which may have a table of its own."""
        margins = self._warehouse.counts(self._population.name, self._period, columns.name)
        margins[NOT_STATED] = sum(margins.get(status, 0) for status in _SILENT)
        parts: list[CellKey] = []
        for category in (*_codes(columns), NOT_STATED):
            whole = (columns.name, category)
            base, silent = ((rows.name, row, *whole) for row in (ANSWERED, NOT_STATED))
            self._hide(whole, margins.get(category, 0))
            self._hide(silent, self._system.value(whole) - self._system.value(base))
            self._system.relate({whole: 1, base: -1, silent: -1})
            parts.append(whole)
        self._system.relate({(): 1} | dict.fromkeys(parts, -1))

    def _publish_variable(self, variable: Variable, counts: Mapping[CellKey, int]) -> None:
        base = (variable.name, ANSWERED)
        self._publish(base, counts.get(base, 0), _BASE_WEIGHT)
        silent = [(variable.name, status) for status in _silent(variable)]
        for key in silent:
            count = counts.get(key, 0)
            self._publish(key, count, _SILENT_WEIGHT * information_loss(count))
        self._system.relate({(): 1, base: -1} | dict.fromkeys(silent, -1))
        for code in _codes(variable):
            count = counts.get((variable.name, code), 0)
            self._publish((variable.name, code), count, _MARGIN_WEIGHT * information_loss(count))
        self._relate_codes(variable, base, ())

    def _describe_column(self, rows: Variable, columns: Variable, category: str, counts: Mapping[CellKey, int]) -> None:
        within = (columns.name, category)
        base = (rows.name, ANSWERED, *within)
        self._publish(base, counts.get(base, 0), _BASE_WEIGHT / 2)
        for code in _codes(rows):
            count = counts.get((rows.name, code, *within), 0)
            self._publish((rows.name, code, *within), count, information_loss(count))
        self._relate_codes(rows, base, within)

    def _relate_codes(self, variable: Variable, base: CellKey, within: CellKey) -> None:
        """Say how the codes of a variable add up to its base, in all responses or within a column."""
        codes = {code.code: (variable.name, code.code, *within) for code in variable.codes}
        if variable.type is VariableType.SINGLE:
            self._system.relate({base: 1} | dict.fromkeys(codes.values(), -1))
            return
        total = self._system.value(base)
        for code, key in codes.items():
            # How many did not name the category can be as telling as how many did.
            rest = (variable.name, f"not {code}", *within)
            self._hide(rest, total - self._system.value(key))
            self._system.relate({base: 1, key: -1, rest: -1})
        # Whoever answered named at least one code and at most `max`; an exclusive code counts for all of theirs.
        alone = {codes[code.code]: 1 for code in variable.codes if code.exclusive}
        named = {codes[code.code]: 1 for code in variable.codes if not code.exclusive}
        answered = total - sum(map(self._system.value, alone))
        several = sum(map(self._system.value, named))
        least, most = (variable.name, "named beyond one", *within), (variable.name, "could have named", *within)
        self._slack(least, several - answered)
        self._system.relate({**named, **alone, base: -1, least: -1})
        self._slack(most, variable.max * answered - several)
        self._system.relate(
            {base: variable.max, most: -1} | dict.fromkeys(alone, -variable.max) | dict.fromkeys(named, -1)
        )

    def _publish(self, key: CellKey, count: int, weight: float) -> None:
        self._system.publish(key, count, weight, count < self._threshold)

    def _hide(self, key: CellKey, count: int) -> None:
        self._system.hide(key, count, count < self._threshold)

    def _slack(self, key: CellKey, amount: int) -> None:
        self._system.hide(key, amount, False)

    # -- What is left to print ---------------------------------------------------------------------------------------

    def _released(
        self, declaration: TableDeclaration, withheld: frozenset[CellKey], provisional: bool, is_open: bool
    ) -> ReleasedTable:
        rows = self._population.variable(declaration.rows)
        columns = self._population.variable(declaration.columns) if declaration.columns is not None else None
        places: list[tuple[CellKey, str, str]] = [((), "total", "All")]
        if columns is not None:
            places += [((columns.name, code.code), code.code, code.label) for code in columns.codes]
            places.append(((columns.name, NOT_STATED), NOT_STATED, "Not stated"))

        def count(key: CellKey) -> int | None:
            return self._system.value(key) if is_open and key not in withheld else None

        def row(category: str, label: str, in_columns: bool = True) -> ReleasedRow:
            keys = [(rows.name, category, *within) for within, _, _ in (places if in_columns else places[:1])]
            return ReleasedRow(category, label, tuple(count(key) for key in keys))

        flagged = self._summary.flagged
        return ReleasedTable(
            name=declaration.name,
            title=f"SYNTHETIC DATA: {declaration.title}" if self._summary.synthetic else declaration.title,
            population=self._population.name,
            population_label=self._population.label,
            period=self._period,
            provisional=provisional,
            synthetic=self._summary.synthetic,
            threshold=self._threshold,
            row_variable=rows.name,
            row_label=rows.label,
            column_variable=columns.name if columns else None,
            column_label=columns.label if columns else None,
            columns=tuple((code, label) for _, code, label in places),
            rows=tuple(row(code.code, code.label) for code in rows.codes) if is_open else (),
            base=row(ANSWERED, "Base: answered the question"),
            non_response=tuple(row(s, _SILENT_LABELS[s], in_columns=False) for s in _silent(rows)) if is_open else (),
            responses=count(()),
            flagged=flagged if flagged >= self._threshold else None,
            notes=declaration.notes,
            withheld=not is_open,
        )


def _codes(variable: Variable) -> tuple[str, ...]:
    return tuple(code.code for code in variable.codes)


def _silent(variable: Variable) -> tuple[str, ...]:
    return (AnswerStatus.NO_ANSWER.value, *((AnswerStatus.UNKNOWN.value,) if variable.unknown else ()))
