from __future__ import annotations

import csv
import dataclasses
import io
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from scipy.optimize import linprog

from content_files import ContentError
from intake_store.codebook import Codebook, Variable, VariableType
from intake_store.periods import Quarter
from intake_store.statistics.declarations import DECLARATIONS_FOLDER, TableDeclaration, load_declarations
from intake_store.statistics.released import ReleasedRow, ReleasedTable
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


# -- The attack -------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Attacker:
    """Knows every published table of a population and the codebook, and nothing else.

    Written from the CSV and the meaning of the variables alone, without a look at how cells are withheld.
    """

    codebook: Codebook
    published: dict[tuple[str, ...], float | None] = dataclasses.field(default_factory=dict)
    equal: list[dict[tuple[str, ...], float]] = dataclasses.field(default_factory=list)
    at_most: list[dict[tuple[str, ...], float]] = dataclasses.field(default_factory=list)

    def read(self, text: str, declarations: dict[str, TableDeclaration]) -> None:
        lines = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
        for line in lines:
            declaration = declarations[line["table"]]
            key: tuple[str, ...] = (declaration.rows, line["row"])
            if line["kind"] == "responses":
                key = ()
            elif line["column"] != "total":
                key = (*key, declaration.columns or "", line["column"])
            count = None if line["count"] == ".." else float(line["count"])
            assert self.published.setdefault(key, count) == count, "a cell is published in one table and not in another"
        for declaration in declarations.values():
            self._learn(declaration)

    def _learn(self, declaration: TableDeclaration) -> None:
        population = self.codebook.populations[declaration.populations[0]]
        rows = population.variable(declaration.rows)
        base = (rows.name, "answered")
        silent = [(rows.name, s) for s in ("no_answer", "unknown") if (rows.name, s) in self.published]
        self.equal.append({(): 1.0, base: -1.0} | dict.fromkeys(silent, -1.0))
        self._learn_codes(rows, ())
        if declaration.columns is None:
            return
        columns = population.variable(declaration.columns)
        places = [*(code.code for code in columns.codes), "not_stated"]
        for place in places:
            self._learn_codes(rows, (columns.name, place))
            if (columns.name, place) in self.published:
                self.at_most.append({(*base, columns.name, place): 1.0, (columns.name, place): -1.0})
        for row in ("answered", *(code.code for code in rows.codes)):
            whole = (rows.name, row)
            self.equal.append({whole: 1.0} | {(*whole, columns.name, place): -1.0 for place in places})

    def _learn_codes(self, variable: Variable, within: tuple[str, ...]) -> None:
        base = (variable.name, "answered", *within)
        alone = [(variable.name, code.code, *within) for code in variable.codes if code.exclusive]
        named = [(variable.name, code.code, *within) for code in variable.codes if not code.exclusive]
        if variable.type is VariableType.SINGLE:
            self.equal.append({base: 1.0} | dict.fromkeys(named, -1.0))
            return
        self.at_most += [{key: 1.0, base: -1.0} for key in (*alone, *named)]
        self.at_most.append({base: 1.0} | dict.fromkeys((*alone, *named), -1.0))
        most = float(variable.max)
        self.at_most.append({base: -most} | dict.fromkeys(alone, most) | dict.fromkeys(named, 1.0))

    def width(self, target: dict[tuple[str, ...], float]) -> float:
        """How far apart the least and the greatest value are that a sum of cells can have."""
        index = {key: place for place, key in enumerate(self.published)}

        def matrix(relations: list[dict[tuple[str, ...], float]]) -> np.ndarray:
            filled = np.zeros((len(relations), len(index)))
            for row, relation in enumerate(relations):
                for key, factor in relation.items():
                    filled[row, index[key]] = factor
            return filled

        equal, at_most, objective = matrix(self.equal), matrix(self.at_most), matrix([target])[0]
        bounds = [(0, None) if count is None else (count, count) for count in self.published.values()]
        ends = []
        for sign in (1, -1):
            found = linprog(
                sign * objective,
                A_eq=equal,
                b_eq=np.zeros(len(equal)),
                A_ub=at_most if len(at_most) else None,
                b_ub=np.zeros(len(at_most)) if len(at_most) else None,
                bounds=bounds,
            )
            if found.status == 3:
                return float("inf")
            assert found.status == 0, found.message
            ends.append(sign * found.fun)
        return ends[1] - ends[0]

    def narrow_cells(self) -> list[tuple[str, ...]]:
        return [
            key for key, count in self.published.items() if count is None and self.width({key: 1.0}) < THRESHOLD - 1e-6
        ]


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
    attacker = Attacker(codebook)
    open_tables = {t.name: declarations[t.name] for t in tables if not t.withheld}
    attacker.read(render_csv([t for t in tables if not t.withheld]), open_tables)
    assert None in attacker.published.values()
    assert attacker.narrow_cells() == []


def test_the_attack_succeeds_when_only_small_counts_are_withheld(fill: Fill, codebook: Codebook) -> None:
    """The same attack on the same responses finds a count when complementary suppression is left out."""
    warehouse = fill(buying(codebook, 400, 2))
    declarations = {"gender": SINGLE, "needs": ONE_WAY}
    tables = made(warehouse, codebook, *declarations.values())
    naive = []
    for table in tables:
        counts = warehouse.counts("needs_buying", QUARTER, table.row_variable)
        total = warehouse.summary("needs_buying", QUARTER).counted

        def shown(count: int) -> int | None:
            return count if count >= THRESHOLD else None

        def row(old: ReleasedRow, count: int | None) -> ReleasedRow:
            return old.model_copy(update={"counts": (count,)})

        assert table.base is not None
        naive.append(
            table.model_copy(
                update={
                    "rows": tuple(row(r, shown(counts.get(r.code, 0))) for r in table.rows),
                    "base": row(table.base, counts["answered"]),
                    "non_response": tuple(row(r, shown(counts.get(r.code, 0))) for r in table.non_response),
                    "responses": total,
                }
            )
        )
    attacker = Attacker(codebook)
    attacker.read(render_csv(naive), declarations)
    assert attacker.narrow_cells() != []


def test_nearly_everybody_is_as_telling_as_hardly_anybody(fill: Fill, codebook: Codebook, make_response) -> None:
    responses = [make_response("needs_buying", needs=Answer.of("stop_buying", "talk")) for _ in range(40)]
    responses += [make_response("needs_buying", needs=Answer.of("talk")) for _ in range(4)]
    [table] = made(fill(responses), codebook, ONE_WAY)
    counts = {row.code: row.counts[0] for row in table.rows}
    assert table.base.counts == (44,)
    assert counts["stop_buying"] is None
    assert counts["talk"] is None


# -- What a table says ------------------------------------------------------------------------------------------------


def test_large_counts_are_exact(fill: Fill, codebook: Codebook, make_response) -> None:
    responses = [make_response("needs_buying", gender=Answer.of("man")) for _ in range(60)]
    responses += [make_response("needs_buying", gender=Answer.of("woman")) for _ in range(30)]
    responses += [make_response("needs_buying", gender=Answer.of("nonbinary")) for _ in range(11)]
    responses += [make_response("needs_buying", gender=Answer.of("other")) for _ in range(12)]
    responses += [make_response("needs_buying") for _ in range(13)]
    [table] = made(fill(responses), codebook, SINGLE)
    assert [row.counts for row in table.rows] == [(30,), (60,), (11,), (12,)]
    assert table.base.counts == (113,)
    assert [row.counts for row in table.non_response] == [(13,)]
    assert table.responses == 126


def test_a_table_on_a_small_base_is_withheld(fill: Fill, codebook: Codebook, make_response) -> None:
    answered = [make_response("needs_buying", gender=Answer.of("man")) for _ in range(9)]
    warehouse = fill(answered + [make_response("needs_buying") for _ in range(20)])
    [table] = made(warehouse, codebook, SINGLE)
    assert table.withheld
    text = render_csv([table])
    assert "9" not in "".join(line for line in text.splitlines() if not line.startswith("#")).replace("..", "")
    one_more = fill([make_response("needs_buying", gender=Answer.of("man"))])
    assert not made(one_more, codebook, SINGLE)[0].withheld


def test_a_table_of_made_up_responses_says_so(fill: Fill, codebook: Codebook, make_response) -> None:
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
        assert line[9] == ".." or int(line[9]) >= THRESHOLD
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
