"""Release under differential privacy: counts with discrete Gaussian noise, paid from a budget that cannot be overdrawn.

All mechanisms, the composition and the accuracy are OpenDP's; this module bounds what a response contributes and keeps
the books. The *unit of privacy is one response*: what is published is nearly as likely without it. A person who has
given several responses is protected for each, and for all together by the sum. Loss is measured in zero-concentrated
differential privacy, rho (M. Bun and T. Steinke, "Concentrated differential privacy: simplifications, extensions, and
lower bounds", 2016), and told as epsilon at a delta too.

Nothing else imports this module: OpenDP is in a dependency group of its own.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import math
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, TextIO

import opendp.prelude as dp

from intake_store.submission.errors import IntakeStoreError

# OpenDP asks its users to say that they know which proofs have not been reviewed by its committee.
dp.enable_features("contrib")

DELTA: Final = 1e-6
"""The delta at which a loss in rho is told as epsilon."""

_FIRST: Final = "0" * 64


class PrivacyError(IntakeStoreError):
    """Parameters under which nothing could be released with the promised privacy."""


class BudgetSpentError(PrivacyError):
    """The budget of a period does not cover another release."""


class LedgerError(PrivacyError):
    """The ledger has been changed, or cannot be read; without it nobody knows what is left of a budget."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """A release that was paid for: which table of which period, with what noise and for how much of a contribution."""

    period: str
    population: str
    table: str
    scale: float
    contribution: int
    rho: float


@dataclass(frozen=True, slots=True)
class NoisyCounts:
    """Counts as they may be published, with all that a reader needs to know about the noise.

    `counts` are unbiased and may be below nought. The true count lies within `accuracy` of the published one with a
    probability of at least 1 - `alpha`. `rho` is the loss of this release, `epsilon` the same at `delta`.
    """

    counts: tuple[int, ...]
    scale: float
    accuracy: float
    alpha: float
    rho: float
    epsilon: float
    delta: float
    contribution: int

    def interval(self, place: int) -> tuple[int, int]:
        """Return the confidence interval of a count at the level 1 - `alpha`; no count is below nought."""
        reach = math.floor(self.accuracy)
        return max(0, self.counts[place] - reach), max(0, self.counts[place] + reach)


def count_bounded(answers: Iterable[Collection[str]], codes: Sequence[str], most: int) -> list[int]:
    """Count the responses that named each code, and last those that named any, with a bound on what each adds.

    Only a response's first `most` codes count, in the order of `codes`, and codes that are not there never do; so one
    response adds at most 1 to at most `most` + 1 counts, whatever it holds.
    """
    if most < 1:
        raise PrivacyError("A response must be allowed to add to at least one count.")
    order = {code: place for place, code in enumerate(codes)}
    counts = [0] * (len(codes) + 1)
    for answer in answers:
        places = sorted({order[code] for code in answer if code in order})[:most]
        for place in places:
            counts[place] += 1
        counts[-1] += bool(places)
    return counts


def scale_for(rho: float, contribution: int) -> float:
    """Return the least scale of the noise that costs no more than `rho` for a contribution to so many counts."""
    if not 0 < rho < math.inf or contribution < 1:
        raise PrivacyError("The loss must be above nought, and the contribution at least one count.")
    return float(dp.binary_search_param(_gaussian, d_in=math.sqrt(contribution), d_out=rho, T=float))


def composed_loss(purchases: Iterable[Purchase]) -> float:
    """Return the loss in rho of releases made one after the other, by OpenDP's composition."""
    # A contribution to k counts moves them by the root of k in all: the same as one count under noise smaller by that.
    measurements = [_gaussian(math.nextafter(p.scale / math.sqrt(p.contribution), 0.0)) for p in purchases]
    if not measurements:
        return 0.0
    return float(dp.c.make_composition(measurements).map(1.0))  # type: ignore[no-untyped-call]


def epsilon_at(purchases: Iterable[Purchase], delta: float = DELTA) -> float:
    """Return the loss of releases as epsilon at a delta."""
    measurements = [_gaussian(math.nextafter(p.scale / math.sqrt(p.contribution), 0.0)) for p in purchases]
    if not measurements:
        return 0.0
    profile = dp.c.make_zCDP_to_approxDP(dp.c.make_composition(measurements)).map(1.0)  # type: ignore[no-untyped-call]
    return float(profile.epsilon(delta))


class BudgetLedger:
    """A file of purchases, one JSON object a line, each with the digest of the one before.

    `budget` is how much rho the releases about one population in one period may cost together; a year and its quarters
    are about the same responses and share it. Purchases are only ever appended, under a lock, and are on the disk
    before the noise is drawn: a release that failed halfway is paid for, a release that was made always is. The digests
    show a line that was changed or taken out, but not that the last ones were cut off: back the ledger up.
    """

    def __init__(self, path: Path, budget: float) -> None:
        if not 0 < budget < math.inf:
            raise PrivacyError("The budget of a period must be a number above nought.")
        self._path = path
        self._budget = budget

    def purchases(self) -> tuple[Purchase, ...]:
        """Return all purchases; raises `LedgerError` if a line was changed, removed or is unreadable."""
        if not self._path.exists():
            return ()
        with self._path.open(encoding="utf-8") as ledger:
            return self._read(ledger)[0]

    def left(self, population: str, period: str) -> float:
        """Return how much rho is left for a population and period."""
        return max(0.0, self._budget - composed_loss(_of(self.purchases(), population, period)))

    def pay(self, purchase: Purchase) -> None:
        """Append a purchase.

        Raises `BudgetSpentError` if the budget does not cover it, or if the table has been released before: noise drawn
        twice tells more than noise drawn once.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a+", encoding="utf-8") as ledger:
            fcntl.flock(ledger, fcntl.LOCK_EX)
            ledger.seek(0)
            made, digest = self._read(ledger)
            before = _of(made, purchase.population, purchase.period)
            if any(other.table == purchase.table and other.period == purchase.period for other in before):
                raise BudgetSpentError(
                    f"The table {purchase.table} of {purchase.population} {purchase.period} has been released already;"
                    " publish that release."
                )
            total = composed_loss([*before, purchase])
            if total > self._budget:
                raise BudgetSpentError(
                    f"The releases about {purchase.population} in {purchase.period} would cost {total:g} in all, and"
                    f" the budget is {self._budget:g}. Release fewer tables, or this one with more noise."
                )
            line = {**asdict(purchase), "previous": digest}
            ledger.write(json.dumps({**line, "digest": _digest(line)}, sort_keys=True) + "\n")
            ledger.flush()
            os.fsync(ledger.fileno())

    def _read(self, ledger: TextIO) -> tuple[tuple[Purchase, ...], str]:
        purchases: list[Purchase] = []
        previous = _FIRST
        for number, text in enumerate(ledger, start=1):
            try:
                line = json.loads(text)
                digest = line.pop("digest")
                linked = line["previous"] == previous and _digest(line) == digest
                del line["previous"]
                purchase = Purchase(**line)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise LedgerError(f"Line {number} of {self._path} is no purchase; restore it from a backup.") from error
            if not linked:
                raise LedgerError(f"Line {number} of {self._path} was changed; restore the ledger from a backup.")
            purchases.append(purchase)
            previous = digest
        return tuple(purchases), previous


def release_counts(
    counts: Sequence[int],
    *,
    ledger: BudgetLedger,
    population: str,
    period: str,
    table: str,
    rho: float,
    contribution: int,
    alpha: float = 0.05,
) -> NoisyCounts:
    """Pay for a table and return it with noise.

    `counts` must be such that one response adds at most 1 to at most `contribution` of them (`count_bounded` sees to
    it: `most` + 1). Raises `BudgetSpentError` before any noise is drawn.
    """
    if not 0 < alpha < 1:
        raise PrivacyError("Alpha must lie between nought and one.")
    scale = scale_for(rho, contribution)
    gaussian = _gaussian(scale)
    cost = float(gaussian.map(math.sqrt(contribution)))  # type: ignore[no-untyped-call]
    purchase = Purchase(period, population, table, scale, contribution, cost)
    ledger.pay(purchase)
    return NoisyCounts(
        counts=tuple(gaussian(list(counts))),
        scale=scale,
        accuracy=float(dp.discrete_gaussian_scale_to_accuracy(scale=scale, alpha=alpha)),
        alpha=alpha,
        rho=purchase.rho,
        epsilon=epsilon_at([purchase]),
        delta=DELTA,
        contribution=contribution,
    )


def _gaussian(scale: float) -> dp.Measurement:
    return dp.m.make_gaussian(dp.vector_domain(dp.atom_domain(T=int)), dp.l2_distance(T=float), scale=scale)


def _of(purchases: Iterable[Purchase], population: str, period: str) -> list[Purchase]:
    """Return what was paid about the same responses: a year, `2026`, holds its quarters, `2026Q4`."""
    return [
        p
        for p in purchases
        if p.population == population and (p.period.startswith(period) or period.startswith(p.period))
    ]


def _digest(line: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(line, sort_keys=True).encode()).hexdigest()
