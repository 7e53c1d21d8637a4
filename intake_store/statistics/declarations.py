"""Declarations: the tables that may be made at all, one YAML file each, named like the table.

Only declared tables are ever made. A declaration says at which kind of period its table is released; a year table and
the quarter tables of the same population are protected together, so that the year gives no quarter away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from content_files import ContentError, ContentProblem, YamlFile, load_model
from intake_store.codebook import Codebook, Variable, VariableType
from intake_store.periods import Period, Quarter
from intake_store.statistics.geography import COUNTY, REGION, table_variable

_Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
_Sentence = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]

DECLARATIONS_FOLDER = Path(__file__).parent.parent / "tables"
"""The declarations that come with the program."""

USAGE_FIELDS: Final = ("event", "subject", "channel", "language", "county")
"""What usage counts can be split by."""


class Source(StrEnum):
    """What a table is made of."""

    RESPONSES = "responses"
    USAGE = "usage"
    SUPPLY = "supply"
    SERVICE_FIGURES = "service_figures"


class PeriodKind(StrEnum):
    """Whether a table is released each quarter or each year."""

    QUARTER = "quarter"
    YEAR = "year"

    def fits(self, period: Period) -> bool:
        """Tell whether a period is of this kind."""
        return isinstance(period, Quarter) == (self is PeriodKind.QUARTER)


class Measure(StrEnum):
    """What stands in the cells beside the count and its share of the base."""

    COUNT = "count"
    MEAN = "mean"


class Method(StrEnum):
    """How the counts are protected."""

    SUPPRESSION = "suppression"
    CELL_KEY = "cell_key"


class Theme(StrEnum):
    """The page of a dashboard that a table belongs on."""

    WHO = "who"
    NEEDS = "needs"
    BARRIERS = "barriers"
    ARENAS = "arenas"
    EXPERIENCE = "experience"
    YOUNG = "young"
    BUYERS = "buyers"
    GEOGRAPHY = "geography"
    USE = "use"
    COST = "cost"


class TableDeclaration(BaseModel):
    """What a table counts: the categories of `rows`, each split by the categories of `columns` if there are any.

    `base` says in words whom the shares are shares of; without it, the responses that answered the row variable.
    A `series` puts the last so many quarters side by side, each as it was released. `measure: mean` adds the mean of
    the numbers that the codes of `rows` carry. `rounding` rounds what is left after protection. `events` limits a table
    of usage to some kinds of event, and `labels` names its subjects, channels or languages; `needs` names, for each
    need of the codebook in a supply table, the needs of the service directory that answer to it. `title`, `base`,
    `labels` and `notes` are English message ids.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = ""
    title: _Sentence
    theme: Theme = Theme.NEEDS
    source: Source = Source.RESPONSES
    populations: tuple[_Name, ...] = ()
    rows: _Name = ""
    columns: _Name | None = None
    period: PeriodKind = PeriodKind.QUARTER
    series: int | None = Field(default=None, ge=2, le=12)
    measure: Measure = Measure.COUNT
    base: _Sentence | None = None
    method: Method = Method.SUPPRESSION
    rounding: int | None = Field(default=None, ge=2, le=100)
    events: tuple[_Name, ...] = ()
    labels: Mapping[_Name, _Sentence] = Field(default_factory=dict)
    needs: Mapping[_Name, tuple[_Name, ...]] = Field(default_factory=dict)
    notes: tuple[_Sentence, ...] = ()

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables the table counts."""
        return (self.rows,) if self.columns is None else (self.rows, self.columns)


def load_declarations(folder: Path, codebook: Codebook) -> dict[str, TableDeclaration]:
    """Read every declaration in a folder, by name, and check it against a codebook and the other declarations.

    Raises `ContentError` with the line of every mistake in all files, or when the folder holds none.
    """
    declarations: dict[str, TableDeclaration] = {}
    sources: dict[str, YamlFile] = {}
    problems: list[ContentProblem] = []
    for path in sorted(folder.glob("*.yml")):
        try:
            declaration, source = load_model(path, TableDeclaration)
        except ContentError as error:
            problems.extend(error.problems)
            continue
        problems.extend(_problems(declaration, source, codebook))
        declarations[path.stem] = declaration.model_copy(update={"name": path.stem})
        sources[path.stem] = source
    if not declarations and not problems:
        problems.append(ContentProblem(folder, 0, "", "holds no table declaration (*.yml)"))
    problems.extend(_problems_together(declarations, sources))
    if problems:
        raise ContentError(problems)
    return declarations


def _problems(declaration: TableDeclaration, source: YamlFile, codebook: Codebook) -> Sequence[ContentProblem]:
    check = {
        Source.RESPONSES: _responses_problems,
        Source.USAGE: _usage_problems,
        Source.SUPPLY: _supply_problems,
        Source.SERVICE_FIGURES: _figures_problems,
    }[declaration.source]
    return [source.problem(place, message) for place, message in check(declaration, codebook)]


_Found = Iterator[tuple[Sequence[str | int], str]]


def _responses_problems(declaration: TableDeclaration, codebook: Codebook) -> _Found:
    yield from _needless(declaration, "events", "labels", "needs")
    yield from _missing(declaration, "populations", "rows")
    if declaration.series is not None and (declaration.columns or declaration.period is PeriodKind.YEAR):
        yield ["series"], "stands in for the columns of a quarterly table; leave out 'columns' and 'period: year'"
    if declaration.series is not None and declaration.measure is Measure.MEAN:
        yield ["measure"], "a series shows counts only"
    if declaration.measure is Measure.MEAN and declaration.rounding is not None:
        yield ["rounding"], "an exact mean would give rounded counts away; leave one of them out"
    if declaration.measure is Measure.MEAN and declaration.method is Method.CELL_KEY:
        yield ["measure"], "a mean of counts with noise would say nothing; use the method 'suppression'"
    for index, name in enumerate(declaration.populations):
        population = codebook.populations.get(name)
        if population is None:
            yield ["populations", index], f"there is no population {name!r}"
            continue
        for place, variable in (("rows", declaration.rows), ("columns", declaration.columns)):
            if not variable:
                continue
            try:
                found = table_variable(population, variable)
            except KeyError:
                yield [place], f"population {name!r} has no variable {variable!r}"
            else:
                yield from (([place], message) for message in _unfit(place, found, declaration))
    if set(declaration.variables) >= {COUNTY, REGION} or declaration.rows == declaration.columns:
        yield ["columns"], "says the same as the rows"


def _unfit(place: str, variable: Variable, declaration: TableDeclaration) -> Iterator[str]:
    if place == "columns" and variable.type is VariableType.MULTIPLE:
        yield f"{variable.name!r} takes several codes, so it cannot split the rows"
    if place == "rows" and declaration.measure is Measure.MEAN and any(code.value is None for code in variable.codes):
        yield f"the codes of {variable.name!r} carry no numbers to make a mean of"


def _usage_problems(declaration: TableDeclaration, codebook: Codebook) -> _Found:
    yield from _needless(declaration, "populations", "needs", "series")
    yield from _missing(declaration, "rows", "events")
    for place, field in (("rows", declaration.rows), ("columns", declaration.columns)):
        if field and field not in USAGE_FIELDS:
            yield [place], f"usage counts have no {field!r}, only {', '.join(USAGE_FIELDS)}"
    if declaration.columns == declaration.rows:
        yield ["columns"], "says the same as the rows"
    if declaration.columns == "event":
        yield ["columns"], "the event can stand in the rows only"
    if declaration.rows != "event" and len(declaration.events) > 1:
        yield ["events"], "several events cannot be counted together; name one, or put the event in the rows"
    if declaration.method is not Method.SUPPRESSION:
        yield ["method"], "usage counts have no record keys, so only 'suppression' protects them"


def _supply_problems(declaration: TableDeclaration, codebook: Codebook) -> _Found:
    yield from _needless(declaration, "events", "labels", "columns", "series")
    yield from _missing(declaration, "populations", "needs")
    if declaration.rows != COUNTY:
        yield ["rows"], f"services are counted by {COUNTY}"
    if declaration.period is not PeriodKind.YEAR:
        yield ["period"], "what services offer is compared by year"
    for index, name in enumerate(declaration.populations):
        population = codebook.populations.get(name)
        if population is None:
            yield ["populations", index], f"there is no population {name!r}"
            continue
        try:
            offered = {code.code for code in population.variable("needs").codes}
        except KeyError:
            yield ["populations", index], f"population {name!r} is not asked about needs"
            continue
        for need in declaration.needs:
            if need not in offered:
                yield ["needs", need], f"population {name!r} has no need {need!r}"


def _figures_problems(declaration: TableDeclaration, codebook: Codebook) -> _Found:
    yield from _needless(declaration, "populations", "events", "labels", "needs", "columns", "series")
    if declaration.rows != "service_kind":
        yield ["rows"], "the services' figures are summed by service_kind"
    if declaration.period is not PeriodKind.YEAR:
        yield ["period"], "the services' figures are yearly"


def _needless(declaration: TableDeclaration, *fields: str) -> _Found:
    for field in fields:
        if getattr(declaration, field):
            yield [field], f"a table of {declaration.source.value} has none; leave it out"


def _missing(declaration: TableDeclaration, *fields: str) -> _Found:
    for field in fields:
        if not getattr(declaration, field):
            yield [field], f"a table of {declaration.source.value} needs it"


def _problems_together(
    declarations: Mapping[str, TableDeclaration], sources: Mapping[str, YamlFile]
) -> Iterator[ContentProblem]:
    """Yield what is wrong between declarations: noise in one table would tell what another withholds."""
    methods: dict[str, tuple[Method, str]] = {}
    usage_period: tuple[PeriodKind, str] | None = None
    for name, declaration in declarations.items():
        for population in declaration.populations:
            method, first = methods.setdefault(population, (declaration.method, name))
            if method is not declaration.method:
                message = f"population {population!r} is protected by {method.value!r} in table {first!r}"
                yield sources[name].problem(["method"], f"{message}; all its tables need the same method")
        if declaration.source is Source.USAGE:
            usage_period = usage_period or (declaration.period, name)
            if usage_period[0] is not declaration.period:
                message = f"usage would be published by quarter and by year; table {usage_period[1]!r} is by"
                yield sources[name].problem(["period"], f"{message} {usage_period[0].value}")
