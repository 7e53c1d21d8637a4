"""What is to be printed, as one process tells it another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class PrintOrder:
    """A page, its style sheet, and pictures as SVG by the addresses that the page names."""

    page: str
    style: str
    pictures: Mapping[str, str]

    def to_json(self) -> bytes:
        """Return the order as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, content: bytes) -> PrintOrder:
        """Return the order that was written as JSON."""
        return cls(**json.loads(content))
