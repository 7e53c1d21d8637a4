"""What every format has in common: names, steady bytes, and the same metadata in all."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pytest
from jsonstat_validator import validate_jsonstat
from readers import Publish, text_of
from released_examples import every_shape, released, row

from analyst.exports.description import about_release, about_table
from analyst.exports.formats import EXPORT_FORMATS, PERIOD_FORMATS
from analyst.exports.period_cubes import PeriodPublication
from analyst.exports.publication import Publication, localised
from analyst.translation import Translator

SHAPES = every_shape()
WITH_METADATA = [name for name in EXPORT_FORMATS if name not in ("csv-plain", "csv-excel")]


@pytest.mark.parametrize("name", EXPORT_FORMATS)
def test_the_same_tables_give_the_same_bytes(publish: Publish, name: str) -> None:
    tables = tuple(SHAPES.values()) if EXPORT_FORMATS[name].of_several else (SHAPES["two_way"],)
    publication = publish(*tables)
    assert EXPORT_FORMATS[name].write(publication) == EXPORT_FORMATS[name].write(publication)


def test_packed_files_are_dated_by_the_release(publish: Publish) -> None:
    publication = publish(SHAPES["margin"])
    for name in ("package", "px-zip"):
        with zipfile.ZipFile(io.BytesIO(EXPORT_FORMATS[name].write(publication))) as archive:
            assert {entry.date_time for entry in archive.infolist()} == {(2026, 10, 14, 0, 0, 0)}
    book = openpyxl.load_workbook(io.BytesIO(EXPORT_FORMATS["xlsx"].write(publication)))
    assert f"{book.properties.created:%Y-%m-%d}" == f"{book.properties.modified:%Y-%m-%d}" == "2026-10-14"


@pytest.mark.parametrize(
    ("name", "shapes", "language", "expected"),
    [
        ("px", ["margin"], "sv", "fyren-2026Q3-1-margin-needs_selling.px"),
        ("px", ["margin"], "en", "fyren-2026Q3-1-margin-needs_selling.en.px"),
        ("csv", ["layered"], "sv", "fyren-2026-1-layered-needs_selling-housing.csv"),
        ("json-stat", ["usage"], "sv", "fyren-2026Q3-1-usage.json"),
        ("xlsx", ["margin", "series"], "sv", "fyren-2026Q3-1.xlsx"),
        ("csv-excel", ["margin", "series"], "en", "fyren-2026Q3-1.en.excel.csv"),
    ],
)
def test_file_names_are_stable(publish: Publish, name: str, shapes: list[str], language: str, expected: str) -> None:
    publication = publish(*(SHAPES[shape] for shape in shapes), language=language)
    assert EXPORT_FORMATS[name].file_name(publication) == expected


def test_no_two_tables_or_formats_have_the_same_file_name(publish: Publish) -> None:
    one_each = [publish(table, language=language) for table in SHAPES.values() for language in ("sv", "en")]
    names = [entry.file_name(one) for entry in EXPORT_FORMATS.values() for one in one_each]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("name", WITH_METADATA)
@pytest.mark.parametrize("shape", ["margin", "noise", "rounded", "withheld_whole", "split_withheld", "layered"])
def test_every_statement_stands_in_every_format(publish: Publish, name: str, shape: str, language: str) -> None:
    publication = publish(SHAPES[shape], language=language, replaces="2026Q3-0", reason="A row opened later.")
    [table] = publication.localised()
    statements = [*about_table(publication, table), *about_release(publication)]
    text = _told(name, EXPORT_FORMATS[name].write(publication))
    for entry in statements:
        assert _flat(entry.text) in text, entry
        assert _flat(entry.label) in text or entry.name in ("title", "population", "period", "layer"), entry
    names = {entry.name for entry in statements}
    assert names >= {"title", "population", "unit", "base", "period", "flagged", "method", "note", "withheld_sign"}
    assert names >= {"release", "revision_reason", "licence", "contact", "threshold", "protection"}
    assert ("translation" in names) == (language == "sv")
    assert ("synthetic" in names, "provisional" in names) == ((shape == "split_withheld"),) * 2
    assert ("noise" in names, "rounding" in names) == (shape == "noise", shape == "rounded")


def _told(name: str, content: bytes) -> str:
    """Return what a reader of a file is told, without the format's own quoting."""
    if name == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(content))
        return _flat(" ".join(str(cell) for sheet in book for row in sheet.values for cell in row if cell is not None))
    if name in ("json-stat",):
        return _flat(" ".join(_strings(json.loads(content))))
    if name == "csv-metadata":
        rows = csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=_delimiter(content))
        return _flat(" ".join(part for row in rows for part in row))
    text = text_of(content)
    return _flat(text.replace('"\r\n"', "") if name.startswith("px") else text)


def _delimiter(content: bytes) -> str:
    return ";" if b";" in content.splitlines()[0] else ","


def _strings(data: object) -> list[str]:
    if isinstance(data, dict):
        return [text for value in data.values() for text in _strings(value)]
    if isinstance(data, list):
        return [text for value in data for text in _strings(value)]
    return [str(data)]


def _flat(text: str) -> str:
    return " ".join(text.replace('"', "'").split())


def test_what_the_publisher_states_takes_the_place_of_not_stated(publish: Publish) -> None:
    publication = publish(SHAPES["margin"], language="en")
    stated = Publication(
        publication.release,
        publication.tables,
        publication.codebook,
        publication.translators,
        "en",
        licence="CC0-1.0",
        contact="statistics@example.org",
    )
    texts = {entry.name: entry.text for entry in about_release(stated)}
    assert (texts["licence"], texts["contact"]) == ("CC0-1.0", "statistics@example.org")
    texts = {entry.name: entry.text for entry in about_release(publication)}
    assert (texts["licence"], texts["contact"]) == ("Not stated", "Not stated")
    with zipfile.ZipFile(io.BytesIO(EXPORT_FORMATS["package"].write(publication))) as archive:
        assert "licenses" not in json.loads(archive.read("datapackage.json"))


def test_a_table_in_swedish_keeps_its_codes_and_figures(translators: dict[str, Translator]) -> None:
    table = released("made_up", synthetic=True, title="SYNTHETIC DATA: What people need help with")
    swedish = localised(table, translators["sv"])
    assert swedish.title == "SYNTETISKA DATA: Vad personer behöver hjälp med"
    assert swedish.rows != table.rows or swedish.base != table.base
    assert [(row.code, row.counts) for row in swedish.rows] == [(row.code, row.counts) for row in table.rows]
    assert localised(table, translators["en"]) == table


def test_a_flag_under_the_threshold_is_not_told(publish: Publish) -> None:
    publication = publish(SHAPES["margin"], language="en")
    told = [entry.text for entry in about_table(publication, SHAPES["margin"]) if entry.name == "flagged"]
    assert told == [
        "Fewer than 10 responses were left out: answered faster than a person can read.",
        "12 responses were left out: many responses from one client.",
    ]


def test_a_px_file_holds_one_table(publish: Publish) -> None:
    with pytest.raises(ValueError, match="one table, not 2"):
        EXPORT_FORMATS["px"].write(publish(SHAPES["margin"], SHAPES["series"]))


@pytest.mark.parametrize("shape", SHAPES)
def test_lines_of_a_px_file_are_short_enough(publish: Publish, shape: str) -> None:
    content = EXPORT_FORMATS["px"].write(publish(SHAPES[shape])).decode()
    assert content.endswith(";\r\n")
    lines = content.split("\r\n")
    assert max(map(len, lines)) <= 256
    # A quotation mark opens or closes a text, and texts end on the line that they begin on.
    assert all(line.count('"') % 2 == 0 and '""' not in line for line in lines)
    assert "\n" not in content.replace("\r\n", "")


def test_a_json_stat_collection_holds_every_table(publish: Publish) -> None:
    data = json.loads(EXPORT_FORMATS["json-stat"].write(publish(*SHAPES.values())))
    assert validate_jsonstat(data)
    assert data["class"] == "collection"
    assert [entry["extension"]["table"] for entry in data["link"]["item"]] == list(SHAPES)


@pytest.mark.parametrize(
    ("shape", "role"),
    [
        ("two_way", {"time": ["period"], "metric": ["measure"]}),
        ("series", {"time": ["quarter"], "metric": ["measure"]}),
        ("supply", {"time": ["period"], "geo": ["county"], "metric": ["figure"]}),
    ],
)
def test_dimensions_of_a_json_stat_dataset_have_their_roles(
    publish: Publish, shape: str, role: dict[str, list[str]]
) -> None:
    assert json.loads(EXPORT_FORMATS["json-stat"].write(publish(SHAPES[shape])))["role"] == role


def test_a_workbook_is_made_to_be_read_and_printed(publish: Publish) -> None:
    book = openpyxl.load_workbook(io.BytesIO(EXPORT_FORMATS["xlsx"].write(publish(*SHAPES.values(), language="en"))))
    names = book.sheetnames
    assert [names[0], *names[-2:]] == ["Contents", "Metadata", "Codebook"]
    assert len(names) == len(SHAPES) + 3
    for sheet in book.worksheets[1:-2]:
        assert sheet.freeze_panes
        assert sheet.print_title_rows
        assert sheet.page_setup.paperSize == 9
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.column_dimensions["A"].width > 30
    contents = book["Contents"]
    links = [cell.hyperlink.location for row in contents for cell in row if cell.hyperlink]
    assert links == [f"'{name}'!A1" for name in names[1:-2]]
    two_way = book["two_way"]
    formats = {cell.number_format for row in two_way for cell in row if isinstance(cell.value, int | float)}
    assert formats == {"#,##0", "0.0"}
    assert {cell.alignment.horizontal for row in two_way for cell in row if cell.value == ".."} == {"right"}
    assert next(row[2] for row in book["Codebook"].values if row[0] == "gender" and row[2]) == "woman"


def test_sheets_of_tables_with_the_same_name_have_names_of_their_own(publish: Publish) -> None:
    tables = [released("a_table_with_quite_a_long_name_indeed", population=name) for name in ("a", "b", "c")]
    book = openpyxl.load_workbook(io.BytesIO(EXPORT_FORMATS["xlsx"].write(publish(*tables))))
    names = book.sheetnames[1:-2]
    assert len(set(names)) == 3
    assert max(map(len, names)) <= 31


def test_the_csv_for_excel_reads_in_swedish_and_runs_nothing(publish: Publish) -> None:
    content = EXPORT_FORMATS["csv-excel"].write(publish(SHAPES["awkward"], language="sv"))
    assert content.startswith(b"\xef\xbb\xbf")
    text = content.decode("utf-8-sig")
    assert ";'=1+1;" in text
    assert ";11;8,9\n" in text
    note = EXPORT_FORMATS["csv-metadata"].write(publish(SHAPES["margin"], note="=cmd()"))
    assert ";'=cmd()" in note.decode("utf-8-sig")


@pytest.mark.parametrize("sign", ["=", "+", "-", "@"])
def test_no_cell_of_a_csv_begins_like_a_formula(publish: Publish, sign: str) -> None:
    evil = f"{sign}HYPERLINK(1),{sign}2;{sign}3"
    table = released(
        "evil",
        title=evil,
        row_label=evil,
        column_variable="gender",
        columns=((evil, evil),),
        rows=(row(evil, evil, 11), row("b", f"\t{evil}", None)),
        notes=(evil,),
    )
    publication = publish(table, language="en", note=evil)
    files = [entry.write(publication) for name, entry in EXPORT_FORMATS.items() if name.startswith("csv")]
    files += [
        entry.write(PeriodPublication.of_one(publication))
        for name, entry in PERIOD_FORMATS.items()
        if name.startswith("csv")
    ]
    with zipfile.ZipFile(io.BytesIO(EXPORT_FORMATS["package"].write(publication))) as archive:
        files += [archive.read(name) for name in archive.namelist() if name.endswith(".csv")]
    for content in files:
        lines = csv.reader(io.StringIO(content.decode("utf-8-sig")))
        assert not [cell for line in lines for cell in line if cell.startswith((sign, "\t"))]
    assert len(files) == 9


def test_a_release_gives_the_same_bytes_in_another_process(publish: Publish) -> None:
    """Elsewhere, at another time, in another order of sets: what is at an address stays what it is."""
    shapes = ("two_way", "margin")
    program = f"""
import sys, hashlib
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from conftest import PROJECT
from released_examples import every_shape, release_of
from analyst.exports.formats import EXPORT_FORMATS, PERIOD_FORMATS
from analyst.exports.period_cubes import PeriodPublication
from analyst.exports.publication import Publication
from analyst.translation import load_translators
from intake_store.codebook import load_codebooks
tables = tuple(every_shape()[name] for name in {shapes!r})
codebook = load_codebooks(PROJECT / "flows" / "codebook")["1"]
publication = Publication(release_of(tables), tables, codebook, load_translators(), "sv")
for entry in EXPORT_FORMATS.values():
    if entry.of_several:
        print(entry.name, hashlib.sha256(entry.write(publication)).hexdigest())
"""
    surroundings = {**os.environ, "PYTHONHASHSEED": "12345", "TZ": "Pacific/Auckland", "LC_ALL": "C"}
    done = subprocess.run([sys.executable, "-c", program], env=surroundings, capture_output=True, text=True, check=True)
    publication = publish(*(SHAPES[name] for name in shapes))
    assert dict(line.split() for line in done.stdout.splitlines()) == {
        entry.name: hashlib.sha256(entry.write(publication)).hexdigest()
        for entry in EXPORT_FORMATS.values()
        if entry.of_several
    }


def test_a_workbook_takes_no_text_for_a_formula(publish: Publish) -> None:
    content = EXPORT_FORMATS["xlsx"].write(publish(SHAPES["awkward"], note="=1+1"))
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert not [cell for sheet in book for row in sheet for cell in row if cell.data_type == "f"]


def test_a_data_package_explains_its_columns_by_the_codebook(publish: Publish) -> None:
    table = released("arenas", row_variable="gender", row_label="Gender")
    with zipfile.ZipFile(io.BytesIO(EXPORT_FORMATS["package"].write(publish(table, language="en")))) as archive:
        data = json.loads(archive.read("datapackage.json"))
    assert data["keywords"] == ["Needs"]
    assert data["temporal"] == {"start": "2026-06-29", "end": "2026-09-27"}, "whole weeks by their Thursdays"
    [resource] = data["resources"]
    fields = {field["name"]: field for field in resource["schema"]["fields"]}
    assert resource["schema"]["missingValues"] == ["..", ""]
    assert fields["row"]["variable"] == "gender"
    assert fields["row"]["definition"].startswith("Gender in the person")
    assert {entry["value"]: entry["label"] for entry in fields["row"]["categories"]}["debt"] == "Debt"


def test_writing_leaves_nothing_behind(publish: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for entry in EXPORT_FORMATS.values():
        entry.write(publish(SHAPES["margin"]))
    assert not list(tmp_path.iterdir())
