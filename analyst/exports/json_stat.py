"""JSON-stat 2.0 (json-stat.org/format): a dataset for each table, and a collection of them for a release.

A table over its periods is a dataset too. A withheld cell has the value `null` and the status `..`, one that cannot
have a figure `null` and `.`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from analyst.exports.breaks import breaks, statements
from analyst.exports.cells import FIGURE_COLUMNS, Content, Measure, Status
from analyst.exports.description import SOURCE, Statement, about_release
from analyst.exports.period_cubes import PeriodCube, PeriodPublication
from analyst.exports.publication import Publication
from analyst.translation import message
from intake_store.statistics.geography import COUNTY, REGION
from intake_store.statistics.released import QUARTER_COLUMNS
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
    single = len(publication.tables) == 1
    return _written(_dataset(PeriodPublication.of_one(publication)) if single else _collection(publication))


def json_stat_of_periods(publication: PeriodPublication) -> bytes:
    """Return one table over its periods as a dataset."""
    return _written(_dataset(publication))


def _written(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n"


def _collection(publication: Publication) -> dict[str, Any]:
    said = list(about_release(publication))
    return {
        "version": "2.0",
        "class": "collection",
        "label": f"Fyren {publication.release.number}",
        "source": publication.translator(SOURCE),
        "updated": publication.release.released_on.isoformat(),
        "note": [_note(entry) for entry in said],
        "extension": {"metadata": _metadata(said)},
        "link": {"item": [_dataset(PeriodPublication.of_one(publication.only(table))) for table in publication.tables]},
    }


def _dataset(publication: PeriodPublication) -> dict[str, Any]:
    say = publication.newest.translator
    cube = PeriodCube(publication.localised(), say)
    table = cube.table
    dimensions: dict[str, dict[str, Any]] = {}
    role: dict[str, list[str]] = {"time": [], "geo": [], "metric": []}
    time, label = (QUARTER_COLUMNS, table.column_label or "") if cube.is_series else (PERIOD, say(PERIOD_LABEL))
    dimensions[time] = _dimension(label, {period: period for period in cube.periods})
    role["time"].append(time)
    row = table.row_variable if table.row_variable not in (PERIOD, MEASURE, QUARTER_COLUMNS) else ROWS
    dimensions[row] = _dimension(table.row_label, {line.code: line.label for line in cube.lines})
    dimensions[row]["extension"] = {"kind": {line.code: line.kind.value for line in cube.lines}}
    if row in _PLACES:
        role["geo"].append(row)
    if (column := column_name(cube)) is not None:
        dimensions[column] = _dimension(table.column_label or column, dict(cube.columns))
        if column in _PLACES:
            role["geo"].append(column)
        elif column == FIGURE_COLUMNS:
            role["metric"].append(column)
    if len(cube.measures) > 1 or not role["metric"]:
        dimensions[MEASURE] = _dimension(
            say(MEASURE_LABEL), {measure.value: say(MEASURE_LABELS[measure]) for measure in cube.measures}
        )
        dimensions[MEASURE]["category"]["unit"] = {
            measure.value: {"decimals": DECIMALS[measure], "label": say(MEASURE_LABELS[measure])}
            for measure in cube.measures
        }
        role["metric"] = role["metric"] or [MEASURE]
    values = _in_order(cube)
    said = statements(publication)
    newest = publication.editions[-1]
    return {
        "version": "2.0",
        "class": "dataset",
        "label": table.title,
        "source": say(SOURCE),
        "updated": max(edition.release.released_on for edition in publication.editions).isoformat(),
        "id": list(dimensions),
        "size": [len(dimension["category"]["index"]) for dimension in dimensions.values()],
        "role": {name: found for name, found in role.items() if found},
        "dimension": dimensions,
        "value": [content.value for content in values],
        "status": {
            str(place): _SIGNS[content.status]
            for place, content in enumerate(values)
            if content.status is not Status.SHOWN
        },
        "note": [_note(entry) for entry in said],
        "extension": {
            "table": table.name,
            "population": table.population,
            "layer": table.layer[0] if table.layer else None,
            "period": newest.table.period,
            "period_kind": table.period_kind.value,
            "provisional": any(edition.table.provisional for edition in publication.editions),
            "synthetic": any(edition.table.synthetic for edition in publication.editions),
            "withheld": all(edition.table.withheld for edition in publication.editions),
            "threshold": newest.table.threshold,
            "rounding": newest.table.rounding,
            "noise": newest.table.noise,
            "language": publication.newest.language,
            "releases": {period: release.number for period, release in cube.release_of.items()},
            "breaks": [{"period": entry.period, "text": entry.text} for entry in breaks(publication)],
            "status": {WITHHELD: say(message("Withheld")), NOT_APPLICABLE: say(message("Not applicable"))},
            "metadata": _metadata(said),
        },
    }


def _in_order(cube: PeriodCube) -> list[Content]:
    """Return the cells in the order of the dimensions: period, row, column, measure."""
    return [
        cube.content(line, period, column, measure)
        for period in range(len(cube.periods))
        for line in cube.lines
        for column in range(len(cube.columns))
        for measure in cube.measures
    ]


DECIMALS: Final = {Measure.COUNT: 0, Measure.PERCENT: 1, Measure.MEAN: 2}
"""How many decimals a figure of each measure has."""


def column_name(cube: PeriodCube) -> str | None:
    """Return the name of the dimension of the columns; a table that is not split has none."""
    if cube.is_series:
        return None
    return cube.table.column_variable or (COLUMNS if len(cube.columns) > 1 else None)


def _dimension(label: str, categories: Mapping[str, str]) -> dict[str, Any]:
    return {"label": label, "category": {"index": list(categories), "label": dict(categories)}}


def _metadata(said: Sequence[Statement]) -> list[dict[str, str]]:
    return [{"name": entry.name, "label": entry.label, "text": entry.text} for entry in said]


def _note(entry: Statement) -> str:
    return f"{entry.label}: {entry.text}"
