"""Rounding to a base: conventional, random by the cell key, or controlled so that tables still add up."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Final, TypeVar

import highspy
import numpy as np

from intake_store.disclosure.deviations import silent_solver
from intake_store.submission.errors import IntakeStoreError

Key = TypeVar("Key", bound=Hashable)

_KEYS: Final = 1 << 32
_NODES: Final = 2000


class RoundingError(IntakeStoreError):
    """Counts cannot be rounded as asked."""


def round_conventionally(count: int, base: int) -> int:
    """Return the nearest multiple of the base; a count halfway between two goes up."""
    _check(count, base)
    return (2 * count + base) // (2 * base) * base


def conventional_bounds(rounded: int, base: int) -> tuple[int, int]:
    """Return the least and the greatest count that are conventionally rounded to this one."""
    return max(0, rounded - base // 2), rounded + (base + 1) // 2 - 1


def round_randomly(count: int, base: int, key_sum: int) -> int:
    """Return the multiple of the base below or above, the nearer one the more often, so that the mean stays the count.

    Which one follows from the sum of the 32-bit keys of the cell's records: the same cell comes out the same in every
    table. Multiples of the base, nought among them, stay.
    """
    _check(count, base)
    rest = count % base
    up = (key_sum % _KEYS) * base < rest * _KEYS
    return count - rest + (base if up else 0)


def random_bounds(rounded: int, base: int) -> tuple[int, int]:
    """Return the least and the greatest count that can be randomly, or in a controlled way, rounded to this one."""
    return max(0, rounded - base + 1), rounded + base - 1


def round_controlled(
    counts: Mapping[Key, int], preferred: Mapping[Key, int], relations: Iterable[Mapping[Key, int]], base: int
) -> dict[Key, int]:
    """Return multiples of the base, below or above each count, that keep every relation.

    Of all such roundings it is one that differs least from the `preferred` ones (say, each cell's own random
    rounding). Source of the idea: L. H. Cox, "A constructive procedure for unbiased controlled rounding", Journal of
    the American Statistical Association 82(398), 1987; two-way tables can always be rounded so, others not: then
    `RoundingError` is raised.
    """
    keys = list(counts)
    for count in counts.values():
        _check(count, base)
    index = {key: place for place, key in enumerate(keys)}
    floors = np.array([counts[key] // base for key in keys], float)
    roofs = np.array([-(-counts[key] // base) for key in keys], float)
    cost = np.array([1.0 if preferred[key] <= counts[key] // base * base else -1.0 for key in keys])
    solver = silent_solver()
    solver.setOptionValue("mip_max_nodes", _NODES)
    solver.setOptionValue("mip_rel_gap", 0.0)
    solver.addVars(len(keys), floors, roofs)
    places = np.arange(len(keys), dtype=np.int32)
    solver.changeColsCost(len(keys), places, cost)
    solver.changeColsIntegrality(len(keys), places, np.full(len(keys), highspy.HighsVarType.kInteger))
    for relation in relations:
        cells = np.array([index[key] for key in relation], np.int32)
        solver.addRow(0.0, 0.0, len(cells), cells, np.array(list(relation.values()), float))
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise RoundingError(
            f"The counts cannot be rounded to {base} so that the table still adds up;"
            " round each cell by itself, or withhold cells instead."
        )
    answer = solver.getSolution().col_value
    return {key: round(answer[place]) * base for place, key in enumerate(keys)}


def _check(count: int, base: int) -> None:
    if base < 2:
        raise RoundingError("The base of rounding must be at least 2.")
    if count < 0:
        raise RoundingError("A count below nought cannot be rounded.")
