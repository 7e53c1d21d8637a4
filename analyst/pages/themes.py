"""The pages of the dashboard, and which released tables stand on each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from analyst.translation import message
from intake_store.statistics.declarations import Theme
from intake_store.statistics.released import ReleasedTable

BUYING: Final = "needs_buying"
_POPULATIONS: Final = ("needs_selling", "experience", BUYING, "needs_relative", "needs_professional")
"""Those whom the service is for come first, and those who speak of others after them."""


@dataclass(frozen=True, slots=True)
class ThemePage:
    """A page: its name in the address, its title, what a reader should know first, and the themes it is made of."""

    name: str
    title: str
    lead: str
    themes: tuple[Theme, ...]

    def holds(self, table: ReleasedTable) -> bool:
        """Tell whether a table stands on the page; those about people who buy have a page of their own."""
        if table.population == BUYING:
            return (self.name == "buyers" and table.theme is not Theme.GEOGRAPHY) or self._is_geography(table)
        return table.theme in self.themes

    def _is_geography(self, table: ReleasedTable) -> bool:
        return Theme.GEOGRAPHY in self.themes and table.theme is Theme.GEOGRAPHY


THEME_PAGES: Final = (
    ThemePage(
        "who",
        message("Who answered"),
        message("Age, gender, citizenship and background of those who answered. Nobody had to say."),
        (Theme.WHO,),
    ),
    ThemePage(
        "needs",
        message("Needs and barriers"),
        message("What people need help with, whether they get it, and what has kept them from seeking it."),
        (Theme.NEEDS, Theme.BARRIERS),
    ),
    ThemePage(
        "experience",
        message("Experience of services"),
        message(
            "How people were treated, whether they got help, and what services cost."
            " Each response is about one service."
        ),
        (Theme.EXPERIENCE, Theme.COST),
    ),
    ThemePage(
        "arenas",
        message("Arenas and forms"),
        message("Where contact arises, what forms it takes, what is given in exchange, and who else decides."),
        (Theme.ARENAS,),
    ),
    ThemePage(
        "buyers",
        message("People who buy"),
        message("Needs, barriers, arenas and background of people who buy sex and sought help or information."),
        (Theme.BUYERS,),
    ),
    ThemePage(
        "young",
        message("Children and young people"),
        message("Under-18s answer questions of their own and are never added to adults."),
        (Theme.YOUNG,),
    ),
    ThemePage(
        "geography",
        message("Geography"),
        message(
            "Where people are, what they need there, and which services the directory knows."
            " Most counties have few responses, so much is withheld."
        ),
        (Theme.GEOGRAPHY,),
    ),
    ThemePage(
        "use",
        message("Use of the assistant"),
        message("How far conversations go, and in which channels and languages. These are events, not people."),
        (Theme.USE,),
    ),
)


def in_order(tables: Sequence[ReleasedTable]) -> list[ReleasedTable]:
    """Return tables as a reader goes through them: as a whole first, then over time, then split; costs come last.

    Of those that are alike, the ones with a mean come first.
    """

    def place(table: ReleasedTable) -> tuple[object, ...]:
        is_split = table.column_variable is not None and not table.is_series
        whose = _POPULATIONS.index(table.population) if table.population in _POPULATIONS else len(_POPULATIONS)
        return (table.theme is Theme.COST, whose, table.population, is_split, table.is_series, table.means is None)

    return sorted(tables, key=place)
