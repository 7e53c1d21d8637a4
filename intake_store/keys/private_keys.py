"""The private key: made once, kept apart from whoever collects, and readable only with its passphrase.

PKCS #8 would encrypt these keys with PBKDF2 at 2 048 rounds, which a stolen file would not withstand for long. So
the two raw keys are encrypted with AES-256-GCM under a key that scrypt derives from the passphrase.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, NewType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, ValidationError

from intake_store.submission.errors import KeyFileError
from intake_store.submission.sealing import PublicKey

Passphrase = NewType("Passphrase", str)
"""What the private key is locked with; never logged, never an argument on a command line."""

SHORTEST_PASSPHRASE: Final = 12
SCRYPT_COST: Final = 2**17
"""scrypt's N: with r = 8 it takes 128 MiB and about half a second, once for each start."""

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
        if len(passphrase) < SHORTEST_PASSPHRASE:
            raise KeyFileError(f"The passphrase needs at least {SHORTEST_PASSPHRASE} characters.")
        salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
        raw = self._mlkem.private_bytes_raw() + self._x25519.private_bytes_raw()
        key_id = self.public_key.key_id
        locked = AESGCM(_derive(passphrase, salt, cost)).encrypt(nonce, raw, _bound(key_id))
        content = {
            "format": "fyren private key 1",
            "key_id": key_id,
            "scrypt_cost": cost,
            "salt": base64.b64encode(salt).decode(),
            "nonce": base64.b64encode(nonce).decode(),
            "locked": base64.b64encode(locked).decode(),
        }
        return (json.dumps(content, indent=2) + "\n").encode()

    @classmethod
    def unlock(cls, content: bytes, passphrase: Passphrase) -> PrivateKey:
        """Read what `lock` returned; raises `KeyFileError` if it is damaged or the passphrase is wrong."""
        try:
            file = _PrivateKeyFile.model_validate_json(content)
        except ValidationError as error:
            raise KeyFileError("The private key file is damaged. Restore it from its backup.") from error
        try:
            raw = AESGCM(_derive(passphrase, file.salt, file.scrypt_cost)).decrypt(
                file.nonce, file.locked, _bound(file.key_id)
            )
            key = cls(
                MLKEM768PrivateKey.from_seed_bytes(raw[:_MLKEM_SEED_BYTES]),
                X25519PrivateKey.from_private_bytes(raw[_MLKEM_SEED_BYTES:]),
            )
        except (InvalidTag, ValueError) as error:
            raise KeyFileError(
                "The private key does not open: the passphrase is wrong, or the file was changed."
            ) from (error)
        return key


class _PrivateKeyFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    format: Literal["fyren private key 1"]
    key_id: str
    scrypt_cost: Annotated[int, Field(ge=2, le=2**20)]
    salt: Base64Bytes
    nonce: Base64Bytes
    locked: Base64Bytes


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
    _write_new(files.private, content, 0o600)
    try:
        _write_new(files.public, key.public_key.to_pem(), 0o644)
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


def read_passphrase_file(path: Path) -> Passphrase:
    """Read a passphrase from the first line of a file; raises `KeyFileError` if there is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(f"The passphrase file {path} cannot be read.") from error
    if not lines or not lines[0].strip():
        raise KeyFileError(f"The passphrase file {path} is empty.")
    return Passphrase(lines[0].strip())


def create_passphrase_file(path: Path) -> Passphrase:
    """Write a random passphrase to a new file that only its owner may read, and return it.

    For trying Fyren out on one machine: a passphrase beside its key protects nothing. Raises `KeyFileError` if the
    file is there.
    """
    passphrase = Passphrase(secrets.token_urlsafe(24))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write_new(path, f"{passphrase}\n".encode(), 0o600)
    return passphrase


def _write_new(path: Path, content: bytes, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError as error:
        raise KeyFileError(f"{path} is there already and is not overwritten. Choose another path.") from error
    except OSError as error:
        raise KeyFileError(f"{path} cannot be written ({error.strerror}).") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _derive(passphrase: Passphrase, salt: bytes, cost: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=cost, r=8, p=1).derive(passphrase.encode("utf-8"))


def _bound(key_id: str) -> bytes:
    return b"fyren private key 1 " + key_id.encode()
