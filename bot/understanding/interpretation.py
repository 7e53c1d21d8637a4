"""The whole path from a sentence to what it means: safety screen, model, language, places, ages, choices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from bot.directory.places import PlaceMention
from bot.safety.screening import ADULT, CrisisFinding, CrisisScreen, StatedAge
from bot.understanding.ages import find_own_age
from bot.understanding.choices import matching_choice
from bot.understanding.keywords import Keywords
from bot.understanding.language import LanguageDetector, LanguageNames
from bot.understanding.nlu_client import NluClient
from bot.understanding.thresholds import Thresholds

Decision = Literal["answer", "ask_back", "cannot_handle"]
ALTERNATIVES = 3


class PlaceFinder(Protocol):
    """Finds places in a text; the directory's index is one."""

    def find(self, text: str, language: str | None = None) -> tuple[PlaceMention, ...]:
        """Return the places that `text` names, in its order."""


@dataclass(frozen=True, slots=True)
class IntentGuess:
    """An intent and its probability between 0 and 1."""

    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a text means.

    `intent` is the best guess even where `decision` says that it is not good enough to act on; a crisis that the
    lexicon or a stated age shows is the intent itself. `alternatives` are the likeliest intents, the best first, for
    asking back. `spoken_language` is a language the text names, `choice` the id of an offered choice, `age` the
    writer's own age in years.
    """

    language: str
    intent: str | None
    confidence: float
    alternatives: tuple[IntentGuess, ...]
    decision: Decision
    crisis: CrisisFinding | None
    places: tuple[PlaceMention, ...]
    age: int | None
    spoken_language: str | None
    choice: str | None
    nlu_available: bool


class Interpreter:
    """Understands texts with the parts it is given; works, with less reach, while the model is away."""

    def __init__(
        self,
        *,
        nlu: NluClient,
        screen: CrisisScreen,
        places: PlaceFinder,
        detector: LanguageDetector,
        names: LanguageNames,
        keywords: Keywords,
        thresholds: Thresholds,
    ) -> None:
        self._nlu = nlu
        self._screen = screen
        self._places = places
        self._detector = detector
        self._names = names
        self._keywords = keywords
        self._thresholds = thresholds

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the languages that are told apart."""
        return self._detector.languages

    def warm_up(self) -> None:
        """Load what the first text would otherwise wait for; takes seconds, for a thread of its own."""
        self._names.warm_up()
        self._detector.warm_up()

    async def interpret(
        self, text: str, language: str | None, offered_choices: Mapping[str, str] | None = None
    ) -> Understanding:
        """Return what `text` means in a conversation in `language`, with the choices now on the screen (id → label)."""
        result = await self._nlu.parse(text) if text.strip() else None
        ranking = result.ranking if result else None
        own_age = find_own_age(text)
        stated = StatedAge(own_age.years, own_age.explicit) if own_age else None
        crisis = self._screen.screen(text, ranking, stated)
        written = self._detector.detect(text, language).language
        guesses = _guesses(ranking or {}, stated)
        best = self._best(text, guesses, crisis)
        return Understanding(
            language=written,
            intent=best.name if best else None,
            confidence=best.confidence if best else 0.0,
            alternatives=guesses[:ALTERNATIVES],
            decision=self._decision(best),
            crisis=crisis,
            places=self._places.find(text, written),
            age=own_age.years if own_age else None,
            spoken_language=self._names.find_language(text),
            choice=matching_choice(text, offered_choices or {}),
            nlu_available=result is not None or (not text.strip() and self._nlu.available),
        )

    def _best(self, text: str, guesses: tuple[IntentGuess, ...], crisis: CrisisFinding | None) -> IntentGuess | None:
        if crisis is not None and (crisis.source == "lexicon" or (crisis.source == "age" and crisis.certain)):
            seen = next((guess.confidence for guess in guesses if guess.name == crisis.intent), 0.0)
            return IntentGuess(crisis.intent, 1.0 if crisis.certain else max(seen, 0.5))
        if keyword := self._keywords.intent(text):
            return IntentGuess(keyword, 1.0)
        return guesses[0] if guesses else None

    def _decision(self, best: IntentGuess | None) -> Decision:
        if best is None or best.confidence < self._thresholds.ask_back:
            return "cannot_handle"
        return "answer" if best.confidence >= self._thresholds.answer else "ask_back"


def _guesses(ranking: Mapping[str, float], age: StatedAge | None) -> tuple[IntentGuess, ...]:
    """Return the ranking, the likeliest first, without “under 18” for a person who says that they are not."""
    adult = age is not None and age.years >= ADULT
    kept = [IntentGuess(name, value) for name, value in ranking.items() if not (adult and name == "crisis_minor")]
    return tuple(sorted(kept, key=lambda guess: -guess.confidence))
