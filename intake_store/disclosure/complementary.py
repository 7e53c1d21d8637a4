"""Complementary suppression: which further cells to withhold so that no guarded interval is narrow.

Small problems are solved exactly: a mixed-integer programme over the cells, to which a capacity constraint is added for
each interval that is still too narrow, first for fractional answers and then for whole ones (M. Fischetti and
J. J. Salazar, "Solving the cell suppression problem on tabular data with linear constraints", Management Science 47(7),
2001). Large ones go interval by interval, each widened by the deviation of least weight (the same authors' heuristic),
and afterwards every cell withheld for another's sake is published again, the heaviest first, if the intervals allow it.

Both are deterministic: limits count cells, rounds and nodes, never seconds. Neither is trusted: the pattern is returned
only together with deviations that prove each interval wide.
"""

from __future__ import annotations

from typing import Final

import highspy
import numpy as np
from scipy.optimize import linprog  # type: ignore[import-untyped]
from scipy.sparse import csc_array, csr_array, hstack, vstack  # type: ignore[import-untyped]

from intake_store.disclosure.deviations import (
    TOLERANCE,
    CheapestDeviations,
    Deviations,
    Mask,
    Places,
    SuppressionError,
    Vector,
    silent_solver,
)

EXACT_CELLS: Final = 250
"""Up to this many cells that may be withheld, the pattern of least weight is looked for."""

_EXACT_SIZE: Final = 1_000
"""With more cells than this in all, each interval takes too long for that."""

_EXACT_ROUNDS: Final = 40
_EXACT_NODES: Final = 500
_IDLE_PROGRAMMES: Final = 6
_PART: Final = 0.3
_GIVE_BACK_STEPS: Final = 120_000
"""Steps of the simplex method after which no more cells are tried for publication."""


class _Reach:
    """Feasible deviations found so far, and how far they take each cell.

    A deviation stays feasible when cells are added to the withheld ones; when a cell is published again, those that
    move it are set aside.
    """

    def __init__(self, size: int) -> None:
        self._rows = np.zeros((64, size))
        self._count = 1  # The first row stays nought: no deviation at all is always feasible.
        self._alive = np.zeros(64, bool)
        self._alive[0] = True
        self._lowest, self._highest = np.zeros(size), np.zeros(size)

    @property
    def width(self) -> Vector:
        """The distance between the lowest and the highest whole count of each cell, as far as it is known."""
        return self.highest - self.lowest

    @property
    def lowest(self) -> Vector:
        """How far down each cell can go by whole responses, as a negative number."""
        lowest: Vector = np.ceil(self._lowest - TOLERANCE)
        return lowest

    @property
    def highest(self) -> Vector:
        """How far up each cell can go by whole responses."""
        highest: Vector = np.floor(self._highest + TOLERANCE)
        return highest

    @property
    def deviations(self) -> Vector:
        """The deviations that are feasible now, one a row."""
        return self._rows[: self._count][self._alive[: self._count]]

    def add(self, deviation: Vector) -> None:
        """Take in a feasible deviation, unless it takes no cell further than the others do."""
        if not np.any((deviation < self._lowest - TOLERANCE) | (deviation > self._highest + TOLERANCE)):
            return
        if self._count == len(self._rows):
            self._rows = np.vstack([self._rows, np.zeros_like(self._rows)])
            self._alive = np.concatenate([self._alive, np.zeros_like(self._alive)])
        self._rows[self._count] = deviation
        self._alive[self._count] = True
        self._count += 1
        np.minimum(self._lowest, deviation, out=self._lowest)
        np.maximum(self._highest, deviation, out=self._highest)

    def shut(self, cells: list[int]) -> Places:
        """Set aside the deviations that move any of these cells; return which."""
        moved = np.flatnonzero(self._alive[: self._count] & (self._rows[: self._count, cells] != 0.0).any(axis=1))
        self._alive[moved] = False
        rows = self._rows[: self._count][self._alive[: self._count]]
        self._lowest, self._highest = rows.min(axis=0), rows.max(axis=0)
        return moved

    def revive(self, rows: Places) -> None:
        """Take back deviations that were set aside."""
        self._alive[rows] = True
        for row in rows:
            np.minimum(self._lowest, self._rows[row], out=self._lowest)
            np.maximum(self._highest, self._rows[row], out=self._highest)


class Problem:
    """One connected system of cells as arrays.

    `matrix` holds a row for each relation. `down` and `up` are how far each cell can deviate as far as everybody
    knows. `published` cells may be withheld at the cost of their `weight`; the others never are published. The
    intervals of the `sensitive` cells and of all withheld ones have to be `width` wide between whole counts.
    """

    def __init__(
        self, matrix: csr_array, down: Vector, up: Vector, published: Mask, sensitive: Mask, weight: Vector, width: int
    ) -> None:
        self._matrix = csc_array(matrix)
        self._down, self._up, self._width = down, up, width
        self._published, self._sensitive, self._weight = published, sensitive, weight
        self._primary = sensitive | ~published
        # Two models, so that neither has to forget its basis: one takes many cells a little, one takes one cell far.
        self._together = Deviations(self._matrix, down, up)
        self._alone = Deviations(self._matrix, down, up)
        self._cheapest = CheapestDeviations(self._matrix, down, up)
        self._random = np.random.default_rng(0)

    def solve(self) -> Mask:
        """Return the withheld and the hidden cells; raises `SuppressionError` if no pattern protects them."""
        chosen, reach = self._heuristic()
        free = int((~self._primary).sum())
        if free <= EXACT_CELLS and len(chosen) <= _EXACT_SIZE and np.any(chosen & ~self._primary):
            exact = self._exact(self._loss(chosen))
            if exact is not None and self._loss(exact[0]) < self._loss(chosen) - TOLERANCE:
                chosen, reach = exact
        self._prove(chosen, reach)
        return chosen

    def _loss(self, chosen: Mask) -> float:
        return float(self._weight[chosen].sum())

    def _guarded(self, chosen: Mask) -> Mask:
        guarded: Mask = self._sensitive | (self._published & chosen)
        return guarded

    # -- How wide the intervals are -----------------------------------------------------------------------------------

    def _short(self, reach: _Reach, chosen: Mask) -> Places:
        """Return the guarded cells that no deviation found so far takes far enough, the largest counts first."""
        short = np.flatnonzero(self._guarded(chosen) & (reach.width < self._width - TOLERANCE))
        return short[np.argsort(-self._down[short], kind="stable")]

    def _extend(self, reach: _Reach, chosen: Mask) -> Places:
        """Look for deviations that take many cells at once; each saves programmes for single cells.

        Returns the cells still short. Each programme lifts or lowers a part of them, drawn anew from a fixed seed:
        all together they would compete for the same total, and the same ones would win each time.
        """
        short = self._short(reach, chosen)
        # No guarded cell goes further than the width, so that it leaves room for the others.
        self._together.open(chosen, np.where(self._guarded(chosen), float(self._width), np.inf))
        idle = turn = 0
        while short.size > 1 and idle < _IDLE_PROGRAMMES:
            part = short[self._random.random(short.size) < max(_PART, 1.5 / short.size)]
            turn += 1
            if not part.size:
                continue
            # Small cells have more room above than below.
            reach.add(self._together.furthest(part, -1.0 if turn % 3 == 0 else 1.0))
            before, short = short.size, self._short(reach, chosen)
            idle = idle + 1 if short.size == before else 0
        return short

    def _is_narrow(self, cell: int, reach: _Reach, chosen: Mask) -> bool:
        """Tell whether a cell's interval is narrower than it has to be, by the programmes for this cell alone."""
        self._alone.open(chosen)
        for sign in (1.0, -1.0):
            if reach.width[cell] < self._width - TOLERANCE:
                reach.add(self._alone.furthest(np.array([cell]), sign))
        return bool(reach.width[cell] < self._width - TOLERANCE)

    def _prove(self, chosen: Mask, reach: _Reach) -> None:
        """Check by arithmetic alone that the deviations are feasible and take every guarded cell far enough."""
        found = reach.deviations
        slack = 100 * TOLERANCE
        wrong = (
            np.any(np.abs(self._matrix @ found.T) > slack)
            or np.any(np.abs(found[:, ~chosen]) > slack)
            or np.any(found < -self._down - slack)
            or np.any(found > self._up + slack)
        )
        width = np.floor(found.max(axis=0) + slack) - np.ceil(found.min(axis=0) - slack)
        if wrong or np.any(width[self._guarded(chosen)] < self._width - slack):
            raise SuppressionError("The pattern that was found does not protect every cell; nothing may be published.")

    # -- One interval after the other ---------------------------------------------------------------------------------

    def _heuristic(self) -> tuple[Mask, _Reach]:
        chosen = self._primary.copy()
        reach = _Reach(len(chosen))
        for_whom: dict[int, int] = {}
        short = self._extend(reach, chosen)
        checked = 0
        while short.size:
            cell = int(short[0])
            if self._is_narrow(cell, reach, chosen):
                before = chosen.copy()
                for deviation in self._widen(cell, reach, chosen):
                    chosen |= np.abs(deviation) > TOLERANCE
                    reach.add(deviation)
                for_whom |= dict.fromkeys(np.flatnonzero(chosen & ~before).tolist(), cell)
            checked += 1
            # Cells that have just been added are often wide together with many others.
            short = self._extend(reach, chosen) if checked % 16 == 0 else self._short(reach, chosen)
        self._give_back(chosen, reach, for_whom)
        return chosen, reach

    def _widen(self, cell: int, reach: _Reach, chosen: Mask) -> list[Vector]:
        """Return deviations that make a cell's interval wide and take the least weight of further cells with them."""
        prices = np.where(chosen, 0.0, self._weight / np.minimum(self._width, np.maximum(self._down, 1.0)))
        self._cheapest.charge(prices)
        moves = (reach.lowest[cell] + self._width, reach.highest[cell] - self._width)
        found = [deviation for amount in moves if (deviation := self._cheapest.move(cell, amount)) is not None]
        if not found:
            return self._widen_both_ways(cell, chosen)
        return [min(found, key=lambda deviation: self._loss(~chosen & (np.abs(deviation) > TOLERANCE)))]

    def _widen_both_ways(self, cell: int, chosen: Mask) -> list[Vector]:
        """Return two deviations, `width` apart at a cell, neither of which need be so long alone."""
        size = len(self._down)
        cost = np.where(chosen, 0.0, self._weight)
        # Four parts: the first deviation up and down, the second up and down.
        relations = csr_array(self._matrix)
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
        return [parts[0] - parts[1], parts[2] - parts[3]]

    def _give_back(self, chosen: Mask, reach: _Reach, for_whom: dict[int, int]) -> None:
        """Publish again what turned out to be withheld in vain, the heaviest first; changes `chosen`.

        What fails the test for the cell it was withheld for is needed. The rest is tried together, then by halves.
        """
        last = self._steps() + _GIVE_BACK_STEPS
        complementary = np.flatnonzero(chosen & ~self._primary).tolist()
        # All cells withheld for the same one in a row, so that each programme is nearly the last one.
        in_doubt = []
        for cell in sorted(complementary, key=lambda cell: (for_whom.get(cell, -1), cell)):
            if self._steps() > last - _GIVE_BACK_STEPS // 2:
                break
            if not self._is_needed(cell, chosen, for_whom.get(cell)):
                in_doubt.append(cell)
        trials = [sorted(in_doubt, key=lambda cell: (-self._weight[cell], cell))]
        while trials and self._steps() < last:
            cells = trials.pop()
            if not cells or self._publishable(cells, chosen, reach):
                continue
            if len(cells) > 1:
                middle = (len(cells) + 1) // 2
                trials += [cells[middle:], cells[:middle]]

    def _is_needed(self, cell: int, chosen: Mask, for_whom: int | None) -> bool:
        if for_whom is None or not self._guarded(chosen)[for_whom]:
            return False
        chosen[cell] = False
        needed = self._is_narrow(for_whom, _Reach(len(chosen)), chosen)
        chosen[cell] = True
        return needed

    def _publishable(self, cells: list[int], chosen: Mask, reach: _Reach) -> bool:
        """Publish cells if no guarded interval becomes narrow; tell whether that was so."""
        chosen[cells] = False
        set_aside = reach.shut(cells)
        if not any(self._is_narrow(cell, reach, chosen) for cell in self._extend(reach, chosen).tolist()):
            return True
        chosen[cells] = True
        reach.revive(set_aside)
        return False

    def _steps(self) -> int:
        return self._together.steps + self._alone.steps

    # -- All at once --------------------------------------------------------------------------------------------------

    def _exact(self, bound: float) -> tuple[Mask, _Reach] | None:
        """Return the pattern of least weight, or None if none is below `bound` or it was not found in time."""
        size = len(self._down)
        master = silent_solver()
        master.setOptionValue("mip_max_nodes", _EXACT_NODES)
        master.setOptionValue("mip_rel_gap", 0.0)
        master.addVars(size, self._primary.astype(float), np.ones(size))
        master.changeColsCost(size, np.arange(size, dtype=np.int32), self._weight)
        whole = False
        for _ in range(_EXACT_ROUNDS):
            master.run()
            if master.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                return None
            if master.getInfo().objective_function_value >= bound - TOLERANCE:
                return None
            share = np.clip(np.array(master.getSolution().col_value), 0.0, 1.0)
            chosen = share > 0.5
            if whole:
                reach = _Reach(size)
                cells = [c for c in self._extend(reach, chosen).tolist() if self._is_narrow(c, reach, chosen)]
                if not cells:
                    return chosen, reach
                share = chosen.astype(float)
            else:
                cells = np.flatnonzero(self._sensitive | (self._published & (share > TOLERANCE))).tolist()
            cuts = self._cuts(cells, share)
            if not cuts and whole:
                return None
            if not cuts:
                whole = True
                kinds = np.full(size, highspy.HighsVarType.kInteger)
                master.changeColsIntegrality(size, np.arange(size, dtype=np.int32), kinds)
            for cut in cuts:
                places = np.flatnonzero(cut).astype(np.int32)
                master.addRow(0.0, highspy.kHighsInf, places.size, places, cut[places])
        return None

    def _cuts(self, cells: list[int], share: Vector) -> list[Vector]:
        """Return the capacity constraints that a pattern breaks, which may be fractional.

        A cell withheld by half deviates half as far, and is guarded by half.
        """
        self._alone.open_by(share)
        cuts: list[Vector] = []
        lowest, highest = np.zeros(len(share)), np.zeros(len(share))
        for cell in cells:
            # What the programmes of other cells have shown to be wide enough breaks nothing.
            if highest[cell] - lowest[cell] >= self._width * share[cell] - TOLERANCE:
                continue
            capacity = np.zeros(len(share))
            for sign in (1.0, -1.0):
                deviation = self._alone.furthest(np.array([cell]), sign)
                np.minimum(lowest, deviation, out=lowest)
                np.maximum(highest, deviation, out=highest)
                capacity += self._capacity(cell, sign)
            # A price above the width protects no better than the width itself; the cut is stronger without the excess.
            cut: Vector = np.minimum(capacity, float(self._width))
            cut[cell] -= self._width
            cut[np.abs(cut) < 1e-9] = 0.0
            if cut @ share < -1e-5:
                cuts.append(cut)
        return cuts

    def _capacity(self, cell: int, sign: float) -> Vector:
        """Return what each cell adds to how far a cell can go, by the last programme's prices.

        By duality no cell ever goes further than the sum, over the withheld cells, of how far each may deviate times
        its price; so that sum has to reach the width whenever the cell is guarded.
        """
        reduced = self._matrix.T @ self._alone.prices()
        reduced[cell] += sign
        capacity: Vector = np.maximum(reduced, 0.0) * self._up + np.maximum(-reduced, 0.0) * self._down
        return capacity
