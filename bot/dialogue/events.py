"""What can happen to a conversation, as the engine sees it: no text, no channel, only what was understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.dialogue.state import SlotValue
from bot.dialogue.utterances import Utterance


@dataclass(frozen=True, slots=True)
class Started:
    """A person came."""


@dataclass(frozen=True, slots=True)
class ChoicesTaken:
    """A person took one or more of the offered choices; ids as in `Choice.id`."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Understood:
    """A person wrote something and this much was understood.

    `decision` is `answer`, `ask_back` or `cannot_handle`. `crisis` names a crisis intent, `crisis_certain` whether to
    act on it at once or to ask first. `place` is a municipality or county code, `place_candidates` are the codes among
    which a person has to choose. `age` is the person's own age in years. `choices` are offered choices that the text
    named. `language` is a language the person asked for.
    """

    intent: str | None = None
    alternatives: tuple[str, ...] = ()
    decision: str = "cannot_handle"
    crisis: str | None = None
    crisis_certain: bool = False
    place: str | None = None
    place_candidates: tuple[str, ...] = ()
    age: int | None = None
    choices: tuple[str, ...] = ()
    language: str | None = None
    understanding_available: bool = True


@dataclass(frozen=True, slots=True)
class LanguageChosen:
    """A person chose another language with the channel's own picker; the conversation stays where it is."""

    language: str


@dataclass(frozen=True, slots=True)
class ActionFinished:
    """The application carried out an action that a flow asked for.

    `slots` are its results. `final` says that it had a lasting effect, so that nobody can go back behind it.
    """

    slots: Mapping[str, SlotValue] = field(default_factory=dict)
    utterances: tuple[Utterance, ...] = ()
    final: bool = False


@dataclass(frozen=True, slots=True)
class ActionFailed:
    """An action broke; the person is told, and the conversation goes on."""


Event = Started | ChoicesTaken | Understood | LanguageChosen | ActionFinished | ActionFailed
