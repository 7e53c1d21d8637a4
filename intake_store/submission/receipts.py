"""Receipt codes: with one a person can withdraw their response; without one nobody can find it.

A code is fifteen random signs and a check sign of Crockford's base 32, in four groups: `7K2M-X0PQ-4DTR-9HAZ`. It holds
75 random bits. Only a slow keyed hash is stored, under a secret that belongs to one store alone.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Final, NewType

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from intake_store.submission.errors import ReceiptError

ReceiptCode = NewType("ReceiptCode", str)
"""A code in its one written form; whoever holds it can delete the row, so it is never logged."""

ReceiptPepper = NewType("ReceiptPepper", bytes)
"""The secret of a store under which receipt codes are hashed."""

ReceiptHash = NewType("ReceiptHash", bytes)
"""What is stored of a code, 32 bytes."""

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH: Final = 16
_SEED_BYTES = 16

_VALUES = {sign: value for value, sign in enumerate(ALPHABET)}
_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1"})
_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015\u2212.·_]+")
# About 16 MiB and 40 ms: slow enough that 75 bits stay far out of reach, light enough for the smallest server.
_SCRYPT_COST, _SCRYPT_BLOCK, _SCRYPT_PARALLEL = 2**14, 8, 1


def new_receipt_code() -> ReceiptCode:
    """Return a new random code."""
    signs = [secrets.randbelow(32) for _ in range(CODE_LENGTH - 1)]
    return _written("".join(ALPHABET[value] for value in [*signs, _check_value(signs)]))


def derive_receipt_code(seed: bytes) -> ReceiptCode:
    """Return the code that follows from a secret seed of at least 16 random bytes.

    A submission that is tried again has to show the same code, without the code being kept anywhere meanwhile.
    """
    if len(seed) < _SEED_BYTES:
        raise ValueError(f"a seed has at least {_SEED_BYTES} bytes")
    signs = [byte % 32 for byte in hashlib.sha256(b"fyren receipt code 1" + seed).digest()[: CODE_LENGTH - 1]]
    return _written("".join(ALPHABET[value] for value in [*signs, _check_value(signs)]))


def looks_like_receipt(typed: str) -> bool:
    """Tell whether a text was meant as a code, right or not: about its length, with a digit or in capitals."""
    signs = _SEPARATORS.sub("", typed)
    meant = signs.isalnum() and (signs.upper() == signs or any(sign.isdigit() for sign in signs))
    return meant and CODE_LENGTH // 2 <= len(signs) <= CODE_LENGTH * 2


def read_receipt_code(typed: str) -> ReceiptCode:
    """Return the code that a person typed, however they wrote it.

    Case, spaces and dashes do not matter; O is read as 0, I and L as 1. Raises `ReceiptError` if it cannot be a code:
    a wrong length, a sign that codes do not have, or a check sign that shows a slip (any one wrong sign, or any two
    that changed places).
    """
    signs = _SEPARATORS.sub("", typed).upper().translate(_ALIKE)
    if len(signs) != CODE_LENGTH:
        raise ReceiptError(f"A receipt code has {CODE_LENGTH} letters and digits; this one has {len(signs)}.")
    if not _VALUES.keys() >= set(signs):
        raise ReceiptError("A receipt code has only digits and the letters A to Z without U.")
    values = [_VALUES[sign] for sign in signs]
    if _check_value(values[:-1]) != values[-1]:
        raise ReceiptError("One of the letters or digits in the receipt code is not right. Check it once more.")
    return _written(signs)


def hash_receipt_code(code: ReceiptCode, pepper: ReceiptPepper) -> ReceiptHash:
    """Return the hash that finds a code's row: scrypt, salted with the store's secret; about 40 ms."""
    kdf = Scrypt(salt=pepper, length=32, n=_SCRYPT_COST, r=_SCRYPT_BLOCK, p=_SCRYPT_PARALLEL)
    return ReceiptHash(kdf.derive(code.encode("ascii")))


def _written(signs: str) -> ReceiptCode:
    return ReceiptCode("-".join(signs[start : start + 4] for start in range(0, CODE_LENGTH, 4)))


def _check_value(values: list[int]) -> int:
    """Return the sum of the signs weighted with growing powers of x in GF(32), modulo x^5 + x^2 + 1.

    The weights differ from each other and from the check sign's own (1), which is why no single wrong sign and no
    exchange of two signs keeps the sum.
    """
    total = 0
    for value in values:
        total = _times_x(total ^ value)
    return total


def _times_x(value: int) -> int:
    doubled = value << 1
    return doubled ^ 0b100101 if doubled & 0b100000 else doubled
