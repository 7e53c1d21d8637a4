"""The web page's state, sealed into a token that travels with every turn; the server keeps nothing.

A token is a version byte and a Fernet token (AES-128-CBC and HMAC-SHA-256, from `cryptography`) of the compressed,
padded state. Keys rotate by themselves, and a token dies with its key.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NewType

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from bot.dialogue.state import DialogueState, StateError, from_json, to_json

StateKey = NewType("StateKey", bytes)
"""A Fernet key that seals states."""

VERSION: Final = "1"
MAX_TOKEN_LENGTH: Final = 8_192
PADDED_TO: Final = 512
"""Bytes; the length of a token must not tell how far somebody is in which questionnaire."""

MAX_STATE_BYTES: Final = 65_536
"""What a token may unpack to."""


class TokenError(Exception):
    """A state token cannot be used."""


class TokenInvalidError(TokenError):
    """The token was changed, cut off, or sealed by somebody else."""


class TokenExpiredError(TokenError):
    """The token is older than a conversation may be."""


class TokenTooLargeError(TokenError):
    """The token is larger than any that is given out."""


@dataclass(frozen=True)
class DatedKey:
    """A key and when it was made."""

    key: StateKey
    made: datetime


class StateTokens:
    """Seals states into tokens and opens them.

    `idle` is how long a token lives. The newest key seals; a key is given up when it is older than `rotation` and
    `idle` together, so that the tokens it sealed have died. `now` returns the time, zone-aware.
    """

    def __init__(
        self,
        keys: Sequence[DatedKey] = (),
        *,
        idle: timedelta = timedelta(hours=12),
        rotation: timedelta = timedelta(hours=12),
        now: Callable[[], datetime],
    ) -> None:
        self._keys = sorted(keys, key=lambda key: key.made, reverse=True)
        self._idle = idle
        self._rotation = rotation
        self._now = now
        self.rotate()

    @property
    def keys(self) -> tuple[DatedKey, ...]:
        """The keys in use, newest first."""
        return tuple(self._keys)

    def rotate(self) -> bool:
        """Make a new key when the newest is due and give up those whose tokens have all died; tell if any changed."""
        now = self._now()
        kept = [key for key in self._keys if now - key.made < self._rotation + self._idle]
        if not kept or now - kept[0].made >= self._rotation:
            kept.insert(0, DatedKey(StateKey(Fernet.generate_key()), now))
        changed = kept != self._keys
        self._keys = kept
        return changed

    def seal(self, state: DialogueState) -> str:
        """Return the token of a state."""
        self.rotate()
        packed = zlib.compress(json.dumps(to_json(state), separators=(",", ":"), ensure_ascii=False).encode(), 9)
        size = len(packed) + 4
        padded = len(packed).to_bytes(4, "big") + packed + bytes(-size % PADDED_TO)
        return VERSION + self._fernet().encrypt_at_time(padded, self._seconds()).decode("ascii")

    def open(self, token: str) -> DialogueState:
        """Return the state in a token.

        Raises `TokenTooLargeError`, `TokenExpiredError` or `TokenInvalidError`.
        """
        if len(token) > MAX_TOKEN_LENGTH:
            raise TokenTooLargeError
        if not token.startswith(VERSION) or not token.isascii():
            raise TokenInvalidError
        self.rotate()
        sealed = token[len(VERSION) :].encode("ascii")
        try:
            padded = self._fernet().decrypt_at_time(sealed, int(self._idle.total_seconds()), self._seconds())
        except InvalidToken as error:
            raise (TokenExpiredError if self._is_expired(sealed) else TokenInvalidError) from error
        try:
            packed = padded[4 : 4 + int.from_bytes(padded[:4], "big")]
            unpacker = zlib.decompressobj()
            data = unpacker.decompress(packed, MAX_STATE_BYTES)
            if unpacker.unconsumed_tail:
                raise TokenTooLargeError
            return from_json(json.loads(data))
        except (zlib.error, ValueError, StateError) as error:
            raise TokenInvalidError from error

    def _is_expired(self, sealed: bytes) -> bool:
        try:
            made = self._fernet().extract_timestamp(sealed)
        except InvalidToken:
            return False
        return self._seconds() - made > self._idle.total_seconds()

    def _fernet(self) -> MultiFernet:
        return MultiFernet([Fernet(key.key) for key in self._keys])

    def _seconds(self) -> int:
        return int(self._now().timestamp())


def keys_to_json(keys: Sequence[DatedKey]) -> str:
    """Return keys as the text of a key file."""
    return json.dumps([{"key": key.key.decode("ascii"), "made": key.made.isoformat(timespec="hours")} for key in keys])


def keys_from_json(text: str) -> tuple[DatedKey, ...]:
    """Return the keys of a key file; raises `ValueError` if it is not one."""
    entries = json.loads(text)
    if not isinstance(entries, list):
        raise ValueError("a key file holds a list")
    keys = []
    for entry in entries:
        key = str(entry["key"]).encode("ascii")
        if len(base64.urlsafe_b64decode(key)) != 32:
            raise ValueError("a state key has 32 bytes")
        made = datetime.fromisoformat(entry["made"])
        if made.tzinfo is None:
            raise ValueError("the time of a state key has a zone")
        keys.append(DatedKey(StateKey(key), made))
    return tuple(keys)
