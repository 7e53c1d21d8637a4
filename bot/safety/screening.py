"""The crisis screen: runs on each free text, in every state of every conversation, with or without the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bot.safety.lexicon import CRISIS_INTENTS, CrisisIntent, CrisisLexicon, LexiconHit

ADULT = 18

# Summed crisis probabilities below which the model outweighs the lexicon. A doubtful phrase is also what people say
# of everyday things, so that a model which sees next to nothing is believed. A certain phrase goes unheard only where
# the model sees nothing at all: a card too many costs less than one that is missing.
_IMPLAUSIBLE = 0.05
_IMPLAUSIBLE_THOUGH_CERTAIN = 0.005


@dataclass(frozen=True, slots=True)
class CrisisFinding:
    """A crisis that was heard in a text.

    `certain` decides between the card itself and the card with “Did I understand you right?”; either way the
    emergency contact is on the screen. `also` are other crises the same text speaks of, the most urgent first.
    """

    intent: CrisisIntent
    certain: bool
    source: Literal["lexicon", "age", "model"]
    also: tuple[CrisisIntent, ...] = ()


@dataclass(frozen=True, slots=True)
class StatedAge:
    """Age in years the writer gives for themselves; `explicit` is false for a bare number."""

    years: int
    explicit: bool


class CrisisScreen:
    """Screens texts with one lexicon and the thresholds for the model's summed crisis probability (0 to 1)."""

    def __init__(self, lexicon: CrisisLexicon, *, certain_from: float, doubtful_from: float) -> None:
        self._lexicon = lexicon
        self._certain_from = certain_from
        self._doubtful_from = doubtful_from

    def screen(
        self, text: str, ranking: Mapping[str, float] | None = None, age: StatedAge | None = None
    ) -> CrisisFinding | None:
        """Return what kind of crisis `text` speaks of, or None.

        `ranking` maps every intent to the model's probability, None while the model is away; a model that sees next to
        no crisis silences the lexicon, sooner where that is in doubt itself. Age rules: a child's age makes a crisis of
        its own, certain together with words of exploitation; an adult's age silences a `crisis_minor` that only the
        model sees.
        """
        found = self._by_lexicon_and_age(text, age)
        seen = None
        if ranking:  # a model that ranks nothing has no opinion that could outweigh a phrase
            seen = self._by_model(ranking, age)
            total = _crisis_sum(ranking, age)
            found = [finding for finding in found if not _is_implausible(finding, total)]
        if found and not found[0].certain and seen is not None and seen.certain:
            return _with_others(seen, found)
        if found:
            return _with_others(found[0], found)
        return seen

    def _by_lexicon_and_age(self, text: str, age: StatedAge | None) -> list[CrisisFinding]:
        found = [_from_hit(hit) for hit in self._lexicon.hits(text) if not _contradicts(hit, age)]
        if age is not None and age.years < ADULT:
            exploited = self._lexicon.speaks_of_exploitation(text)
            if exploited or age.explicit:
                found.append(CrisisFinding("crisis_minor", exploited and age.explicit, "age"))
        return sorted(found, key=lambda finding: (not finding.certain, CRISIS_INTENTS.index(finding.intent)))

    def _by_model(self, ranking: Mapping[str, float], age: StatedAge | None) -> CrisisFinding | None:
        probabilities = _crisis_probabilities(ranking, age)
        total = sum(probabilities.values())
        if total < self._doubtful_from:
            return None
        likeliest = max(probabilities, key=lambda intent: probabilities[intent])
        return CrisisFinding(likeliest, total >= self._certain_from, "model")


def _from_hit(hit: LexiconHit) -> CrisisFinding:
    return CrisisFinding(hit.intent, hit.certain, "lexicon")


def _contradicts(hit: LexiconHit, age: StatedAge | None) -> bool:
    return hit.intent == "crisis_minor" and age is not None and age.explicit and age.years >= ADULT


def _is_implausible(finding: CrisisFinding, crisis_sum: float) -> bool:
    """Tell whether a model with this sum (0 to 1) outweighs what was found; an age is never outweighed."""
    if finding.source != "lexicon":
        return False
    return crisis_sum < (_IMPLAUSIBLE_THOUGH_CERTAIN if finding.certain else _IMPLAUSIBLE)


def _crisis_probabilities(ranking: Mapping[str, float], age: StatedAge | None) -> dict[CrisisIntent, float]:
    adult = age is not None and age.years >= ADULT
    return {intent: ranking.get(intent, 0.0) for intent in CRISIS_INTENTS if not (adult and intent == "crisis_minor")}


def _crisis_sum(ranking: Mapping[str, float], age: StatedAge | None) -> float:
    return sum(_crisis_probabilities(ranking, age).values())


def _with_others(finding: CrisisFinding, found: list[CrisisFinding]) -> CrisisFinding:
    others = dict.fromkeys(other.intent for other in found if other.intent != finding.intent)
    return CrisisFinding(finding.intent, finding.certain, finding.source, tuple(others))
