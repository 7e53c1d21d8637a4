from __future__ import annotations

from pathlib import Path

import pytest

from bot.directory import Directory
from bot.directory.municipalities import load_municipalities
from content_files import ContentError

HEADER = "code,name,county_code,county_name,police_region,lat,lon\n"
MALMO = "1280,Malmö,12,Skåne län,Syd,55.6052,13.0001\n"


def test_all_of_sweden_is_there(directory: Directory) -> None:
    assert len(directory.municipalities) == 290
    assert len(directory.counties) == 21
    assert directory.municipalities["0180"].name == "Stockholm"
    assert directory.counties["08"].name == "Kalmar län"
    assert all(town.county_code in directory.counties for town in directory.municipalities.values())


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (MALMO, "is there twice"),
        ("128,Lund,12,Skåne län,Syd,55.7,13.2\n", "not four digits"),
        ("1281,Lund,08,Skåne län,Syd,55.7,13.2\n", "does not lie in county"),
        ("1281,Lund,12,Scania,Syd,55.7,13.2\n", "another name"),
        ("1281,Lund,12,Skåne län,Syd,13.2,55.7\n", "outside Sweden"),
        ("1281,Lund,12,Skåne län,Syd,55.7,\n", "has no lon"),
        ("1281,Lund,12,Skåne län,Syd,north,13.2\n", "not two numbers"),
    ],
)
def test_a_wrong_row_is_named_by_file_and_line(tmp_path: Path, row: str, message: str) -> None:
    path = tmp_path / "municipalities.csv"
    path.write_text(HEADER + MALMO + row, encoding="utf-8")
    with pytest.raises(ContentError, match=message) as caught:
        load_municipalities(path)
    assert [problem.line for problem in caught.value.problems] == [3]
    assert str(path) in str(caught.value)


def test_a_good_file_has_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "municipalities.csv"
    path.write_text(HEADER + MALMO, encoding="utf-8")
    assert [town.name for town in load_municipalities(path)] == ["Malmö"]


def test_a_missing_file_or_column_is_a_content_error(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="cannot be read"):
        load_municipalities(tmp_path / "nowhere.csv")
    path = tmp_path / "municipalities.csv"
    path.write_text("code,name\n1280,Malmö\n", encoding="utf-8")
    with pytest.raises(ContentError, match="has no column county_code"):
        load_municipalities(path)
