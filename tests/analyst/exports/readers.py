"""Reading exported files back with the libraries of others, into one shape: the cells of a table by their codes.

A cell is a figure, `..` for a withheld one, or `.` where there can be none.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import openpyxl
from frictionless import Package
from jsonstat_validator import validate_jsonstat
from pyaxis import pyaxis

from analyst.exports.cells import Kind, Measure, Status, TableCells
from analyst.exports.json_stat import MEASURE_LABELS
from analyst.exports.period_cubes import ALL_RESPONSES, EVERYONE
from analyst.exports.publication import Publication

CellKey = tuple[str, str, str]
"""The code of the row, of the column and of the measure."""

Cells = dict[CellKey, float | str]

Publish = Callable[..., Publication]
"""Makes a publication of tables, in a language, with changes to its release; the fixture `publish`."""


def expected(publication: Publication) -> Cells:
    """Return the cells that every file of a table has to hold."""
    signs = {Status.WITHHELD: "..", Status.NOT_APPLICABLE: "."}
    return {
        (cell.line.code, cell.column[0], cell.measure.value): signs.get(cell.content.status, cell.content.value)  # type: ignore[misc]
        for cell in table_cells(publication)
    }


def table_cells(publication: Publication) -> TableCells:
    [table] = publication.localised()
    return TableCells(table, publication.translator(ALL_RESPONSES), publication.translator(EVERYONE))


def read_csv(content: bytes, publication: Publication) -> Cells:
    text = content.decode("utf-8-sig")
    body = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
    delimiter = ";" if body.partition("\n")[0].count(";") else ","
    found: Cells = dict.fromkeys(expected(publication), ".")
    for line in csv.DictReader(io.StringIO(body), delimiter=delimiter):
        figures = {name: line[name].replace(",", ".") if delimiter == ";" else line[name] for name in _FIGURES}
        _put(found, publication, line["kind"], line["row"], line["column"], figures)
    return found


def read_package(content: bytes, publication: Publication, folder: Path) -> Cells:
    """Validate a data package, and return the cells of its only table."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
    package = Package(str(folder / "datapackage.json"))
    report = package.validate()
    assert report.valid, report.flatten(["rowNumber", "fieldName", "type", "message"])
    [resource] = package.resources
    found: Cells = dict.fromkeys(expected(publication), ".")
    raw = list(csv.DictReader(io.StringIO((folder / str(resource.path)).read_text(encoding="utf-8"))))
    for line, text in zip(resource.read_rows(), raw, strict=True):
        figures = {name: text[name] if line[name] is None else str(line[name]) for name in _FIGURES}
        _put(found, publication, line["kind"], line["row"], line["column"], figures)
    return found


def read_json_stat(content: bytes, publication: Publication) -> Cells:
    """Validate a dataset, and return its cells."""
    data: dict[str, Any] = json.loads(content)
    assert validate_jsonstat(data)
    categories = [data["dimension"][name]["category"]["index"] for name in data["id"]]
    assert data["size"] == [len(codes) for codes in categories]
    assert len(data["value"]) == math.prod(data["size"])
    [table] = publication.tables
    found: Cells = {}
    for place, codes in enumerate(itertools.product(*categories)):
        at = dict(zip(data["id"], codes, strict=True))
        columns = [name for name in data["id"] if name not in (table.row_variable, "period", "measure")]
        key = (at[table.row_variable], at[columns[0]] if columns else table_cells(publication).columns[0][0])
        value, status = data["value"][place], data["status"].get(str(place))
        assert (value is None) == (status is not None)
        found[*key, at.get("measure", "count")] = value if status is None else status
    return found


def read_px(content: bytes, publication: Publication, folder: Path, language: str | None = None) -> Cells:
    """Parse a PX file, and return its cells by the codes that it gives for its values."""
    path = folder / "table.px"
    path.write_bytes(content)
    parsed = pyaxis.parse(str(path), encoding="utf-8", lang=language, null_values=r'^"\."$', sd_values=r"(?!)")
    metadata, data = parsed["METADATA"], parsed["DATA"]
    names = [*metadata["STUB"], *metadata["HEADING"]]
    codes = {name: dict(zip(metadata[f"VALUES({name})"], metadata[f"CODES({name})"], strict=True)) for name in names}
    found: Cells = {}
    measures = {measure.value for measure in Measure}
    cells = table_cells(publication)
    lines, columns = {line.code for line in cells.lines}, {code for code, _ in cells.columns}
    for entry in data.to_dict("records"):
        at = [codes[name][entry[name]] for name in names]
        row, rest = at[0], at[1:]
        assert row in lines
        measure = next((code for code in rest if code in measures), "count")
        column = next((code for code in rest if code in columns), cells.columns[0][0])
        figure = entry["DATA"]
        found[row, column, measure] = {"": ".", '".."': ".."}.get(figure) or float(figure)
    return found


def read_workbook(content: bytes, publication: Publication) -> Cells:
    """Return the cells of a workbook's only table, by the labels on its sheet."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[1]
    cells = table_cells(publication)
    [table] = publication.localised()
    grid = [[cell.value for cell in row] for row in sheet.iter_rows()]
    measures = [measure for measure in cells.measures if measure is not Measure.MEAN]
    names = {measure: publication.translator(MEASURE_LABELS[measure]) for measure in measures}
    found: Cells = dict.fromkeys(expected(publication), ".")
    if len(measures) > 1 and len(cells.columns) > 6:
        for measure in measures:
            _read_block(found, publication, grid, f"{table.row_label} ({names[measure]})", [measure])
    else:
        _read_block(found, publication, grid, table.row_label, measures)
    return found


def _read_block(
    found: Cells, publication: Publication, grid: list[list[Any]], head_label: str, measures: list[Measure]
) -> None:
    cells = table_cells(publication)
    [table] = publication.localised()
    place = next(place for place, row in enumerate(grid) if row[0] == head_label)
    step = len(measures)
    assert [grid[place][1 + at * step] for at in range(len(cells.columns))] == [label for _, label in cells.columns]
    place += 1
    if step > 1:
        labels = [publication.translator(MEASURE_LABELS[measure]) for measure in measures]
        assert grid[place][1 : 1 + step] == labels
        place += 1
    for line in cells.lines:
        if Measure.COUNT not in measures and line.kind not in (Kind.CODE, Kind.BASE):
            continue
        assert grid[place][0] == line.label
        for index, (column, _) in enumerate(cells.columns):
            for offset, measure in enumerate(measures):
                value = grid[place][1 + index * step + offset]
                found[line.code, column, measure.value] = "." if value is None else value
        place += 1
        if line.kind is Kind.BASE and table.means is not None and Measure.COUNT in measures:
            assert grid[place][0] == table.means.label
            for index, (column, _) in enumerate(cells.columns):
                value = grid[place][1 + index * step]
                found[line.code, column, "mean"] = "." if value is None else value
            place += 1


def text_of(content: bytes) -> str:
    """Return all text of a file, also of every file that is packed in it; a workbook's theme is always the same."""
    if not content.startswith(b"PK"):
        return content.decode("utf-8-sig")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "\n".join(archive.read(name).decode() for name in archive.namelist() if "theme" not in name)


def numbers_in(text: str) -> set[str]:
    """Return every number that stands in a text by itself."""
    return set(re.findall(r"(?<![\w.,])\d+(?:[.,]\d+)?(?!\w)", text))


READERS: Mapping[str, Callable[[bytes, Publication, Path], Cells]] = {
    "csv": lambda content, publication, _: read_csv(content, publication),
    "csv-plain": lambda content, publication, _: read_csv(content, publication),
    "csv-excel": lambda content, publication, _: read_csv(content, publication),
    "xlsx": lambda content, publication, _: read_workbook(content, publication),
    "json-stat": lambda content, publication, _: read_json_stat(content, publication),
    "px": read_px,
    "package": read_package,
}

_FIGURES = ("count", "percent_of_base")


def _put(found: Cells, publication: Publication, kind: str, row: str, column: str, figures: Mapping[str, str]) -> None:
    if kind == "mean":
        row = next(line.code for line in table_cells(publication).lines if line.kind is Kind.BASE)
        found[row, column, "mean"] = _figure(figures["count"])
        return
    found[row, column, "count"] = _figure(figures["count"])
    if (row, column, "percent_of_base") in found:
        found[row, column, "percent_of_base"] = _figure(figures["percent_of_base"])


def _figure(text: str) -> float | str:
    return {"": ".", "..": ".."}.get(text) or float(text)
