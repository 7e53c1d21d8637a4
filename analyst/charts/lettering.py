"""How wide words are, so that they can be broken into lines before anything is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_WIDTHS: Final[Mapping[str, int]] = {
    letter: width
    for letters, width in (
        ("ijl'|", 222),
        ("ftI .,:;/!-()[]\N{NO-BREAK SPACE}", 278),
        ("r", 333),
        ("ckscvxyzJ", 500),
        ("FTZ", 611),
        ("ABEKPSVXYÅÄ", 667),
        ("CDHNRUw", 722),
        ("GOQÖ", 778),
        ("Mm", 833),
        ("%", 889),
        ("W", 944),
        ("…", 1000),
    )
    for letter in letters
}
"""Thousandths of the letter size, of Helvetica; the fonts of the charts have the same measures."""

_OTHERS: Final = 556
_BOLDER: Final = 1.06


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return about how wide a text is in the fonts of the charts, in pixels."""
    return sum(_WIDTHS.get(letter, _OTHERS) for letter in text) * size / 1000 * (_BOLDER if bold else 1)


def broken(text: str, width: float, size: float, *, most: int = 3, bold: bool = False) -> list[str]:
    """Return a text in at most so many lines of a width in pixels; what does not fit is left out with an ellipsis."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".lstrip(" ")
        if not lines[-1] or text_width(longer, size, bold=bold) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    cut = lines[:most]
    if len(lines) > most:
        cut[-1] += " …"
    return [_fitting(line, width, size, bold) for line in cut]


def _fitting(line: str, width: float, size: float, bold: bool) -> str:
    if text_width(line, size, bold=bold) <= width:
        return line
    kept = line.removesuffix(" …")
    while len(kept) > 1 and text_width(f"{kept}…", size, bold=bold) > width:
        kept = kept[:-1].rstrip(" ")
    return f"{kept}…"
