from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chisquare  # type: ignore[import-untyped]

from intake_store.disclosure.perturbation import PerturbationError, PerturbationTable

PARAMETERS = [(2, 1.05, 2), (5, 3.0, 3), (5, 4.0, 3), (5, 4.9, 1), (6, 4.0, 3)]


@pytest.fixture(scope="module")
def table() -> PerturbationTable:
    return PerturbationTable.make(5, 3.0, 3)


@pytest.mark.parametrize(("deviation", "variance", "smallest"), PARAMETERS)
def test_every_row_keeps_its_constraints(deviation: int, variance: float, smallest: int) -> None:
    table = PerturbationTable.make(deviation, variance, smallest)
    assert table.noise(0).deviations == (0,)
    for count in range(1, 3 * deviation + smallest):
        noise = table.noise(count)
        shifts, chances = np.array(noise.deviations), np.array(noise.probabilities)
        assert chances.sum() == pytest.approx(1, abs=1e-12)
        assert chances @ shifts == pytest.approx(0, abs=1e-8)
        assert chances @ shifts**2 == pytest.approx(variance, abs=1e-7)
        assert np.abs(shifts).max() <= deviation
        assert all(count + shift == 0 or count + shift >= smallest for shift in noise.deviations)
        assert (chances > 0).all()


def test_a_row_with_three_outcomes_is_the_only_solution_there_is() -> None:
    # A count of one that becomes 0, 2 or 3, with mean nought and variance 1.05: three equations, three unknowns.
    expected = np.linalg.solve([[1, 1, 1], [-1, 1, 2], [1, 1, 4]], [1, 0, 1.05])
    noise = PerturbationTable.make(2, 1.05, 2).noise(1)
    assert noise.deviations == (-1, 1, 2)
    assert noise.probabilities == pytest.approx(expected, abs=1e-9)


def test_a_row_has_the_greatest_entropy(table: PerturbationTable) -> None:
    noise = table.noise(50)
    chances = np.array(noise.probabilities)
    # Any other distribution with the same moments differs by a vector that all three constraints send to nought.
    shifts = np.array(noise.deviations, float)
    free = np.linalg.svd(np.vstack([np.ones_like(shifts), shifts, shifts**2]))[2][3:]
    entropy = -(chances * np.log(chances)).sum()
    for direction in free:
        for step in (-1e-3, 1e-3):
            other = chances + step * direction
            if (other > 0).all():
                assert -(other * np.log(other)).sum() < entropy


@pytest.mark.parametrize("parameters", [(5, 5.5, 1), (5, 1.5, 3), (1, 1.5, 1)])
def test_a_variance_that_no_noise_can_have_is_refused(parameters: tuple[int, float, int]) -> None:
    with pytest.raises(PerturbationError, match="can have a variance above"):
        PerturbationTable.make(*parameters)


def test_counts_below_nought_and_senseless_parameters_are_refused() -> None:
    with pytest.raises(PerturbationError, match="at least 1"):
        PerturbationTable.make(0, 1.0)
    with pytest.raises(PerturbationError, match="below nought"):
        PerturbationTable.make(2, 1.05, 2).perturbed(-1, 0)


@pytest.mark.parametrize("count", [1, 2, 4, 9, 200])
def test_keys_draw_from_the_distribution_of_the_row(count: int, table: PerturbationTable) -> None:
    noise = table.noise(count)
    keys = np.random.default_rng(7).integers(0, 1 << 32, (6_000, min(count, 9))).sum(axis=1)
    drawn = np.array([table.perturbed(count, int(key)) - count for key in keys])
    expected = np.array(noise.probabilities) * len(keys)
    seen = np.array([(drawn == shift).sum() for shift in noise.deviations])
    common = expected >= 5
    rest = [seen[~common].sum()], [expected[~common].sum()]
    if not common.all() and rest[1][0] >= 5:
        seen, expected = np.append(seen[common], rest[0]), np.append(expected[common], rest[1])
    else:
        seen, expected = seen[common], expected[common]
    assert chisquare(seen, expected * seen.sum() / expected.sum()).pvalue > 0.001


def test_the_same_cell_has_the_same_noise_in_every_table(table: PerturbationTable) -> None:
    keys = np.random.default_rng(1).integers(0, 1 << 32, 40, dtype=np.int64).tolist()
    one_order, another = sum(keys), sum(reversed(keys))
    assert table.perturbed(40, one_order) == table.perturbed(40, another % (1 << 32))


def test_the_difference_of_overlapping_cells_does_not_tell_about_the_response_between_them(
    table: PerturbationTable,
) -> None:
    """Counts that differ by one response: the published difference spreads over many values, and often is no 1."""
    random = np.random.default_rng(3)
    differences = []
    for _ in range(2000):
        keys = random.integers(0, 1 << 32, 31, dtype=np.int64)
        differences.append(table.perturbed(31, int(keys.sum())) - table.perturbed(30, int(keys[:-1].sum())))
    values, times = np.unique(differences, return_counts=True)
    assert times.max() < 0.2 * len(differences)
    assert np.mean(differences) == pytest.approx(1, abs=0.2)
    # The noise of the two cells is independent, so their variances add up.
    assert np.var(differences) == pytest.approx(2 * table.variance, rel=0.1)
    assert len(values) > 10


def test_bounds_hold_what_can_have_been_published_and_nothing_else(table: PerturbationTable) -> None:
    for published in [0, *range(3, 30)]:
        lowest, highest = table.bounds(published)
        possible = [count for count in range(60) if published - count in table.noise(count).deviations]
        assert (lowest, highest) == (min(possible), max(possible))
    with pytest.raises(PerturbationError, match="ever"):
        table.bounds(2)
    # The width is that of the threshold where the deviation leaves room on both sides, and smaller near nought.
    assert table.width(50) == 10
    assert (table.width(3), table.width(0)) == (7, 5)
