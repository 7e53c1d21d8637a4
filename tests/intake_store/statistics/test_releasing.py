"""From a warehouse to frozen releases, with withdrawals, revisions, years and attackers in between."""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from intake_store.codebook import Codebook
from intake_store.periods import Period, Quarter, Year
from intake_store.statistics.closing import ClosedCounts, close_quarter
from intake_store.statistics.counts import ResponseCounts, TableError
from intake_store.statistics.declarations import PeriodKind, TableDeclaration
from intake_store.statistics.outsider import Findings, NarrowCell, Outsider
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.releases import ReleaseDraft, ReleaseError, ReleaseFolder, ReleaseOvertaken
from intake_store.statistics.releasing import Occasion, PreviewOutdated, Releasing, attack_published
from intake_store.statistics.tables import ServiceSide
from intake_store.statistics.withheld import WithheldFigures, figures_of
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.synthetic import synthetic_responses
from intake_store.usage.events import Occurrence, UsageCount, UsageEvent
from intake_store.warehouse.warehouse import OpenedResponse, Warehouse
from intake_store.warehouse.warehouse_key import WarehouseKey

YEAR = Year(2026)
Q1, Q2, Q3, Q4 = YEAR.quarters
AFTERWARDS = IsoWeek(2027, 3)
THRESHOLD = 10

NEEDS = TableDeclaration(name="needs", title="Needs", populations=("needs_buying",), rows="needs")
NEEDS_BY_AGE = NEEDS.model_copy(update={"name": "needs_by_age", "columns": "age_band", "period": PeriodKind.YEAR})
GENDER = NEEDS.model_copy(update={"name": "gender", "rows": "gender"})
AGE = NEEDS.model_copy(update={"name": "age", "rows": "age_band"})
DECLARED = (NEEDS, GENDER, NEEDS_BY_AGE)
OCCASION = Occasion(released_on=datetime.date(2027, 1, 25), program="test", note="First figures.")


@pytest.fixture(scope="module")
def responses(codebook: Codebook) -> list[OpenedResponse]:
    """A year of responses of one population, the same ones for every test."""
    made = synthetic_responses(codebook, [week for quarter in YEAR.quarters for week in quarter.weeks], 6_000, seed=8)
    numbered = enumerate(response for response in made if response.population == "needs_buying")
    return [OpenedResponse(uuid.UUID(int=number + 1), response) for number, response in numbered]


@pytest.fixture
def warehouse(tmp_path: Path, codebooks: dict[str, Codebook], responses: list[OpenedResponse]) -> Iterator[Warehouse]:
    with Warehouse(tmp_path / "warehouse", codebooks, WarehouseKey(bytes(range(32)))) as opened:
        opened.add(responses)
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> ReleaseFolder:
    return ReleaseFolder(tmp_path / "releases")


def releasing(
    warehouse: Warehouse,
    codebook: Codebook,
    folder: ReleaseFolder,
    declared: Sequence[TableDeclaration] = DECLARED,
    threshold: int = THRESHOLD,
) -> Releasing:
    return Releasing(warehouse, codebook, declared, folder, threshold, ServiceSide())


def withdraw(warehouse: Warehouse, *gone: OpenedResponse, left: Sequence[OpenedResponse]) -> None:
    kept = sorted(entry.row_id.bytes for entry in left if entry not in gone)
    assert warehouse.mirror(np.array(kept, dtype="S16"))[1] == len(gone)


def some_of(responses: Sequence[OpenedResponse], quarter: Quarter, number: int) -> list[OpenedResponse]:
    found = [e for e in responses if Quarter.of(e.response.iso_week) == quarter and not e.response.flags]
    return found[:number]


def figures(tables: Sequence[ReleasedTable], name: str) -> dict[str, tuple[object, ...]]:
    [table] = [entry for entry in tables if entry.name == name]
    return {row.code: row.counts for row in table.rows}


def test_a_release_holds_every_table_of_its_kind_of_period(
    warehouse: Warehouse, codebook: Codebook, folder: ReleaseFolder
) -> None:
    release = releasing(warehouse, codebook, folder).release(Q3, AFTERWARDS, OCCASION)
    assert release.number == "2026Q3-1"
    assert [table.name for table in folder.tables(release)] == ["needs", "gender"]
    assert release.attack.withheld > 0
    assert release.attack.least_width >= THRESHOLD
    assert (release.synthetic, release.note) == (True, "First figures.")


def test_withdrawals_change_no_figure_of_a_closed_quarter(
    warehouse: Warehouse, codebook: Codebook, folder: ReleaseFolder, responses: list[OpenedResponse]
) -> None:
    """The difference between two releases would be the answers of whoever withdrew."""
    made = releasing(warehouse, codebook, folder)
    before = warehouse.summary("needs_buying", Q3).counted
    first = made.release(Q3, AFTERWARDS, OCCASION)
    withdraw(warehouse, *some_of(responses, Q3, 30), left=responses)
    assert warehouse.summary("needs_buying", Q3).counted == before - 30

    second = made.release(Q3, AFTERWARDS, replace(OCCASION, reason="A title was wrong."))
    assert [table.rows for table in folder.tables(second)] == [table.rows for table in folder.tables(first)]
    assert [table.responses for table in folder.tables(second)] == [table.responses for table in folder.tables(first)]


def test_a_year_is_the_sum_of_its_closed_quarters(
    warehouse: Warehouse, codebook: Codebook, folder: ReleaseFolder, responses: list[OpenedResponse]
) -> None:
    made = releasing(warehouse, codebook, folder)
    for quarter in YEAR.quarters:
        made.release(quarter, AFTERWARDS, OCCASION)
    withdraw(warehouse, *some_of(responses, Q2, 2), *some_of(responses, Q4, 1), left=responses)

    year = made.release(YEAR, AFTERWARDS, OCCASION)
    assert year.attack.least_width >= THRESHOLD
    needs = figures(folder.tables(year), "needs_by_age")
    in_quarters = [figures(folder.tables(folder.of_period(quarter)[0]), "needs") for quarter in YEAR.quarters]
    summed = [
        code
        for code, counts in needs.items()
        if counts[0] is not None and all(q[code][0] is not None for q in in_quarters)
    ]
    assert summed
    for code in summed:
        assert needs[code][0] == sum(q[code][0] for q in in_quarters)  # type: ignore[misc]


def test_a_year_by_region_is_made_of_closed_quarters(
    warehouse: Warehouse, codebook: Codebook, folder: ReleaseFolder
) -> None:
    by_region = NEEDS_BY_AGE.model_copy(update={"name": "needs_by_region", "columns": "region"})
    made = releasing(warehouse, codebook, folder, (NEEDS, by_region))
    for quarter in YEAR.quarters:
        made.release(quarter, AFTERWARDS, OCCASION)
    assert any(figures(folder.tables(made.release(YEAR, AFTERWARDS, OCCASION)), "needs_by_region").values())


def test_a_year_waits_for_its_quarters(warehouse: Warehouse, codebook: Codebook, folder: ReleaseFolder) -> None:
    made = releasing(warehouse, codebook, folder)
    made.release(Q1, AFTERWARDS, OCCASION)
    with pytest.raises(ReleaseError, match="2026Q2, 2026Q3, 2026Q4 is not released yet"):
        made.release(YEAR, AFTERWARDS, OCCASION)


@pytest.mark.parametrize("period", [Q4, YEAR])
def test_a_period_that_has_not_ended_is_not_released(
    warehouse: Warehouse, codebook: Codebook, folder: ReleaseFolder, period: Period
) -> None:
    made = releasing(warehouse, codebook, folder)
    with pytest.raises(ReleaseError, match="has not ended"):
        made.release(period, Q4.weeks[-1], OCCASION)
    assert folder.releases() == []
    assert not ClosedCounts(warehouse).is_closed(Q4)


def test_nothing_made_up_is_released_in_production(
    warehouse: Warehouse, codebook: Codebook, folder: ReleaseFolder
) -> None:
    with pytest.raises(ReleaseError, match="made-up"):
        releasing(warehouse, codebook, folder).release(Q3, AFTERWARDS, replace(OCCASION, production=True))
    assert folder.releases() == []


def test_what_was_withheld_stays_withheld(warehouse: Warehouse, codebook: Codebook, folder: ReleaseFolder) -> None:
    """A lower threshold does not open what a higher one had closed."""
    first = releasing(warehouse, codebook, folder, threshold=30).release(Q3, AFTERWARDS, OCCASION)
    alone = releasing(warehouse, codebook, ReleaseFolder(Path("/nonexistent"))).tables(Q3, AFTERWARDS)
    second = releasing(warehouse, codebook, folder).release(Q3, AFTERWARDS, replace(OCCASION, reason="Rules."))

    before, after = (figures(folder.tables(release), "needs") for release in (first, second))
    withheld = {code for code, counts in before.items() if counts[0] is None}
    assert {code for code in withheld if figures(alone, "needs")[code][0] is not None}
    assert {code for code, counts in after.items() if counts[0] is None} == withheld


def test_a_table_declared_later_is_made_of_later_quarters(
    warehouse: Warehouse, codebook: Codebook, folder: ReleaseFolder
) -> None:
    releasing(warehouse, codebook, folder).release(Q2, AFTERWARDS, OCCASION)
    more = releasing(warehouse, codebook, folder, (*DECLARED, AGE.model_copy(update={"rows": "harmful_use"})))
    with pytest.raises(TableError, match="2026Q2 was closed without counts of harmful_use"):
        more.release(Q2, AFTERWARDS, replace(OCCASION, reason="One more table."))
    assert more.release(Q3, AFTERWARDS, OCCASION).number == "2026Q3-1"


def test_a_table_of_closed_counts_can_be_added_and_is_safe_beside_the_others(
    warehouse: Warehouse, codebook: Codebook, folder: ReleaseFolder
) -> None:
    releasing(warehouse, codebook, folder).release(Q3, AFTERWARDS, OCCASION)
    # The year's table needed the age too, so it was put aside.
    more = releasing(warehouse, codebook, folder, (*DECLARED, AGE))
    second = more.release(Q3, AFTERWARDS, replace(OCCASION, reason="One more table."))
    assert "age" in {table.name for table in folder.tables(second)}
    outsider = Outsider(codebook)
    outsider.read(table for release in folder.releases() for table in folder.tables(release))
    assert outsider.attack(THRESHOLD).narrow == ()


def test_a_release_that_gives_something_away_is_refused(
    warehouse: Warehouse, codebook: Codebook, folder: ReleaseFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Outsider.attack

    def found_one(outsider: Outsider, width: int) -> Findings:
        findings = honest(outsider, width)
        cell = ("needs_buying", "2026Q3", "gender", "woman")
        return replace(findings, narrow=(NarrowCell(cell, outsider.interval(*cell[:2], (cell[2], cell[3]))),))

    monkeypatch.setattr(Outsider, "attack", found_one)
    with pytest.raises(ReleaseError, match=r"gender woman to between .* Nothing was released"):
        releasing(warehouse, codebook, folder).release(Q3, AFTERWARDS, OCCASION)
    assert folder.releases() == []
    assert not ClosedCounts(warehouse).is_closed(Q3), "what was not released is not closed"


# -- Looked at, and released --


def test_what_was_looked_at_is_what_is_released(
    warehouse: Warehouse, codebook: Codebook, folder: ReleaseFolder, responses: list[OpenedResponse]
) -> None:
    made = releasing(warehouse, codebook, folder)
    before = made.preview(Q3, AFTERWARDS)
    withdraw(warehouse, *some_of(responses, Q3, 30), left=responses)
    with pytest.raises(PreviewOutdated, match="no longer those of the preview"):
        made.release(Q3, AFTERWARDS, replace(OCCASION, previewed=before.digest))
    assert folder.releases() == []
    assert not ClosedCounts(warehouse).is_closed(Q3)

    now = made.preview(Q3, AFTERWARDS)
    assert now.digest != before.digest
    release = made.release(Q3, AFTERWARDS, replace(OCCASION, previewed=now.digest, seen=""))
    assert folder.tables(release) == list(now.tables)
    # Closed, the counts give the same tables again.
    assert made.preview(Q3, AFTERWARDS).digest == now.digest


def test_nothing_is_released_over_what_somebody_else_released(
    warehouse: Warehouse, codebook: Codebook, folder: ReleaseFolder
) -> None:
    made = releasing(warehouse, codebook, folder)
    with folder.only_writer(), pytest.raises(ReleaseOvertaken):
        made.release(Q3, AFTERWARDS, OCCASION)
    made.release(Q3, AFTERWARDS, OCCASION)
    made.release(Q3, AFTERWARDS, replace(OCCASION, reason="A title.", seen="2026Q3-1"))
    with pytest.raises(ReleaseOvertaken, match="since you looked"):
        made.release(Q3, AFTERWARDS, replace(OCCASION, reason="A title.", seen="2026Q3-1"))
    assert len(folder.releases()) == 2


def test_responses_that_go_while_a_quarter_is_closed_stop_its_release(
    warehouse: Warehouse,
    codebook: Codebook,
    folder: ReleaseFolder,
    responses: list[OpenedResponse],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def closed_later(*arguments: Any) -> None:
        withdraw(warehouse, *some_of(responses, Q3, 3), left=responses)
        close_quarter(*arguments)

    monkeypatch.setattr("intake_store.statistics.releasing.close_quarter", closed_later)
    with pytest.raises(PreviewOutdated, match="came or went"):
        releasing(warehouse, codebook, folder).release(Q3, AFTERWARDS, OCCASION)
    assert folder.releases() == []


def test_a_releaser_is_told_why_figures_are_withheld_and_nobody_else_is(
    warehouse: Warehouse, codebook: Codebook, folder: ReleaseFolder, tmp_path: Path
) -> None:
    made = releasing(warehouse, codebook, folder)
    preview = made.preview(Q3, AFTERWARDS)
    told = {entry.table.name: entry.withheld for entry in preview.made}
    assert sum(entry.primary for entry in told.values()) > 0
    assert sum(entry.complementary for entry in told.values()) > 0
    for entry in preview.made:
        figures = list(figures_of(entry.table))
        assert entry.withheld.figures == len(figures)
        assert entry.withheld.withheld == figures.count(None)
    counts = ResponseCounts(ClosedCounts(warehouse), codebook.populations["needs_buying"], Q3)
    small = [code.code for code in codebook.variables["gender"].codes if counts.count(("gender", code.code)) < 10]
    assert told["gender"].primary == len(small)

    release = made.release(Q3, AFTERWARDS, OCCASION)
    held = [path.read_text() for path in (tmp_path / "releases").rglob("*.json")]
    assert len(held) == len(release.tables) + 1
    words = {field.name for field in fields(WithheldFigures)} - {"figures"}
    for content in map(json.loads, held):
        assert not words & set(_keys(content)), "which cells are small is what protection hides"
    # The files hold exactly what a released table has, which cannot hold more.
    tables = [json.loads(text) for text in held if "row_variable" in text]
    assert all(set(content) == set(ReleasedTable.model_fields) for content in tables)
    assert ReleasedTable.model_config["extra"] == "forbid"

    # In a revision, what only the first release withheld is told apart.
    higher = releasing(warehouse, codebook, folder, threshold=5).preview(Q3, AFTERWARDS)
    again = {entry.table.name: entry.withheld for entry in higher.made}
    assert again["gender"].primary == told["gender"].primary
    assert (again["gender"].complementary, again["gender"].earlier) == (0, told["gender"].complementary)
    assert again["gender"].withheld == told["gender"].withheld


def _keys(content: object) -> Iterator[str]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield key
            yield from _keys(value)
    elif isinstance(content, list):
        for value in content:
            yield from _keys(value)


def test_all_releases_can_be_attacked_as_they_lie_there(
    warehouse: Warehouse, codebook: Codebook, folder: ReleaseFolder
) -> None:
    assert attack_published(folder, codebook).findings.narrow == ()
    made = releasing(warehouse, codebook, folder)
    made.release(Q2, AFTERWARDS, OCCASION)
    release = made.release(Q3, AFTERWARDS, OCCASION)
    found = attack_published(folder, codebook)
    assert (found.releases, found.tables, found.width) == (2, 4, THRESHOLD)
    assert found.findings.withheld > release.attack.withheld
    assert found.findings.narrow == ()

    # Somebody published more than the rules allow, past this program.
    table = folder.tables(release)[1]
    assert any(row.counts == (None,) for row in table.rows)
    rows = [row.model_copy(update={"counts": (row.counts[0] or 7,)}) for row in table.rows]
    rows[-1] = rows[-1].model_copy(update={"counts": (None,)})
    careless = table.model_copy(update={"rows": tuple(rows), "period": "2026Q4"})
    draft = ReleaseDraft(
        period="2026Q4",
        released_on=OCCASION.released_on,
        program="test",
        codebook_version="1",
        threshold=THRESHOLD,
        attack=release.attack,
    )
    folder.add(draft, [careless])
    assert attack_published(folder, codebook).findings.narrow


# -- Closing --


def test_closed_counts_are_those_of_the_day(
    warehouse: Warehouse, codebook: Codebook, responses: list[OpenedResponse]
) -> None:
    before = warehouse.tally("needs_buying", Q3, ["age_band", "needs"])
    usage = UsageCount(IsoWeek(2026, 30), Occurrence(UsageEvent.CONVERSATION_STARTED, "web", "sv"), 40)
    warehouse.replace_usage([usage])
    close_quarter(warehouse, codebook, DECLARED, Q3)
    withdraw(warehouse, *some_of(responses, Q3, 5), left=responses)
    warehouse.replace_usage([replace(usage, count=99)])

    closed = ClosedCounts(warehouse)
    assert closed.tally("needs_buying", Q3, ["age_band", "needs"]) == before
    assert closed.tally("needs_buying", Q3, ["age_band", "needs"]) != warehouse.tally(
        "needs_buying", Q3, ["age_band", "needs"]
    )
    assert closed.usage_tally(Q3, ["event", "language"]) == {("conversation_started", "sv"): 40}
    # Another quarter is still open, and the year is both together.
    assert closed.tally("needs_buying", Q2, ["gender"]) == warehouse.tally("needs_buying", Q2, ["gender"])
    of_year, now = closed.summary("needs_buying", YEAR), warehouse.summary("needs_buying", YEAR)
    assert (of_year.counted - now.counted, of_year.flagged) == (5, now.flagged)


def test_closing_twice_changes_nothing(
    warehouse: Warehouse, codebook: Codebook, responses: list[OpenedResponse]
) -> None:
    close_quarter(warehouse, codebook, DECLARED, Q3)
    before = ClosedCounts(warehouse).tally("needs_buying", Q3, ["gender"])
    withdraw(warehouse, *some_of(responses, Q3, 5), left=responses)
    close_quarter(warehouse, codebook, DECLARED, Q3)
    assert ClosedCounts(warehouse).tally("needs_buying", Q3, ["gender"]) == before


def test_a_quarter_without_anybody_can_be_closed(
    tmp_path: Path, codebooks: dict[str, Codebook], codebook: Codebook
) -> None:
    with Warehouse(tmp_path / "empty", codebooks, WarehouseKey.generate()) as empty:
        close_quarter(empty, codebook, DECLARED, Q1)
        closed = ClosedCounts(empty)
        assert closed.is_closed(Q1)
        assert closed.tally("needs_buying", Q1, ["harmful_use"]) == {}
        release = releasing(empty, codebook, ReleaseFolder(tmp_path / "releases")).release(Q1, AFTERWARDS, OCCASION)
        assert (release.attack.withheld, release.synthetic) == (0, False)
