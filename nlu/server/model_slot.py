"""Where the model is, on disk and in the server."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Protocol


class ModelNotFound(Exception):
    """There is no trained model at the given place; train one first."""


class Parser(Protocol):
    """What the server asks of a model."""

    model_file: str
    model_id: str

    def parse(self, texts: list[str]) -> list[dict[str, Any]]:
        """Return Rasa's parse result for each text, in the same order."""


@dataclasses.dataclass
class ModelSlot:
    """The place where the server looks for its model; empty until loading is done."""

    model: Parser | None = None


def find_model(place: Path) -> Path:
    """Return `place` if it is a model archive, or the newest archive in it if it is a folder.

    Raises `ModelNotFound` where there is none.
    """
    if place.is_dir():
        archives = sorted(place.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
        if archives:
            return archives[-1].resolve()
    elif place.is_file():
        return place.resolve()
    raise ModelNotFound(f"There is no trained model at {place}. Run: python train.py")
