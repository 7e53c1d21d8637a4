"""Time and chance, which come in as arguments so that tests need neither sleep nor luck."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Callable

Clock = Callable[[], datetime.datetime]
"""Returns the time, zone-aware."""

Chance = Callable[[int], bytes]
"""Returns that many bytes that nobody can foresee."""


def now() -> datetime.datetime:
    """Return the time in UTC."""
    return datetime.datetime.now(datetime.UTC)


def chance(length: int) -> bytes:
    """Return `length` random bytes of the operating system."""
    return secrets.token_bytes(length)


def seconds(clock: Clock) -> int:
    """Return the whole seconds since 1970 that a clock shows."""
    return int(clock().timestamp())


def moment(second: int) -> datetime.datetime:
    """Return the time that is `second` seconds after 1970, in UTC."""
    return datetime.datetime.fromtimestamp(second, datetime.UTC)
