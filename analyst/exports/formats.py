"""The formats that released tables are exported in, and the names of their files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from analyst.exports.csv_files import (
    csv_of_periods,
    csv_of_periods_with_metadata,
    csv_with_metadata,
    metadata_csv,
    plain_csv,
    spreadsheet_csv,
    spreadsheet_csv_of_periods,
)
from analyst.exports.data_packages import data_package, zipped
from analyst.exports.json_stat import json_stat, json_stat_of_periods
from analyst.exports.period_cubes import PeriodPublication
from analyst.exports.publication import Publication
from analyst.exports.px_files import px, px_of_periods
from analyst.exports.workbooks import workbook, workbook_of_periods
from analyst.translation import message
from intake_store.statistics.released import ReleasedTable

_FIRST_LANGUAGE: Final = "sv"
_CSV: Final = "text/csv; charset=utf-8"
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A format: its name in addresses, its label (a message id), and how it is written.

    `ending` is that of the file name. A format that is not `of_several` holds one table only.
    """

    name: str
    label: str
    media_type: str
    ending: str
    write: Callable[[Publication], bytes]
    of_several: bool = True

    def file_name(self, publication: Publication) -> str:
        """Return the name of the file: always the same for the same tables and language.

        One table gives such as `fyren-2026Q3-1-needs-needs_selling.px`, several `fyren-2026Q3-1.xlsx`. Other languages
        than Swedish stand before the ending.
        """
        tables = publication.tables
        parts = [f"fyren-{publication.release.number}", *(table_parts(tables[0]) if len(tables) == 1 else ())]
        language = "" if publication.language == _FIRST_LANGUAGE else f".{publication.language}"
        return f"{'-'.join(parts)}{language}.{self.ending}"


@dataclass(frozen=True, slots=True)
class PeriodFormat:
    """A format of one table over its periods, named like the format of a table as it is."""

    name: str
    label: str
    media_type: str
    ending: str
    write: Callable[[PeriodPublication], bytes]

    def file_name(self, publication: PeriodPublication) -> str:
        """Return the name of the file, such as `fyren-needs-needs_selling-2025Q4-2026Q3.px`."""
        newest, editions = publication.newest, publication.editions
        parts = ["fyren", *table_parts(newest.tables[0]), editions[0].table.period, editions[-1].table.period]
        language = "" if newest.language == _FIRST_LANGUAGE else f".{newest.language}"
        return f"{'-'.join(parts)}{language}.{self.ending}"


def table_parts(table: ReleasedTable) -> list[str]:
    """Return what tells a table from the others of its release: name, population and layer, as far as it has them."""
    return [table.name, *filter(None, [table.population, table.layer[0] if table.layer else ""])]


def px_archive(publication: Publication) -> bytes:
    """Return a ZIP with a PX file for each table."""
    single = [publication.only(table) for table in publication.tables]
    return zipped(publication, {EXPORT_FORMATS["px"].file_name(one): px(one) for one in single})


EXPORT_FORMATS: Final[Mapping[str, ExportFormat]] = {
    entry.name: entry
    for entry in (
        ExportFormat("xlsx", message("Excel workbook"), _XLSX, "xlsx", workbook),
        ExportFormat("csv", message("CSV with metadata"), _CSV, "csv", csv_with_metadata),
        ExportFormat("csv-plain", message("CSV without metadata"), _CSV, "plain.csv", plain_csv),
        ExportFormat("csv-excel", message("CSV for Excel"), _CSV, "excel.csv", spreadsheet_csv),
        ExportFormat("csv-metadata", message("Metadata as CSV"), _CSV, "metadata.csv", metadata_csv),
        ExportFormat("json-stat", message("JSON-stat 2.0"), "application/json", "json", json_stat),
        ExportFormat("px", message("PX file for PxWeb and PxWin"), "text/plain; charset=utf-8", "px", px, False),
        ExportFormat("px-zip", message("PX files of all tables"), "application/zip", "px.zip", px_archive),
        ExportFormat("package", message("Frictionless data package"), "application/zip", "zip", data_package),
    )
}
"""Every format by its name."""

_OF_PERIODS: Final[Mapping[str, Callable[[PeriodPublication], bytes]]] = {
    "xlsx": workbook_of_periods,
    "csv": csv_of_periods_with_metadata,
    "csv-plain": csv_of_periods,
    "csv-excel": spreadsheet_csv_of_periods,
    "json-stat": json_stat_of_periods,
    "px": px_of_periods,
}

PERIOD_FORMATS: Final[Mapping[str, PeriodFormat]] = {
    name: PeriodFormat(name, form.label, form.media_type, form.ending, _OF_PERIODS[name])
    for name, form in EXPORT_FORMATS.items()
    if name in _OF_PERIODS
}
"""Every format of a table over its periods by its name."""
