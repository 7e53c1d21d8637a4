"""Exchanges that were begun and wait for an answer: their secrets, in memory, for one use and a few minutes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from analyst.accounts.errors import CeremonyRefused

_Secret = TypeVar("_Secret")

_MOST_KEPT: Final = 10_000


class Ceremonies(Generic[_Secret]):
    """What was sent to a browser and must come back from the same one.

    Each is found by a hash of that browser's token, so a later one takes the place of an earlier one, and what one
    browser began no other can finish. A restart forgets them; people begin anew.
    """

    def __init__(self, lifetime_seconds: int, time: Callable[[], int]) -> None:
        self._lifetime = lifetime_seconds
        self._time = time
        self._open: dict[bytes, tuple[int, _Secret]] = {}

    def begin(self, token: str, secret: _Secret) -> None:
        """Keep a secret for the browser that has `token`."""
        key = _hashed(token)
        self._open.pop(key, None)
        if len(self._open) >= _MOST_KEPT:
            now = self._time()
            self._open = {key: kept for key, kept in self._open.items() if kept[0] > now}
            while len(self._open) >= _MOST_KEPT:
                del self._open[next(iter(self._open))]
        self._open[key] = (self._time() + self._lifetime, secret)

    def peek(self, token: str) -> _Secret:
        """Return the secret and keep it; raises `CeremonyRefused` if there is none, or no longer."""
        expires, secret = self._open.get(_hashed(token), (0, None))
        if secret is None or self._time() >= expires:
            raise CeremonyRefused("This was not begun here, or it took too long. Begin again.")
        return secret

    def finish(self, token: str) -> _Secret:
        """Return the secret and forget it; raises `CeremonyRefused` if there is none, or no longer."""
        try:
            return self.peek(token)
        finally:
            self._open.pop(_hashed(token), None)

    def __len__(self) -> int:
        return len(self._open)


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
