"""Growing delays after failed attempts, the same for names that exist and names that do not; only in memory."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from analyst.accounts.clock import Chance, Clock
from analyst.accounts.errors import LockedOut

_MOST_KEPT: Final = 50_000
_REMEMBERED: Final = 24 * 3600.0
LONGEST_DELAY: Final = 15 * 60.0
FIRST_DELAY: Final = 30.0
FREE_BY_NAME: Final = 5
"""Failures of a name, the last of which is followed by the first delay."""

_IPV6_PREFIX: Final = 64
"""Bits; one household or device commands a whole /64."""

_EVERYBODY_ELSE: Final = b""
"""The count that newcomers share while the table is full."""


class Attempt(StrEnum):
    """What is guessed at; each is counted by itself, so that whoever lacks the password cannot lock the second."""

    PASSWORD = "password"  # noqa: S105 - what is guessed at, not a password
    SECOND_FACTOR = "second factor"
    PASSKEY = "passkey"
    SIGN_ON = "sign-on"


@dataclass(slots=True)
class _Count:
    failures: int
    last: float
    locked_until: float


class Lockout:
    """Counts attempts per name and per address, under a keyed hash that only this process can make.

    An attempt counts as failed from its beginning, before the slow comparison, so that many at once are counted too.
    From the fifth failure of a name (the twentieth of an address) on, each doubles the delay, from 30 seconds to 15
    minutes. A success clears the name, and of the address only itself: who has one account could otherwise go
    on guessing at others. Silence of a day clears both.
    """

    def __init__(
        self, clock: Clock, chance: Chance, *, free_by_name: int = FREE_BY_NAME, free_by_address: int = 20
    ) -> None:
        self._clock = clock
        self._key = chance(32)
        self._free_by_name = free_by_name
        self._free_by_address = free_by_address
        self._counts: dict[bytes, _Count] = {}

    def begin(self, attempt: Attempt, name: str | None, address: str | None) -> None:
        """Count an attempt, without a name only for its address.

        Raises `LockedOut`, without counting, if the name or the address has to wait.
        """
        now = self._now()
        keys = [(self._hashed("address", _network(address)), self._free_by_address)]
        if name is not None:
            keys.append((self._hashed(attempt.value, name), self._free_by_name))
        # Nothing is noted of who has to wait: else one address could fill the table with names.
        wait = max(self._locked_until(key) for key, _ in keys) - now
        if wait > 0:
            raise LockedOut(math.ceil(wait))
        for key, free in keys:
            count = self._count(key, now)
            count.failures += 1
            count.last = now
            if count.failures >= free:
                # The exponent is bounded before it is one: a count may have grown very large.
                doublings = min(count.failures - free, 16)
                count.locked_until = now + min(FIRST_DELAY * 2.0**doublings, LONGEST_DELAY)

    def succeeded(self, attempt: Attempt, name: str | None, address: str | None) -> None:
        """Forget the failures of a name, and take the one attempt back that its address was counted for."""
        if name is not None:
            self._counts.pop(self._hashed(attempt.value, name), None)
        known = self._counts.get(self._hashed("address", _network(address)))
        if known is not None and known.failures > 0:
            known.failures -= 1
            if known.failures < self._free_by_address:
                known.locked_until = 0.0

    def unlock(self, name: str) -> None:
        """Forget all failures of a name, because an administrator says so."""
        for attempt in Attempt:
            self._counts.pop(self._hashed(attempt.value, name), None)

    def __len__(self) -> int:
        return len(self._counts)

    def _now(self) -> float:
        return self._clock().timestamp()

    def _locked_until(self, key: bytes) -> float:
        known = self._counts.get(key)
        if known is None and len(self._counts) >= _MOST_KEPT:
            known = self._counts.get(_EVERYBODY_ELSE)
        return 0.0 if known is None else known.locked_until

    def _count(self, key: bytes, now: float) -> _Count:
        known = self._counts.get(key)
        if known is not None and now - known.last > _REMEMBERED:
            del self._counts[key]
            known = None
        if known is None and len(self._counts) >= _MOST_KEPT:
            self._counts = {key: kept for key, kept in self._counts.items() if now - kept.last <= _REMEMBERED}
            if len(self._counts) >= _MOST_KEPT:
                key = _EVERYBODY_ELSE
        return self._counts.setdefault(key, _Count(0, now, 0.0))

    def _hashed(self, kind: str, what: str) -> bytes:
        return hmac.new(self._key, f"{kind}\0{what}".encode("utf-8", "replace"), hashlib.sha256).digest()


def _network(address: str | None) -> str:
    try:
        parsed = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False))
    return str(parsed)
