"""Figures as a language writes them, and the sign for what is withheld."""

from __future__ import annotations

from typing import Final

from analyst.translation import Translator
from intake_store.statistics.released import Figure
from intake_store.statistics.table_output import WITHHELD

NARROW_SPACE: Final = "\N{NARROW NO-BREAK SPACE}"


def number(figure: Figure, say: Translator, decimals: int = 0) -> str:
    """Return a figure as the language writes it, or the sign for withheld."""
    if figure is None:
        return WITHHELD
    if isinstance(figure, float) and not decimals:
        decimals = 0 if abs(figure) >= 1000 else 2
    text = f"{figure:,.{decimals}f}"
    if say.language == "sv":
        return text.replace(",", NARROW_SPACE).replace(".", ",")
    return text


def percent(value: float | None, say: Translator) -> str:
    """Return a share with one decimal, or the sign for withheld."""
    return WITHHELD if value is None else number(value, say, 1)
