"""The index of released tables: searched by words in every language, sorted and grouped."""

from __future__ import annotations

import unicodedata
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from analyst.exports.formats import EXPORT_FORMATS
from analyst.pages.exhibits import Exhibit, Exhibits, Link
from analyst.pages.themes import THEME_PAGES, ThemePage
from analyst.translation import Translator
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.releases import Release

_SHORT_NAMES: Final = {"xlsx": "Excel", "csv": "CSV", "px": "PX", "json-stat": "JSON-stat"}
"""The formats that are offered beside each table, by names that are the same in every language."""

_MOST_KEPT: Final = 12


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """A table in the index: what it is found by (`words`, folded) and where its files are."""

    exhibit: Exhibit
    theme: ThemePage | None
    words: str
    plain_words: str
    files: tuple[Link, ...]

    def matches(self, asked: Sequence[str]) -> bool:
        """Tell whether every asked word, folded, stands in the texts; without its dots, if it was typed so."""
        return all(word in self.words or word in self.plain_words for word in asked)


class TableIndex:
    """Lists the tables of releases; the list of a release in a language is made once, for nothing in it changes."""

    def __init__(self, exhibits: Exhibits, translators: Mapping[str, Translator]) -> None:
        self._exhibits = exhibits
        self._translators = translators
        self._kept: OrderedDict[tuple[int, str, str], tuple[IndexEntry, ...]] = OrderedDict()

    def of(self, release: Release, tables: Sequence[ReleasedTable], language: str) -> tuple[IndexEntry, ...]:
        """Return the entries of a release in a language, by title."""
        key = (release.sequence, release.number, language)
        if key not in self._kept:
            entries = [self._entry(table, release, language) for table in tables]
            self._kept[key] = tuple(sorted(entries, key=lambda entry: sorting_key(entry.exhibit.title)))
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return self._kept[key]

    def _entry(self, table: ReleasedTable, release: Release, language: str) -> IndexEntry:
        exhibit = self._exhibits.of(table, release, language)
        texts = [
            text
            for say in self._translators.values()
            for part in (
                table.title,
                table.population_label,
                table.layer[1] if table.layer else "",
                table.row_label,
                table.column_label or "",
            )
            for text in [say.finished(part)]
        ]
        words = folded(
            " ".join([*texts, table.name, table.population, table.row_variable, table.column_variable or ""])
        )
        files = tuple(
            Link(f"/releases/{release.number}/tables/{exhibit.name}.{EXPORT_FORMATS[name].ending}", label)
            for name, label in _SHORT_NAMES.items()
        )
        theme = next((page for page in THEME_PAGES if page.holds(table)), None)
        return IndexEntry(exhibit, theme, words, without_marks(words), files)


def searched(entries: Iterable[IndexEntry], query: str = "", population: str = "", theme: str = "") -> list[IndexEntry]:
    """Return the entries that hold every word of a query and are of a population and a theme, if those are given."""
    asked = folded(query).split()
    return [
        entry
        for entry in entries
        if entry.matches(asked)
        and (not population or entry.exhibit.table.population == population)
        and (not theme or (entry.theme is not None and entry.theme.name == theme))
    ]


def folded(text: str) -> str:
    """Return a text for comparing: one form of each letter, and no capitals; å, ä and ö stay what they are."""
    return unicodedata.normalize("NFKC", text).casefold()


def without_marks(text: str) -> str:
    """Return a folded text with plain letters, as somebody types it whose keyboard has no å, ä and ö."""
    return "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))


def sorting_key(text: str) -> str:
    """Return what sorts texts as Swedish does: å, ä and ö after z."""
    return folded(text).translate(str.maketrans("åäö", "{|}"))
