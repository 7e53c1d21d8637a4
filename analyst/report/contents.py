"""What a quarterly report holds: its chapters, and which released tables stand in each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from analyst.translation import message
from analyst.web.publications import table_id
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.releases import Release


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter: its name in addresses, its title, what a reader should know first, and its tables in their order.

    Where a place names several tables, the first of them that was released stands there.
    """

    name: str
    title: str
    lead: str
    tables: tuple[tuple[str, ...], ...]
    stands_apart: bool = False


CHAPTERS: Final = (
    Chapter(
        "who",
        message("Who answered"),
        message("Age, gender, citizenship and background of those who answered. Nobody had to say."),
        (("age_by_gender.needs_selling",), ("citizenship.needs_selling", "citizenship_country.needs_selling")),
    ),
    Chapter(
        "needs",
        message("Needs and barriers"),
        message("What people need help with, whether they get it, and what has kept them from seeking it."),
        (
            ("needs.needs_selling",),
            ("needs_met_by_gender.needs_selling",),
            ("needs_unmet.needs_selling",),
            ("needs_over_time.needs_selling",),
            ("barriers.needs_selling",),
        ),
    ),
    Chapter(
        "experience",
        message("Experience of services"),
        message(
            "How people were treated, whether they got help, and what services cost."
            " Each response is about one service."
        ),
        (
            ("treatment_by_service.experience",),
            ("got_help.experience",),
            ("treatment_over_time.experience",),
            ("cost_per_person",),
        ),
    ),
    Chapter(
        "arenas",
        message("Arenas and forms"),
        message("Where contact arises, what forms it takes, what is given in exchange, and who else decides."),
        (("arenas.needs_selling",), ("forms.needs_selling",), ("third_party.needs_selling",)),
    ),
    Chapter(
        "buyers",
        message("People who buy"),
        message("Needs, barriers, arenas and background of people who buy sex and sought help or information."),
        (("needs.needs_buying",), ("arenas.needs_buying",)),
    ),
    Chapter(
        "young",
        message("Children and young people"),
        message("Under-18s answer questions of their own and are never added to adults."),
        (
            ("young_needs_by_gender.needs_under_18", "young_needs_over_time.needs_under_18"),
            ("young_treatment.experience_under_18",),
        ),
        stands_apart=True,
    ),
    Chapter(
        "use",
        message("Use of the assistant"),
        message("How far conversations go, and in which channels and languages. These are events, not people."),
        (("funnel_by_channel",),),
    ),
    Chapter(
        "geography",
        message("Geography"),
        message(
            "Where people are, what they need there, and which services the directory knows."
            " Most counties have few responses, so much is withheld."
        ),
        (("county.needs_selling",), ("needs_by_region.needs_selling",)),
    ),
)

Entry = tuple[ReleasedTable, Release]


def report_chapters(entries: Iterable[Entry]) -> Iterator[tuple[Chapter, list[Entry]]]:
    """Yield each chapter that has tables among `entries`, with them; a table that was withheld is one of them."""
    found = {table_id(table): (table, release) for table, release in entries}
    for chapter in CHAPTERS:
        names = (next((name for name in place if name in found), None) for place in chapter.tables)
        chosen = [found[name] for name in names if name is not None]
        if chosen:
            yield chapter, chosen
