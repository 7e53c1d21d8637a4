"""What a conversation needs of the counters, and counters that count nothing; neither loads a database."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from intake_store.usage.events import Occurrence


class UsageCounter(Protocol):
    """Somebody who counts."""

    def count(self, occurrences: Iterable[Occurrence]) -> None:
        """Count each occurrence once, in the current week; never waits and never fails."""
        ...


class NullUsageCounter:
    """Counters for deployments that count nothing."""

    def count(self, occurrences: Iterable[Occurrence]) -> None:
        """Count nothing."""
