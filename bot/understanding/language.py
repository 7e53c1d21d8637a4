"""Which language a person writes, and which language they name.

Detection is limited to the languages that are live and sticks to the language of the conversation: “ok”, “hej” or
“Malmö” say little about a language, a sentence of another one says much.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from babel import Locale, UnknownLocaleError
from lingua import IsoCode639_1, Language, LanguageDetectorBuilder
from pydantic import BaseModel, ConfigDict

from bot.safety.folding import STOP, fold, fold_to_words
from content_files import load_model

_SWITCH_WORDS = 3  # fewer words never switch the language of a conversation
_SWITCH_CONFIDENCE = 0.60
_FUNCTION_WORD_WEIGHT = 2.5  # how much likelier each function word makes its language
_SHORTEST_NAME = 4  # shorter names of languages are ordinary words elsewhere

NAMED_LANGUAGES = tuple(
    """
    sv en ro ar am az bg bn bs cs da de el es et fa fi fr he hi hr hu hy it ja ka ckb ku lt lv mn nb nl pl prs ps pt
    rom ru sk sl so sq sr sw th ti tl tr uk ur uz vi zh
    """.split()  # noqa: SIM905 - one code a line would be fifty lines
)
"""Codes of the languages that a person may name, those spoken in Sweden; most are not live."""

_OTHER_NAMES = {
    "ro": ("romaneste", "romaneasca", "moldoveneste", "moldovenească", "moldavian"),
    "en": ("englezeste",),
    "sv": ("suedeza", "swedisk"),
    "es": ("espanol", "spaniola", "castellano"),
    "fa": ("farsi",),
    "prs": ("dari",),
    "zh": ("mandarin", "kinesiska", "chineza"),
    "ku": ("kurmanji", "kurmanci"),
    "ckb": ("sorani",),
    "nb": ("norwegian", "norska", "norvegiana"),
    "tl": ("tagalog", "filipino"),
    "rom": ("romani", "romanes", "romani_chib", "tigani"),
    "sr": ("srpski",),
}


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    """A language code and how sure the guess is, between 0 and 1."""

    language: str
    confidence: float


class LanguageDetector:
    """Guesses among `languages` (codes); the first is taken where nothing speaks for any."""

    def __init__(self, languages: Iterable[str], function_words: Mapping[str, frozenset[str]] | None = None) -> None:
        """`function_words` maps codes to folded words that speak for a language.

        Raises `ValueError` for a language that cannot be told apart.
        """
        self._function_words = function_words or {}
        self._default, *others = dict.fromkeys(languages)
        known = {code: _lingua_language(code) for code in (self._default, *others)}
        self._codes = {language: code for code, language in known.items()}
        # Two languages are the least that can be told apart; with one there is nothing to guess.
        self._detector = LanguageDetectorBuilder.from_languages(*known.values()).build() if others else None

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the languages that are told apart."""
        return tuple(self._codes.values())

    def warm_up(self) -> None:
        """Load the language models (about two seconds and 135 MB for three languages), which the first guess would."""
        if self._detector is not None:
            self._detector.detect_language_of("värme, warmth, căldură")

    def detect(self, text: str, current: str | None = None) -> LanguageGuess:
        """Return the language of `text`, given the language of the conversation so far."""
        words = [word for word in fold_to_words(text).split() if word != STOP and not word.isdecimal()]
        if self._detector is None or not words or (current is not None and len(words) < _SWITCH_WORDS):
            return LanguageGuess(current or self._default, 0.0)
        guess = self._guess(text, set(words))
        if current is not None and guess.language != current and guess.confidence < _SWITCH_CONFIDENCE:
            return LanguageGuess(current, 1 - guess.confidence)
        return guess

    def _guess(self, text: str, words: set[str]) -> LanguageGuess:
        assert self._detector is not None
        weights: dict[str, float] = {}
        for value in self._detector.compute_language_confidence_values(text):
            code = self._codes[value.language]
            spoken_for = len(words & self._function_words.get(code, frozenset()))
            weights[code] = max(value.value, 0.001) * _FUNCTION_WORD_WEIGHT**spoken_for
        best = max(weights, key=lambda code: weights[code])
        return LanguageGuess(best, weights[best] / sum(weights.values()))


class FunctionWordsFile(BaseModel):
    """The file `flows/understanding/function_words.yml`: words by language code."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1]
    words: dict[str, list[str]]


def load_function_words(path: Path) -> dict[str, frozenset[str]]:
    """Return the folded words by language code. Raises `ContentError` if the file does not fit."""
    file, _ = load_model(path, FunctionWordsFile)
    return {code: frozenset(fold(word) for word in words) for code, words in file.words.items()}


class LanguageNames:
    """Knows the names of languages in `languages` (codes) and in each language itself."""

    def __init__(self, languages: Iterable[str]) -> None:
        self._locales = tuple(Locale.parse(code) for code in dict.fromkeys(["en", *languages]))

    def warm_up(self) -> None:
        """Look the names up (about a third of a second), which the first text would."""
        assert self._names

    def find_language(self, text: str) -> str | None:
        """Return the code of the first language that `text` names, or None."""
        words = fold_to_words(text).split()
        longest = max(map(len, self._names))
        for position in range(len(words)):
            for length in range(longest, 0, -1):
                code = self._names.get(tuple(words[position : position + length]))
                if code is not None:
                    return code
        return None

    @functools.cached_property
    def _names(self) -> dict[tuple[str, ...], str]:
        # It takes the data of fifty languages, and the first page needs none of them.
        names: dict[tuple[str, ...], str] = {}
        for code in NAMED_LANGUAGES:
            spellings = [locale.languages.get(code) for locale in self._locales]
            spellings += [_endonym(code), *(name.replace("_", " ") for name in _OTHER_NAMES.get(code, ()))]
            for spelling in spellings:
                words = tuple(fold_to_words(spelling or "").split())
                if words and (len("".join(words)) >= _SHORTEST_NAME or not words[0].isascii()):
                    names.setdefault(words, code)
        return names


def _endonym(code: str) -> str | None:
    try:
        return Locale.parse(code).get_display_name(code)
    except UnknownLocaleError:
        return None  # Babel carries no data in that language


def _lingua_language(code: str) -> Language:
    iso = getattr(IsoCode639_1, code.upper(), None)
    if iso is None:
        raise ValueError(f"the language {code!r} cannot be detected")
    return Language.from_iso_code_639_1(iso)
