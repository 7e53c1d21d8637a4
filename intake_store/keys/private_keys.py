"""The private key: made once, kept apart from whoever collects, and readable only with its passphrase."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

from intake_store.keys.locked_files import SCRYPT_COST, lock, unlock
from intake_store.keys.passphrases import Passphrase
from intake_store.keys.secret_files import write_new
from intake_store.submission.errors import KeyFileError
from intake_store.submission.sealing import PublicKey

_PURPOSE = "private key"
_MLKEM_SEED_BYTES = 64


class PrivateKey:
    """The private half of the store's key; it opens what its public half sealed."""

    def __init__(self, mlkem: MLKEM768PrivateKey, x25519: X25519PrivateKey) -> None:
        self._mlkem = mlkem
        self._x25519 = x25519
        self.hpke: Final = MLKEM768X25519PrivateKey(mlkem, x25519)
        self.public_key: Final = PublicKey(mlkem.public_key(), x25519.public_key())

    @classmethod
    def generate(cls) -> PrivateKey:
        """Return a new random key."""
        return cls(MLKEM768PrivateKey.generate(), X25519PrivateKey.generate())

    def lock(self, passphrase: Passphrase, cost: int = SCRYPT_COST) -> bytes:
        """Return the content of a private key file.

        `cost` is scrypt's N, a power of two. Raises `KeyFileError` if the passphrase is too short.
        """
        raw = self._mlkem.private_bytes_raw() + self._x25519.private_bytes_raw()
        return lock(raw, passphrase, purpose=_PURPOSE, name=self.public_key.key_id, cost=cost)

    @classmethod
    def unlock(cls, content: bytes, passphrase: Passphrase) -> PrivateKey:
        """Read what `lock` returned.

        Raises `WrongPassphrase` if it does not open with the passphrase, `KeyFileError` if it is damaged.
        """
        raw, name = unlock(content, passphrase, purpose=_PURPOSE)
        try:
            key = cls(
                MLKEM768PrivateKey.from_seed_bytes(raw[:_MLKEM_SEED_BYTES]),
                X25519PrivateKey.from_private_bytes(raw[_MLKEM_SEED_BYTES:]),
            )
        except ValueError as error:
            raise KeyFileError("The private key file holds no private key. Restore it from its backup.") from error
        if key.public_key.key_id != name:
            raise KeyFileError("The private key file holds another key than it says. Restore it from its backup.")
        return key


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """Where the two halves of a key stand."""

    public: Path
    private: Path


def check_key_files(files: KeyFiles) -> None:
    """Check that a new key can go there, before anybody thinks up a passphrase; raises `KeyFileError` if not."""
    if files.public.resolve().parent == files.private.resolve().parent:
        raise KeyFileError("The private key must stand in a folder of its own, apart from the public key.")
    for path in (files.public, files.private):
        if path.exists():
            raise KeyFileError(f"{path} is there already and is not overwritten. Choose another path.")


def create_key_files(files: KeyFiles, passphrase: Passphrase, cost: int = SCRYPT_COST) -> PublicKey:
    """Make a new key and write both halves; the private one into a folder that only its owner may enter.

    Raises `KeyFileError` if either file is there already (nothing is ever overwritten), if both would stand in the
    same folder, or if the passphrase is too short.
    """
    check_key_files(files)
    key = PrivateKey.generate()
    content = key.lock(passphrase, cost)
    files.public.parent.mkdir(parents=True, exist_ok=True)
    files.private.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    files.private.parent.chmod(0o700)
    write_new(files.private, content, 0o600)
    try:
        write_new(files.public, key.public_key.to_pem(), 0o644)
    except BaseException:
        # Half a pair would stand in the way of the next attempt.
        with contextlib.suppress(OSError):
            files.private.unlink()
        raise
    return key.public_key


def read_private_key(path: Path, passphrase: Passphrase) -> PrivateKey:
    """Read a private key file; raises `KeyFileError` if it is missing, damaged or the passphrase is wrong."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise KeyFileError(f"The private key {path} cannot be read ({error.strerror}).") from error
    return PrivateKey.unlock(content, passphrase)
