"""Counts without a warehouse: responses and events in memory, counted by the warehouse's own rules."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from intake_store.codebook import Codebook
from intake_store.periods import Period, Quarter
from intake_store.submission.response import Response
from intake_store.synthetic import synthetic_responses
from intake_store.warehouse.tallies import PeriodSummary, Tally, tally_groups

YEAR_OF_RESPONSES = tuple(Quarter(2026, number) for number in (1, 2, 3, 4))


UsageCell = tuple[str, str, str, str, str]
"""Event, subject, channel, language and county."""


class CountedResponses:
    """Counts of responses and events in memory, by the warehouse's own rules of counting."""

    def __init__(
        self, responses: Iterable[Response], usage: Mapping[tuple[str, str, str, str, str], int] | None = None
    ) -> None:
        keys = random.Random(1)
        self._rows = [(Quarter.of(r.iso_week), r, keys.getrandbits(32)) for r in responses]
        self._usage = usage or {}

    def _of(self, population: str, period: Period) -> list[tuple[Response, int]]:
        return [(r, key) for quarter, r, key in self._rows if r.population == population and quarter in period.quarters]

    def tally(self, population: str, period: Period, variables: Sequence[str]) -> dict[tuple[str, ...], Tally]:
        def stored(response: Response, name: str) -> str:
            answer = response.answers[name]
            return "|".join(answer.codes) or answer.status.value

        found = [(r, key) for r, key in self._of(population, period) if not r.flags]
        return tally_groups(variables, [([stored(r, name) for name in variables], 1, key) for r, key in found])

    def summary(self, population: str, period: Period) -> PeriodSummary:
        found = [response for response, _ in self._of(population, period)]
        flags = Counter(flag for response in found for flag in response.flags)
        flagged = sum(bool(response.flags) for response in found)
        return PeriodSummary(len(found) - flagged, flagged, dict(flags), synthetic=True)

    def usage_tally(self, period: Period, fields: Sequence[str]) -> dict[tuple[str, ...], int]:
        order = ("event", "subject", "channel", "language", "county")
        sums: Counter[tuple[str, ...]] = Counter()
        for cell, count in self._usage.items():
            sums[tuple(cell[order.index(name)] for name in fields)] += count
        return dict(sums)


class CountedYears:
    """Makes a year of synthetic responses of any size, each size once."""

    def __init__(self, codebook: Codebook) -> None:
        self._codebook = codebook
        self._made: dict[tuple[int, int], CountedResponses] = {}

    def __call__(self, number: int, seed: int = 1) -> CountedResponses:
        if (number, seed) not in self._made:
            weeks = [week for quarter in YEAR_OF_RESPONSES for week in quarter.weeks]
            self._made[number, seed] = CountedResponses(synthetic_responses(self._codebook, weeks, number, seed))
        return self._made[number, seed]
