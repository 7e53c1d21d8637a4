"""Digests of tables, to find out whether two databases hold the same rows, whichever engines they run on."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

Value = str | bytes | int | uuid.UUID | None


@dataclass(slots=True)
class TableDigest:
    """How many rows a table has, and the sum of their SHA-256 modulo 2^256, in whatever order they come.

    It finds damage, and is no protection against forgers: sealed rows carry that themselves.
    """

    rows: int = 0
    total: int = 0

    def add(self, row: Mapping[str, Value]) -> None:
        """Count a row, given by the names of its columns."""
        digest = hashlib.sha256()
        for name in sorted(row):
            for kind, content in (_encoded(name), _encoded(row[name])):
                digest.update(b"%b%d:" % (kind, len(content)) + content)
        self.rows += 1
        self.total = (self.total + int.from_bytes(digest.digest(), "big")) % 2**256

    def __str__(self) -> str:
        return f"{self.total:064x}"


def _encoded(value: Value) -> tuple[bytes, bytes]:
    match value:
        case None:
            return b"0", b""
        case bytes():
            return b"b", value
        case int():
            return b"i", str(value).encode()
        case uuid.UUID():  # SQLite keeps it as this text
            return b"s", value.hex.encode()
    return b"s", value.encode()
