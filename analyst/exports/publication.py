"""What an export is made of: tables of one release, in one language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from babel import Locale, UnknownLocaleError

from analyst.translation import Translator
from intake_store.codebook import Codebook
from intake_store.statistics.declarations import Source
from intake_store.statistics.released import ReleasedRow, ReleasedTable
from intake_store.statistics.releases import Release


@dataclass(frozen=True, slots=True)
class Publication:
    """Tables of a release as they are read, all of them or some, with what explains them.

    `translators` holds every language that a file may carry; `language` is the one it is written in. `licence` and
    `contact` are the publisher's own words; without them a file says that they are not stated.
    """

    release: Release
    tables: tuple[ReleasedTable, ...]
    codebook: Codebook
    translators: Mapping[str, Translator]
    language: str
    licence: str = ""
    contact: str = ""

    @property
    def translator(self) -> Translator:
        """The translator of the publication's own language."""
        return self.translators[self.language]

    def localised(self) -> tuple[ReleasedTable, ...]:
        """Return the tables with every text in the publication's language."""
        return tuple(localised(table, self.translator) for table in self.tables)

    def in_language(self, language: str) -> Publication:
        """Return the same tables in another language; raises `KeyError` for one without a translator."""
        return replace(self, language=self.translators[language].language)

    def only(self, *tables: ReleasedTable) -> Publication:
        """Return the publication with these tables alone."""
        return replace(self, tables=tables)


def localised(table: ReleasedTable, translator: Translator) -> ReleasedTable:
    """Return a table with its texts in another language, its codes and figures untouched."""
    text = translator.finished

    def row(entry: ReleasedRow, variable: str) -> ReleasedRow:
        return entry.model_copy(update={"label": _label(table, variable, entry.code, entry.label, translator)})

    def rows(entries: Sequence[ReleasedRow]) -> tuple[ReleasedRow, ...]:
        return tuple(row(entry, "") for entry in entries)

    return table.model_copy(
        update={
            "title": text(table.title),
            "population_label": text(table.population_label),
            "layer": (table.layer[0], text(table.layer[1])) if table.layer else None,
            "unit": text(table.unit),
            "base_text": text(table.base_text),
            "method_text": text(table.method_text),
            "row_label": text(table.row_label),
            "column_label": text(table.column_label) if table.column_label else None,
            "columns": tuple(
                (code, _label(table, table.column_variable or "", code, label, translator))
                for code, label in table.columns
            ),
            "rows": tuple(row(entry, table.row_variable) for entry in table.rows),
            "base": row(table.base, "") if table.base else None,
            "means": row(table.means, "") if table.means else None,
            "non_response": rows(table.non_response),
            "notes": tuple(text(note) for note in table.notes),
        }
    )


def _label(table: ReleasedTable, variable: str, code: str, label: str, translator: Translator) -> str:
    if table.source is Source.USAGE and variable == "language" and code == label:
        try:
            name: str | None = Locale.parse(code).get_display_name(translator.language)
        except (ValueError, UnknownLocaleError):
            name = None
        return name or label
    return translator.finished(label)
