"""Passwords: which are accepted, and their Argon2id hashes."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from analyst.accounts.clock import Chance
from analyst.accounts.errors import PasswordRefused

SHORTEST_PASSWORD: Final = 12
LONGEST_PASSWORD: Final = 256
"""Characters; longer ones would only cost time."""

_LONGEST_TYPED: Final = 4 * LONGEST_PASSWORD
"""Characters before those that combine are put together."""

_HASHES_AT_ONCE: Final = 2
"""Each takes 64 MiB for a tenth of a second or more."""

_SITE_WORDS: Final = ("fyren", "statistik", "statistics", "analyst", "password", "lösenord")
"""What somebody thinks of first here; digits and signs between such words make them no better."""

_SHORTEST_PART: Final = 3

COMMON_PASSWORDS: Final = Path(__file__).with_name("common_passwords.txt")


@dataclass(frozen=True, slots=True)
class Argon2Cost:
    """How much work one hash is; the default is the second recommended choice of RFC 9106, section 4."""

    passes: int = 3
    memory_kib: int = 65536
    lanes: int = 4


class PasswordHashing(Protocol):
    """Makes slow hashes and compares with them."""

    def hash(self, password: str) -> str:
        """Return the hash of a password, with its salt and parameters."""
        ...

    def fits(self, stored: str, password: str) -> bool:
        """Tell whether a password is the one that was hashed."""
        ...

    def is_outdated(self, stored: str) -> bool:
        """Tell whether a hash was made with other parameters than are used now."""
        ...


class Argon2Hashing:
    """Argon2id, 16 bytes of salt and 32 of hash."""

    def __init__(self, cost: Argon2Cost | None = None) -> None:
        cost = cost or Argon2Cost()
        self._hasher = PasswordHasher(
            time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes, type=Type.ID
        )

    def hash(self, password: str) -> str:
        """Return the hash of a password, with its salt and parameters."""
        return self._hasher.hash(password)

    def fits(self, stored: str, password: str) -> bool:
        """Tell whether a password is the one that was hashed; no if the hash is damaged."""
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, stored: str) -> bool:
        """Tell whether a hash was made with other parameters than are used now."""
        return self._hasher.check_needs_rehash(stored)


class Passwords:
    """Hashes and compares without holding up other requests, and with the same work where there is nothing to compare.

    Built once at the start: making the stand-in for missing hashes costs as much as one login.
    """

    def __init__(self, hashing: PasswordHashing, chance: Chance, common: frozenset[str] | None = None) -> None:
        self._hashing = hashing
        self._common = read_common_passwords() if common is None else common
        self._stand_in = hashing.hash(chance(16).hex())
        self._turns = asyncio.Semaphore(_HASHES_AT_ONCE)

    def check(self, password: str, *names: str) -> None:
        """Raise `PasswordRefused` unless a new password is long enough, more than `names`, and not very common."""
        plain = _prepared(password[: _LONGEST_TYPED + 1])
        if len(plain) < SHORTEST_PASSWORD:
            raise PasswordRefused(
                f"The password needs at least {SHORTEST_PASSWORD} characters. Several words are good."
            )
        if len(plain) > LONGEST_PASSWORD or len(password) > _LONGEST_TYPED:
            raise PasswordRefused(f"The password may have at most {LONGEST_PASSWORD} characters.")
        folded = plain.casefold()
        if _is_made_of(folded, (*names, *_SITE_WORDS)):
            raise PasswordRefused("The password is hardly more than a name. Choose another one.")
        if folded in self._common or len(set(folded)) < 4:
            raise PasswordRefused("The password is one of the first that are tried. Choose another one.")

    async def hash(self, password: str) -> str:
        """Return what is stored of a password that was checked."""
        async with self._turns:
            return await asyncio.to_thread(self._hashing.hash, _prepared(password))

    async def fits(self, stored: str | None, password: str) -> bool:
        """Tell whether a password is the stored one; with nothing stored, no, after the same work."""
        plain = _prepared(password[: _LONGEST_TYPED + 1])
        async with self._turns:
            same = await asyncio.to_thread(self._hashing.fits, stored or self._stand_in, plain)
        return same and stored is not None and len(password) <= _LONGEST_TYPED

    def is_outdated(self, stored: str) -> bool:
        """Tell whether a hash should be made anew at the next login."""
        return self._hashing.is_outdated(stored)


def read_common_passwords(path: Path = COMMON_PASSWORDS) -> frozenset[str]:
    """Read the passwords that are refused, one a line; lines that begin with `#` are comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip().casefold() for line in lines if line.strip() and not line.startswith("#"))


def _is_made_of(folded: str, words: Iterable[str]) -> bool:
    """Tell whether the letters of a password are nothing but these words or parts of names, in any order and number."""
    rest = _letters(folded)
    parts = {part for word in words for part in re.split(r"[\W\d_]+", _prepared(word).casefold())}
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= _SHORTEST_PART:
            rest = rest.replace(part, "")
    return bool(_letters(folded)) and not rest


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, text))


def _prepared(password: str) -> str:
    # The same letters come composed from one keyboard and decomposed from another. Half of a surrogate pair, which
    # cannot be encoded, is replaced.
    return unicodedata.normalize("NFC", password).encode("utf-8", "replace").decode()
