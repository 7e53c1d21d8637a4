"""The secret of one intake database: from it come, apart from each other, the keys of receipts and of submissions."""

from __future__ import annotations

import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import NewType

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from intake_store.submission.errors import KeyFileError
from intake_store.submission.receipts import ReceiptPepper

SubmissionPepper = NewType("SubmissionPepper", bytes)
"""The secret of a store under which idempotency keys are hashed."""

_ROOT_BYTES = 32


@dataclass(frozen=True, slots=True)
class StoreSecrets:
    """The derived secrets; each finds something else, so one must not be usable as the other.

    Raises `ValueError` if two of them are equal or one is short.
    """

    receipts: ReceiptPepper = field(repr=False)
    submissions: SubmissionPepper = field(repr=False)

    def __post_init__(self) -> None:
        if hmac.compare_digest(self.receipts, self.submissions):
            raise ValueError("the secrets of receipts and submissions must differ")
        if min(len(self.receipts), len(self.submissions)) < _ROOT_BYTES:
            raise ValueError(f"a secret has at least {_ROOT_BYTES} bytes")

    @classmethod
    def derive(cls, root: bytes) -> StoreSecrets:
        """Derive both secrets from the store's 32 random bytes."""
        return cls(
            receipts=ReceiptPepper(_derived(root, b"fyren receipt codes 1")),
            submissions=SubmissionPepper(_derived(root, b"fyren submissions 1")),
        )

    @classmethod
    def read(cls, path: Path) -> StoreSecrets:
        """Read the secret file of a store; raises `KeyFileError` if it is missing or damaged."""
        try:
            root = bytes.fromhex(path.read_text(encoding="ascii").strip())
        except OSError as error:
            raise KeyFileError(
                f"The store's secret {path} cannot be read ({error.strerror}). Make it with `fyren keys create`."
            ) from error
        except ValueError as error:
            raise KeyFileError(f"The store's secret {path} is damaged. Restore it: receipts depend on it.") from error
        if len(root) != _ROOT_BYTES:
            raise KeyFileError(f"The store's secret {path} is damaged. Restore it: receipts depend on it.")
        return cls.derive(root)


def create_secret_file(path: Path) -> bool:
    """Write a new random secret, readable by its owner alone, unless there is one; tell whether it was written.

    An existing secret is kept, since every receipt that was handed out depends on it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(_ROOT_BYTES) + "\n")
    return True


def _derived(root: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=_ROOT_BYTES, salt=None, info=purpose).derive(root)
