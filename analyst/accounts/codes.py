"""One-time codes that people type: invitations and recovery codes."""

from __future__ import annotations

import hashlib
from typing import Final

from analyst.accounts.clock import Chance

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Without i, l, o and u, which look like others; five bits each."""

_LOOKALIKES: Final = str.maketrans({"i": "1", "l": "1", "o": "0"})


def make_code(characters: int, group: int, chance: Chance) -> str:
    """Return a random code in groups joined by hyphens, with five bits in each character."""
    letters = "".join(_ALPHABET[byte & 31] for byte in chance(characters))
    return "-".join(letters[start : start + group] for start in range(0, characters, group))


def normalised(code: str) -> str:
    """Return a code as it was made, whatever the case, spaces and hyphens it was typed with."""
    kept = "".join(letter for letter in code[:200].lower() if letter.isalnum())
    return kept.translate(_LOOKALIKES)


def code_hash(purpose: str, code: str) -> bytes:
    """Return what is stored of a code: codes of 80 bits and more need no slow hash."""
    return hashlib.sha256(f"fyren {purpose}\0{normalised(code)}".encode("utf-8", "replace")).digest()
