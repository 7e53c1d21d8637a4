from __future__ import annotations

import csv
import dataclasses
import io
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from counted_responses import CountedYears
from rich.console import Console

from content_files import ContentError
from intake_store.codebook import Codebook
from intake_store.periods import Quarter, Year
from intake_store.statistics.declarations import (
    DECLARATIONS_FOLDER,
    Method,
    PeriodKind,
    Source,
    TableDeclaration,
    Theme,
    load_declarations,
)
from intake_store.statistics.outsider import Outsider
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.table_output import CSV_COLUMNS, render_csv, render_text
from intake_store.statistics.tables import make_tables
from intake_store.submission.response import Answer, Response
from intake_store.synthetic import synthetic_responses
from intake_store.warehouse.warehouse import OpenedResponse, Warehouse
from intake_store.warehouse.warehouse_key import WarehouseKey

QUARTER = Quarter.parse("2026Q4")
THRESHOLD = 10

ONE_WAY = TableDeclaration(name="needs", title="Needs", populations=("needs_buying",), rows="needs")
TWO_WAY = ONE_WAY.model_copy(update={"name": "needs_by_age", "columns": "age_band"})
SINGLE = ONE_WAY.model_copy(update={"name": "gender", "rows": "gender"})
SINGLE_BY_AGE = SINGLE.model_copy(update={"name": "gender_by_age", "columns": "age_band"})
AGE = ONE_WAY.model_copy(update={"name": "age", "rows": "age_band"})

Fill = Callable[[list[Response]], Warehouse]
MakeResponse = Callable[..., Response]


@pytest.fixture
def fill(tmp_path: Path, codebooks: dict[str, Codebook]) -> Iterator[Fill]:
    warehouse = Warehouse(tmp_path / "warehouse", codebooks, WarehouseKey.generate())

    def add(responses: list[Response]) -> Warehouse:
        warehouse.add([OpenedResponse(uuid.uuid4(), response) for response in responses])
        return warehouse

    yield add
    warehouse.close()


def made(warehouse: Warehouse, codebook: Codebook, *declarations: TableDeclaration) -> list[ReleasedTable]:
    return make_tables(warehouse, codebook, declarations, QUARTER, provisional=False, threshold=THRESHOLD)


def buying(codebook: Codebook, number: int, seed: int) -> list[Response]:
    responses = synthetic_responses(codebook, QUARTER.weeks, number, seed)
    return [response for response in responses if response.population == "needs_buying"]


# -- What may not be worked out ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "seed", "together"),
    [
        (120, 1, (ONE_WAY, SINGLE, SINGLE_BY_AGE, AGE)),
        (400, 2, (ONE_WAY, SINGLE, SINGLE_BY_AGE, AGE)),
        (1000, 3, (ONE_WAY, TWO_WAY)),
        (1600, 4, (ONE_WAY, SINGLE, SINGLE_BY_AGE, AGE)),
    ],
)
def test_no_withheld_count_can_be_worked_out(
    fill: Fill, codebook: Codebook, number: int, seed: int, together: tuple[TableDeclaration, ...]
) -> None:
    declarations = {declaration.name: declaration for declaration in together}
    tables = made(fill(buying(codebook, number, seed)), codebook, *declarations.values())
    outsider = Outsider(codebook)
    outsider.read(tables)
    findings = outsider.attack(THRESHOLD)
    assert findings.withheld > 0
    assert findings.narrow == ()


def test_nearly_everybody_is_as_telling_as_hardly_anybody(
    fill: Fill, codebook: Codebook, make_response: MakeResponse
) -> None:
    responses = [make_response("needs_buying", needs=Answer.of("stop_buying", "talk")) for _ in range(40)]
    responses += [make_response("needs_buying", needs=Answer.of("talk")) for _ in range(4)]
    [table] = made(fill(responses), codebook, ONE_WAY)
    counts = {row.code: row.counts[0] for row in table.rows}
    assert table.base is not None
    assert table.base.counts == (44,)
    assert counts["stop_buying"] is None
    assert counts["talk"] is None


# -- What a table says ------------------------------------------------------------------------------------------------


def test_large_counts_are_exact(fill: Fill, codebook: Codebook, make_response: MakeResponse) -> None:
    responses = [make_response("needs_buying", gender=Answer.of("man")) for _ in range(60)]
    responses += [make_response("needs_buying", gender=Answer.of("woman")) for _ in range(30)]
    responses += [make_response("needs_buying", gender=Answer.of("nonbinary")) for _ in range(11)]
    responses += [make_response("needs_buying", gender=Answer.of("other")) for _ in range(12)]
    responses += [make_response("needs_buying") for _ in range(13)]
    [table] = made(fill(responses), codebook, SINGLE)
    assert [row.counts for row in table.rows] == [(30,), (60,), (11,), (12,)]
    assert table.base is not None
    assert table.base.counts == (113,)
    assert [row.counts for row in table.non_response] == [(13,)]
    assert table.responses == 126


def test_a_table_on_a_small_base_is_withheld(fill: Fill, codebook: Codebook, make_response: MakeResponse) -> None:
    answered = [make_response("needs_buying", gender=Answer.of("man")) for _ in range(9)]
    warehouse = fill(answered + [make_response("needs_buying") for _ in range(20)])
    [table] = made(warehouse, codebook, SINGLE)
    assert table.withheld
    text = render_csv([table])
    assert "9" not in "".join(line for line in text.splitlines() if not line.startswith("#")).replace("..", "")
    one_more = fill([make_response("needs_buying", gender=Answer.of("man"))])
    assert not made(one_more, codebook, SINGLE)[0].withheld


def test_a_table_of_made_up_responses_says_so(fill: Fill, codebook: Codebook, make_response: MakeResponse) -> None:
    real = [dataclasses.replace(make_response("needs_buying"), synthetic=False) for _ in range(20)]
    assert "SYNTHETIC" not in made(fill(real), codebook, SINGLE)[0].title
    [table] = made(fill([make_response("needs_buying")]), codebook, SINGLE)
    assert table.title.startswith("SYNTHETIC")
    assert "SYNTHETIC" in render_csv([table])
    assert "SYNTHETIC" in shown_text(table)


def test_text_and_csv_carry_unit_base_period_and_method(fill: Fill, codebook: Codebook) -> None:
    for table in made(fill(buying(codebook, 300, 5)), codebook, ONE_WAY, SINGLE_BY_AGE):
        for text in (shown_text(table), render_csv([table])):
            for part in ("Unit of count", "Base:", "2026Q4", "Method:", "doubts about their quality", ".."):
                assert part in text, part


def test_the_csv_is_one_rectangle_below_its_comments(fill: Fill, codebook: Codebook) -> None:
    tables = made(fill(buying(codebook, 300, 5)), codebook, ONE_WAY, SINGLE_BY_AGE)
    lines = [line for line in render_csv(tables).splitlines() if not line.startswith("#")]
    parsed = list(csv.reader(io.StringIO("\n".join(lines))))
    assert tuple(parsed[0]) == CSV_COLUMNS
    assert {len(line) for line in parsed} == {len(CSV_COLUMNS)}
    for line in parsed[1:]:
        # Nobody is recognised by an answer they left out, so those counts may be small.
        unsaid = "not_stated" in line or "no_answer" in line
        assert line[9] == ".." or unsaid or int(line[9]) >= THRESHOLD
        assert line[9] != ".." or line[10] in ("..", "")


def test_no_column_is_lost_on_a_narrow_terminal(fill: Fill, codebook: Codebook) -> None:
    [table] = made(fill(buying(codebook, 300, 5)), codebook, SINGLE_BY_AGE)
    row = next(row for row in table.rows if row.code == "man")
    line = next(line for line in shown_text(table, width=80).splitlines() if line.strip().startswith("Man"))
    assert len(line.split()) == 1 + len(row.counts) + 1


def shown_text(table: ReleasedTable, width: int = 200) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(render_text(table))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


# -- Declarations -----------------------------------------------------------------------------------------------------


def test_the_declarations_that_come_along_fit_the_codebook(codebook: Codebook) -> None:
    declarations = load_declarations(DECLARATIONS_FOLDER, codebook)
    assert {"needs_selling", "needs_buying"} == set(declarations["needs"].populations)
    assert {declaration.theme for declaration in declarations.values()} == set(Theme)
    assert {declaration.source for declaration in declarations.values()} == set(Source)
    asked = {population for declaration in declarations.values() for population in declaration.populations}
    assert asked == codebook.populations.keys()
    for declaration in declarations.values():
        ages = {codebook.populations[population].age for population in declaration.populations}
        assert len(ages) <= 1, f"{declaration.name} puts age groups together"
        assert declaration.notes, declaration.name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title: A\npopulations: [nobody]\nrows: needs\n", "no population 'nobody'"),
        ("title: A\npopulations: [needs_buying]\nrows: compensation\n", "no variable 'compensation'"),
        ("title: A\npopulations: [needs_buying]\nrows: gender\ncolumns: needs\n", "takes several codes"),
        ("title: A\npopulations: [needs_selling]\nrows: needs_met\nmeasure: mean\n", "no numbers"),
        ("title: A\npopulations: [needs_selling]\n", "needs it"),
    ],
)
def test_a_declaration_that_does_not_fit_is_named(tmp_path: Path, codebook: Codebook, text: str, said: str) -> None:
    (tmp_path / "wrong.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ContentError, match=said) as caught:
        load_declarations(tmp_path, codebook)
    assert "wrong.yml" in str(caught.value)


# -- Noise ------------------------------------------------------------------------------------------------------------


def test_the_cell_key_method_gives_equal_responses_equal_noise(codebook: Codebook, year_of: CountedYears) -> None:
    by_role = TableDeclaration(
        name="by_role",
        title="Needs",
        populations=("needs_professional",),
        rows="needs",
        columns="about_age",
        period=PeriodKind.YEAR,
        method=Method.CELL_KEY,
    )
    alone = by_role.model_copy(update={"name": "alone", "columns": None})
    source, period = year_of(2000), Year(2026)
    crossed, plain = make_tables(source, codebook, [by_role, alone], period, provisional=False, threshold=THRESHOLD)
    assert [row.counts[0] for row in crossed.rows] == [row.counts[0] for row in plain.rows]
    counted = source.tally("needs_professional", period, ("needs",))
    off = [abs(int(row.counts[0] or 0) - counted[(row.code,)].count) for row in plain.rows if (row.code,) in counted]
    assert plain.noise == THRESHOLD
    assert 0 < max(off) <= THRESHOLD
    assert "standard deviation of 2" in plain.method_text
    assert all(count is not None for row in crossed.rows for count in row.counts)


def test_noise_and_suppression_do_not_meet_in_a_population(tmp_path: Path, codebook: Codebook) -> None:
    text = "title: A\npopulations: [needs_buying]\nrows: gender\n"
    (tmp_path / "one.yml").write_text(text, encoding="utf-8")
    (tmp_path / "two.yml").write_text(f"{text}method: cell_key\n", encoding="utf-8")
    with pytest.raises(ContentError, match=r"two\.yml:4: method: .*the same method"):
        load_declarations(tmp_path, codebook)


def test_a_table_can_be_rounded_after_it_was_protected(codebook: Codebook, year_of: CountedYears) -> None:
    gender = SINGLE.model_copy(update={"populations": ("needs_selling",), "period": PeriodKind.YEAR})
    rounded = gender.model_copy(update={"rounding": 5})
    made_exact, made_rounded = (
        make_tables(year_of(2000), codebook, [declaration], Year(2026), provisional=False, threshold=THRESHOLD)[0]
        for declaration in (gender, rounded)
    )
    for exact, five in zip(made_exact.rows, made_rounded.rows, strict=True):
        assert (exact.counts[0] is None) == (five.counts[0] is None)
        if exact.counts[0] is not None and five.counts[0] is not None:
            assert five.counts[0] % 5 == 0
            assert abs(exact.counts[0] - five.counts[0]) <= 2
    assert made_rounded.rounding == 5
    assert "multiple of 5" in made_rounded.method_text


def test_a_split_that_the_base_does_not_carry_is_left_out_and_said(fill: Fill, codebook: Codebook) -> None:
    [table] = made(fill(buying(codebook, 300, 5)[:30]), codebook, SINGLE_BY_AGE)
    assert table.split_withheld
    assert len(table.columns) == 1
    assert "too few responses to split them by: Age" in render_csv([table])
