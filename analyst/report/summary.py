"""The page that a board reads: a few key figures, each of a released table, and how many answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from analyst.charts.marks import by_size, percent, share
from analyst.numerals import number
from analyst.translation import Translator, message
from analyst.web.publications import table_id
from intake_store.statistics.declarations import Source
from intake_store.statistics.released import Figure, ReleasedTable

NOT_COUNTED: Final = "."
"""The sign for a figure that there cannot be."""

SMALL_BASE: Final = 50
"""Under so many answers a share hangs on few of them, and is no key figure."""


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """A figure in large letters, what it says, and the name of the table it is of."""

    figure: str
    text: str
    table: str


@dataclass(frozen=True, slots=True)
class Answers:
    """How many responses of a population there were in each of some periods; `NOT_COUNTED` where it was not counted."""

    label: str
    figures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A key figure: the answers that it adds up, of the whole of a table."""

    table: str
    answers: frozenset[str]
    text: str


_ASKED: Final = (
    _Asked(
        "needs_met_by_gender.needs_selling",
        frozenset({"no", "partly"}),
        message(
            "of the answers from people who sell and need help say that they do not get it, or only in part; {period}"
        ),
    ),
    _Asked(
        "got_help.experience",
        frozenset({"no"}),
        message("of the answers about a service say that it gave no help; {period}"),
    ),
    _Asked(
        "treatment_by_service.experience",
        frozenset({"very_bad", "bad"}),
        message("of the answers about a service tell of being treated badly or very badly; {period}"),
    ),
    _Asked(
        "young_treatment.experience_under_18",
        frozenset({"very_bad", "bad"}),
        message("of the answers of under-18s about a service tell of being treated badly or very badly; {period}"),
    ),
)

_NAMED_MOST: Final = (
    (
        "needs.needs_selling",
        message("of the answers from people who sell name “{answer}”, the need named most; {period}"),
    ),
    (
        "barriers.needs_selling",
        message("of the answers from people who sell name “{answer}”, the barrier named most; {period}"),
    ),
)


def key_figures(tables: Iterable[ReleasedTable], periods: Mapping[str, str], say: Translator) -> Iterator[KeyFigure]:
    """Yield what can be said for sure of localised tables; `periods` are the names of their periods.

    A figure that any withheld or noisy one is a part of is left out, and so is one of a small base.
    """
    found = {table_id(table): table for table in tables}
    for name, text in _NAMED_MOST:
        table = found.get(name)
        if table is not None and _is_exact(table) and all(row.counts[0] is not None for row in table.rows):
            largest = by_size(table)[:2]
            if len(largest) == 2 and largest[0].counts[0] != largest[1].counts[0]:
                words = say(text).format(answer=largest[0].label, period=periods[table.period])
                yield KeyFigure(percent(share(largest[0].counts[0], _base(table)), say), words, name)
    for asked in _ASKED:
        table = found.get(asked.table)
        if table is not None and _is_exact(table):
            counts = [row.counts[0] for row in table.rows if row.code in asked.answers]
            known = [count for count in counts if count is not None]
            if len(known) == len(asked.answers):
                words = say(asked.text).format(period=periods[table.period])
                yield KeyFigure(percent(share(sum(known), _base(table)), say), words, asked.table)


def answers(periods: Sequence[Iterable[ReleasedTable]], say: Translator) -> list[Answers]:
    """Return how many responses there were of each population, in the order of the tables of each period."""
    counted = [responses(tables) for tables in periods]
    populations = list(dict.fromkeys(label for counts in counted for label in counts))
    return [
        Answers(
            say.finished(label),
            tuple(number(counts[label], say) if label in counts else NOT_COUNTED for counts in counted),
        )
        for label in populations
    ]


def responses(tables: Iterable[ReleasedTable]) -> dict[str, int | None]:
    """Return how many responses of each population there were; None where that is withheld."""
    found: dict[str, int | None] = {}
    counting = [table for table in tables if table.source is Source.RESPONSES]
    # A series tells of its last quarter, and often that is all there is of a population.
    for table in sorted(counting, key=lambda table: table.is_series):
        # One table may withhold what another of the same population tells.
        found[table.population_label] = found.get(table.population_label) or table.responses
    return found


def _is_exact(table: ReleasedTable) -> bool:
    if table.withheld or table.noise is not None or table.rounding is not None or table.is_series:
        return False
    return (_base(table) or 0) >= SMALL_BASE


def _base(table: ReleasedTable) -> Figure:
    return table.base.counts[0] if table.base is not None else None
