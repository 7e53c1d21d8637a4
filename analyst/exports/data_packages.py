"""Frictionless data packages (datapackage.org): a ZIP of CSVs with a descriptor that explains every column.

A table's CSV has the columns of the other CSVs; categories and their labels come from the table and the codebook.
"""

from __future__ import annotations

import datetime
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any, Final

from analyst.exports.csv_files import csv_of_table, metadata_csv
from analyst.exports.description import SOURCE, about_release, about_table
from analyst.exports.publication import Publication
from analyst.exports.px_files import THEME_LABELS
from analyst.translation import message
from intake_store.codebook import Codebook
from intake_store.periods import parse_period
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.table_output import CSV_COLUMNS, WITHHELD

_DESCRIPTIONS: Final = {
    "table": message("The name of the table."),
    "population": message("The questionnaire that the responses were given to; empty where no responses are counted."),
    "layer": message("Which part of a table in several parts."),
    "period": message("The quarter or year."),
    "kind": message(
        "What the line is: a category (code), the base of the shares (base), a mean (mean), responses without an"
        " answer (non_response), or all responses (responses)."
    ),
    "row": message("The code of the row."),
    "row_label": message("The label of the row."),
    "column": message("The code of the column."),
    "column_label": message("The label of the column."),
    "count": message("How many there are; in a line of the kind mean, the mean."),
    "percent_of_base": message("The count in percent of the base of its column."),
}
_NUMBERS: Final = ("count", "percent_of_base")
_MISSING: Final = (WITHHELD, "")
_KEY: Final = ("kind", "row", "column")


def data_package(publication: Publication) -> bytes:
    """Return a data package of the tables; the same tables give the same bytes, dated by their release."""
    content: dict[str, bytes] = {}
    resources = []
    for table in publication.localised():
        path = f"data/{_resource_name(table)}.csv"
        content[path] = csv_of_table(publication, table)
        resources.append(_resource(publication, table, path))
    descriptor = json.dumps(_descriptor(publication, resources), ensure_ascii=False, indent=1) + "\n"
    content = {"datapackage.json": descriptor.encode(), "metadata.csv": metadata_csv(publication), **content}
    return zipped(publication, content)


def zipped(publication: Publication, content: Mapping[str, bytes]) -> bytes:
    """Return files as a ZIP in which every file is dated by the release."""
    day = publication.release.released_on
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        for path, data in content.items():
            entry = zipfile.ZipInfo(path, (max(day.year, 1980), day.month, day.day, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return output.getvalue()


def _descriptor(publication: Publication, resources: list[dict[str, Any]]) -> dict[str, Any]:
    release = publication.release
    statements = [f"{entry.label}: {entry.text}" for entry in about_release(publication)]
    found: dict[str, Any] = {
        "name": f"fyren-{release.number.lower()}",
        "title": f"Fyren {release.number}",
        "description": "\n".join(statements),
        "version": release.number,
        "created": f"{release.released_on.isoformat()}T00:00:00Z",
        "profile": "tabular-data-package",
        "sources": [{"title": publication.translator(SOURCE)}],
        "language": publication.language,
        "keywords": sorted({publication.translator(THEME_LABELS[table.theme]) for table in publication.tables}),
        "temporal": _weeks(release.period),
        "metadata": [{"name": e.name, "label": e.label, "text": e.text} for e in about_release(publication)],
        "resources": resources,
    }
    if publication.licence:
        found["licenses"] = [{"title": publication.licence, "name": publication.licence}]
    return found


def _weeks(period: str) -> dict[str, str]:
    """Return the first and the last day of a period, as catalogues (DCAT) have them: it is made of whole weeks."""
    weeks = [week for quarter in parse_period(period).quarters for week in quarter.weeks]
    first, last = weeks[0].thursday, weeks[-1].thursday
    return {
        "start": (first - datetime.timedelta(days=3)).isoformat(),
        "end": (last + datetime.timedelta(days=3)).isoformat(),
    }


def _resource(publication: Publication, table: ReleasedTable, path: str) -> dict[str, Any]:
    statements = list(about_table(publication, table))
    return {
        "name": _resource_name(table),
        "title": table.title,
        "description": "\n".join(f"{entry.label}: {entry.text}" for entry in statements),
        "type": "table",
        "profile": "tabular-data-resource",
        "path": path,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "metadata": [{"name": entry.name, "label": entry.label, "text": entry.text} for entry in statements],
        "schema": {
            "fields": [_field(publication, table, name) for name in CSV_COLUMNS],
            "missingValues": list(_MISSING),
            "primaryKey": list(_KEY),
        },
    }


def _field(publication: Publication, table: ReleasedTable, name: str) -> dict[str, Any]:
    say = publication.translator
    found: dict[str, Any] = {
        "name": name,
        "type": "number" if name in _NUMBERS else "string",
        "description": say(_DESCRIPTIONS[name]),
    }
    if name == "row":
        variable = publication.codebook.variables.get(table.row_variable)
        found["title"] = table.row_label
        found["categories"] = [
            _category(publication.codebook, table.row_variable, row.code, row.label, publication) for row in table.rows
        ]
        if variable is not None:
            found["variable"] = table.row_variable
            found["definition"] = say(variable.definition)
    if name == "column":
        found["categories"] = [
            _category(publication.codebook, table.column_variable or "", code, label, publication)
            for code, label in table.columns
        ]
        found["constraints"] = {"required": True, "enum": [code for code, _ in table.columns] or ["all"]}
        if table.column_label and table.column_variable:
            found |= {"title": table.column_label, "variable": table.column_variable}
    return found


def _category(codebook: Codebook, variable: str, code: str, label: str, publication: Publication) -> dict[str, str]:
    found = {"value": code, "label": label}
    if variable in codebook.variables:
        definitions = {entry.code: entry.definition for entry in codebook.variables[variable].codes}
        if definition := definitions.get(code):
            found["definition"] = publication.translator(definition)
    return found


def _resource_name(table: ReleasedTable) -> str:
    parts = [table.name, *filter(None, [table.population, table.layer[0] if table.layer else ""])]
    return "-".join(parts).lower()
