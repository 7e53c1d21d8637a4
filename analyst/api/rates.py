"""How often a program may ask: so many requests in each minute, counted by account or token."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from analyst.accounts.clock import Clock

_MINUTE: Final = 60
_MOST_KEPT: Final = 10_000


@dataclass(frozen=True, slots=True)
class Standing:
    """How a caller stands in this minute: how many requests it may make, how many are left, seconds to the next."""

    limit: int
    left: int
    seconds: int
    exceeded: bool

    def headers(self) -> dict[str, str]:
        """Return the standing as programs know it from other interfaces."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.left),
            "RateLimit-Reset": str(self.seconds),
        }


class ApiRates:
    """Counts requests by caller and minute of the clock; in memory only."""

    def __init__(self, per_minute: int, clock: Clock) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._counts: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def count(self, caller: str) -> Standing:
        """Count a request, and return how its caller stands with it."""
        now = int(self._clock().timestamp())
        minute = now // _MINUTE
        begun, count = self._counts.pop(caller, (minute, 0))
        count = count + 1 if begun == minute else 1
        self._counts[caller] = (minute, count)
        while len(self._counts) > _MOST_KEPT:
            self._counts.popitem(last=False)
        left = max(self._per_minute - count, 0)
        return Standing(self._per_minute, left, _MINUTE - now % _MINUTE, exceeded=count > self._per_minute)
