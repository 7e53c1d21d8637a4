"""Secrets locked with a passphrase, in a file of their own that says what it is for and opens for nothing else.

The secret is encrypted with AES-256-GCM under a key that scrypt derives from the passphrase; what the file says of its
purpose and of the secret's name is authenticated with it. PKCS #8 would derive the key with PBKDF2 at 2 048 rounds,
which a stolen file would not withstand for long.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from typing import Annotated, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import AliasChoices, Base64Bytes, BaseModel, ConfigDict, Field, ValidationError

from intake_store.keys.passphrases import Passphrase, check_passphrase
from intake_store.submission.errors import KeyFileError

SCRYPT_COST: Final = 2**17
"""scrypt's N: with r = 8 it takes 128 MiB and about half a second, once for each start."""

# Purposes hold no digits, so the 1 of the format parts purpose and name without a doubt.
_PURPOSE = re.compile(r"[a-z]+( [a-z]+)*")


class WrongPassphrase(KeyFileError):
    """A locked file is whole and does not open: the passphrase is another one, or the file was changed."""


def lock(secret: bytes, passphrase: Passphrase, *, purpose: str, name: str = "", cost: int = SCRYPT_COST) -> bytes:
    """Return the content of a file that gives `secret` back to whoever knows the passphrase.

    `purpose` says in lower-case words what the secret is, such as `private key`; `name` which one. Both can be read
    without the passphrase and not be changed. `cost` is scrypt's N, a power of two. Raises `KeyFileError` if the
    passphrase is too short.
    """
    if _PURPOSE.fullmatch(purpose) is None:
        raise ValueError(f"{purpose!r} is not a purpose in lower-case words")
    check_passphrase(passphrase)
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    locked = AESGCM(_derived(passphrase, salt, cost)).encrypt(nonce, secret, _bound(purpose, name))
    content = {
        "format": _format(purpose),
        "name": name,
        "scrypt_cost": cost,
        "salt": base64.b64encode(salt).decode(),
        "nonce": base64.b64encode(nonce).decode(),
        "locked": base64.b64encode(locked).decode(),
    }
    return (json.dumps(content, indent=2) + "\n").encode()


def unlock(content: bytes, passphrase: Passphrase, *, purpose: str) -> tuple[bytes, str]:
    """Return the secret of a file and its name.

    Raises `WrongPassphrase` if it does not open, `KeyFileError` if it is damaged or serves another purpose.
    """
    file = _read(content, purpose)
    try:
        secret = AESGCM(_derived(passphrase, file.salt, file.scrypt_cost)).decrypt(
            file.nonce, file.locked, _bound(purpose, file.name)
        )
    except (InvalidTag, ValueError) as error:
        raise WrongPassphrase(
            f"The {purpose} does not open: the passphrase is wrong, or the file was changed."
        ) from error
    except MemoryError as error:
        raise KeyFileError(f"There is not enough free memory to open the {purpose}.") from error
    return secret, file.name


def name_of(content: bytes, *, purpose: str) -> str:
    """Return the name that a file gives its secret, unproved until it is unlocked.

    Raises `KeyFileError` if the file is damaged or serves another purpose.
    """
    return _read(content, purpose).name


class _LockedFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    format: str
    # Private keys were the first to be locked, and called their name so.
    name: str = Field(validation_alias=AliasChoices("name", "key_id"))
    scrypt_cost: Annotated[int, Field(ge=2, le=2**20)]
    salt: Base64Bytes
    nonce: Base64Bytes
    locked: Base64Bytes


def _read(content: bytes, purpose: str) -> _LockedFile:
    try:
        file = _LockedFile.model_validate_json(content)
    except ValidationError:
        # Its text would quote the file.
        raise KeyFileError(f"The {purpose} file is damaged. Restore it from its backup.") from None
    if file.format != _format(purpose):
        raise KeyFileError(f"The file is damaged, or it is not one of a {purpose}: it says {file.format[:40]!r}.")
    return file


def _derived(passphrase: Passphrase, salt: bytes, cost: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=cost, r=8, p=1).derive(passphrase.encode("utf-8"))


def _format(purpose: str) -> str:
    return f"fyren {purpose} 1"


def _bound(purpose: str, name: str) -> bytes:
    return f"{_format(purpose)} {name}".encode()
