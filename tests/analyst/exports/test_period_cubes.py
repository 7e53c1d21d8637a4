"""A table over its periods: every figure as it was published, in every format, and what makes periods differ."""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from jsonstat_validator import validate_jsonstat
from pyaxis import pyaxis
from readers import Cells, Publish, expected
from released_examples import ALL, GENDERS, every_shape, release_of, released, row

from analyst.exports.breaks import breaks, statements
from analyst.exports.cells import Measure, Status
from analyst.exports.csv_files import PERIOD_COLUMNS
from analyst.exports.formats import PERIOD_FORMATS
from analyst.exports.json_stat import MEASURE_LABELS
from analyst.exports.period_cubes import Edition, PeriodCube, PeriodPublication
from intake_store.statistics.declarations import Method, PeriodKind
from intake_store.statistics.released import ReleasedTable

PeriodCells = dict[tuple[str, str, str, str], float | str]
"""Cells by the codes of period, row, column and measure; a sign where there is no figure."""

OverPeriods = Callable[..., PeriodPublication]

SIGNS = {Status.WITHHELD: "..", Status.NOT_APPLICABLE: "."}


@pytest.fixture
def over_periods(publish: Publish) -> OverPeriods:
    """Return what makes a publication of editions of one table, the oldest first."""

    def make(*tables: ReleasedTable, language: str = "en", **releases: dict[str, object]) -> PeriodPublication:
        editions = tuple(
            Edition(release_of((table,), **releases.get(f"of_{table.period}", {})), table) for table in tables
        )
        newest = publish(tables[-1], language=language)
        return PeriodPublication(newest, editions)

    return make


def by_gender(period: str, **changes: object) -> ReleasedTable:
    fields: dict[str, object] = {
        "period": period,
        "column_variable": "gender",
        "column_label": "Gender",
        "columns": (ALL, *GENDERS[:2]),
        "rows": (row("housing", "Housing", 61, 20, None), row("talk", "To talk", 55, None, 33)),
        "base": row("answered", "Base: answered the question", 131, 44, 52),
    }
    return released("needs_by_gender", **(fields | changes))


def several() -> tuple[ReleasedTable, ...]:
    """Return editions of everything that can happen to a table: a split and a whole that are withheld, other rows."""
    return (
        by_gender("2025Q4"),
        by_gender(
            "2026Q1",
            columns=(ALL,),
            split_withheld=True,
            rows=(row("housing", "Housing", 44),),
            base=row("answered", "Base", 81),
        ),
        by_gender("2026Q2", withheld=True, rows=(), non_response=(), responses=None, base=None),
        by_gender("2026Q3", rows=(row("housing", "Housing", 71, 30, 31), row("debt", "Debt", None, 12, None))),
    )


def cells_of(publication: PeriodPublication) -> PeriodCells:
    cube = PeriodCube(publication.localised(), publication.newest.translator)
    return {
        (cube.periods[period], line.code, cube.columns[column][0], measure.value): SIGNS.get(
            content.status, content.value
        )  # type: ignore[misc]
        for line, period, column, measure, content in cube.contents()
    }


def test_every_figure_stands_as_its_edition_published_it(over_periods: OverPeriods, publish: Publish) -> None:
    tables = several()
    found = cells_of(over_periods(*tables))
    for table in (tables[0], tables[1], tables[3]):
        published: Cells = expected(publish(table, language="en"))
        assert {key: found[table.period, *key] for key in published} == published
    assert len(found) == 4 * 6 * 3 * 2, "periods, rows, columns, measures"


def test_what_an_edition_withholds_is_withheld_and_what_it_has_not_is_not_there(over_periods: OverPeriods) -> None:
    found = cells_of(over_periods(*several()))
    assert found["2026Q1", "housing", "total", "count"] == 44
    assert (
        found["2026Q1", "housing", "woman", "count"] == found["2026Q1", "housing", "woman", "percent_of_base"] == ".."
    )
    assert found["2026Q1", "no_answer", "woman", "count"] == "."
    assert found["2026Q1", "talk", "total", "count"] == "."
    of_withheld = {key[1:]: figure for key, figure in found.items() if key[0] == "2026Q2"}
    assert not [key for key, figure in of_withheld.items() if isinstance(figure, int | float)]
    assert of_withheld["housing", "woman", "count"] == of_withheld["answered", "total", "count"] == ".."
    assert of_withheld["no_answer", "total", "percent_of_base"] == "."
    assert found["2025Q4", "debt", "total", "count"] == "."
    assert found["2026Q3", "talk", "total", "count"] == "."


def read_json_stat(content: bytes, publication: PeriodPublication, folder: Path) -> PeriodCells:
    data: dict[str, Any] = json.loads(content)
    assert validate_jsonstat(data)
    assert data["role"]["time"] == [data["id"][0]]
    cube = PeriodCube(publication.localised(), publication.newest.translator)
    categories = [data["dimension"][name]["category"]["index"] for name in data["id"]]
    found: PeriodCells = {}
    for place, codes in enumerate(itertools.product(*categories)):
        status = data["status"].get(str(place))
        *at, measure = codes if data["id"][-1] == "measure" else (*codes, "count")
        column = at[2] if len(at) == 3 else cube.columns[0][0]
        found[at[0], at[1], column, measure] = data["value"][place] if status is None else status
    return found


def read_px(content: bytes, publication: PeriodPublication, folder: Path) -> PeriodCells:
    path = folder / "table.px"
    path.write_bytes(content)
    cube = PeriodCube(publication.localised(), publication.newest.translator)
    parsed = pyaxis.parse(str(path), encoding="utf-8", null_values=r'^"\."$', sd_values=r"(?!)")
    metadata = parsed["METADATA"]
    names = [*metadata["STUB"], *metadata["HEADING"]]
    codes = {name: dict(zip(metadata[f"VALUES({name})"], metadata[f"CODES({name})"], strict=True)) for name in names}
    found: PeriodCells = {}
    for entry in parsed["DATA"].to_dict("records"):
        at = [codes[name][entry[name]] for name in names]
        # A table of counts alone has no variable for measures.
        measure = at.pop() if at[-1] in set(Measure) else Measure.COUNT.value
        column = at[2] if len(at) == 3 else cube.columns[0][0]
        figure = entry["DATA"]
        found[at[1], at[0], column, measure] = {"": ".", '".."': ".."}.get(figure) or float(figure)
    return found


def read_csv(content: bytes, publication: PeriodPublication, folder: Path) -> PeriodCells:
    text = content.decode("utf-8-sig")
    body = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
    found: PeriodCells = dict.fromkeys(cells_of(publication), ".")
    for line in csv.DictReader(io.StringIO(body), delimiter=";" if ";" in body.partition("\n")[0] else ","):
        assert list(line) == list(PERIOD_COLUMNS)
        for measure in ("count", "percent_of_base"):
            kind = "mean" if line["kind"] == "mean" else measure
            code = "answered" if line["kind"] == "mean" else line["row"]
            if line[measure]:
                sign = line[measure].replace(",", ".")
                found[line["period"], code, line["column"], kind] = ".." if sign == ".." else float(sign)
    return found


def read_workbook(content: bytes, publication: PeriodPublication, folder: Path) -> PeriodCells:
    book = openpyxl.load_workbook(io.BytesIO(content))
    cube = PeriodCube(publication.localised(), publication.newest.translator)
    found: PeriodCells = dict.fromkeys(cells_of(publication), ".")
    rows = {line.label: line.code for line in cube.lines}
    columns = {label: code for code, label in cube.columns}
    labels = 2 if len(columns) > 1 else 1
    for measure in cube.measures:
        grid = list(book[publication.newest.translator(MEASURE_LABELS[measure])].values)
        head = next(place for place, line in enumerate(grid) if line[0] == cube.table.row_label)
        assert grid[head][labels:] == cube.periods
        for line in grid[head + 1 :]:
            column = columns[line[1]] if labels == 2 else cube.columns[0][0]
            for period, figure in zip(cube.periods, line[labels:], strict=True):
                found[period, rows[line[0]], column, measure.value] = figure
    return found


READERS = {
    "json-stat": read_json_stat,
    "px": read_px,
    "csv": read_csv,
    "csv-plain": read_csv,
    "csv-excel": read_csv,
    "xlsx": read_workbook,
}


def with_means() -> tuple[ReleasedTable, ...]:
    tables = (every_shape()["mean"].model_copy(update={"period": period}) for period in ("2026Q1", "2026Q2"))
    return tuple(tables)


def of_shape(name: str) -> tuple[ReleasedTable, ...]:
    shape = every_shape()[name]
    return tuple(
        shape.model_copy(update={"period": period}) for period in (shape.period.replace("2026", "2025"), shape.period)
    )


EDITIONS = {
    "several": several(),
    "one": several()[:1],
    "means": with_means(),
    "figures": of_shape("supply"),
    "withheld": of_shape("usage_withheld"),
}


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("editions", EDITIONS.values(), ids=EDITIONS)
@pytest.mark.parametrize("name", PERIOD_FORMATS)
def test_a_file_of_periods_read_back_has_every_cell(
    over_periods: OverPeriods, tmp_path: Path, name: str, editions: tuple[ReleasedTable, ...], language: str
) -> None:
    publication = over_periods(*editions, language=language)
    content = PERIOD_FORMATS[name].write(publication)
    assert READERS[name](content, publication, tmp_path) == cells_of(publication)
    assert PERIOD_FORMATS[name].write(publication) == content


def a_series(period: str, *quarters: tuple[str, int | None], **changes: object) -> ReleasedTable:
    return released(
        "needs_over_time",
        period=period,
        column_variable="quarter",
        column_label="Quarter",
        columns=tuple((quarter, quarter) for quarter, _ in quarters),
        rows=(row("housing", "Housing", *(count for _, count in quarters)),),
        base=row("answered", "Base", *(100 for _ in quarters)),
        non_response=(),
        **changes,
    )


def test_a_series_takes_each_quarter_from_the_newest_release_that_has_it(
    over_periods: OverPeriods, tmp_path: Path
) -> None:
    publication = over_periods(
        a_series("2026Q1", ("2025Q4", 31), ("2026Q1", 32)),
        a_series("2026Q2", ("2026Q1", None), ("2026Q2", 42)),
        of_2026Q1={"period": "2026Q1"},
        of_2026Q2={"period": "2026Q2"},
    )
    cube = PeriodCube(publication.localised(), publication.newest.translator)
    found = cells_of(publication)
    assert [found[period, "housing", "total", "count"] for period in cube.periods] == [31, "..", 42]
    assert [cube.release_of[period].number for period in cube.periods] == ["2026Q1-1", "2026Q2-1", "2026Q2-1"]
    for name, reader in READERS.items():
        assert reader(PERIOD_FORMATS[name].write(publication), publication, tmp_path) == found
    assert 'TIMEVAL("Quarter")=TLIST(Q1),"20254","20261","20262";' in PERIOD_FORMATS["px"].write(publication).decode()


def test_years_are_years_of_a_time_variable(over_periods: OverPeriods) -> None:
    tables = [released("needs", period=str(year), period_kind=PeriodKind.YEAR) for year in (2024, 2025)]
    text = PERIOD_FORMATS["px"].write(over_periods(*tables)).decode()
    assert 'TIMEVAL("Period")=TLIST(A1),"2024","2025";' in text


def test_whatever_makes_periods_less_comparable_is_a_break(over_periods: OverPeriods) -> None:
    publication = over_periods(
        released("needs", period="2025Q4"),
        released("needs", period="2026Q3", threshold=12, rounding=5, base_text="Other base.", unit="Other unit."),
        of_2026Q3={"codebook_version": "2", "period": "2026Q3"},
    )
    assert {(entry.period, entry.text) for entry in breaks(publication)} == {
        ("2026Q3", "No release has the table for 2026Q1, 2026Q2."),
        ("2026Q3", "The codebook is version 2, and was version 1."),
        ("2026Q3", "The unit of count changed: Other unit."),
        ("2026Q3", "The base changed: Other base."),
        ("2026Q3", "The threshold is 12, and was 10."),
        ("2026Q3", "Noise or rounding of the counts changed."),
    }
    text = PERIOD_FORMATS["px"].write(publication).decode().replace('"\r\n"', "")
    assert 'VALUENOTEX("Period","2026Q3")="No release has the table for 2026Q1, 2026Q2.#' in text
    data = json.loads(PERIOD_FORMATS["json-stat"].write(publication))
    assert len(data["extension"]["breaks"]) == 6


def test_categories_that_come_and_go_and_other_methods_are_breaks(over_periods: OverPeriods) -> None:
    publication = over_periods(
        released("needs", period="2026Q1"),
        released("needs", period="2026Q2", method=Method.CELL_KEY, noise=4, rows=(row("housing", "Housing", 31),)),
    )
    found = [entry.text for entry in breaks(publication)]
    assert "These categories are no longer there: Debt, Somebody to talk to." in found
    assert "Figures are protected in another way; see what is said of the protection." in found
    assert breaks(over_periods(*[released("needs", period=period) for period in ("2026Q1", "2026Q2")])) == []


def test_revisions_and_notes_say_of_which_release_they_are(over_periods: OverPeriods) -> None:
    publication = over_periods(
        *several(),
        of_2026Q1={
            "revision": 2,
            "replaces": "2026Q1-1",
            "reason": "A row opened later.",
            "note": "",
            "period": "2026Q1",
        },
    )
    said = {(entry.name, entry.text) for entry in statements(publication)}
    assert ("revision_reason", "2026Q1-2: A row opened later.") in said
    assert ("release_note", "2026Q3-1: The first quarter with the questionnaire for relatives.") in said
    assert ("period", "2025Q4, 2026Q1, 2026Q2, 2026Q3") in said
    assert ("note", "2026Q1: There are too few responses to split them by: Gender.") in said
    assert ("withheld", "2026Q2: The table is withheld: fewer than 10 responses answered the question.") in said
    for name in ("xlsx", "json-stat", "csv"):
        assert PERIOD_FORMATS[name].write(publication)
    assert Measure.MEAN not in PeriodCube(publication.localised(), publication.newest.translator).measures
