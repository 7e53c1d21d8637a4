"""Tallies: how many responses fall into each combination of categories."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from intake_store.periods import Quarter
from intake_store.submission.response import AnswerStatus, QualityFlag

ANSWERED: Final = AnswerStatus.ANSWERED.value
"""The category that counts every response with at least one code."""

OWN_FIELDS: Final = ("codebook_version", "iso_week", "quarter", "channel", "language")
"""What a response itself says of where it came from; each can be tallied like a variable."""

SEPARATOR: Final = "|"
"""Stands between the codes of a multiple answer as it is stored; no code has it."""

_SILENT = frozenset(status.value for status in AnswerStatus if status is not AnswerStatus.ANSWERED)
_KEYS = 2**32


class Period(Protocol):
    """Some quarters that are counted together."""

    @property
    def quarters(self) -> tuple[Quarter, ...]:
        """The quarters, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Tally:
    """How many responses, and the sum of their record keys modulo 2**32.

    The sum depends on which responses were counted and on nothing else, so that the same responses get the same noise
    in every table (the cell-key method).
    """

    count: int
    key_sum: int


@dataclass(frozen=True, slots=True)
class PeriodSummary:
    """What a period holds of a population: `counted` responses go into tables, `flagged` ones do not."""

    counted: int
    flagged: int
    flags: Mapping[QualityFlag, int]
    """How many responses have each flag; one can have several."""
    synthetic: bool
    """Whether any of the counted responses is made up."""


def quarters_of(period: Quarter | Period) -> tuple[Quarter, ...]:
    """Return the quarters of a period; a quarter is its own only one."""
    return (period,) if isinstance(period, Quarter) else tuple(period.quarters)


def categories(name: str, stored: str | None) -> tuple[str, ...]:
    """Return the categories that a stored value falls into.

    An answer falls into each of its codes and into `answered`; a silent one into its kind of silence. A value that is
    missing belongs to a variable that the response's codebook version did not have.
    """
    if name in OWN_FIELDS:
        return (stored or "",)
    if stored is None:
        return (AnswerStatus.NOT_ASKED.value,)
    return (stored,) if stored in _SILENT else (*stored.split(SEPARATOR), ANSWERED)


def tally_groups(
    variables: Sequence[str], groups: Iterable[tuple[Sequence[str | None], int, int]]
) -> dict[tuple[str, ...], Tally]:
    """Spread groups of equal stored values, each with its count and key sum, over the categories they fall into."""
    known: list[dict[str | None, tuple[str, ...]]] = [{} for _ in variables]
    counts: dict[tuple[str, ...], int] = {}
    keys: dict[tuple[str, ...], int] = {}
    for values, count, key_sum in groups:
        for cell in itertools.product(*_places(variables, values, known)):
            counts[cell] = counts.get(cell, 0) + count
            keys[cell] = keys.get(cell, 0) + key_sum
    return {cell: Tally(count, keys[cell] % _KEYS) for cell, count in counts.items()}


def _places(
    variables: Sequence[str], values: Sequence[str | None], known: Sequence[dict[str | None, tuple[str, ...]]]
) -> Iterator[tuple[str, ...]]:
    for name, value, found in zip(variables, values, known, strict=True):
        if value not in found:
            found[value] = categories(name, value)
        yield found[value]
