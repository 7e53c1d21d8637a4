from __future__ import annotations

import random

import pytest
from counted_responses import CountedResponses

from intake_store.codebook import Codebook
from intake_store.disclosure.attack import Attack
from intake_store.periods import Quarter
from intake_store.statistics.declarations import Source, TableDeclaration
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.table_output import render_csv
from intake_store.statistics.usage_tables import usage_tables

QUARTER = Quarter(2026, 3)
THRESHOLD = 10

FUNNEL = TableDeclaration(
    name="funnel",
    title="How far conversations go",
    source=Source.USAGE,
    rows="event",
    columns="channel",
    events=("conversation_started", "flow_entered", "flow_completed"),
)
TOPICS = TableDeclaration(name="topics", title="Topics", source=Source.USAGE, rows="subject", events=("flow_entered",))
SEARCHES = TableDeclaration(
    name="searches", title="Searches", source=Source.USAGE, rows="subject", columns="county", events=("searched",)
)


def usage(seed: int, size: int) -> CountedResponses:
    chance = random.Random(seed)
    counts: dict[tuple[str, str, str, str, str], int] = {}
    for _ in range(size):
        event = chance.choice(FUNNEL.events)
        subject = chance.choice(["housing", "debt", "rare"]) if event.startswith("flow") else ""
        channel = chance.choices(["web", "telegram", "terminal"], [20, 5, 0.2])[0]
        place = (event, subject, channel, chance.choice(["sv", "ro"]), "")
        counts[place] = counts.get(place, 0) + 1
        county = chance.choices(["01", "12", "25"], [20, 10, 0.3])[0]
        searched = ("searched", chance.choices(["housing", "debt", "return"], [9, 5, 0.2])[0], "", "", county)
        counts[searched] = counts.get(searched, 0) + 1
    return CountedResponses([], counts)


def made(codebook: Codebook, source: CountedResponses, *declarations: TableDeclaration) -> list[ReleasedTable]:
    return usage_tables(source, codebook, declarations, QUARTER, provisional=False, threshold=THRESHOLD)


@pytest.mark.parametrize(("seed", "size"), [(1, 600), (2, 1500), (3, 4000)])
def test_no_withheld_event_count_can_be_worked_out(codebook: Codebook, seed: int, size: int) -> None:
    tables = made(codebook, usage(seed, size), FUNNEL, TOPICS, SEARCHES)
    attack: Attack[tuple[str, ...]] = Attack()
    withheld = []
    for table in tables:
        event = FUNNEL.events[1] if table.name == "topics" else "searched"
        lines = [*table.rows, *([table.base] if table.base else [])]

        def key(line: str, column: str, table: ReleasedTable = table, event: str = event) -> tuple[str, ...]:
            own = [(table.row_variable, line), (table.column_variable or "", column)]
            parts = {name: value for name, value in own if value not in ("total", "base")}
            return (parts.pop("event", event), *(text for pair in sorted(parts.items()) for text in pair))

        for line in lines:
            for (column, _), count in zip(table.columns, line.counts, strict=True):
                cell = key(line.code, column)
                if count is None:
                    attack.bound(cell)
                    withheld.append(cell)
                else:
                    attack.know(cell, count)
            if len(table.columns) > 1:
                parts = {key(line.code, column): -1 for column, _ in table.columns[1:]}
                attack.relate({key(line.code, "total"): 1} | parts)
        if table.base:
            for column, _ in table.columns:
                attack.relate({key("base", column): 1} | {key(row.code, column): -1 for row in table.rows})
    assert withheld
    assert attack.narrowest(withheld, THRESHOLD).narrow == ()


def test_large_event_counts_are_exact_and_small_ones_are_not_shown(codebook: Codebook) -> None:
    counts = {
        ("flow_entered", "housing", "web", "sv", ""): 40,
        ("flow_entered", "housing", "telegram", "sv", ""): 30,
        ("conversation_started", "", "web", "sv", ""): 50,
        ("conversation_started", "", "telegram", "sv", ""): 20,
        ("flow_completed", "housing", "web", "sv", ""): 33,
        ("flow_completed", "housing", "telegram", "sv", ""): 3,
    }
    [funnel] = made(codebook, CountedResponses([], counts), FUNNEL)
    rows = {row.code: row.counts for row in funnel.rows}
    assert rows["conversation_started"] == (70, 20, 50)
    assert rows["flow_entered"] == (70, 30, 40)
    assert rows["flow_completed"][1] is None


def test_a_quarter_with_hardly_any_use_has_no_table(codebook: Codebook) -> None:
    [funnel] = made(codebook, CountedResponses([], {("flow_entered", "housing", "web", "sv", ""): 9}), FUNNEL)
    assert funnel.withheld
    assert "9" not in "".join(line for line in render_csv([funnel]).splitlines() if not line.startswith("#"))


def test_subjects_are_named_by_the_labels_of_the_declaration(codebook: Codebook) -> None:
    counts = {("flow_entered", subject, "web", "sv", ""): 1000 for subject in ("housing", "new_topic")}
    named = TOPICS.model_copy(update={"labels": {"housing": "A place to live"}})
    [topics] = made(codebook, CountedResponses([], counts), named)
    assert {row.code: row.label for row in topics.rows} == {"housing": "A place to live", "new_topic": "new_topic"}


def test_events_without_a_county_are_told_apart(codebook: Codebook) -> None:
    counts = {("searched", "housing", "", "", county): 1000 for county in ("", "01")}
    [searches] = made(codebook, CountedResponses([], counts), SEARCHES)
    assert searches.columns[-1] == ("not_recorded", "Not recorded")
    assert len(searches.columns) == 1 + 21 + 1


def test_a_table_of_a_period_with_counts_that_are_made_up_says_so(codebook: Codebook) -> None:
    counts = {("flow_entered", "housing", "web", "sv", ""): 40}
    [real] = made(codebook, CountedResponses([], counts), TOPICS)
    [marked] = made(codebook, CountedResponses([], {**counts, ("made_up", "", "", "", ""): 1}), TOPICS)
    assert not real.synthetic
    assert marked.synthetic
    assert marked.title == f"SYNTHETIC DATA: {real.title}"
    assert marked.rows == real.rows
