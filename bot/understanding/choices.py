"""Matching what a person typed to one of the choices on the screen; when in doubt, to none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from rapidfuzz import fuzz

from bot.understanding.keywords import folded_message

_NUMBER = re.compile(
    r"(?:(?:alternativ|alternative|option|choice|val|numer|number|nr|no|optiunea|varianta|numarul|svar) )?"
    r"(\d{1,2})(?: ?an)?"
)
_SHORTEST_PART = 4  # letters of a label that may stand for it
_MOST_WORDS_MORE = 3  # words around a label that do not change what is meant
_ALIKE = 90.0  # rapidfuzz ratio, 0 to 100


def matching_choice(text: str, offered: Mapping[str, str]) -> str | None:
    """Return the id of the choice that `text` means, or None.

    `offered` maps ids to labels in the order shown. A label or id wins over its number (a label may be a number), then
    the only label that begins with the text, then the only one that the text holds or is held by, then a misspelling.
    """
    typed = folded_message(text)
    if not typed or not offered:
        return None
    labels = {choice: folded_message(label) for choice, label in offered.items()}
    exact = [choice for choice, label in labels.items() if label == typed]
    if exact:
        return exact[0] if len(exact) == 1 else None
    if number := _NUMBER.fullmatch(typed):
        place = int(number[1])
        return list(offered)[place - 1] if 1 <= place <= len(offered) else None
    return (
        _only(choice for choice, label in labels.items() if len(typed) >= _SHORTEST_PART and label.startswith(typed))
        or _only(choice for choice, label in labels.items() if _holds(typed, label))
        or _only(choice for choice, label in labels.items() if _is_part(typed, label))
        or _misspelt(typed, labels)
    )


def _only(choices: Iterable[str]) -> str | None:
    found = list(choices)
    return found[0] if len(found) == 1 else None


def _holds(typed: str, label: str) -> bool:
    """Tell whether the typed words are a label and little else: “I think selling pictures please”."""
    little = len(typed.split()) - len(label.split()) <= _MOST_WORDS_MORE
    return len(label) >= _SHORTEST_PART and little and f" {label} " in f" {typed} "


def _is_part(typed: str, label: str) -> bool:
    return len(typed) >= _SHORTEST_PART and f" {typed} " in f" {label} "


def _misspelt(typed: str, labels: Mapping[str, str]) -> str | None:
    if len(typed) <= _SHORTEST_PART:
        return None
    return _only(choice for choice, label in labels.items() if fuzz.ratio(typed, label) >= _ALIKE)
