"""Sealing responses to the store's public key: whoever seals cannot open.

HPKE (RFC 9180) in base mode with the hybrid KEM of ML-KEM-768 and X25519, HKDF-SHA256 and AES-256-GCM. The plaintext
is padded to a fixed size, so that the length of a row says nothing about its answers. HPKE's `info` binds everything
that stands beside the sealed bytes, so a row whose id, purpose, version, key or week was changed does not open.
"""

from __future__ import annotations

import hashlib
import logging
import re
import uuid
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, NewType

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PublicKey, Suite
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from intake_store.codebook import Codebook
from intake_store.submission.errors import IntakeStoreError, KeyFileError
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.response import Response

logger = logging.getLogger(__name__)

KeyId = NewType("KeyId", str)
"""The first 16 hexadecimal digits of the SHA-256 of a public key; it names the key a row is sealed to."""

RESPONSE_PURPOSE: Final = "response"
"""The purpose of a row that holds a questionnaire response."""

PADDED_SIZES: Final = (2048, 4096, 8192)
"""Sizes of a padded plaintext, in bytes. Every response that codebook 1 allows fits into the first."""

HPKE_OVERHEAD: Final = 1088 + 32 + 16
"""Bytes that sealing adds: the ML-KEM-768 ciphertext, the X25519 public key and the AES-GCM tag."""

_LENGTH_BYTES = 4
_PEM_BLOCK = re.compile(rb"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----\n?", re.DOTALL)


class PaddingError(IntakeStoreError):
    """A plaintext does not have one of the fixed sizes, or its padding is damaged."""


@dataclass(frozen=True, slots=True)
class SealedResponse:
    """A row as it is stored: the sealed bytes and what is bound to them.

    `row_id` is random and says nothing; everything else than `sealed` is readable and checked when the row is opened.
    """

    row_id: uuid.UUID
    key_id: KeyId
    purpose: str
    codebook_version: str
    iso_week: IsoWeek
    sealed: bytes

    @property
    def info(self) -> bytes:
        """The context that HPKE binds, each part behind its length."""
        return binding(self.row_id, self.key_id, self.purpose, self.codebook_version, self.iso_week)


class PublicKey:
    """The public half of the store's key; it seals and cannot open."""

    def __init__(self, mlkem: MLKEM768PublicKey, x25519: X25519PublicKey) -> None:
        self._mlkem = mlkem
        self._x25519 = x25519
        self.hpke: Final = MLKEM768X25519PublicKey(mlkem, x25519)
        raw = mlkem.public_bytes_raw() + x25519.public_bytes_raw()
        self.key_id: Final = KeyId(hashlib.sha256(raw).hexdigest()[:16])

    def to_pem(self) -> bytes:
        """Return the two standard PEM blocks (SubjectPublicKeyInfo), first ML-KEM-768, then X25519."""
        form = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return self._mlkem.public_bytes(*form) + self._x25519.public_bytes(*form)

    @classmethod
    def from_pem(cls, data: bytes) -> PublicKey:
        """Read what `to_pem` wrote; raises `KeyFileError` for anything else."""
        try:
            keys = [load_pem_public_key(block) for block in _PEM_BLOCK.findall(data)]
        except ValueError as error:
            raise KeyFileError("The public key is damaged; copy it again from where it was made.") from error
        match keys:
            case [MLKEM768PublicKey() as mlkem, X25519PublicKey() as x25519]:
                return cls(mlkem, x25519)
        raise KeyFileError("The public key file must hold an ML-KEM-768 key and then an X25519 key, both as PEM.")

    @classmethod
    def read(cls, path: Path) -> PublicKey:
        """Read a public key file; raises `KeyFileError` if it is missing or damaged."""
        try:
            return cls.from_pem(path.read_bytes())
        except OSError as error:
            raise KeyFileError(
                f"The public key {path} cannot be read ({error.strerror}). Make keys with `fyren keys create`."
            ) from error


class PublicKeyFile:
    """The public key in use, read again when another one takes its place, so that no rotation waits for a restart.

    Raises `KeyFileError` if there is none to begin with. A file that later is damaged or away changes nothing: the
    key that was read last goes on being used, since whoever keeps the responses has its private half.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = self._stamp()
        self._key = PublicKey.read(path)

    def current(self) -> PublicKey:
        """Return the key of the file as it is now."""
        stamp = self._stamp()
        if stamp != self._seen:
            self._seen = stamp
            try:
                self._key = PublicKey.read(self._path)
                logger.info("Responses are sealed to key %s from now on.", self._key.key_id)
            except KeyFileError:
                logger.error(
                    "The public key %s was changed and cannot be read; key %s is used on.", self._path, self._key.key_id
                )
        return self._key

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns


class Sealer:
    """Checks a response against its codebook and seals it; what is invalid is never stored."""

    def __init__(self, public_key: PublicKey | PublicKeyFile, codebook: Codebook) -> None:
        self._public_key = public_key
        self._codebook = codebook

    def seal(self, response: Response) -> SealedResponse:
        """Return the sealed row of a response, under a new random id.

        Raises `ResponseError` if the response does not fit the codebook, `PaddingError` if it is too long.
        """
        self._codebook.validate(response)
        key = self._public_key
        return seal_bytes(
            pad(response.to_json()),
            public_key=key.current() if isinstance(key, PublicKeyFile) else key,
            purpose=RESPONSE_PURPOSE,
            codebook_version=response.codebook_version,
            iso_week=response.iso_week,
        )


def hpke_suite() -> Suite:
    """Return the one suite of the store."""
    return Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def seal_bytes(
    padded: bytes,
    *,
    public_key: PublicKey,
    purpose: str,
    codebook_version: str,
    iso_week: IsoWeek,
    row_id: uuid.UUID | None = None,
) -> SealedResponse:
    """Seal bytes that are already padded, under a new random id, or under the id of the row they came from."""
    row_id = row_id or uuid.uuid4()
    info = binding(row_id, public_key.key_id, purpose, codebook_version, iso_week)
    sealed = hpke_suite().encrypt(padded, public_key.hpke, info=info)
    return SealedResponse(row_id, public_key.key_id, purpose, codebook_version, iso_week, sealed)


def binding(row_id: uuid.UUID, key_id: KeyId, purpose: str, codebook_version: str, iso_week: IsoWeek) -> bytes:
    """Return the bytes of HPKE's `info`: a name of the format and the parts, each behind its length in two bytes."""
    return _FORMAT + _behind_length(row_id.bytes) + _bound_text(key_id, purpose, codebook_version, str(iso_week))


@lru_cache(maxsize=1024)
def _bound_text(*parts: str) -> bytes:
    """Return the part of a binding that all rows of a week have in common; a load asks for it for every row."""
    return b"".join(_behind_length(part.encode()) for part in parts)


def _behind_length(part: bytes) -> bytes:
    return len(part).to_bytes(2, "big") + part


_FORMAT: Final = _behind_length(b"fyren sealed row 1")


def pad(content: bytes) -> bytes:
    """Return the content behind its length and filled with zeros to the smallest of `PADDED_SIZES` that holds it.

    Raises `PaddingError` if none does.
    """
    for size in PADDED_SIZES:
        if len(content) + _LENGTH_BYTES <= size:
            return (len(content).to_bytes(_LENGTH_BYTES, "big") + content).ljust(size, b"\0")
    raise PaddingError(f"A response of {len(content)} bytes is longer than {PADDED_SIZES[-1] - _LENGTH_BYTES}.")


def unpad(padded: bytes) -> bytes:
    """Return what `pad` was given; raises `PaddingError` for anything that `pad` would not return."""
    length = int.from_bytes(padded[:_LENGTH_BYTES], "big")
    content = padded[_LENGTH_BYTES : _LENGTH_BYTES + length]
    if len(content) != length or pad(content) != padded:
        raise PaddingError("The padding is damaged.")
    return content
