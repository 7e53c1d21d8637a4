"""What the engine wants said: names of responses and codes, to be put into words by the renderer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.dialogue.state import SlotValue


@dataclass(frozen=True, slots=True)
class Choice:
    """Something a person can tap.

    `id` is `slot:value`, `flow:name`, `command:name` or `change:slot`, at most 64 bytes (Telegram's limit for a
    button). `title` is a msgid; empty for places and languages, whose names the renderer knows.
    """

    id: str
    title: str = ""

    @property
    def kind(self) -> str:
        """`flow`, `command`, `change`, or the name of a slot."""
        return self.id.partition(":")[0]

    @property
    def value(self) -> str:
        """What follows the kind."""
        return self.id.partition(":")[2]


@dataclass(frozen=True, slots=True)
class Say:
    """Say a response; `values` are the slots as they were at that moment, for its placeholders."""

    response: str
    values: Mapping[str, SlotValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask for a slot.

    `progress` is (this question, all questions), both counted from 1. `selected` holds the values chosen so far of a
    question with several answers. `commands` are ways past the question: skip, back, stop.
    """

    slot: str
    response: str
    choices: tuple[Choice, ...]
    commands: tuple[Choice, ...] = ()
    multiple: bool = False
    maximum: int = 1
    selected: tuple[str, ...] = ()
    progress: tuple[int, int] | None = None
    values: Mapping[str, SlotValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ShowServices:
    """Show service cards, best first; `level` tells whether they are local, of the county or national."""

    services: tuple[str, ...]
    level: str
    place: str | None


@dataclass(frozen=True, slots=True)
class ShowSummary:
    """Show exactly what will be stored: the answered variables of a population, in the codebook's order."""

    response: str
    population: str
    answers: tuple[tuple[str, SlotValue], ...]


Utterance = Say | Ask | ShowServices | ShowSummary
