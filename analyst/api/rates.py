"""How often a program may ask: so many requests in each minute, counted by account or token."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from analyst.accounts.clock import Clock

_MINUTE: Final = 60
_MOST_KEPT: Final = 10_000


class ApiRates:
    """Counts requests by caller and minute of the clock; in memory only."""

    def __init__(self, per_minute: int, clock: Clock) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._counts: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def wait(self, caller: str) -> int:
        """Count a request and return 0, or how many seconds to wait."""
        now = int(self._clock().timestamp())
        minute = now // _MINUTE
        begun, count = self._counts.pop(caller, (minute, 0))
        count = count + 1 if begun == minute else 1
        self._counts[caller] = (minute, count)
        while len(self._counts) > _MOST_KEPT:
            self._counts.popitem(last=False)
        return 0 if count <= self._per_minute else _MINUTE - now % _MINUTE
