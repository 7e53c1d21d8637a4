from __future__ import annotations

from collections.abc import Collection, Hashable
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake_store.disclosure import complementary
from intake_store.disclosure.attack import Attack, AttackReport
from intake_store.disclosure.deviations import Deviations
from intake_store.disclosure.suppression import CellSystem, InformationLoss, SuppressionError, information_loss

WIDTH = 10

Key = TypeVar("Key", bound=Hashable)


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


# -- The attacker -----------------------------------------------------------------------------------------------------


def attacked(system: CellSystem[Key], withheld: Collection[Key]) -> AttackReport[Key]:
    """Attack all that is withheld or hidden and small."""
    attack: Attack[Key] = Attack(ceiling=100_000)
    for key, cell in system.cells.items():
        if cell.published and key not in withheld:
            attack.know(key, cell.value)
        else:
            attack.bound(key)
    for relation in system.relations:
        attack.relate(relation)
    hidden = [key for key, cell in system.cells.items() if cell.sensitive and not cell.published]
    return attack.narrowest([*withheld, *hidden], WIDTH)


def linked_tables(responses: int, codes: int, columns: int, seed: int) -> CellSystem[tuple[object, ...]]:
    """Two tables with a column variable in common: one of single answers and one of multiple ones."""
    random = np.random.default_rng(seed)
    column = random.choice(columns, responses, p=_skewed(columns))
    single = random.choice(codes, responses, p=_skewed(codes))
    named = random.random((responses, codes)) < np.minimum(0.9, 2 * _skewed(codes))
    named[named.sum(axis=1) == 0, 0] = True
    system: CellSystem[tuple[object, ...]] = CellSystem()

    def publish(key: tuple[object, ...], chosen: np.ndarray) -> tuple[object, ...]:
        count = int(chosen.sum())
        system.publish(key, count, information_loss(count), count < WIDTH)
        return key

    everybody = np.ones(responses, bool)
    places = [("all", everybody), *((f"column {c}", column == c) for c in range(columns))]
    for place, inside in places:
        base = publish((place,), inside)
        cells = [publish((place, "single", code), inside & (single == code)) for code in range(codes)]
        system.relate({base: 1} | dict.fromkeys(cells, -1))
        for code in range(codes):
            key = publish((place, "multiple", code), inside & named[:, code])
            rest = int((inside & ~named[:, code]).sum())
            system.hide((place, "not", code), rest, rest < WIDTH)
            system.relate({base: 1, key: -1, (place, "not", code): -1})
    kinds = [(kind, code) for kind in ("single", "multiple") for code in range(codes)]
    margins: list[tuple[object, ...]] = [(), *kinds]
    for margin in margins:
        parts: dict[tuple[object, ...], int] = {(place, *margin): -1 for place, _ in places[1:]}
        system.relate({("all", *margin): 1} | parts)
    return system


def _skewed(number: int) -> np.ndarray:
    shares = 1 / np.arange(1, number + 1)
    skewed: np.ndarray = shares / shares.sum()
    return skewed


@pytest.mark.parametrize(("responses", "seed"), [(80, 1), (400, 2), (1500, 3)])
def test_nothing_can_be_worked_out_from_linked_tables(responses: int, seed: int) -> None:
    system = linked_tables(responses, codes=9, columns=7, seed=seed)
    withheld = system.suppress(WIDTH)
    report = attacked(system, withheld)
    assert report.cells > 20
    assert report.narrow == ()
    assert report.least_width >= WIDTH
    # The same pattern with one complementary cell published again is not safe: nothing is withheld in vain.
    complementary_cells = [key for key in withheld if not system.cells[key].sensitive]
    assert complementary_cells
    assert all(attacked(system, withheld - {key}).narrow for key in complementary_cells[:3])


def test_the_attack_finds_what_primary_suppression_alone_gives_away() -> None:
    system = linked_tables(400, codes=9, columns=7, seed=2)
    primary = {key for key, cell in system.cells.items() if cell.published and cell.sensitive}
    assert attacked(system, primary).narrow != ()


def test_a_large_system_is_protected_without_the_exact_search() -> None:
    system = linked_tables(4000, codes=20, columns=22, seed=4)
    assert sum(cell.published and not cell.sensitive for cell in system.cells.values()) > complementary.EXACT_CELLS
    withheld = system.suppress(WIDTH)
    assert attacked(system, withheld).narrow == ()


def test_the_answer_is_the_same_every_time() -> None:
    assert (
        linked_tables(500, codes=9, columns=7, seed=5).suppress(WIDTH)
        == linked_tables(500, codes=9, columns=7, seed=5).suppress(WIDTH)
        != frozenset()
    )


def test_the_exact_pattern_never_costs_more_than_the_heuristic_one(monkeypatch: pytest.MonkeyPatch) -> None:
    better = 0
    for seed in range(6):
        costs = []
        for cells in (complementary.EXACT_CELLS, 0):
            monkeypatch.setattr(complementary, "EXACT_CELLS", cells)
            system = linked_tables(300, codes=5, columns=4, seed=seed)
            withheld = system.suppress(WIDTH)
            assert attacked(system, withheld).narrow == ()
            costs.append(system.loss(withheld).weight)
            monkeypatch.undo()
        assert costs[0] <= costs[1] + 1e-6
        better += costs[0] < costs[1] - 1e-6
    assert better


def test_the_exact_pattern_is_the_best_of_all_there_are() -> None:
    # Every subset of the cells of a small table, tried out with the attacker.
    counts = [[3, 14, 25], [12, 31, 17]]
    for seed in range(3):
        weights = np.random.default_rng(seed).uniform(1, 5, 11)
        system: CellSystem[str] = CellSystem()
        keys = [f"{r}{c}" for r in range(2) for c in range(3)]
        for place, key in enumerate(keys):
            count = counts[int(key[0])][int(key[1])]
            system.publish(key, count, float(weights[place]), count < WIDTH)
        for r in range(2):
            system.publish(f"{r}t", sum(counts[r]), float(weights[6 + r]), False)
            system.relate({f"{r}t": 1} | {f"{r}{c}": -1 for c in range(3)})
        for c in range(3):
            system.publish(f"t{c}", counts[0][c] + counts[1][c], float(weights[8 + c]), False)
            system.relate({f"t{c}": 1, f"0{c}": -1, f"1{c}": -1})
        names = list(system.cells)
        best = np.inf
        for number in range(1 << len(names)):
            tried = frozenset(name for place, name in enumerate(names) if number >> place & 1)
            cost = system.loss(tried).weight
            if "00" in tried and len(tried) <= 6 and cost < best and not attacked(system, tried).narrow:
                best = cost
        assert system.loss(system.suppress(WIDTH)).weight == pytest.approx(best)


# -- What is known already --------------------------------------------------------------------------------------------


def test_a_known_count_is_not_withheld_and_others_protect_what_it_gives_away() -> None:
    system = one_way([4, 40, 12, 30])
    system.know("c2", 12)
    assert system.suppress(WIDTH) == {"c0", "c3"}
    assert system.cells["c2"].known


def test_a_known_count_stays_known_when_a_table_publishes_it() -> None:
    system: CellSystem[str] = CellSystem()
    system.know("c0", 4)
    system.publish("c0", 4, 1.0, True)
    system.publish("c1", 20, 1.0, False)
    assert system.suppress(WIDTH) == frozenset()
    with pytest.raises(SuppressionError, match="two counts"):
        system.know("c1", 21)


def test_a_small_count_that_known_ones_give_away_cannot_be_protected() -> None:
    # The earlier release had 40, now one response has been withdrawn: the difference of one cannot be taken back.
    system: CellSystem[str] = CellSystem()
    system.know("before", 40)
    system.know("now", 39)
    system.hide("withdrawn", 1, True)
    system.relate({"before": 1, "now": -1, "withdrawn": -1})
    with pytest.raises(SuppressionError, match="cannot be protected"):
        system.suppress(WIDTH)


def test_a_count_that_changed_since_an_earlier_release_is_withheld() -> None:
    system: CellSystem[str] = CellSystem()
    system.know("before", 40)
    system.publish("now", 39, 1.0, False)
    system.hide("withdrawn", 1, True)
    system.relate({"before": 1, "now": -1, "withdrawn": -1})
    assert system.suppress(WIDTH) == {"now"}


def test_systems_without_a_relation_in_common_do_not_touch_each_other() -> None:
    system = one_way([4, 40, 12, 30])
    system.publish("apart", 3, 1.0, True)
    for key in ("x", "y"):
        system.publish(key, 50, 1.0, False)
    system.relate({"x": 1, "y": -1})
    assert system.suppress(WIDTH) == {"c0", "c2", "apart"}


def test_the_loss_tells_primary_from_complementary() -> None:
    system = one_way([4, 40, 12, 30])
    withheld = system.suppress(WIDTH)
    weight = information_loss(4) + information_loss(12)
    assert system.loss(withheld) == InformationLoss(cells=5, primary=1, complementary=1, weight=weight)
    assert system.loss(withheld, ["c0", "c1"]) == InformationLoss(2, 1, 0, information_loss(4))


def test_a_pattern_without_proof_is_not_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    # A solver that went wrong, and told of deviations that are none.
    honest = Deviations.furthest

    def furthest(self: Deviations, cells: np.ndarray, direction: float) -> np.ndarray:
        deviation = honest(self, cells, direction)
        deviation[cells] += 20.0 * direction
        return deviation

    monkeypatch.setattr(Deviations, "furthest", furthest)
    with pytest.raises(SuppressionError, match="nothing may be published"):
        one_way([4, 40, 12, 30]).suppress(WIDTH)
