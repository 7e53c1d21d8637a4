"""The contract of intents, as the understanding service carries it in `nlu/intents.yml`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from content_files import load_model


class IntentEntry(BaseModel):
    """One intent: what it leads to, what it covers, and whether it is a crisis."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    leads_to: str
    covers: str = ""
    priority: Literal["crisis"] | None = None
    entities: tuple[str, ...] = ()


class IntentsFile(BaseModel):
    """The file `intents.yml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: int
    intents: dict[str, IntentEntry]


def load_intents(path: Path) -> dict[str, bool]:
    """Return every intent and whether it is a crisis; raises `ContentError` if the file is not of its shape."""
    contract, _ = load_model(path, IntentsFile)
    return {name: entry.priority == "crisis" for name, entry in contract.intents.items()}
