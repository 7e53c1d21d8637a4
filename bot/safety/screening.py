"""The crisis screen: runs on each free text, in every state of every conversation, with or without the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bot.safety.lexicon import CRISIS_INTENTS, CrisisIntent, CrisisLexicon, LexiconHit

ADULT = 18
_IMPLAUSIBLE = 0.02  # a model this sure that nothing is wrong outweighs a doubtful phrase, never a certain one


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

        `ranking` maps every intent to the model's probability, None while the model is away. Age rules: a child's age
        makes a crisis of its own, certain together with words of exploitation; an adult's age silences a
        `crisis_minor` that only the model sees.
        """
        found = self._by_lexicon_and_age(text, age)
        seen = self._by_model(ranking, age) if ranking is not None else None
        certain = [finding for finding in found if finding.certain]
        if certain:
            return _with_others(certain[0], found)
        if found and ranking is not None:
            if seen is not None and seen.certain:
                return _with_others(seen, found)
            if seen is None and _crisis_sum(ranking, age) < _IMPLAUSIBLE and found[0].source == "lexicon":
                return None
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


def _crisis_probabilities(ranking: Mapping[str, float], age: StatedAge | None) -> dict[CrisisIntent, float]:
    adult = age is not None and age.years >= ADULT
    return {intent: ranking.get(intent, 0.0) for intent in CRISIS_INTENTS if not (adult and intent == "crisis_minor")}


def _crisis_sum(ranking: Mapping[str, float], age: StatedAge | None) -> float:
    return sum(_crisis_probabilities(ranking, age).values())


def _with_others(finding: CrisisFinding, found: list[CrisisFinding]) -> CrisisFinding:
    others = dict.fromkeys(other.intent for other in found if other.intent != finding.intent)
    return CrisisFinding(finding.intent, finding.certain, finding.source, tuple(others))
