from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_store.disclosure.rounding import (
    RoundingError,
    conventional_bounds,
    random_bounds,
    round_controlled,
    round_conventionally,
    round_randomly,
)

BASES = st.integers(2, 12)


@given(st.integers(0, 500), BASES)
def test_conventional_rounding_is_to_the_nearest_multiple(count: int, base: int) -> None:
    rounded = round_conventionally(count, base)
    assert rounded % base == 0
    assert abs(rounded - count) * 2 <= base
    lowest, highest = conventional_bounds(rounded, base)
    assert [c for c in range(count + 3 * base) if round_conventionally(c, base) == rounded] == list(
        range(lowest, highest + 1)
    )


@given(st.integers(0, 500), BASES, st.integers(0, 2**40))
def test_random_rounding_stays_within_its_bounds(count: int, base: int, key: int) -> None:
    rounded = round_randomly(count, base, key)
    assert rounded % base == 0
    lowest, highest = random_bounds(rounded, base)
    assert lowest <= count <= highest
    assert rounded == round_randomly(count, base, key)
    if count % base == 0:
        assert rounded == count


def test_random_rounding_is_right_on_average() -> None:
    keys = np.random.default_rng(5).integers(0, 1 << 32, 20_000).tolist()
    for count in (1, 13, 24):
        mean = np.mean([round_randomly(count, 5, key) for key in keys])
        assert mean == pytest.approx(count, abs=0.1)


def table(counts: list[list[int]]) -> tuple[dict[str, int], list[dict[str, int]]]:
    cells = {f"{r}{c}": count for r, row in enumerate(counts) for c, count in enumerate(row)}
    relations: list[dict[str, int]] = []
    for r, row in enumerate(counts):
        cells[f"{r}t"] = sum(row)
        relations.append({f"{r}t": 1} | {f"{r}{c}": -1 for c in range(len(row))})
    for c in [*range(len(counts[0])), "t"]:
        cells[f"t{c}"] = sum(cells[f"{r}{c}"] for r in range(len(counts)))
        relations.append({f"t{c}": 1} | {f"{r}{c}": -1 for r in range(len(counts))})
    return cells, relations


@pytest.mark.parametrize("seed", range(5))
def test_controlled_rounding_keeps_the_sums_of_a_table_of_two_ways(seed: int) -> None:
    random = np.random.default_rng(seed)
    cells, relations = table(random.integers(0, 60, (6, 4)).tolist())
    preferred = {key: round_randomly(count, 5, int(random.integers(0, 1 << 32))) for key, count in cells.items()}
    rounded = round_controlled(cells, preferred, relations, 5)
    for relation in relations:
        assert sum(rounded[key] * factor for key, factor in relation.items()) == 0
    for key, count in cells.items():
        assert abs(rounded[key] - count) < 5
        assert rounded[key] % 5 == 0
    assert rounded == round_controlled(cells, preferred, relations, 5)
    assert sum(rounded[key] == preferred[key] for key in cells) > len(cells) / 2


def test_a_table_that_cannot_be_rounded_is_refused() -> None:
    # Twice 3 is 6: rounded to 5, the half is 0 or 5 and the whole 5 or 10, so only 5 and 10 go together.
    halves = {"half": 3, "whole": 6}
    doubled = [{"whole": 1, "half": -2}]
    assert round_controlled(halves, {"half": 5, "whole": 5}, doubled, 5) == {"half": 5, "whole": 10}
    with pytest.raises(RoundingError, match="still adds up"):
        round_controlled(halves, halves, [*doubled, {"whole": 1, "half": -1}], 5)
    with pytest.raises(RoundingError, match="at least 2"):
        round_conventionally(3, 1)
    with pytest.raises(RoundingError, match="below nought"):
        round_randomly(-3, 5, 0)
