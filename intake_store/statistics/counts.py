"""Counts: how many responses of a population and period fall into each combination of categories."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol

from intake_store.codebook import Population
from intake_store.periods import Period
from intake_store.statistics.geography import COUNTY, REGION, REGION_OF
from intake_store.statistics.released import NOT_STATED
from intake_store.submission.errors import IntakeStoreError
from intake_store.submission.response import AnswerStatus
from intake_store.warehouse.tallies import ANSWERED, PeriodSummary, Tally

SILENT: Final = (AnswerStatus.NO_ANSWER.value, AnswerStatus.UNKNOWN.value)
"""The categories of those who were asked and did not answer."""

NOT_ASKED: Final = AnswerStatus.NOT_ASKED.value

_NOBODY: Final = Tally(0, 0)
_KEYS: Final = 2**32

Pair = tuple[str, str]
"""A variable and one of its categories."""


class TableError(IntakeStoreError):
    """A table cannot be made of what the warehouse holds."""


class CountSource(Protocol):
    """Whatever counts responses and use: the warehouse, or what was put aside of closed quarters."""

    def tally(self, population: str, period: Period, variables: Sequence[str]) -> Mapping[tuple[str, ...], Tally]:
        """Return how many responses fall into each combination of categories; see `Warehouse.tally`."""
        ...

    def summary(self, population: str, period: Period) -> PeriodSummary:
        """Return how many responses of a population a period holds."""
        ...

    def usage_tally(self, period: Period, fields: Sequence[str]) -> Mapping[tuple[str, ...], int]:
        """Return the sums of the usage counts of a period by some of their fields."""
        ...


class OneAtATime:
    """Counts for several threads: a source that is asked by one of them at a time."""

    def __init__(self, source: CountSource) -> None:
        self._source = source
        self._asking = threading.Lock()

    def tally(self, population: str, period: Period, variables: Sequence[str]) -> Mapping[tuple[str, ...], Tally]:
        """Return what the source returns; see `Warehouse.tally`."""
        with self._asking:
            return self._source.tally(population, period, variables)

    def summary(self, population: str, period: Period) -> PeriodSummary:
        """Return what the source returns; see `Warehouse.summary`."""
        with self._asking:
            return self._source.summary(population, period)

    def usage_tally(self, period: Period, fields: Sequence[str]) -> Mapping[tuple[str, ...], int]:
        """Return what the source returns; see `Warehouse.usage_tally`."""
        with self._asking:
            return self._source.usage_tally(period, fields)


class ResponseCounts:
    """The counts of one population and period, read when they are first asked for."""

    def __init__(self, source: CountSource, population: Population, period: Period) -> None:
        self._source = source
        self.population = population
        self.period = period
        self.summary = source.summary(population.name, period)
        self._tallies: dict[tuple[str, ...], Mapping[tuple[str, ...], Tally]] = {}

    def count(self, *pairs: Pair) -> int:
        """Return how many responses fall into all of these categories.

        Beside codes, `answered` and the kinds of silence there is `not_stated` for every kind of silence together, and
        the variable `region`. Raises `TableError` if the warehouse holds codes that the codebook does not have.
        """
        return self.tally(*pairs).count if pairs else self.summary.counted

    def tally(self, *pairs: Pair) -> Tally:
        """Return the count together with the sum of the record keys; see `count`."""
        # In the order of what is asked for, in which closed quarters keep their counts.
        ordered = sorted(pairs, key=lambda pair: (COUNTY if pair[0] == REGION else pair[0], pair))
        names = tuple(name for name, _ in ordered)
        if names not in self._tallies:
            self._tallies[names] = self._read(names)
        return self._tallies[names].get(tuple(category for _, category in ordered), _NOBODY)

    def _read(self, names: tuple[str, ...]) -> Mapping[tuple[str, ...], Tally]:
        asked = tuple(COUNTY if name == REGION else name for name in names)
        known = [{code.code for code in self.population.variable(name).codes} for name in asked]
        counts: dict[tuple[str, ...], int] = {}
        keys: dict[tuple[str, ...], int] = {}
        for cell, tally in self._source.tally(self.population.name, self.period, asked).items():
            for name, codes, category in zip(asked, known, cell, strict=True):
                if category not in codes and category not in (ANSWERED, NOT_ASKED, *SILENT):
                    raise TableError(f"The warehouse holds codes of {name} that the codebook does not have.")
            for place in _places(names, cell):
                counts[place] = counts.get(place, 0) + tally.count
                keys[place] = keys.get(place, 0) + tally.key_sum
        return {place: Tally(count, keys[place] % _KEYS) for place, count in counts.items()}


def _places(names: Sequence[str], cell: Sequence[str]) -> Iterator[tuple[str, ...]]:
    choices = []
    for name, category in zip(names, cell, strict=True):
        own = REGION_OF.get(category, category) if name == REGION else category
        choices.append((own, NOT_STATED) if own in (*SILENT, NOT_ASKED) else (own,))
    return itertools.product(*choices)
