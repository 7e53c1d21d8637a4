"""Doubts about a response that identify nobody: they are noted at submission, and nothing is refused for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from intake_store.codebook import Codebook
from intake_store.submission.response import AnswerStatus, QualityFlag, Response

SECONDS_PER_ANSWER = 2
"""Less for each answer, on average, is faster than a person reads a question and its choices.

Two seconds for an item is a usual limit in survey research (Huang, Curran, Keeney, Poposki and DeShon, Journal of
Business and Psychology 27, 2012). Questions that were left out do not count: that takes no reading.
"""


class Senders(Protocol):
    """Tells whether one client has sent much."""

    def sent_many(self, sender: str | None, conversation: str) -> bool:
        """Count a conversation that sends a response; tell whether its sender has sent from many of them."""
        ...


class NoSenders:
    """Counts nobody."""

    def sent_many(self, sender: str | None, conversation: str) -> bool:
        """Return False."""
        return False


def quality_flags(
    codebook: Codebook, response: Response, *, seconds: float | None, known: int, sent_many: bool
) -> frozenset[QualityFlag]:
    """Return the flags of a response.

    `seconds` is how long the questionnaire took, `None` if nobody can tell; `known` is how many of its answers were
    there before, from an earlier round. `sent_many` tells whether its sender has sent from many conversations.
    """
    return frozenset(_flags(codebook, response, seconds, known, sent_many))


def _flags(
    codebook: Codebook, response: Response, seconds: float | None, known: int, sent_many: bool
) -> Iterator[QualityFlag]:
    found = codebook.contradictions_in(response.answers, response.population)
    if not all(contradiction.allowed for contradiction in found):
        yield QualityFlag.CONTRADICTORY
    said = (AnswerStatus.ANSWERED, AnswerStatus.UNKNOWN)
    given = sum(answer.status in said for answer in response.answers.values()) - known
    # A clock that was set back tells nothing.
    if seconds is not None and 0 <= seconds < SECONDS_PER_ANSWER * given:
        yield QualityFlag.TOO_FAST
    if sent_many:
        yield QualityFlag.SAME_CLIENT
