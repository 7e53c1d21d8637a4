"""The key figures of the overview: how many answered, and cards with the most telling figures of a few tables.

Every figure is taken or worked out from released ones; what is withheld or was not released stays unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from analyst.charts.marks import by_size, percent, share
from analyst.numerals import number
from analyst.pages.exhibits import Exhibit
from analyst.pages.findings import scale_shares
from analyst.period_names import period_name
from analyst.translation import Translator, message
from intake_store.codebook import Codebook
from intake_store.statistics.declarations import Source
from intake_store.statistics.released import NOT_STATED, TOTAL, ReleasedTable
from intake_store.statistics.table_output import WITHHELD

MOST_BARS: Final = 5
_MOST_SERVICES: Final = 6
_MAIN_QUESTIONS: Final = ("needs", "treatment")


@dataclass(frozen=True, slots=True)
class Tile:
    """How many responses of a population there were; `change` and `complete` are sentences, empty where unknown."""

    label: str
    period: str
    responses: str
    change: str
    complete: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A category of a card: `length` is that of its bar in percent of the longest possible, None where withheld."""

    label: str
    length: float | None
    text: str


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """How people were treated by a kind of service: the mean, and the shares of good and of bad answers."""

    label: str
    mean: str
    good: str
    bad: str
    base: str


@dataclass(frozen=True, slots=True)
class Card:
    """What the overview shows of a table: `exhibit` is None where no chosen release has it."""

    name: str
    title: str
    exhibit: Exhibit | None
    kind: str
    bars: tuple[Bar, ...] = ()
    services: tuple[ServiceRow, ...] = ()
    hidden: int = 0
    """How many categories are withheld and therefore cannot be among those shown."""
    base: str = ""


@dataclass(frozen=True, slots=True)
class CardPlan:
    """A card before it is filled: the tables it can be made of, the first that there is, and how it is drawn."""

    name: str
    title: str
    tables: tuple[str, ...]
    kind: str


CARDS: Final = (
    CardPlan("needs", message("What people need help with most"), ("needs.needs_selling",), "top"),
    CardPlan("barriers", message("What keeps people from seeking help"), ("barriers.needs_selling",), "top"),
    CardPlan("help", message("Whether people get the help they need"), ("needs_met_by_gender.needs_selling",), "all"),
    CardPlan("who", message("Who answered: age"), ("age_by_gender.needs_selling",), "all"),
    CardPlan(
        "experience",
        message("How services treated people"),
        ("treatment_by_service.experience", "treatment_over_time.experience"),
        "services",
    ),
    CardPlan("use", message("How far conversations go"), ("funnel_by_channel", "funnel_by_language"), "counts"),
)
"""What the overview shows, in this order."""


def tiles(
    now: Sequence[ReleasedTable], before: Sequence[ReleasedTable] | None, codebook: Codebook, say: Translator
) -> list[Tile]:
    """Return a tile for each population that tables of a release count; `before` is the period before, if released."""
    earlier = _responses(before or ())
    found = []
    for population, responses in _responses(now).items():
        tables = [table for table in _counting(now) if table.population == population]
        noise = any(table.noise is not None for table in tables)
        found.append(
            Tile(
                label=say.finished(tables[0].population_label),
                period=period_name(tables[0].period, say),
                responses=number(responses, say),
                change="" if noise else _change(responses, earlier.get(population), before is not None, say),
                complete=_complete(tables, codebook, say),
            )
        )
    return found


def cards(exhibits: Mapping[str, Exhibit], codebook: Codebook, say: Translator) -> list[Card]:
    """Return the cards of the overview, made of the exhibits of the chosen releases by name."""
    return [_card(plan, exhibits, codebook, say) for plan in CARDS]


def bars(table: ReleasedTable, say: Translator, column: int = 0) -> list[Bar]:
    """Return a bar for each category with its share of the base, or its count where there is no base."""
    base = table.base.counts[column] if table.base is not None else None
    known = [row.counts[column] or 0 for row in table.rows]
    longest = max(known, default=0)
    found = []
    for row in table.rows:
        count = row.counts[column]
        if count is None:
            found.append(Bar(row.label, None, WITHHELD))
        elif table.base is None:
            found.append(Bar(row.label, 100 * count / longest if longest else 0.0, number(count, say)))
        else:
            value = share(count, base)
            found.append(Bar(row.label, value, percent(value, say)))
    return found


def _card(plan: CardPlan, exhibits: Mapping[str, Exhibit], codebook: Codebook, say: Translator) -> Card:
    exhibit = next((exhibits[name] for name in plan.tables if name in exhibits), None)
    title = say(plan.title)
    if exhibit is None or exhibit.table.withheld:
        return Card(plan.name, title, exhibit, plan.kind)
    table = exhibit.table
    column = len(table.columns) - 1 if table.is_series else 0
    base = counted(number(table.base.counts[column], say), table, say) if table.base is not None else ""
    if plan.kind == "services" and table.column_variable == "service_kind":
        services = list(_services(table, codebook, say))
        return Card(plan.name, title, exhibit, plan.kind, (), tuple(services[:_MOST_SERVICES]), 0, base)
    ordered = table
    if plan.kind == "top":
        ordered = table.model_copy(update={"rows": tuple(by_size(table, column))})
    drawn = bars(ordered, say, column)
    if not any(bar.length is not None for bar in drawn):
        return Card(plan.name, title, exhibit, "nothing", base=base)
    hidden = sum(bar.length is None for bar in drawn)
    if plan.kind == "top":
        drawn = [bar for bar in drawn if bar.length is not None][:MOST_BARS]
    return Card(plan.name, title, exhibit, plan.kind, tuple(drawn), (), hidden, base)


def counted(figure: str, table: ReleasedTable, say: Translator) -> str:
    """Return how many a base holds, and of what."""
    events, responses = message("Base: {number} events."), message("Base: {number} responses.")
    return say(events if table.source is Source.USAGE else responses).format(number=figure)


def _services(table: ReleasedTable, codebook: Codebook, say: Translator) -> Iterator[ServiceRow]:
    """Yield the kinds of service whose base is shown, the one with most responses first."""
    values = {code.code: code.value or 0 for code in codebook.variables[table.row_variable].codes}
    assert table.base is not None
    places = [place for place, (code, _) in enumerate(table.columns) if code not in (TOTAL, NOT_STATED)]
    known = [place for place in places if table.base.counts[place]]
    for place in sorted(known, key=lambda place: -(table.base.counts[place] or 0) if table.base else 0):
        good, bad = scale_shares(table, values, place)
        mean = table.means.counts[place] if table.means is not None else None
        yield ServiceRow(
            label=table.columns[place][1],
            mean=number(mean, say, 1),
            good=percent(good, say),
            bad=percent(bad, say),
            base=number(table.base.counts[place], say),
        )


def _counting(tables: Sequence[ReleasedTable]) -> list[ReleasedTable]:
    """Return the tables that count responses; those of one period before series, which repeat them."""
    counting = [table for table in tables if table.source is Source.RESPONSES]
    return sorted(counting, key=lambda table: table.is_series)


def _responses(tables: Sequence[ReleasedTable]) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for table in _counting(tables):
        # One table may withhold what another of the same population tells.
        found[table.population] = found.get(table.population) or table.responses
    return found


def _change(now: int | None, before: int | None, is_released: bool, say: Translator) -> str:
    if not is_released:
        return say(message("The period before has not been released."))
    if now is None or before is None:
        return say(message("The change since the period before is not known."))
    if now == before:
        return say(message("As many as in the period before."))
    more = message("{number} more than in the period before ({before}).")
    fewer = message("{number} fewer than in the period before ({before}).")
    text = say(more if now > before else fewer)
    return text.format(number=number(abs(now - before), say), before=number(before, say))


def _complete(tables: Sequence[ReleasedTable], codebook: Codebook, say: Translator) -> str:
    """Return how many of the responses answer the main question of their questionnaire, or another that is known."""
    for table in sorted(tables, key=lambda table: table.row_variable not in _MAIN_QUESTIONS):
        if table.base is None or table.responses is None or table.noise is not None:
            continue
        answered = table.base.counts[-1 if table.is_series else 0]
        variable = codebook.variables.get(table.row_variable)
        # Whoever was not asked has left nothing out.
        population = codebook.populations.get(table.population)
        asked = population is not None and variable is not None and variable.name in population.names
        if answered is None or variable is None or not asked:
            continue
        assert population is not None
        if population.variable(variable.name).ask_if is not None or not table.responses:
            continue
        text = message("{answered} of {all} ({share}) answered the question about: {variable}.")
        return say(text).format(
            answered=number(answered, say),
            all=number(table.responses, say),
            share=percent(share(answered, table.responses), say),
            variable=say(variable.label),
        )
    return ""
