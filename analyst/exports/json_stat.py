"""JSON-stat 2.0 (json-stat.org/format): a dataset for each table, and a collection of them for a release.

A withheld cell has the value `null` and the status `..`, one that cannot have a figure `null` and `.`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from analyst.exports.cells import FIGURE_COLUMNS, Measure, Status, TableCells
from analyst.exports.csv_files import ALL_RESPONSES, EVERYONE
from analyst.exports.description import SOURCE, Statement, about_release, about_table
from analyst.exports.publication import Publication
from analyst.translation import message
from intake_store.statistics.geography import COUNTY, REGION
from intake_store.statistics.released import QUARTER_COLUMNS, ReleasedTable
from intake_store.statistics.table_output import WITHHELD

NOT_APPLICABLE: Final = "."
PERIOD: Final = "period"
MEASURE: Final = "measure"
ROWS: Final = "row"
COLUMNS: Final = "column"

MEASURE_LABELS: Final = {
    Measure.COUNT: message("Count"),
    Measure.PERCENT: message("Percent of base"),
    Measure.MEAN: message("Mean"),
}
PERIOD_LABEL: Final = message("Period")
MEASURE_LABEL: Final = message("Measure")

_PLACES: Final = (COUNTY, REGION)
_SIGNS: Final = {Status.WITHHELD: WITHHELD, Status.NOT_APPLICABLE: NOT_APPLICABLE}


def json_stat(publication: Publication) -> bytes:
    """Return one table as a dataset, and several, or none, as a collection that holds their datasets."""
    tables = publication.localised()
    content = _dataset(publication, tables[0]) if len(tables) == 1 else _collection(publication, tables)
    return json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n"


def _collection(publication: Publication, tables: Sequence[ReleasedTable]) -> dict[str, Any]:
    statements = list(about_release(publication))
    return {
        "version": "2.0",
        "class": "collection",
        "label": f"Fyren {publication.release.number}",
        "source": publication.translator(SOURCE),
        "updated": publication.release.released_on.isoformat(),
        "note": [_note(entry) for entry in statements],
        "extension": {"metadata": _metadata(statements)},
        "link": {"item": [_dataset(publication, table) for table in tables]},
    }


def _dataset(publication: Publication, table: ReleasedTable) -> dict[str, Any]:
    say = publication.translator
    cells = TableCells(table, say(ALL_RESPONSES), say(EVERYONE))
    dimensions: dict[str, dict[str, Any]] = {}
    role: dict[str, list[str]] = {"time": [], "geo": [], "metric": []}
    if not table.is_series:
        dimensions[PERIOD] = _dimension(say(PERIOD_LABEL), {table.period: table.period})
        role["time"].append(PERIOD)
    row = table.row_variable if table.row_variable not in (PERIOD, MEASURE) else ROWS
    dimensions[row] = _dimension(table.row_label, {line.code: line.label for line in cells.lines})
    dimensions[row]["extension"] = {"kind": {line.code: line.kind.value for line in cells.lines}}
    if row in _PLACES:
        role["geo"].append(row)
    if (column := column_name(table)) is not None:
        dimensions[column] = _dimension(table.column_label or column, dict(cells.columns))
        if column == QUARTER_COLUMNS:
            role["time"].append(column)
        elif column in _PLACES:
            role["geo"].append(column)
        elif column == FIGURE_COLUMNS:
            role["metric"].append(column)
    if len(cells.measures) > 1 or not role["metric"]:
        dimensions[MEASURE] = _dimension(
            say(MEASURE_LABEL), {measure.value: say(MEASURE_LABELS[measure]) for measure in cells.measures}
        )
        dimensions[MEASURE]["category"]["unit"] = {
            measure.value: {"decimals": DECIMALS[measure], "label": say(MEASURE_LABELS[measure])}
            for measure in cells.measures
        }
        role["metric"] = role["metric"] or [MEASURE]
    contents = [cell.content for cell in cells]
    statements = [*about_table(publication, table), *about_release(publication)]
    return {
        "version": "2.0",
        "class": "dataset",
        "label": table.title,
        "source": say(SOURCE),
        "updated": publication.release.released_on.isoformat(),
        "id": list(dimensions),
        "size": [len(dimension["category"]["index"]) for dimension in dimensions.values()],
        "role": {name: found for name, found in role.items() if found},
        "dimension": dimensions,
        "value": [content.value for content in contents],
        "status": {
            str(place): _SIGNS[content.status]
            for place, content in enumerate(contents)
            if content.status is not Status.SHOWN
        },
        "note": [_note(entry) for entry in statements],
        "extension": {
            "table": table.name,
            "population": table.population,
            "layer": table.layer[0] if table.layer else None,
            "period": table.period,
            "period_kind": table.period_kind.value,
            "provisional": table.provisional,
            "synthetic": table.synthetic,
            "withheld": table.withheld,
            "threshold": table.threshold,
            "rounding": table.rounding,
            "noise": table.noise,
            "language": publication.language,
            "status": {WITHHELD: say(message("Withheld")), NOT_APPLICABLE: say(message("Not applicable"))},
            "metadata": _metadata(statements),
        },
    }


DECIMALS: Final = {Measure.COUNT: 0, Measure.PERCENT: 1, Measure.MEAN: 2}
"""How many decimals a figure of each measure has."""


def column_name(table: ReleasedTable) -> str | None:
    """Return the name of the dimension of the columns; a table that is not split has none."""
    return table.column_variable or (COLUMNS if len(table.columns) > 1 else None)


def _dimension(label: str, categories: Mapping[str, str]) -> dict[str, Any]:
    return {"label": label, "category": {"index": list(categories), "label": dict(categories)}}


def _metadata(statements: Sequence[Statement]) -> list[dict[str, str]]:
    return [{"name": entry.name, "label": entry.label, "text": entry.text} for entry in statements]


def _note(entry: Statement) -> str:
    return f"{entry.label}: {entry.text}"
