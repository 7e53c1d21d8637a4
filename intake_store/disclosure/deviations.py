"""What an attacker cannot tell apart: the deviations from the true counts that agree with all that is published."""

from __future__ import annotations

import math
from typing import Final

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, hstack  # type: ignore[import-untyped]

from intake_store.submission.errors import IntakeStoreError

Vector = NDArray[np.float64]
Mask = NDArray[np.bool_]
Places = NDArray[np.int_]

TOLERANCE: Final = 1e-6
"""Deviations smaller than this are the solver's rounding, not a response."""


class SuppressionError(IntakeStoreError):
    """Cells and relations contradict each other, or no suppression protects them."""


def silent_solver() -> highspy.Highs:
    """Return a HiGHS that prints nothing and gives the same answer every time: one thread, no limit of seconds."""
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    for option, value in (
        ("output_flag", False),
        ("threads", 1),
        ("parallel", "off"),
        ("random_seed", 0),
        # Chooses the primal simplex when only the objective has changed, the dual one when only the bounds have.
        ("simplex_strategy", 0),
    ):
        solver.setOptionValue(option, value)
    return solver


def linear_model(matrix: csc_array, cost: Vector, lowest: Vector, highest: Vector, balance: Vector) -> highspy.HighsLp:
    """Return the programme of least cost over `matrix @ x == balance` with `lowest <= x <= highest`."""
    model = highspy.HighsLp()
    model.num_row_, model.num_col_ = map(int, matrix.shape)
    model.col_cost_, model.col_lower_, model.col_upper_ = cost, lowest, highest
    model.row_lower_ = model.row_upper_ = balance
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = matrix.indptr.astype(np.int32)
    model.a_matrix_.index_ = matrix.indices.astype(np.int32)
    model.a_matrix_.value_ = matrix.data.astype(float)
    return model


class Deviations:
    """One linear programme over deviations, whose bounds and objective change from question to question.

    `matrix` holds a row for each relation and a column for each cell; a deviation `x` is feasible if `matrix @ x` is
    nought and `-down <= x <= up`. Cells are shut, that is published, until they are opened. Each answer starts from
    the basis of the last.
    """

    def __init__(self, matrix: csc_array, down: Vector, up: Vector) -> None:
        self.steps = 0  # of the simplex method so far: a measure of work that is the same on every machine
        self._size = len(down)
        self._down, self._up = down, up
        nothing = np.zeros(self._size)
        self._lowest, self._highest, self._cost = nothing.copy(), nothing.copy(), nothing.copy()
        self._solver = silent_solver()
        self._solver.passModel(linear_model(matrix, nothing, nothing, nothing, np.zeros(matrix.shape[0])))

    def open(self, cells: Mask, limit: Vector | float = math.inf) -> None:
        """Let exactly these cells deviate, each by at most its `limit`."""
        self._bound(
            np.where(cells, -np.minimum(self._down, limit), 0.0), np.where(cells, np.minimum(self._up, limit), 0.0)
        )

    def open_by(self, share: Vector) -> None:
        """Let every cell deviate by a share of what it can."""
        self._bound(-self._down * share, self._up * share)

    def _bound(self, lowest: Vector, highest: Vector) -> None:
        changed = np.flatnonzero((lowest != self._lowest) | (highest != self._highest)).astype(np.int32)
        if changed.size:
            self._solver.changeColsBounds(changed.size, changed, lowest[changed], highest[changed])
            self._lowest, self._highest = lowest, highest

    def furthest(self, cells: Places, direction: Vector | float) -> Vector:
        """Return the feasible deviation that takes cells furthest along `direction`."""
        cost = np.zeros(self._size)
        cost[cells] = -np.asarray(direction)
        changed = np.flatnonzero(cost != self._cost).astype(np.int32)
        if changed.size:
            self._solver.changeColsCost(changed.size, changed, cost[changed])
            self._cost = cost
        self._solver.run()
        self.steps += max(self._solver.getInfo().simplex_iteration_count, 0)
        if self._solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            status = self._solver.modelStatusToString(self._solver.getModelStatus())
            raise SuppressionError(f"A feasible interval could not be computed: {status}.")
        return np.array(self._solver.getSolution().col_value)

    def prices(self) -> Vector:
        """Return what the last answer would gain by each unit of slack in each relation."""
        return np.array(self._solver.getSolution().row_dual)


class CheapestDeviations:
    """The deviations of least weight that move one cell by a given amount, with every cell open at its price."""

    def __init__(self, matrix: csc_array, down: Vector, up: Vector) -> None:
        self._size = len(down)
        self._down, self._up = down, up
        # Up and down are two columns, so that the price of a move does not depend on its sign.
        both = csc_array(hstack([matrix, -matrix]))
        highest = np.concatenate([up, down])
        self._cost = np.zeros(2 * self._size)
        self._solver = silent_solver()
        self._solver.passModel(
            linear_model(both, self._cost, np.zeros(2 * self._size), highest, np.zeros(matrix.shape[0]))
        )

    def charge(self, prices: Vector) -> None:
        """Set what a unit of deviation costs in each cell."""
        cost = np.concatenate([prices, prices])
        changed = np.flatnonzero(cost != self._cost).astype(np.int32)
        if changed.size:
            self._solver.changeColsCost(changed.size, changed, cost[changed])
            self._cost = cost

    def move(self, cell: int, amount: float) -> Vector | None:
        """Return the cheapest deviation of `amount` at a cell, or None if there is none."""
        if not -self._down[cell] <= amount <= self._up[cell]:
            return None
        up, down = max(amount, 0.0), max(-amount, 0.0)
        self._solver.changeColBounds(cell, up, up)
        self._solver.changeColBounds(self._size + cell, down, down)
        self._solver.run()
        found = self._solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
        parts = np.array(self._solver.getSolution().col_value) if found else None
        self._solver.changeColBounds(cell, 0.0, self._up[cell])
        self._solver.changeColBounds(self._size + cell, 0.0, self._down[cell])
        if parts is None:
            return None
        deviation: Vector = parts[: self._size] - parts[self._size :]
        return deviation
