from __future__ import annotations

from pathlib import Path

import pytest

from content_files import ContentError
from intake_store.codebook import Codebook
from intake_store.periods import Year
from intake_store.statistics.declarations import PeriodKind, Source, TableDeclaration
from intake_store.statistics.service_figures import (
    figure_tables,
    figures_of_table,
    figures_to_table,
    is_dominated,
    read_service_figures,
)

HEADER = "year,service,service_kind,annual_cost_sek,clients,contacts,staff_fte,funding_source,has_evaluation\n"
COST = TableDeclaration(
    name="cost", title="Cost", source=Source.SERVICE_FIGURES, rows="service_kind", period=PeriodKind.YEAR
)


def written(tmp_path: Path, *lines: str, header: str = HEADER) -> Path:
    path = tmp_path / "figures.csv"
    path.write_text(header + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_figures_come_back_from_the_warehouse_as_they_were_read(tmp_path: Path, codebook: Codebook) -> None:
    path = written(tmp_path, "2025,Service A,kast,1000000,40,300,1.5,municipality,yes", "2025,Service B,kast,2,1,,,,")
    figures = read_service_figures(path, codebook)
    assert figures[0].staff_fte == 1.5
    assert figures[1].contacts is None
    assert figures_of_table(figures_to_table(figures)) == figures
    assert figures_of_table(None) == []


def test_every_wrong_line_is_told_and_nothing_is_read(tmp_path: Path, codebook: Codebook) -> None:
    path = written(
        tmp_path,
        "2025,Service A,kast,1000000,40,,,,",
        "1825,Service B,kast,1,1,,,,",
        "2025,Service C,circus,1,1,,,,",
        "2025,Service D,kast,-5,1,,,,",
        "2025,Service A,kast,1,1,,,,",
        "2025,Service E,kast,1,1,,many,,",
        "2025,Service F,kast,1,1,,,,perhaps",
        "2025,Service G,kast",
    )
    with pytest.raises(ContentError) as caught:
        read_service_figures(path, codebook)
    said = str(caught.value).splitlines()
    assert [line.split(":")[1] for line in said] == ["3", "4", "5", "6", "7", "8", "9"]
    for word in ("1825", "circus", "-5", "second time", "many", "perhaps", "as many fields"):
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("header", "said"),
    [("year,service\n", "must have the columns"), (HEADER.replace("clients", "people"), "'?people"), ("", "must have")],
)
def test_a_file_with_other_columns_is_refused(tmp_path: Path, codebook: Codebook, header: str, said: str) -> None:
    with pytest.raises(ContentError, match=said):
        read_service_figures(written(tmp_path, header=header), codebook)
    with pytest.raises(ContentError, match="cannot be read"):
        read_service_figures(tmp_path / "nothing.csv", codebook)


def test_cost_per_person_is_withheld_where_a_service_would_be_known(tmp_path: Path, codebook: Codebook) -> None:
    path = written(
        tmp_path,
        *(f"2025,Kast {number},kast,1000000,50,,,," for number in range(4)),
        *(f"2025,Police {number},police,1000000,50,,,," for number in range(2)),
        "2025,Big shelter,ngo_shelter,90000000,500,,,,",
        *(f"2025,Small shelter {number},ngo_shelter,1000000,400,,,," for number in range(3)),
        "2024,Last year,kast,1,1,,,,",
    )
    figures = read_service_figures(path, codebook)
    [table] = figure_tables([COST], figures, codebook, Year(2025), provisional=False, threshold=10)
    rows = {row.code: row.counts for row in table.rows}
    assert rows["kast"] == (4, 4_000_000, 200, 20_000.0)
    assert rows["police"] == (None,) * 4  # two services
    assert rows["ngo_shelter"] == (None,) * 4  # the second largest would know the largest to within 3 percent
    assert set(rows) == {"kast", "police", "ngo_shelter"}


@pytest.mark.parametrize(
    ("values", "dominated"),
    [
        ((50, 30, 5), False),  # what is left, 5, is exactly a tenth of the largest
        ((51, 30, 5), True),
        ((50, 30, 3, 1), True),
        ((10, 10, 10), False),
        ((100,), True),
        ((0, 0, 0), False),
    ],
)
def test_the_p_percent_rule(values: tuple[int, ...], dominated: bool) -> None:
    assert is_dominated(values) is dominated


def test_a_table_with_a_line_that_is_made_up_says_so(tmp_path: Path, codebook: Codebook) -> None:
    header = HEADER.replace("\n", ",synthetic\n")
    lines = [f"2025,Kast {number},kast,1000000,50,,,,,{'yes' if number == 2 else ''}" for number in range(3)]
    path = written(tmp_path, *lines, "2024,Kast 0,kast,1000000,50,,,,,no", header=header)
    figures = figures_of_table(figures_to_table(read_service_figures(path, codebook)))
    [table] = figure_tables([COST], figures, codebook, Year(2025), provisional=False, threshold=10)
    assert table.synthetic
    assert table.title == "SYNTHETIC DATA: Cost"
    [earlier] = figure_tables([COST], figures, codebook, Year(2024), provisional=False, threshold=10)
    assert not earlier.synthetic
