"""Colours and letters of all charts.

The colours of answers are those of Okabe and Ito (Color Universal Design, 2008), which people with any of the common
kinds of colour blindness tell apart. Nothing hangs on colour alone: every mark has its figure beside it.
"""

from __future__ import annotations

from typing import Any, Final

INK: Final = "#17242c"
MUTED: Final = "#4c5b64"
LINE: Final = "#ddd6ca"
BAR: Final = "#0b5a6b"
BAR_TOTAL: Final = "#5d6b73"
PAPER: Final = "#ffffff"
WITHHELD_FILL: Final = "#dcdcdd"
"""A grey that nothing else has; the drawing puts the hatch of withheld figures in its place."""

VERMILLION, ORANGE, GREY, SKY, BLUE = "#d55e00", "#e69f00", "#c4c9cc", "#56b4e9", "#0072b2"

ANSWERS: Final = {
    "very_bad": VERMILLION,
    "bad": ORANGE,
    "neither": GREY,
    "good": SKY,
    "very_good": BLUE,
    "yes": BLUE,
    "yes_routine": BLUE,
    "partly": SKY,
    "yes_on_sign": SKY,
    "waiting": ORANGE,
    "no": VERMILLION,
    "not_wanted": GREY,
    "no_crime": GREY,
}
"""Answers of which one response gives exactly one; drawn as parts of a whole."""

ON_DARK: Final = frozenset({BLUE})

SEQUENCE: Final = ("#eef6f7", "#c9e2e5", "#94c4cb", "#559fab", "#23798a", "#0b5a6b")
"""From little to much, light to dark, so that it holds without colour."""

FONT: Final = "Liberation Sans, Arial, Helvetica, sans-serif"


def theme() -> dict[str, Any]:
    """Return the configuration of every chart."""
    return {
        "background": PAPER,
        "font": FONT,
        "aria": False,
        "padding": 4,
        "view": {"stroke": None},
        "axis": {
            "domain": False,
            "ticks": False,
            "grid": False,
            "labelColor": INK,
            "labelFontSize": 13,
            "titleColor": MUTED,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
        },
        "header": {"labelColor": INK, "labelFontSize": 13, "labelFontWeight": "bold", "title": None},
        "title": {
            "anchor": "start",
            "frame": "bounds",
            "color": INK,
            "fontSize": 17,
            "subtitleColor": MUTED,
            "subtitleFontSize": 13,
            "subtitlePadding": 5,
            "offset": 14,
        },
    }
