"""Token buckets per client, under a keyed hash that lives only in memory; no address is ever kept."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

_EVERYBODY_ELSE: Final = b""
"""The bucket that new clients share while the table is full."""

_IPV6_PREFIX: Final = 64
"""Bits; one household or device commands a whole /64, so counting single addresses would count nothing."""


class Rates(Protocol):
    """Tells whether a client may go on."""

    def wait(self, address: str | None) -> int:
        """Count one request of the client at `address`; return 0, or the seconds to wait before the next."""
        ...

    def forget(self) -> None:
        """Drop what no longer matters."""
        ...


class NoRates:
    """Lets everybody go on; for tests and for a deployment whose proxy counts."""

    def wait(self, address: str | None) -> int:
        """Return 0."""
        return 0

    def forget(self) -> None:
        """Do nothing; there is nothing to drop."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled: float


class ClientRates:
    """A token bucket per client: `burst` requests at once, then `per_minute` of them evenly.

    The bucket's key is an HMAC of the address (of its /64 for IPv6) under a random key of this process. A bucket that
    has filled up again is the same as none, so `forget` drops it; when the last one goes, so does the key. `clock`
    returns seconds that only ever grow.
    """

    def __init__(
        self, per_minute: int, *, burst: int | None = None, clients: int = 20_000, clock: Callable[[], float]
    ) -> None:
        if per_minute < 1 or (burst is not None and burst < 1):
            raise ValueError("a client may at least ask once")
        self._per_second = per_minute / 60
        self._burst = float(burst or per_minute)
        self._clients = clients
        self._clock = clock
        self._buckets: dict[bytes, _Bucket] = {}
        self._key = secrets.token_bytes(32)

    def wait(self, address: str | None) -> int:
        """Count one request of the client at `address`; return 0, or the seconds to wait before the next."""
        now = self._clock()
        key = self._hashed(address)
        if key not in self._buckets and len(self._buckets) >= self._clients:
            self.forget()
            if len(self._buckets) >= self._clients:
                key = _EVERYBODY_ELSE
        bucket = self._buckets.setdefault(key, _Bucket(self._burst, now))
        bucket.tokens = self._level(bucket, now)
        bucket.filled = now
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return 0
        return max(1, math.ceil((1 - bucket.tokens) / self._per_second))

    def forget(self) -> None:
        """Drop every bucket that is full again, and the key when none is left."""
        now = self._clock()
        self._buckets = {key: kept for key, kept in self._buckets.items() if self._level(kept, now) < self._burst}
        if not self._buckets:
            self._key = secrets.token_bytes(32)

    def __len__(self) -> int:
        return len(self._buckets)

    def _level(self, bucket: _Bucket, now: float) -> float:
        return min(self._burst, bucket.tokens + (now - bucket.filled) * self._per_second)

    def _hashed(self, address: str | None) -> bytes:
        return hmac.new(self._key, network(address).encode(), hashlib.sha256).digest()


def network(address: str | None) -> str:
    """Return what counts as one client: an address, or its /64 for IPv6."""
    try:
        parsed = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False))
    return str(parsed)
