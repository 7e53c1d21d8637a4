"""The warehouse's key: it encrypts what lies on the disk and makes the record keys of responses."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from intake_store.keys import locked_files
from intake_store.keys.locked_files import SCRYPT_COST, WrongPassphrase
from intake_store.keys.passphrases import Passphrase
from intake_store.keys.secret_files import write_new
from intake_store.submission.errors import KeyFileError

KEY_BYTES: Final = 32

_PURPOSE = "warehouse key"


class WarehouseKey:
    """32 random bytes, and the keys that HKDF (RFC 5869) derives from them, one for each use."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise ValueError(f"a warehouse key has {KEY_BYTES} bytes")
        self._secret = secret
        self.record_secret: Final = self.derived("record keys")
        """Under this the ids of rows are hashed to record keys, so that a warehouse loaded anew gives equal noise."""

    @classmethod
    def generate(cls) -> Self:
        """Return a new random key."""
        return cls(secrets.token_bytes(KEY_BYTES))

    def derived(self, use: str) -> bytes:
        """Return the 32 bytes for one use; nothing about them can be learned from those for another."""
        return HKDFExpand(SHA256(), KEY_BYTES, f"fyren warehouse 1 {use}".encode()).derive(self._secret)

    @classmethod
    def create(cls, path: Path, passphrase: Passphrase, cost: int = SCRYPT_COST) -> Self:
        """Write a new key, locked with a passphrase, to a file that only its owner may read.

        Raises `KeyFileError` if the file is there, cannot be written, or the passphrase is too short.
        """
        key = cls.generate()
        content = locked_files.lock(key._secret, passphrase, purpose=_PURPOSE, cost=cost)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise KeyFileError(f"The folder {path.parent} cannot be made ({error.strerror}).") from error
        write_new(path, content, 0o600)
        return key

    @classmethod
    def read(cls, path: Path, *passphrases: Passphrase) -> Self:
        """Read a key file with the first of the passphrases that opens it.

        Raises `KeyFileError` if it is missing or damaged, `WrongPassphrase` if none opens it.
        """
        try:
            content = path.read_bytes()
        except OSError as error:
            raise KeyFileError(f"The warehouse key {path} cannot be read ({error.strerror}).") from error
        for passphrase in passphrases:
            try:
                secret, _ = locked_files.unlock(content, passphrase, purpose=_PURPOSE)
            except WrongPassphrase:
                continue
            if len(secret) == KEY_BYTES:
                return cls(secret)
            raise KeyFileError(f"The warehouse key {path} is damaged. Restore it from its backup.")
        raise WrongPassphrase(
            f"The warehouse key {path} does not open: the passphrase is wrong, or the file was changed."
        )
