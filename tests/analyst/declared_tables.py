"""A made-up released table for every declaration that comes with the program, with its own rows and columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from intake_store.codebook import Codebook, load_codebooks
from intake_store.settings import PROJECT
from intake_store.statistics.declarations import (
    DECLARATIONS_FOLDER,
    Measure,
    PeriodKind,
    Source,
    TableDeclaration,
    load_declarations,
)
from intake_store.statistics.geography import table_variable
from intake_store.statistics.released import Figure, ReleasedRow, ReleasedTable

CODEBOOK = load_codebooks(PROJECT / "flows" / "codebook")["1"]
DECLARATIONS = load_declarations(DECLARATIONS_FOLDER, CODEBOOK)

_USAGE = {
    "event": {
        "conversation_started": "Conversations started",
        "flow_entered": "Topics opened",
        "flow_completed": "Topics gone through to their end",
        "questionnaire_started": "Questionnaires started",
        "questionnaire_completed": "Questionnaires sent",
        "questionnaire_left": "Questionnaires left on the way",
        "crisis_card_shown": "Crisis cards shown",
        "understanding_failed": "Messages not understood",
    },
    "subject": {name: name for name in ("shelter", "counselling", "legal_police", "sti_test", "money", "debt")},
    "channel": {"sms": "sms", "telegram": "telegram", "web": "web"},
    "language": {"en": "en", "ro": "ro", "sv": "sv", "uk": "uk"},
}
_FUNNEL = (0.9, 1.0, 0.7, 0.35, 0.22, 0.08, 0.02, 0.11)
_SUPPLY = (
    ("responses", "Responses naming the need"),
    ("services", "Services in the county"),
    ("municipalities_covered", "Municipalities with a service"),
    ("municipalities", "Municipalities"),
)
_COSTS = (
    ("services", "Services"),
    ("annual_cost_sek", "Cost in kronor"),
    ("clients", "People reached"),
    ("cost_per_client", "Cost per person in kronor"),
)
_QUARTERS = tuple(f"{year}Q{number}" for year in (2024, 2025) for number in (1, 2, 3, 4))

_Labels = Sequence[tuple[str, str]]


def declared_tables(codebook: Codebook = CODEBOOK) -> Iterator[ReleasedTable]:
    """Yield a table for each population of each declaration; counts under ten and a few others are withheld."""
    for place, declaration in enumerate(DECLARATIONS.values()):
        for population in declaration.populations or ("",):
            yield _table(declaration, population, codebook, np.random.default_rng(place))


def _table(
    declaration: TableDeclaration, population: str, codebook: Codebook, chance: np.random.Generator
) -> ReleasedTable:
    rows, columns = _shape(declaration, population, codebook)
    has_no_base = declaration.source in (Source.SUPPLY, Source.SERVICE_FIGURES) or declaration.rows == "event"
    bases = [1400, *(max(1100 // max(len(columns) - 1, 1), 40) for _ in columns[1:])]
    if declaration.series:
        bases = [300 + 40 * number for number in range(len(columns))]
    variable = codebook.variables.get(declaration.rows)
    shares = 0.02 + 0.5 * chance.random(len(rows)) ** 2
    if declaration.rows == "event":
        shares = np.array(_FUNNEL[: len(rows)])
    split = shares[:, None] * (1 + 0.5 * (chance.random((len(rows), len(bases))) - 0.5))
    if variable is not None and variable.max == 1:
        split = split / split.sum(axis=0)
    counts = (split * np.array(bases)).astype(int)

    def figure(count: int) -> Figure:
        return None if count < 10 or chance.random() < 0.06 else count

    means = None
    if declaration.measure is Measure.MEAN:
        means = ReleasedRow(code="mean", label="Mean", counts=tuple(round(2 + 2 * chance.random(), 2) for _ in bases))
    described = codebook.populations.get(population)
    return ReleasedTable(
        name=declaration.name,
        title=f"SYNTHETIC DATA: {declaration.title}",
        theme=declaration.theme,
        source=declaration.source,
        population=population,
        population_label=described.label if described else "All who used the service",
        layer=("housing", "A place to live") if declaration.source is Source.SUPPLY else None,
        period="2025" if declaration.period is PeriodKind.YEAR else "2025Q4",
        period_kind=declaration.period,
        provisional=False,
        synthetic=True,
        threshold=10,
        unit="Responses. A person can have given more than one, and nobody can tell.",
        base_text=declaration.base or "Responses that answered the question; shares are of the base in each column.",
        method=declaration.method,
        method_text="",
        row_variable=declaration.rows,
        row_label=declaration.rows,
        column_variable=_column_variable(declaration),
        column_label=declaration.columns,
        columns=tuple(columns),
        rows=tuple(
            ReleasedRow(code=code, label=label, counts=tuple(figure(int(count)) for count in line))
            for (code, label), line in zip(rows, counts, strict=True)
        ),
        base=None if has_no_base else ReleasedRow(code="answered", label="Base", counts=tuple(bases)),
        means=means,
        responses=1500,
        notes=declaration.notes,
    )


def _column_variable(declaration: TableDeclaration) -> str | None:
    if declaration.source in (Source.SUPPLY, Source.SERVICE_FIGURES):
        return "figure"
    return "quarter" if declaration.series else declaration.columns


def _shape(declaration: TableDeclaration, population: str, codebook: Codebook) -> tuple[_Labels, _Labels]:
    counties = [(code.code, code.label) for code in codebook.variables["county"].codes if code.code.isdecimal()]
    if declaration.source is Source.SERVICE_FIGURES:
        return [(code.code, code.label) for code in codebook.variables["service_kind"].codes[:6]], _COSTS
    if declaration.source is Source.SUPPLY:
        return counties, _SUPPLY
    if declaration.source is Source.USAGE:
        split: _Labels = []
        if declaration.columns is not None:
            split = counties if declaration.columns == "county" else list(_USAGE[declaration.columns].items())
        return list(_USAGE[declaration.rows].items()), [("total", "All"), *split]
    asked = codebook.populations[population]
    rows = [(code.code, code.label) for code in table_variable(asked, declaration.rows).codes]
    if declaration.series:
        return rows, [(quarter, quarter) for quarter in _QUARTERS[-declaration.series :]]
    if declaration.columns is None:
        return rows, [("total", "All")]
    columns = [(code.code, code.label) for code in table_variable(asked, declaration.columns).codes]
    return rows, [("total", "All"), *columns, ("not_stated", "Not stated")]
