"""The cell-key method: the same small noise for the same responses, wherever they are counted together.

Each record carries a random 32-bit key; the sum of the keys of the records in a cell looks up the cell's noise in a
perturbation table, so a cell has one value in every table, and two tables that overlap cannot be differenced exactly
(B. Fraser and J. Wooton, "A proposed method for confidentialising tabular output to protect against differencing",
UNECE/Eurostat work session, 2005). The table's rows are the distributions of maximum entropy with mean nought, a fixed
variance and a greatest deviation (J. Marley and V. Leaver, "A method for confidentialising user-defined tables",
ISI, 2011; S. Giessing, "Computational issues in the design of transition probabilities and disclosure risk estimation
for additive noise", Privacy in Statistical Databases, 2016).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog, minimize, root  # type: ignore[import-untyped]
from scipy.special import logsumexp  # type: ignore[import-untyped]

from intake_store.submission.errors import IntakeStoreError

Vector = NDArray[np.float64]

KEY_BITS: Final = 32
_KEYS: Final = 1 << KEY_BITS
_DECIMALS: Final = 9


class PerturbationError(IntakeStoreError):
    """No noise distribution has the parameters asked for."""


@dataclass(frozen=True, slots=True)
class Noise:
    """The distribution of the noise of a count: what is added, and with which probability."""

    deviations: tuple[int, ...]
    probabilities: tuple[float, ...]
    thresholds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PerturbationTable:
    """How counts are perturbed; the last row holds for every larger count.

    No count deviates by more than `deviation`; the noise has mean nought and `variance`. Nought stays nought, and no
    count from 1 to below `smallest` comes out. All three may be published; the record keys never.
    """

    deviation: int
    variance: float
    smallest: int
    rows: tuple[Noise, ...]

    @classmethod
    def make(cls, deviation: int, variance: float, smallest: int = 1) -> PerturbationTable:
        """Return the table of greatest entropy; raises `PerturbationError` if a row cannot have the variance."""
        if deviation < 1 or smallest < 1 or variance <= 0:
            raise PerturbationError("Deviation and smallest count must be at least 1, and the variance above nought.")
        return cls(deviation, variance, smallest, _rows(deviation, variance, smallest))

    def noise(self, count: int) -> Noise:
        """Return the distribution of the noise of a count."""
        return self.rows[min(count, len(self.rows) - 1)]

    def perturbed(self, count: int, key_sum: int) -> int:
        """Return the count to publish for a cell whose records' keys sum to `key_sum` (taken modulo 2**32)."""
        if count < 0:
            raise PerturbationError("A count below nought cannot be perturbed.")
        noise = self.noise(count)
        place = int(np.searchsorted(noise.thresholds, key_sum % _KEYS, side="right"))
        return count + noise.deviations[place]

    def bounds(self, published: int) -> tuple[int, int]:
        """Return the least and the greatest count that can have been published as this one."""
        possible = [
            count
            for count in range(max(0, published - self.deviation), published + self.deviation + 1)
            if published - count in self.noise(count).deviations
        ]
        if not possible:
            raise PerturbationError(f"No count is ever perturbed to {published}.")
        return possible[0], possible[-1]

    def width(self, published: int) -> int:
        """Return how far apart the counts lie that can have been published as this one: 2·deviation for larger ones."""
        lowest, highest = self.bounds(published)
        return highest - lowest


@lru_cache(maxsize=16)
def _rows(deviation: int, variance: float, smallest: int) -> tuple[Noise, ...]:
    """Return the rows of a table; a release makes the same table for every population."""
    rows = [Noise((0,), (1.0,), (_KEYS,))]
    for count in range(1, deviation + smallest + 1):
        allowed = [
            shift
            for shift in range(-min(deviation, count), deviation + 1)
            if count + shift == 0 or count + shift >= smallest
        ]
        rows.append(_noise(count, np.array(allowed, float), variance))
    return tuple(rows)


def _noise(count: int, shifts: Vector, variance: float) -> Noise:
    """Return the distribution of greatest entropy on `shifts`, with mean nought and the variance given.

    It is proportional to exp(a·v + b·v²); a and b minimise the (convex) logarithm of its sum less b·variance.
    """
    least, most = _possible_variances(shifts)
    if not least < variance < most:
        raise PerturbationError(
            f"The noise of a count of {count} can have a variance above {least:g} and below {most:g}, not {variance:g}."
            " Choose another variance, greatest deviation or smallest count."
        )
    # In units of the greatest deviation, so that both moments are of the size of one.
    unit = np.abs(shifts).max()
    moments = np.vstack([shifts / unit, (shifts / unit) ** 2])
    target = np.array([0.0, variance / unit**2])

    def dual(prices: Vector) -> tuple[float, Vector]:
        exponents = prices @ moments
        weights = np.exp(exponents - logsumexp(exponents))
        return float(logsumexp(exponents) - prices @ target), moments @ weights - target

    def curvature(prices: Vector) -> Vector:
        exponents = prices @ moments
        weights = np.exp(exponents - logsumexp(exponents))
        mean = moments @ weights
        second: Vector = (moments * weights) @ moments.T - np.outer(mean, mean)
        return second

    near = minimize(dual, np.zeros(2), jac=True, hess=curvature, method="trust-exact", options={"gtol": 1e-6})
    found = root(lambda prices: dual(prices)[1], near.x, jac=curvature, tol=1e-14)
    exponents = found.x @ moments
    probabilities = np.exp(exponents - logsumexp(exponents))
    if np.abs(moments @ probabilities - target).max() > 1e-10:
        raise PerturbationError(f"The noise of a count of {count} could not be computed: {found.message}")
    # Rounded, so that another machine's last digit does not change a published number.
    steps = np.round(np.cumsum(probabilities), _DECIMALS)
    steps[-1] = 1.0
    thresholds = tuple(int(step * _KEYS) for step in steps)
    return Noise(tuple(map(int, shifts)), tuple(map(float, probabilities)), thresholds)


def _possible_variances(shifts: Vector) -> tuple[float, float]:
    ends = []
    for sign in (1.0, -1.0):
        found = linprog(
            sign * shifts**2, A_eq=np.vstack([shifts, np.ones_like(shifts)]), b_eq=[0.0, 1.0], method="highs"
        )
        if found.status != 0:
            return 0.0, 0.0
        ends.append(sign * float(found.fun))
    return ends[0], ends[1]
