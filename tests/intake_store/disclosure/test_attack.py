from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from intake_store.disclosure.attack import Attack, AttackError, Interval
from intake_store.disclosure.perturbation import PerturbationTable
from intake_store.disclosure.rounding import conventional_bounds, round_conventionally


def table_of_two_ways(counts: list[list[int]], withheld: set[str]) -> Attack[str]:
    """Cells `rc`, row totals `rt`, column totals `tc`; what is not withheld is published."""
    attack: Attack[str] = Attack(ceiling=10_000)
    cells = {f"{r}{c}": count for r, row in enumerate(counts) for c, count in enumerate(row)}
    for r, row in enumerate(counts):
        cells[f"{r}t"] = sum(row)
        attack.relate({f"{r}t": 1} | {f"{r}{c}": -1 for c in range(len(row))})
    for c in range(len(counts[0])):
        cells[f"t{c}"] = sum(row[c] for row in counts)
        attack.relate({f"t{c}": 1} | {f"{r}{c}": -1 for r in range(len(counts))})
    for key, count in cells.items():
        if key not in withheld:
            attack.know(key, count)
    return attack


def test_a_withheld_cell_alone_in_its_row_is_found() -> None:
    attack = table_of_two_ways([[3, 20], [25, 40]], {"00"})
    assert attack.interval("00") == Interval(3, 3)


def test_a_rectangle_of_withheld_cells_leaves_an_interval() -> None:
    attack = table_of_two_ways([[3, 20], [25, 40]], {"00", "01", "10", "11"})
    assert attack.interval("00") == Interval(0, 23)
    assert attack.interval("11") == Interval(37, 60)


def test_what_nothing_bounds_is_open_above() -> None:
    attack: Attack[str] = Attack()
    attack.bound("lonely")
    attack.relate({"big": 1, "small": -1}, lowest=0, highest=math.inf)
    attack.know("small", 4)
    assert attack.interval("lonely") == Interval(0, math.inf)
    assert attack.interval("big") == Interval(4, math.inf)
    assert attack.narrowest(["lonely", "big"], 10).narrow == ()


@pytest.mark.parametrize("whole", [900_000, 2_500_000, 40_000_000])
def test_great_counts_are_as_good_as_small_ones(whole: int) -> None:
    attack: Attack[str] = Attack()
    attack.relate({"all": 1, "shown": -1, "first": -1, "second": -1})
    attack.know("all", whole)
    attack.know("shown", whole - 30)
    attack.bound("first")
    attack.bound("second", 5)
    attack.bound("lonely")
    assert attack.interval("first") == Interval(0, 25)
    assert attack.interval("second") == Interval(5, 30)
    assert attack.interval("lonely") == Interval(0, math.inf)


def test_counts_are_whole() -> None:
    # Three equal counts that sum to at most eleven: none is above 3, which no fraction shows.
    attack: Attack[str] = Attack()
    attack.relate({"a": 3, "room": 1})
    with pytest.raises(AttackError, match=r"contradict|add up"):
        attack.bound("room", -1, -1)
    attack = Attack()
    attack.know("eleven", 11)
    attack.relate({"a": 3, "room": 1, "eleven": -1})
    assert attack.interval("a") == Interval(0, 3)


def test_whole_numbers_at_once_can_be_narrower_than_the_linear_programme_says() -> None:
    # 2a + 2b + c = 9 with c at most 1: c must be 1, though half responses would allow nought.
    attack: Attack[str] = Attack()
    attack.know("nine", 9)
    attack.bound("c", 0, 1)
    attack.relate({"a": 2, "b": 2, "c": 1, "nine": -1})
    assert attack.interval("c") == Interval(0, 1)
    assert attack.interval("c", whole=True) == Interval(1, 1)
    assert attack.interval("a") == Interval(0, 4)


@pytest.mark.parametrize("seed", range(4))
def test_intervals_are_those_of_all_tables_that_can_be(seed: int) -> None:
    """Every table of two by three that agrees with what is published, counted out one by one."""
    random = np.random.default_rng(seed)
    counts = random.integers(0, 4, (2, 3)).tolist()
    withheld = {"00", "01", "10", "11", "12"} | ({"0t"} if seed % 2 else set())
    attack = table_of_two_ways(counts, withheld)
    attack.know("all", sum(map(sum, counts)))
    attack.relate({"all": 1, "0t": -1, "1t": -1})
    possible: dict[str, set[int]] = {}
    columns = [counts[0][c] + counts[1][c] for c in range(3)]
    for first in itertools.product(*(range(total + 1) for total in columns)):
        tried = [list(first), [total - count for total, count in zip(columns, first, strict=True)]]
        cells = {f"{r}{c}": tried[r][c] for r in range(2) for c in range(3)}
        same_rows = all(f"{r}t" in withheld or sum(tried[r]) == sum(counts[r]) for r in range(2))
        same_cells = all(key in withheld or count == counts[int(key[0])][int(key[1])] for key, count in cells.items())
        if same_rows and same_cells:
            for key, count in cells.items():
                possible.setdefault(key, set()).add(count)
    for key in withheld - {"0t"}:
        assert attack.interval(key) == Interval(min(possible[key]), max(possible[key])), key


def test_the_report_is_exact_about_the_narrowest_and_complete_about_the_narrow() -> None:
    random = np.random.default_rng(11)
    counts = random.integers(0, 30, (8, 6)).tolist()
    withheld = {f"{r}{c}" for r in range(8) for c in range(6) if counts[r][c] < 12}
    attack = table_of_two_ways(counts, withheld)
    asked = sorted(withheld)
    report = attack.narrowest(asked, 10)
    widths = {key: attack.interval(key).width for key in asked}
    assert report.cells == len(asked)
    assert report.least_width == min(widths.values())
    assert report.narrowest is not None
    assert widths[report.narrowest] == report.least_width
    assert set(report.narrow) == {key for key, width in widths.items() if width < 10}


def test_published_counts_that_contradict_each_other_are_named() -> None:
    attack = table_of_two_ways([[3, 20], [25, 40]], set())
    with pytest.raises(AttackError, match="contradicts itself"):
        attack.know("00", 4)
    attack = table_of_two_ways([[3, 20], [25, 40]], set())
    attack.know("wrong", 1)
    attack.relate({"wrong": 1, "00": -1})
    with pytest.raises(AttackError, match="add up"):
        attack.interval("00")
    attack = Attack()
    attack.bound("a", 0, 3)
    attack.bound("b", 0, 3)
    attack.know("c", 9)
    attack.relate({"c": 1, "a": -1, "b": -1})
    with pytest.raises(AttackError, match="Infeasible"):
        attack.interval("a")


def test_rounded_and_perturbed_tables_are_attacked_by_their_bounds() -> None:
    counts = [[13, 20], [25, 41]]
    rounded = table_of_two_ways(counts, {f"{r}{c}" for r in "01t" for c in "01t"})
    perturbed = table_of_two_ways(counts, {f"{r}{c}" for r in "01t" for c in "01t"})
    noise = PerturbationTable.make(2, 1.05, 2)
    for r, row in enumerate(counts):
        for c, count in enumerate(row):
            rounded.bound(f"{r}{c}", *conventional_bounds(round_conventionally(count, 5), 5))
            perturbed.bound(f"{r}{c}", *noise.bounds(noise.perturbed(count, 12345 * count)))
        rounded.bound(f"{r}t", *conventional_bounds(round_conventionally(sum(row), 5), 5))
    assert rounded.interval("00") == Interval(13, 17)
    # The rounded total of the first row, 35, cuts a corner off: 13 and 22 at most, or 17 and 20.
    assert rounded.interval("0t") == Interval(33, 37)
    assert perturbed.interval("00").width == 4
    lowest, highest = noise.bounds(noise.perturbed(13, 12345 * 13))
    assert lowest <= 13 <= highest
