"""Use that is made up fits the responses it is made around, is marked wherever it goes, and is about real topics."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from bot.content import Content
from bot.directory.services import Need
from intake_store.codebook import Codebook, load_codebook
from intake_store.periods import Quarter, Year
from intake_store.statistics.declarations import DECLARATIONS_FOLDER, load_declarations
from intake_store.statistics.service_figures import figure_tables, read_service_figures
from intake_store.statistics.usage_tables import usage_tables
from intake_store.submission.inbox import Inbox
from intake_store.submission.response import Response
from intake_store.submission.sealing import Sealer
from intake_store.submission.store_secrets import StoreSecrets
from intake_store.synthetic import Sent, SyntheticStore, synthetic_responses, synthetic_service_figures, synthetic_usage
from intake_store.synthetic.services import KINDS
from intake_store.synthetic.usage import CRISIS, QUESTIONNAIRE_TOPICS, SEARCHED, TOPICS, Counts
from intake_store.usage.events import UsageCount, UsageEvent
from intake_store.usage.reading import read_usage
from intake_store.warehouse.warehouse import Warehouse
from intake_store.warehouse.warehouse_key import WarehouseKey

CODEBOOK = load_codebook(Path(__file__).parents[3] / "flows" / "codebook" / "v1.yml")
QUARTER = Quarter(2026, 3)


@pytest.fixture(scope="module")
def responses() -> list[Response]:
    return list(synthetic_responses(CODEBOOK, QUARTER.weeks, 1500, seed=4))


@pytest.fixture(scope="module")
def counts(responses: list[Response]) -> Counts:
    return synthetic_usage(responses, seed=4)


def test_more_is_begun_than_sent_and_what_is_sent_is_the_responses(responses: list[Response], counts: Counts) -> None:
    begun: Counter[tuple[str, ...]] = Counter()
    sent: Counter[tuple[str, ...]] = Counter()
    left: Counter[tuple[str, ...]] = Counter()
    conversations: Counter[tuple[str, ...]] = Counter()
    for (week, occurrence), number in counts.items():
        assert number > 0
        place = (str(week), occurrence.channel, occurrence.language)
        if occurrence.event is UsageEvent.CONVERSATION_STARTED:
            conversations[place] += number
        for event, found in (
            (UsageEvent.QUESTIONNAIRE_STARTED, begun),
            (UsageEvent.QUESTIONNAIRE_COMPLETED, sent),
            (UsageEvent.QUESTIONNAIRE_LEFT, left),
        ):
            if occurrence.event is event:
                found[*place, occurrence.subject] += number
    assert sent == Counter(
        (str(made.week), made.channel, made.language, made.population) for made in map(Sent.of, responses)
    )
    assert all(begun[place] >= sent[place] + left[place] for place in begun | sent | left)
    for place, number in conversations.items():
        assert number >= sum(count for key, count in begun.items() if key[:3] == place)
    assert conversations.total() > 4 * begun.total() > 4 * sent.total()


def test_a_topic_does_not_end_more_often_than_it_begins(counts: Counts) -> None:
    entered: Counter[str] = Counter()
    completed: Counter[str] = Counter()
    for (_, occurrence), number in counts.items():
        if occurrence.event is UsageEvent.FLOW_ENTERED:
            entered[occurrence.subject] += number
        elif occurrence.event is UsageEvent.FLOW_COMPLETED:
            completed[occurrence.subject] += number
    assert set(entered) == {*TOPICS, *QUESTIONNAIRE_TOPICS.values()}
    assert all(0 < completed[topic] <= entered[topic] for topic in entered)


def test_the_order_of_responses_decides_nothing(responses: list[Response], counts: Counts) -> None:
    shuffled = random.Random(1).sample(responses, len(responses))
    assert synthetic_usage(shuffled, seed=4) == counts
    assert synthetic_usage(Counter(map(Sent.of, shuffled)), seed=4) == counts
    assert synthetic_usage(responses, seed=5) != counts


def test_every_week_says_how_much_of_it_is_made_up(counts: Counts) -> None:
    made: Counter[object] = Counter()
    said: Counter[object] = Counter()
    for (week, occurrence), number in counts.items():
        (said if occurrence.event is UsageEvent.MADE_UP else made)[week] += number
    assert said == made
    assert set(said) == set(QUARTER.weeks)


def test_topics_crises_and_needs_are_those_of_the_assistant(content: Content) -> None:
    flows = content.flows.flows
    for name in (*TOPICS, *CRISIS, *QUESTIONNAIRE_TOPICS.values()):
        assert flows[name].is_startable, name
    assert set(SEARCHED) == {need.value for need in Need}


async def test_what_was_stored_in_part_is_completed_and_not_doubled(
    inbox: Inbox, sealer: Sealer, store_secrets: StoreSecrets, codebook: Codebook, database: str, tmp_path: Path
) -> None:
    responses = list(synthetic_responses(codebook, QUARTER.weeks, 90, seed=3))
    await inbox.submit_batch(responses[:40])
    store = SyntheticStore(database, sealer, store_secrets)
    await store.complete(codebook, QUARTER.weeks, 90, seed=3)
    assert store.stored == 50
    usage = await read_usage(database)
    assert {(count.iso_week, count.occurrence): count.count for count in usage} == synthetic_usage(responses, seed=3)
    await store.complete(codebook, QUARTER.weeks, 90, seed=3)
    assert store.stored == 50
    assert await read_usage(database) == usage


def test_tables_of_use_in_a_warehouse_say_that_they_are_synthetic(
    tmp_path: Path, codebooks: dict[str, Codebook], counts: Counts
) -> None:
    declarations = load_declarations(DECLARATIONS_FOLDER, CODEBOOK).values()
    with Warehouse(tmp_path / "warehouse", codebooks, WarehouseKey.generate()) as warehouse:
        warehouse.replace_usage(UsageCount(week, occurrence, count) for (week, occurrence), count in counts.items())
        tables = usage_tables(warehouse, CODEBOOK, declarations, QUARTER, provisional=False, threshold=10)
        before = usage_tables(warehouse, CODEBOOK, declarations, QUARTER.before(1), provisional=False, threshold=10)
    assert len(tables) == 5
    assert all(table.synthetic and table.title.startswith("SYNTHETIC DATA: ") for table in tables)
    assert not any(table.withheld for table in tables)
    assert not any(table.synthetic for table in before)


def test_figures_of_services_are_read_and_say_that_they_are_synthetic(tmp_path: Path) -> None:
    path = tmp_path / "figures.csv"
    path.write_text(synthetic_service_figures(2025, seed=1), encoding="utf-8")
    figures = read_service_figures(path, CODEBOOK)
    assert len(figures) == sum(kind.services for kind in KINDS.values())
    assert all(entry.synthetic for entry in figures)
    declarations = load_declarations(DECLARATIONS_FOLDER, CODEBOOK).values()
    [table] = figure_tables(declarations, figures, CODEBOOK, Year(2025), provisional=False, threshold=10)
    assert table.synthetic
    shown = {row.code for row in table.rows if row.counts[-1] is not None}
    assert shown == KINDS.keys() - {"police"}
