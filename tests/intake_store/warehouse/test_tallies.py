"""What is counted: the same from every engine, and the same as counting by hand."""

from __future__ import annotations

import dataclasses
import itertools
import json
import subprocess
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from intake_store.codebook import Codebook
from intake_store.periods import Quarter
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.response import QualityFlag, Response
from intake_store.usage.events import Occurrence, UsageCount, UsageEvent
from intake_store.warehouse.storage import WarehouseError
from intake_store.warehouse.tallies import OWN_FIELDS, Tally
from intake_store.warehouse.warehouse import OpenedResponse, Warehouse
from intake_store.warehouse.warehouse_key import WarehouseKey

CODEBOOKS = Path(__file__).parents[3] / "flows" / "codebook"
AUTUMN, WINTER = Quarter.parse("2026Q3"), Quarter.parse("2026Q4")

ASKED = (
    (),
    ("needs",),
    ("age_band",),
    ("needs_met", "needs_unmet"),
    ("channel", "language", "quarter"),
    ("needs", "barriers", "age_band"),
    ("iso_week", "codebook_version", "gender"),
)


@dataclasses.dataclass(frozen=True)
class HalfYear:
    quarters: tuple[Quarter, ...] = (AUTUMN, WINTER)


PERIODS = (AUTUMN, WINTER, HalfYear())


def counted_by_hand(
    opened: list[OpenedResponse], population: str, period: Quarter | HalfYear, variables: tuple[str, ...]
) -> dict[tuple[str, ...], int]:
    """Count with nothing but the responses themselves."""
    quarters = period.quarters if isinstance(period, HalfYear) else (period,)
    counts: dict[tuple[str, ...], int] = {}
    for response in (entry.response for entry in opened):
        if response.population == population and not response.flags and Quarter.of(response.iso_week) in quarters:
            for cell in itertools.product(*(by_hand(response, name) for name in variables)):
                counts[cell] = counts.get(cell, 0) + 1
    return counts


def by_hand(response: Response, name: str) -> list[str]:
    if name == "quarter":
        return [str(Quarter.of(response.iso_week))]
    if name in OWN_FIELDS:
        return [str(getattr(response, name))]
    answer = response.answers.get(name)
    if answer is None:
        return ["not_asked"]
    return [*answer.codes, "answered"] if answer.codes else [answer.status.value]


def everything(warehouse: Warehouse) -> dict[object, Mapping[tuple[str, ...], Tally] | object]:
    found: dict[object, object] = {}
    for population, (number, period) in itertools.product(("needs_selling", "needs_buying"), enumerate(PERIODS)):
        found[population, number] = warehouse.summary(population, period)
        for variables in ASKED:
            found[population, number, variables] = warehouse.tally(population, period, variables)
    return found


def test_tallies_are_what_counting_by_hand_gives(open_warehouse, varied: list[OpenedResponse]) -> None:
    with open_warehouse() as warehouse:
        warehouse.add(varied)
        for population, period, variables in itertools.product(("needs_selling", "needs_buying"), PERIODS, ASKED):
            tallies = warehouse.tally(population, period, variables)
            expected = counted_by_hand(varied, population, period, variables)
            assert {cell: tally.count for cell, tally in tallies.items()} == expected
        [total] = warehouse.tally("needs_buying", HalfYear(), ()).values()
        keys = [
            warehouse.columns.record_key(entry.row_id)
            for entry in varied
            if entry.response.population == "needs_buying" and not entry.response.flags
        ]
        assert total == Tally(len(keys), sum(keys) % 2**32)


def test_a_summary_counts_each_flag(open_warehouse, varied: list[OpenedResponse]) -> None:
    with open_warehouse() as warehouse:
        warehouse.add(varied)
        summary = warehouse.summary("needs_selling", HalfYear())
        assert (summary.counted, summary.flagged, summary.synthetic) == (48, 12, True)
        assert summary.flags == {QualityFlag.TOO_FAST: 12, QualityFlag.SAME_CLIENT: 12}
        assert warehouse.summary("needs_selling", Quarter.parse("2020Q1")).counted == 0
        assert warehouse.tally("needs_selling", Quarter.parse("2020Q1"), ["needs"]) == {}


def test_segments_in_order_count_the_same(
    open_warehouse, varied: list[OpenedResponse], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intake_store.warehouse.segments.LOOSE_SEGMENTS", 2)
    with open_warehouse() as warehouse:
        warehouse.add(varied)
        expected = everything(warehouse)
        warehouse.mirror(np.array([], dtype="S16"))
        for start in range(0, len(varied), 24):
            warehouse.add(varied[start : start + 24])
            if start == 48:
                warehouse.settle()
        warehouse.settle()
        assert everything(warehouse) == expected


def test_postgresql_counts_the_same(open_warehouse, postgresql, varied: list[OpenedResponse]) -> None:
    location = postgresql.location(postgresql.create_database())
    with open_warehouse() as folder, open_warehouse(location) as database:
        for warehouse in (folder, database):
            warehouse.add(varied[:70])
            warehouse.add(varied[70:])
            warehouse.settle()
        assert everything(database) == everything(folder)


def test_spark_counts_the_same(open_warehouse, varied: list[OpenedResponse], tmp_path: Path) -> None:
    """The only test with Spark, since its Java takes half a minute to start."""
    pytest.importorskip("pyspark")
    secret = bytes(range(32))
    asked = [
        ("needs_selling", "2026Q4", ["needs", "barriers", "age_band"]),
        ("needs_buying", "2026Q3", ["needs_unmet", "quarter"]),
        ("needs_buying", "2026Q4", []),
    ]
    with open_warehouse(key=WarehouseKey(secret)) as warehouse:
        warehouse.add(varied)
        expected = [
            {
                "|".join(cell): [tally.count, tally.key_sum]
                for cell, tally in warehouse.tally(population, Quarter.parse(quarter), variables).items()
            }
            for population, quarter, variables in asked
        ]
    question = {
        "warehouse": str(tmp_path / "warehouse"),
        "key": secret.hex(),
        "codebooks": str(CODEBOOKS),
        "scratch": str(tmp_path),
        "tallies": asked,
    }
    program = [sys.executable, str(Path(__file__).with_name("spark_tallies.py"))]
    said = subprocess.run(program, input=json.dumps(question), capture_output=True, text=True, cwd=CODEBOOKS.parents[1])
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout) == expected
    assert all(expected)


def test_a_key_decides_the_record_keys(
    tmp_path: Path, codebooks: dict[str, Codebook], warehouse_key: WarehouseKey
) -> None:
    row_id = uuid.UUID(int=7)
    keys = []
    for number, key in enumerate((warehouse_key, warehouse_key, WarehouseKey.generate())):
        with Warehouse(tmp_path / str(number), codebooks, key) as warehouse:
            keys.append(warehouse.columns.record_key(row_id))
    assert keys[0] == keys[1] != keys[2]
    assert all(0 <= key < 2**32 for key in keys)


@pytest.mark.parametrize(
    "variables", [["shoe_size"], ["id"], ["needs", "needs"], ["needs", "age_band", "gender", "county"]]
)
def test_what_cannot_be_tallied_is_refused(open_warehouse, variables: list[str]) -> None:
    with open_warehouse() as warehouse, pytest.raises(WarehouseError):
        warehouse.tally("needs_selling", WINTER, variables)


def test_a_variable_that_comes_later_was_not_asked(open_warehouse, codebook, varied: list[OpenedResponse]) -> None:
    variables = {**codebook.variables, "later": dataclasses.replace(codebook.variables["gender"], name="later")}
    later = {"1": codebook, "2": dataclasses.replace(codebook, version="2", variables=variables)}
    with open_warehouse() as warehouse:
        warehouse.add(varied)
        [(_, all_of_them)] = warehouse.tally("needs_buying", WINTER, ()).items()
    with open_warehouse(codebooks=later) as warehouse:
        assert warehouse.tally("needs_buying", WINTER, ("later",)) == {("not_asked",): all_of_them}


def test_usage_counts_are_replaced_and_added_up(open_warehouse, postgresql) -> None:
    def row(week: int, channel: str, count: int) -> UsageCount:
        started = Occurrence(UsageEvent.CONVERSATION_STARTED, channel, "sv")
        return UsageCount(IsoWeek(2026, week), started, count)

    for location in (None, postgresql.location(postgresql.create_database())):
        with open_warehouse(location) as warehouse:
            assert warehouse.usage_tally(WINTER, ["channel"]) == {}
            warehouse.replace_usage([row(47, "sms", 100)])
            warehouse.replace_usage([row(46, "web", 2), row(47, "web", 3), row(47, "telegram", 4)])
            assert warehouse.usage_tally(WINTER, ["channel"]) == {("web",): 5, ("telegram",): 4}
            assert warehouse.usage_tally(WINTER, []) == {(): 9}
            assert warehouse.usage_tally(AUTUMN, ["channel"]) == {}
            with pytest.raises(WarehouseError, match="asked by"):
                warehouse.usage_tally(WINTER, ["person"])


def test_a_data_set_is_kept_as_it_was(open_warehouse, postgresql) -> None:
    figures = pa.table({"year": [2025, 2026], "cost": [1.5, None], "county": ["01", None]})
    for location in (None, postgresql.location(postgresql.create_database())):
        with open_warehouse(location) as warehouse:
            warehouse.put_dataset("service_figures", pa.table({"year": [1]}))
            warehouse.put_dataset("service_figures", figures)
            assert warehouse.dataset("nothing") is None
        with open_warehouse(location) as warehouse:
            assert warehouse.dataset("service_figures").to_pydict() == figures.to_pydict()
