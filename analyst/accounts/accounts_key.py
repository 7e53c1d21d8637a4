"""The key file beside the accounts database, so that a copy of the database alone gives away no one-time secret."""

from __future__ import annotations

import hashlib
import hmac
import stat
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from analyst.accounts.clock import Chance
from analyst.accounts.errors import DatabaseRefused
from intake_store.keys.secret_files import write_new
from intake_store.submission.errors import KeyFileError

_LENGTH: Final = 32
_NONCE: Final = 12


class AccountsKey:
    """Seals secrets and hashes recovery codes, with two keys that are derived from the one in the file."""

    def __init__(self, key: bytes, chance: Chance) -> None:
        if len(key) != _LENGTH:
            raise ValueError("the key has 32 bytes")
        self._sealing = AESGCM(hmac.digest(key, b"fyren accounts sealing", "sha256"))
        self._hashing = hmac.digest(key, b"fyren accounts hashing", "sha256")
        self._chance = chance

    @classmethod
    def read(cls, path: Path, chance: Chance) -> AccountsKey:
        """Read the key; raises `DatabaseRefused` if it is missing, damaged or open to others."""
        try:
            mode = path.stat().st_mode
            key = bytes.fromhex(path.read_text(encoding="ascii").strip())
        except FileNotFoundError as error:
            raise DatabaseRefused(
                f"The key {path} of the accounts database is missing. Bring it back from a copy; without it everybody"
                " needs a new account."
            ) from error
        except (OSError, ValueError) as error:
            raise DatabaseRefused(f"The key {path} cannot be read.") from error
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise DatabaseRefused(f"{path} can be read by others than its owner. Run `chmod 600 {path}`.")
        if len(key) != _LENGTH:
            raise DatabaseRefused(f"The key {path} is damaged. Bring it back from a copy.")
        return cls(key, chance)

    @classmethod
    def create(cls, path: Path, chance: Chance) -> AccountsKey:
        """Write a new key to a new file; raises `DatabaseRefused` if that cannot be done."""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_new(path, f"{chance(_LENGTH).hex()}\n".encode(), 0o600)
        except (OSError, KeyFileError) as error:
            raise DatabaseRefused(str(error)) from error
        return cls.read(path, chance)

    def seal(self, secret: bytes, owner: bytes) -> bytes:
        """Return a secret encrypted, bound to its owner: in another's row it does not open."""
        nonce = self._chance(_NONCE)
        return nonce + self._sealing.encrypt(nonce, secret, owner)

    def open(self, sealed: bytes, owner: bytes) -> bytes:
        """Return a secret; raises `DatabaseRefused` if it was changed, or sealed with another key."""
        try:
            return self._sealing.decrypt(sealed[:_NONCE], sealed[_NONCE:], owner)
        except (InvalidTag, ValueError) as error:
            raise DatabaseRefused("A secret does not open. Does the key belong to this accounts database?") from error

    def keyed_hash(self, content: bytes) -> bytes:
        """Return a hash that nobody without the key can search through."""
        return hmac.new(self._hashing, content, hashlib.sha256).digest()
