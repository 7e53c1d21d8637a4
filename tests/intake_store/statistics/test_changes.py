"""What a release would change: against the one it replaces, and against an earlier period."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from test_releases import draft, table

from intake_store.periods import Quarter, Year
from intake_store.statistics.changes import Changes, Statement, changes, release_before, responses_of
from intake_store.statistics.declarations import Method, Source
from intake_store.statistics.released import Figure, ReleasedRow, ReleasedTable
from intake_store.statistics.releases import Release

CODES = ("talk", "home", "work")


def needs(counts: Sequence[Figure], base: int = 100, **more: Any) -> ReleasedTable:
    rows = tuple(ReleasedRow(code=c, label=c.title(), counts=(n,)) for c, n in zip(CODES, counts, strict=False))
    row = ReleasedRow(code="answered", label="Base", counts=(base,))
    return table().model_copy(update={"rows": rows, "base": row, "responses": base + 5, **more})


def release(period: str = "2026Q3", revision: int = 1, **more: Any) -> Release:
    made = Release(
        **draft(period).model_dump(),
        sequence=1,
        revision=revision,
        replaces=None,
        synthetic=False,
        tables=(),
        previous=None,
    )
    return made.model_copy(update=more)


def compared(before: Sequence[ReleasedTable], now: Sequence[ReleasedTable], period: str = "2026Q3") -> Changes:
    return changes(release(period), before, now, "1", 10)


def test_figures_that_changed_went_or_came_are_counted() -> None:
    found = compared([needs([20, None, 30])], [needs([None, 12, 31])])
    [change] = found.tables.values()
    assert (change.changed, change.newly_withheld, change.newly_shown) == (3, 1, 1)
    assert change.statements == ()
    assert found.is_revision
    same = compared([needs([20, None, 30])], [needs([20, None, 30])])
    assert not any(entry.is_changed for entry in same.tables.values())
    assert same.shares == ()


def test_a_table_that_is_withheld_as_a_whole_loses_all_its_figures() -> None:
    gone = needs([]).model_copy(update={"withheld": True, "base": None, "responses": None})
    [change] = compared([needs([20, None, 30])], [gone]).tables.values()
    assert (change.changed, change.newly_withheld) == (5, 0)
    [back] = compared([gone], [needs([20, None, 30])]).tables.values()
    assert (back.changed, back.newly_shown) == (5, 0)


@pytest.mark.parametrize(
    ("update", "told"),
    [
        ({"title": "Other needs"}, {Statement.TITLE}),
        ({"title": "SYNTHETIC DATA: Needs", "synthetic": True}, {Statement.SYNTHETIC}),
        ({"notes": ("Read this.",)}, {Statement.NOTES}),
        ({"base_text": "Others."}, {Statement.BASE}),
        ({"unit": "People."}, {Statement.UNIT}),
        ({"method_text": "Counted anew."}, {Statement.METHOD_TEXT}),
        ({"method": Method.CELL_KEY, "noise": 3}, {Statement.METHOD, Statement.NOISE}),
        ({"threshold": 12, "rounding": 5}, {Statement.THRESHOLD, Statement.ROUNDING}),
        ({"row_label": "What is needed"}, {Statement.LABELS}),
        ({"population_label": "Grown-ups"}, {Statement.LABELS}),
        ({"column_variable": "gender", "columns": (("total", "All"), ("woman", "Woman"))}, {Statement.SPLIT}),
    ],
)
def test_what_a_table_says_besides_its_figures_is_compared(update: dict[str, Any], told: set[Statement]) -> None:
    [change] = compared([needs([20, 25, 30])], [needs([20, 25, 30], **update)]).tables.values()
    assert set(change.statements) == told
    assert change.is_changed


def test_categories_that_came_are_told() -> None:
    [change] = compared([needs([20, 25])], [needs([20, 25, 30])]).tables.values()
    assert (change.statements, change.changed) == ((Statement.CATEGORIES,), 1)
    usage: dict[str, Any] = {"source": Source.USAGE}
    [change] = compared([needs([20, 25], **usage)], [needs([20, 25, 30], **usage)]).tables.values()
    assert change.statements == (), "of use, what was counted stands there"


def test_tables_that_came_and_went_are_named() -> None:
    kept, gone, new = needs([20]), table("barriers"), table("arenas")
    layered = needs([20], layer=("talk", "Talk"))
    found = compared([kept, gone], [kept, new, layered])
    assert (found.gone, found.new) == ((gone,), (new, layered))


def test_populations_that_moved_by_more_than_a_third_are_pointed_out() -> None:
    before = [needs([20], 85, population=name, population_label=name) for name in ("up", "down", "still", "edge")]
    before.append(needs([20], population="went", population_label="went"))
    now = [
        needs([20], base, population=name, population_label=name)
        for name, base in (("up", 120), ("down", 50), ("still", 90), ("edge", 115))
    ]
    found = compared(before, now)
    assert [entry.population for entry in found.strong] == ["up", "down"]
    assert {entry.population: (entry.then, entry.now) for entry in found.responses}["went"] == (105, None)


def test_the_share_of_withheld_figures_leaves_out_what_only_repeats() -> None:
    series = needs([None, None, None], name="series", column_variable="quarter", columns=(("2026Q3", "2026Q3"),))
    found = compared([needs([20, 25, 30]), series], [needs([20, None, 30]), series])
    [entry] = found.withheld
    assert entry.then == 0.0
    assert entry.now == pytest.approx(1 / 5)


def test_the_largest_changes_of_shares_come_first_and_once() -> None:
    split: dict[str, Any] = {"name": "needs_by_gender", "column_variable": "gender"}
    before = [needs([20, 50, None]), needs([20, 50, None], **split)]
    now = [needs([10, 90, 40], 200), needs([10, 90, 40], 200, **split)]
    first, second = compared(before, now, "2026Q2").shares
    assert (first.row.code, first.then, first.then_base, first.now, first.now_base) == ("talk", 20.0, 100, 5.0, 200)
    assert first.difference == -15.0
    assert (second.row.code, second.difference) == ("home", -5.0)
    many = [needs([90], name=f"t{n}", row_variable=f"v{n}") for n in range(14)]
    few = [needs([10 + n], name=f"t{n}", row_variable=f"v{n}") for n in range(14)]
    listed = compared(many, few).shares
    assert len(listed) == 10
    assert listed[0].table.name == "t0"


def test_codebook_and_threshold_stand_beside_those_before() -> None:
    found = changes(release("2026Q2", codebook_version="0", threshold=5), [], [needs([20])], "1", 10)
    assert (found.codebook, found.threshold, found.is_revision) == (("0", "1"), (5, 10), False)


def test_a_period_is_compared_with_itself_or_the_last_of_its_kind() -> None:
    releases = [
        release("2025Q4"),
        release("2026Q1", revision=1),
        release("2026Q1", revision=2),
        release("2025"),
        release("2026Q3"),
    ]
    assert release_before(releases, Quarter(2026, 3)) is releases[4]
    assert release_before(releases, Quarter(2026, 2)) is releases[2]
    assert release_before(releases, Year(2026)) is releases[3]
    assert release_before(releases, Quarter(2025, 4)) is releases[0]
    assert release_before(releases, Quarter(2025, 3)) is None
    assert release_before([], Year(2026)) is None


def test_where_there_are_series_only_they_tell_the_number_of_responses() -> None:
    series = needs([20], 60, column_variable="quarter", columns=(("2026Q3", "2026Q3"),))
    assert responses_of([series]) == {"Adults": 65}
    assert responses_of([series, needs([20], 60)]) == {"Adults": 65}
