"""What periods are called in running text: by their months, with the code that addresses and files use."""

from __future__ import annotations

from typing import Final

from analyst.translation import Translator, message
from intake_store.periods import Quarter, parse_period

_QUARTERS: Final = (
    message("January–March {year} ({year}Q1)"),
    message("April–June {year} ({year}Q2)"),
    message("July–September {year} ({year}Q3)"),
    message("October–December {year} ({year}Q4)"),
)


def period_name(period: str, say: Translator) -> str:
    """Return the name of a quarter such as `2026Q3`: "July–September 2026 (2026Q3)"; of a year, the year.

    Several periods, as a comparison has them, are separated by commas. What is no period is returned as it is.
    """
    return ", ".join(_name(part, say) for part in period.split(", "))


def _name(period: str, say: Translator) -> str:
    try:
        parsed = parse_period(period)
    except ValueError:
        return period
    if isinstance(parsed, Quarter):
        return say(_QUARTERS[parsed.number - 1]).format(year=parsed.year)
    return period
