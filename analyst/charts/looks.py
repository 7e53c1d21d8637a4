"""Colours and letters of all charts.

Nothing hangs on hue: answers go from dark to light, so that they can be told apart in grey and by people with any kind
of colour blindness; answers outside the scale and withheld figures have patterns; every mark has its figure beside it.
`tests/analyst/charts/test_colours.py` checks it by simulation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

INK: Final = "#17242c"
MUTED: Final = "#4c5b64"
LINE: Final = "#ddd6ca"
OUTLINE: Final = "#6b7780"
"""Around fields that may be nearly as light as the paper."""

FAINT: Final = "#aab2b7"
"""Around stripes, which are seen without it."""

PAPER: Final = "#ffffff"
BAR: Final = "#0b5a6b"
BAR_TOTAL: Final = "#5d6b73"

WITHHELD_FILL: Final = "#dcdcdd"
"""A grey that nothing else has; the drawing puts the stripes of withheld figures in its place."""

OUTSIDE_FILL: Final = "#fdfdfe"
"""As good as white, and nothing else has it; the drawing puts the dots of answers outside the scale in its place."""

SCALE: Final = ("#7a2410", "#b24d18", "#9d968a", "#93c7e3", "#d9eef9")
"""From the worst answer to the best."""

PLAIN: Final = ("#0b5a6b", "#559fab", "#c9e2e5")
"""Of answers of which none is better than another, from yes to no."""

SEQUENCE: Final = ("#eef6f7", "#c9e2e5", "#94c4cb", "#559fab", "#23798a", "#0b5a6b")
"""From little to much, in classes of the same width."""

_WORST, _BAD, _MIDDLE, _GOOD, _BEST = SCALE
_YES, _PARTLY, _NO = PLAIN

JUDGED: Final[Mapping[str, str]] = {
    "very_bad": _WORST,
    "bad": _BAD,
    "neither": _MIDDLE,
    "good": _GOOD,
    "very_good": _BEST,
    "yes": _BEST,
    "yes_routine": _BEST,
    "partly": _GOOD,
    "yes_on_sign": _GOOD,
    "waiting": _MIDDLE,
    "no": _WORST,
    "not_wanted": OUTSIDE_FILL,
    "no_crime": OUTSIDE_FILL,
}
"""Answers that judge what a service did."""

STATED: Final[Mapping[str, str]] = {"yes": _YES, "partly": _PARTLY, "no": _NO, "unsure": OUTSIDE_FILL}
"""Answers that state a fact."""

ANSWERS: Final[Mapping[str, str]] = {**STATED, **JUDGED}
"""Answers of which one response gives exactly one; drawn as parts of a whole."""

JUDGING: Final = frozenset(
    {
        "treatment",
        "needs_met",
        "got_help",
        "professional_help",
        "treated_as_crime_victim",
        "asked_by_staff",
        "asks_routinely",
    }
)
"""The variables whose answers judge."""

FONT: Final = "Liberation Sans, Arial, Helvetica, sans-serif"

THEME: Final[Mapping[str, Any]] = {
    "background": PAPER,
    "font": FONT,
    "aria": False,
    "padding": 4,
    "view": {"stroke": None},
}
"""The configuration of every chart."""


def answer_colours(variable: str, codes: Sequence[str]) -> Mapping[str, str] | None:
    """Return the colours of a variable's answers, if one response gives exactly one of them and they have an order."""
    known = JUDGED if variable in JUDGING else STATED
    return {code: known[code] for code in codes} if known.keys() >= set(codes) else None


def colour_class(value: float, largest: float) -> str:
    """Return the colour of a value between nought and the largest."""
    place = int(len(SEQUENCE) * value / largest) if largest > 0 else 0
    return SEQUENCE[min(max(place, 0), len(SEQUENCE) - 1)]


def luminance(colour: str) -> float:
    """Return the relative luminance of `#rrggbb`, from 0 to 1 (WCAG 2.2, "relative luminance")."""
    red, green, blue = (_linear(int(colour[place : place + 2], 16) / 255) for place in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21 (WCAG 2.2, "contrast ratio")."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def letters_on(colour: str) -> str:
    """Return the colour of letters that read best on a field."""
    return max((INK, PAPER), key=lambda letters: contrast(letters, colour))


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
