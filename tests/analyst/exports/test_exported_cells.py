"""Every format holds the same cells, read back by the libraries of others, and withholds the same ones."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from readers import READERS, Publish, expected, numbers_in, read_px, text_of
from released_examples import every_shape, random_tables, released, row

from analyst.exports.cells import Status, TableCells
from analyst.exports.csv_files import plain_csv
from analyst.exports.formats import EXPORT_FORMATS
from analyst.exports.publication import Publication
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.table_output import render_csv

SHAPES = every_shape()


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", READERS)
def test_a_file_read_back_has_every_cell(
    publish: Publish, tmp_path: Path, name: str, shape: str, language: str
) -> None:
    publication = publish(SHAPES[shape], language=language)
    assert READERS[name](EXPORT_FORMATS[name].write(publication), publication, tmp_path) == expected(publication)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_px_file_has_the_same_cells_in_its_other_language(publish: Publish, tmp_path: Path, shape: str) -> None:
    publication = publish(SHAPES[shape], language="sv")
    content = EXPORT_FORMATS["px"].write(publication)
    assert read_px(content, publication, tmp_path, "en") == expected(publication.in_language("en"))


def test_a_table_that_is_withheld_shows_nothing_that_it_holds(publish: Publish) -> None:
    table = released(
        "withheld",
        withheld=True,
        rows=(row("housing", "Housing", 310031),),
        base=row("answered", "Base", 770077),
        means=row("mean", "Mean", 4242.42),
        non_response=(row("no_answer", "Preferred not to say", 170017),),
        responses=940094,
    )
    assert {cell.content.status for cell in TableCells(table)} == {Status.WITHHELD, Status.NOT_APPLICABLE}
    for entry in EXPORT_FORMATS.values():
        told = numbers_in(text_of(entry.write(publish(table))))
        assert not told & {"310031", "770077", "4242.42", "4242,42", "170017", "940094", "40.3", "40,3"}


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=random_tables(), language=st.sampled_from(["sv", "en"]))
def test_no_format_gives_a_withheld_figure_away(
    publish: Publish, name: str, drawn: tuple[ReleasedTable, ReleasedTable], language: str
) -> None:
    """All figures are different, so one that is withheld may not stand anywhere in the file."""
    true, published = drawn
    publication = publish(published, language=language)
    content = EXPORT_FORMATS[name].write(publication)
    shown = set() if published.withheld else _figures(published)
    told = {number.replace(",", ".") for number in numbers_in(text_of(content))}
    for figure in _figures(true) - shown:
        assert str(figure) not in told
        assert f"{figure:.2f}" not in told
    with tempfile.TemporaryDirectory() as folder:
        cells = READERS[name](content, publication, Path(folder))
    assert cells == expected(publication)
    _check_against_the_truth(publication, true, published, cells)


def _figures(table: ReleasedTable) -> set[int | float]:
    rows = [*table.rows, *table.non_response, table.base, table.means]
    return {count for entry in rows if entry for count in entry.counts if count is not None} | (
        {table.responses} if table.responses is not None else set()
    )


def _check_against_the_truth(
    publication: Publication, true: ReleasedTable, published: ReleasedTable, cells: dict[tuple[str, str, str], object]
) -> None:
    """Written apart from the exports: what is shown is true, and a share needs both its count and its base."""
    assert true.base is not None
    assert published.base is not None
    for truth, entry in zip(true.rows, published.rows, strict=True):
        for place, (column, _) in enumerate(true.columns):
            count, base = entry.counts[place], published.base.counts[place]
            told = ".." if count is None or published.withheld else truth.counts[place]
            assert cells[entry.code, column, "count"] == told
            share = cells[entry.code, column, "percent_of_base"]
            if count is None or base is None or published.withheld:
                assert share == ".."
            else:
                assert share == pytest.approx(100 * count / base, abs=0.0501)
    if published.means is not None:
        for place, (column, _) in enumerate(true.columns):
            hidden = published.withheld or None in (published.means.counts[place], published.base.counts[place])
            assert (cells["answered", column, "mean"] == "..") == hidden


def test_the_plain_csv_is_the_command_lines_without_its_comments(publish: Publish) -> None:
    for shape in ("margin", "two_way", "series", "mean", "noise", "rounded", "layered", "usage", "supply"):
        publication = publish(SHAPES[shape], language="en")
        lines = render_csv([SHAPES[shape]]).splitlines()
        if shape == "usage":  # languages have names here
            lines = [line.replace(",sv,sv,", ",sv,Swedish,").replace(",ro,ro,", ",ro,Romanian,") for line in lines]
        assert plain_csv(publication).decode().splitlines() == [line for line in lines if not line.startswith("#")]


def test_rows_with_the_same_code_stay_apart() -> None:
    table = released("same", rows=(row("answered", "A subject of this name", 12), row("b", "B", 13)))
    codes = [line.code for line in TableCells(table).lines]
    assert len(codes) == len(set(codes))


def test_a_share_has_one_decimal_whatever_it_is_made_of(publish: Publish) -> None:
    table = released("thirds", rows=(row("a", "A", 41),), base=row("answered", "Base", 123))
    assert expected(publish(table))["a", "total", "percent_of_base"] == 33.3
