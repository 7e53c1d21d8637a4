"""Cell suppression: which counts to withhold so that the small ones cannot be worked out from the rest.

All tables of a population and period are one system of cells and linear relations between them, so a cell that
stands in two tables is withheld in both, and a total in one table cannot give away a cell of another. A small cell is
withheld itself (primary suppression); others follow (complementary suppression) until the *feasible interval* of every
withheld cell, which anyone can compute from what is published and the relations, is at least `width` wide.

With few cells the set that loses least is found exactly: a mixed-integer programme over the cells, to which a capacity
constraint is added for each interval that is still too narrow (M. Fischetti and J. J. Salazar, "Solving the cell
suppression problem on tabular data with linear constraints", Management Science 47(7), 2001). With many cells the
intervals are widened one after the other, each by the linear programme that costs least (the same authors' heuristic).
Both are deterministic: limits count cells and rounds, never seconds.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp  # type: ignore[import-untyped]
from scipy.sparse import coo_array, csr_array, hstack, vstack  # type: ignore[import-untyped]

from intake_store.submission.errors import IntakeStoreError

Key = TypeVar("Key", bound=Hashable)
Vector = NDArray[np.float64]

_EXACT_CELLS: Final = 60
_EXACT_ROUNDS: Final = 60
_TOLERANCE: Final = 1e-6


class SuppressionError(IntakeStoreError):
    """Cells and relations contradict each other, or no suppression protects them."""


@dataclass(frozen=True, slots=True)
class _Cell:
    value: int
    weight: float
    published: bool
    sensitive: bool


class CellSystem(Generic[Key]):
    """Cells with their true counts, and the linear relations that everybody knows to hold between them.

    A cell is named by what it counts. Published cells may be withheld, at the cost of their weight. Hidden cells are
    never published; they carry what a relation implies, such as the complement of a category.
    """

    def __init__(self) -> None:
        self._cells: dict[Key, _Cell] = {}
        self._relations: list[dict[Key, int]] = []

    def publish(self, key: Key, value: int, weight: float, sensitive: bool) -> None:
        """Add a cell that is to be published; the same cell may come from several tables.

        Raises `SuppressionError` if it is there with another count.
        """
        known = self._cells.get(key)
        if known is not None and known.value != value:
            raise SuppressionError(f"Cell {key} has two counts.")
        if known is None or not known.published:
            self._cells[key] = _Cell(value, weight, True, sensitive)

    def hide(self, key: Key, value: int, sensitive: bool) -> None:
        """Add a cell that no table publishes, unless it is there."""
        if value < 0:
            raise SuppressionError(f"Cell {key} has a negative count.")
        known = self._cells.setdefault(key, _Cell(value, 0.0, False, sensitive))
        if known.value != value:
            raise SuppressionError(f"Cell {key} has two counts.")

    def relate(self, coefficients: Mapping[Key, int]) -> None:
        """Add the relation that the cells, times their coefficients, sum to zero; raises `SuppressionError` if not."""
        if sum(self._cells[key].value * factor for key, factor in coefficients.items()) != 0:
            raise SuppressionError(f"The relation between {', '.join(map(str, coefficients))} does not hold.")
        if coefficients not in self._relations:
            self._relations.append(dict(coefficients))

    def value(self, key: Key) -> int:
        """Return the true count of a cell."""
        return self._cells[key].value

    def suppress(self, width: int) -> frozenset[Key]:
        """Return the published cells to withhold.

        Afterwards every withheld cell, and every hidden sensitive one, has a feasible interval at least `width` wide.
        Raises `SuppressionError` if that cannot be had even by withholding everything.
        """
        if not self._cells:
            return frozenset()
        keys = list(self._cells)
        chosen = _Problem(keys, self._cells, self._relations, width).solve()
        return frozenset(key for key, out in zip(keys, chosen, strict=True) if out and self._cells[key].published)


class _Reach:
    """How far down and up the deviations found so far take each cell."""

    def __init__(self, size: int) -> None:
        self._lowest, self._highest = np.zeros(size), np.zeros(size)

    @property
    def width(self) -> Vector:
        """The distance between the lowest and the highest count of each cell, as far as it is known."""
        return self._highest - self._lowest

    def add(self, deviation: Vector) -> None:
        """Take in a feasible deviation."""
        np.minimum(self._lowest, deviation, out=self._lowest)
        np.maximum(self._highest, deviation, out=self._highest)


class _Problem(Generic[Key]):
    """The system as matrices. A deviation is a vector that, added to the true counts, keeps every relation."""

    def __init__(
        self, keys: list[Key], cells: Mapping[Key, _Cell], relations: list[dict[Key, int]], width: int
    ) -> None:
        index = {key: position for position, key in enumerate(keys)}
        entries = [(row, index[key], factor) for row, rel in enumerate(relations) for key, factor in rel.items()]
        rows, columns, factors = zip(*entries, strict=True) if entries else ((), (), ())
        shape = (len(relations), len(keys))
        self._matrix = csr_array(coo_array((np.array(factors, float), (rows, columns)), shape=shape))
        self._width = width
        values = np.array([cells[key].value for key in keys], float)
        self._down = values
        # Nobody can be taken to know a smaller bound than all responses and some more.
        self._up = values.max() + 2.0 * width - values
        self._published = np.array([cells[key].published for key in keys])
        self._sensitive = np.array([cells[key].sensitive for key in keys])
        self._weight = np.array([cells[key].weight for key in keys])

    def solve(self) -> NDArray[np.bool_]:
        primary = self._sensitive | ~self._published
        chosen = self._heuristic(primary)
        if int((~primary).sum()) <= _EXACT_CELLS:
            exact = self._exact(primary)
            if exact is not None and self._loss(exact) < self._loss(chosen) - _TOLERANCE:
                chosen = exact
        return chosen

    def _loss(self, chosen: NDArray[np.bool_]) -> float:
        return float(self._weight[chosen].sum())

    def _guarded(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The cells whose interval has to be wide: the sensitive ones, and all that are withheld."""
        return self._sensitive | (self._published & chosen)

    # -- How wide the intervals are -----------------------------------------------------------------------------------

    def _short(self, reach: _Reach, chosen: NDArray[np.bool_]) -> NDArray[np.int_]:
        """Return the guarded cells that no deviation found so far takes far enough, the largest counts first."""
        short = np.flatnonzero(self._guarded(chosen) & (reach.width < self._width - _TOLERANCE))
        return short[np.argsort(-self._down[short], kind="stable")]

    def _extend(self, reach: _Reach, chosen: NDArray[np.bool_]) -> None:
        """Look for deviations that take many cells at once; each programme saves one for every cell."""
        short = self._short(reach, chosen)
        while short.size:
            for sign in (1.0, -1.0):
                reach.add(self._furthest(short, sign, chosen, self._width)[0])
            before, short = short.size, self._short(reach, chosen)
            if short.size == before:
                return

    def _is_narrow(self, cell: int, reach: _Reach, chosen: NDArray[np.bool_]) -> bool:
        """Tell whether a cell's interval is narrower than it has to be, by the programmes for this cell alone."""
        for sign in (1.0, -1.0):
            if reach.width[cell] < self._width - _TOLERANCE:
                reach.add(self._furthest(np.array([cell]), sign, chosen, math.inf)[0])
        return bool(reach.width[cell] < self._width - _TOLERANCE)

    # -- One interval after the other ---------------------------------------------------------------------------------

    def _heuristic(self, primary: NDArray[np.bool_]) -> NDArray[np.bool_]:
        chosen = primary.copy()
        # Cells are only ever added, so a deviation that was possible once stays possible.
        reach = _Reach(len(chosen))
        self._extend(reach, chosen)
        while (short := self._short(reach, chosen)).size:
            if self._is_narrow(int(short[0]), reach, chosen):
                for deviation in self._widen(int(short[0]), chosen):
                    chosen |= np.abs(deviation) > _TOLERANCE
                    reach.add(deviation)
                self._extend(reach, chosen)
        return chosen

    def _furthest(
        self, cells: NDArray[np.int_], sign: float, chosen: NDArray[np.bool_], limit: float
    ) -> tuple[Vector, Vector]:
        """Return the feasible deviation that takes cells furthest up (or down), and the prices of the relations.

        No cell goes further than `limit`, so that it leaves room for the others.
        """
        objective = np.zeros(len(self._down))
        objective[cells] = -sign
        down, up = np.minimum(self._down, limit), np.minimum(self._up, limit)
        bounds = np.column_stack((np.where(chosen, -down, 0.0), np.where(chosen, up, 0.0)))
        found = linprog(
            objective, A_eq=self._matrix, b_eq=np.zeros(self._matrix.shape[0]), bounds=bounds, method="highs"
        )
        if found.status != 0:
            raise SuppressionError(f"A feasible interval could not be computed: {found.message}")
        return np.asarray(found.x, float), np.asarray(found.eqlin.marginals, float)

    def _widen(self, cell: int, chosen: NDArray[np.bool_]) -> tuple[Vector, Vector]:
        """Return two deviations, `width` apart at a cell, that take the least weight of further cells with them."""
        size = len(self._down)
        cost = np.where(chosen, 0.0, self._weight)
        # Four parts: the first deviation up and down, the second up and down.
        relations = self._matrix
        nothing = csr_array(relations.shape)
        balance = vstack(
            [hstack([relations, -relations, nothing, nothing]), hstack([nothing, nothing, relations, -relations])]
        )
        apart = np.zeros(4 * size)
        apart[[cell, 3 * size + cell]] = -1.0
        apart[[size + cell, 2 * size + cell]] = 1.0
        found = linprog(
            np.tile(cost / self._width, 4),
            A_ub=apart[np.newaxis, :],
            b_ub=[-float(self._width)],
            A_eq=csr_array(balance),
            b_eq=np.zeros(2 * relations.shape[0]),
            bounds=np.column_stack((np.zeros(4 * size), np.concatenate([self._up, self._down] * 2))),
            method="highs",
        )
        if found.status != 0:
            raise SuppressionError("The tables cannot be protected, not even by withholding every cell.")
        parts = np.asarray(found.x, float).reshape(4, size)
        return parts[0] - parts[1], parts[2] - parts[3]

    # -- All at once --------------------------------------------------------------------------------------------------

    def _exact(self, primary: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
        """Return the set of least weight, or None if it was not found within the rounds allowed."""
        size = len(self._down)
        cuts: list[Vector] = []
        for _ in range(_EXACT_ROUNDS):
            constraints = [LinearConstraint(np.array(cuts), lb=0.0)] if cuts else []
            found = milp(
                self._weight,
                integrality=np.ones(size),
                bounds=Bounds(primary.astype(float), np.ones(size)),
                constraints=constraints,
            )
            if found.status != 0:
                return None
            chosen = np.asarray(found.x) > 0.5
            reach = _Reach(size)
            self._extend(reach, chosen)
            narrow = [cell for cell in map(int, self._short(reach, chosen)) if self._is_narrow(cell, reach, chosen)]
            new = [self._cut(cell, chosen) for cell in narrow]
            if not new:
                return chosen
            cuts.extend(new)
        return None

    def _cut(self, cell: int, chosen: NDArray[np.bool_]) -> Vector:
        """Return the capacity constraint that a set with too narrow an interval breaks and every safe set keeps.

        By duality the interval of the cell is never wider than the sum, over the withheld cells, of how far each may
        deviate times its price; so that sum has to reach the width whenever the cell is guarded.
        """
        capacity = np.zeros(len(self._down))
        for sign in (1.0, -1.0):
            prices = self._furthest(np.array([cell]), sign, chosen, math.inf)[1]
            reduced = self._matrix.T @ prices
            reduced[cell] += sign
            capacity += np.maximum(reduced, 0.0) * self._up + np.maximum(-reduced, 0.0) * self._down
        # A price above the width protects no better than the width itself; the cut is stronger without the excess.
        cut: Vector = np.minimum(capacity, float(self._width))
        cut[cell] = min(capacity[cell], self._width) - self._width
        return cut


def information_loss(value: int) -> float:
    """Return the weight of withholding a count: it grows with the count, slowly, so that small ones go first."""
    return 1.0 + math.log2(1 + value)
