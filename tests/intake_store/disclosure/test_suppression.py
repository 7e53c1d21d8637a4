from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake_store.disclosure.suppression import CellSystem, SuppressionError, information_loss

WIDTH = 10


def one_way(counts: list[int]) -> CellSystem[str]:
    """A total and the cells that add up to it; counts under the width are sensitive."""
    system: CellSystem[str] = CellSystem()
    system.publish("total", sum(counts), 40.0, sum(counts) < WIDTH)
    for index, count in enumerate(counts):
        system.publish(f"c{index}", count, information_loss(count), count < WIDTH)
    system.relate({"total": 1} | {f"c{index}": -1 for index in range(len(counts))})
    return system


def test_safe_counts_are_all_published() -> None:
    assert one_way([10, 25, 40]).suppress(WIDTH) == frozenset()


def test_a_small_count_takes_the_cheapest_other_with_it() -> None:
    assert one_way([4, 40, 12, 30]).suppress(WIDTH) == {"c0", "c2"}


def test_two_small_counts_that_add_up_to_less_than_the_width_need_a_third() -> None:
    # Two withheld cells are not enough when their sum, which follows from the total, is small itself.
    assert one_way([2, 3, 30, 40]).suppress(WIDTH) == {"c0", "c1", "c2"}


def test_two_small_counts_with_a_large_sum_protect_each_other() -> None:
    assert one_way([8, 9, 30, 40]).suppress(WIDTH) == {"c0", "c1"}


def test_zero_is_a_small_count() -> None:
    assert "c0" in one_way([0, 40, 50]).suppress(WIDTH)


def test_a_table_of_two_ways_is_protected_in_both() -> None:
    # The textbook case: one small inner cell needs a rectangle, not a pair.
    counts = [[3, 20, 30], [25, 40, 50], [60, 70, 80]]
    system: CellSystem[str] = CellSystem()
    for r, row in enumerate(counts):
        for c, count in enumerate(row):
            system.publish(f"{r}{c}", count, information_loss(count), count < WIDTH)
        system.publish(f"r{r}", sum(row), 40.0, False)
        system.relate({f"r{r}": 1} | {f"{r}{c}": -1 for c in range(3)})
    for c in range(3):
        system.publish(f"c{c}", sum(row[c] for row in counts), 40.0, False)
        system.relate({f"c{c}": 1} | {f"{r}{c}": -1 for r in range(3)})
    assert system.suppress(WIDTH) == {"00", "01", "10", "11"}


def test_a_hidden_small_count_is_guarded() -> None:
    # All but four of the base named the category: published together, the four would follow.
    system: CellSystem[str] = CellSystem()
    system.publish("base", 50, 40.0, False)
    system.publish("named", 46, information_loss(46), False)
    system.hide("not named", 4, True)
    system.relate({"base": 1, "named": -1, "not named": -1})
    assert system.suppress(WIDTH) == {"named"}


def test_a_relation_that_does_not_hold_is_refused() -> None:
    system = one_way([10, 20])
    with pytest.raises(SuppressionError, match="does not hold"):
        system.relate({"total": 1, "c0": -1})
    with pytest.raises(SuppressionError, match="two counts"):
        system.publish("c0", 11, 1.0, False)
    with pytest.raises(SuppressionError, match="negative"):
        system.hide("x", -1, True)


def test_a_system_without_cells_withholds_nothing() -> None:
    empty: CellSystem[str] = CellSystem()
    assert empty.suppress(WIDTH) == frozenset()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 60), min_size=2, max_size=6))
def test_what_is_withheld_of_a_total_is_never_less_than_the_width(counts: list[int]) -> None:
    withheld = one_way(counts).suppress(WIDTH)
    small = {f"c{index}" for index, count in enumerate(counts) if count < WIDTH}
    assert small <= withheld
    if small and "total" not in withheld:
        # With the total known, a withheld cell lies between nought and the sum of all that are withheld.
        cells = withheld - {"total"}
        assert len(cells) >= 2
        assert sum(counts[int(name[1:])] for name in cells) >= WIDTH
