from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from intake_store.commands import create_app
from intake_store.database.newest import NEWEST_REVISION
from intake_store.settings import IntakeSettings

ROOT = Path(__file__).parents[2]
TABLES = {
    "gender": "title: Gender\npopulations: [needs_selling]\nrows: gender\n",
    "needs": "title: Needs\npopulations: [needs_buying]\nrows: needs\n",
}


class Tool:
    """The commands as `fyren` mounts them, in an empty folder."""

    def __init__(self) -> None:
        self._app = typer.Typer()
        self._app.add_typer(create_app())

    def __call__(self, *arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(self._app, arguments)
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tool:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FYREN_VAR", "var")
    (tmp_path / "tables").mkdir()
    for name, text in TABLES.items():
        (tmp_path / "tables" / f"{name}.yml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("FYREN_INTAKE_CODEBOOKS", str(ROOT / "flows" / "codebook"))
    monkeypatch.setenv("FYREN_INTAKE_TABLES", str(tmp_path / "tables"))
    monkeypatch.delenv("FYREN_KEY_PASSPHRASE_FILE", raising=False)
    return Tool()


def test_from_keys_to_a_table(tool: Tool, tmp_path: Path) -> None:
    tool("keys", "create", "--generate-passphrase")
    assert NEWEST_REVISION in tool("database", "upgrade").output
    assert "120 synthetic" in tool("demo-data", "--responses", "120", "--period", "2026Q3").output
    assert "120 responses added" in tool("responses", "load").output
    assert "0 responses added" in tool("responses", "load").output
    listed = tool("table", "list").output
    assert "gender" in listed
    assert "needs" in listed
    shown = tool("table", "show", "gender", "--period", "2026Q3", "--csv", "out/gender.csv").output
    assert "SYNTHETIC DATA: Gender" in shown
    written = (tmp_path / "out" / "gender.csv").read_text()
    assert "SYNTHETIC" in written
    assert tool("table", "show", "gender", "--period", "2026Q3", "--format", "csv").output == written
    assert "withheld" in tool("table", "show", "gender", "--period", "2020Q1").output


def filled(tool: Tool) -> None:
    tool("keys", "create", "--generate-passphrase")
    tool("database", "upgrade")
    tool("demo-data", "--responses", "600", "--period", "2026Q2")
    tool("responses", "load")


def test_a_quarter_is_previewed_released_and_frozen(tool: Tool, tmp_path: Path) -> None:
    filled(tool)
    assert "Nothing was released yet" in tool("table", "releases").output
    preview = tool("table", "preview", "--period", "2026Q2").output
    assert "None gives way" in preview
    assert "needs_buying" in preview
    released = tool("table", "release", "--period", "2026Q2", "--note", "First figures.").output
    assert "Released 2026Q2-1: 2 tables" in released
    assert "frozen. Give a reason" in tool("table", "release", "--period", "2026Q2", code=1).output
    assert "2026Q2-2" in tool("table", "release", "--period", "2026Q2", "--revise", "A title was wrong.").output

    before = tool("table", "show", "gender", "--period", "2026Q2", "--format", "csv")
    assert "As released in 2026Q2-2." in before.stderr
    tool("demo-data", "--responses", "300", "--period", "2026Q2", "--seed", "2")
    tool("responses", "load")
    assert tool("table", "show", "gender", "--period", "2026Q2", "--format", "csv").stdout == before.stdout

    listed = tool("table", "releases").output
    assert "A title was wrong." in listed
    assert "No file was changed" in listed
    file = next((tmp_path / "var" / "analyst" / "releases" / "0001-2026Q2-1").glob("gender*"))
    file.chmod(0o644)
    file.write_text(file.read_text().replace("SYNTHETIC", "REAL"))
    assert "is not what was released" in tool("table", "releases", code=1).output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("release", "--period", "2999Q1"), "has not ended"),
        (("release", "--period", "2026"), "has not ended"),
        (("release", "--period", "2020"), "Release the quarters of 2020 first"),
        (("release", "--period", "2020Q1", "--revise", "So."), "nothing to revise"),
        (("noisy", "gender", "--population", "needs_selling", "--period", "2999Q1"), "has not ended"),
    ],
)
def test_what_cannot_be_released_is_told(tool: Tool, arguments: tuple[str, ...], told: str) -> None:
    tool("keys", "create", "--generate-passphrase")
    tool("database", "upgrade")
    tool("responses", "load")
    assert told in tool("table", *arguments, code=1).output
    assert "Nothing was released yet" in tool("table", "releases").output


def test_noise_is_paid_for_and_never_drawn_twice(tool: Tool, tmp_path: Path) -> None:
    filled(tool)
    wanted = ("noisy", "gender", "--population", "needs_selling", "--period", "2026Q2")
    output = tool("table", *wanted, "--loss", "0.3").output
    assert "SYNTHETIC DATA: Gender" in output
    assert "rho 0.3" in output
    rows = [line.split(",") for line in output.splitlines() if not line.startswith("#")]
    assert [row[0] for row in rows[1:]] == ["woman", "man", "nonbinary", "other", "answered"]
    for _, _, count, lowest, highest in rows[1:]:
        assert int(lowest) <= max(0, int(count)) <= int(highest)
    assert "has been released already" in tool("table", *wanted, code=1).output
    ledger = (tmp_path / "var" / "analyst" / "privacy-ledger.jsonl").read_text()
    assert ledger.count("\n") == 1


def test_the_budget_of_a_period_can_be_spent(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tool)
    monkeypatch.setenv("FYREN_INTAKE_PRIVACY_BUDGET", "0.1")
    refused = tool(
        "table", "noisy", "needs", "--population", "needs_buying", "--period", "2026Q2", "--loss", "0.2", code=1
    )
    assert "the budget is 0.1" in refused.output


def test_the_database_holds_what_demo_data_sealed(tool: Tool, tmp_path: Path) -> None:
    tool("keys", "create", "--generate-passphrase")
    tool("database", "upgrade")
    tool("demo-data", "--responses", "3", "--period", "2026Q3")
    with closing(sqlite3.connect(tmp_path / "var" / "intake.sqlite3")) as connection:
        rows = connection.execute("SELECT purpose, length(sealed) FROM sealed_response").fetchall()
    assert rows == [("response", 2048 + 1136)] * 3


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["table", "show", "nothing", "--period", "2026Q4"], 2, "There is no table 'nothing'"),
        (["table", "show", "needs", "--period", "2026"], 2, "made for each quarter"),
        (["table", "show", "needs"], 2, "--period"),
        (["table", "show", "needs", "--period", "2026Q4"], 1, "fyren responses load"),
        (["responses", "load"], 1, "private key"),
        (["demo-data"], 1, "fyren keys create"),
        (["demo-data", "--responses", "0"], 2, "--responses"),
        (["demo-data", "--period", "soon"], 2, "a quarter such as 2026Q4"),
        (["keys", "create"], 1, "FYREN_KEY_PASSPHRASE_FILE"),
    ],
)
def test_what_is_wrong_is_said_plainly(tool: Tool, arguments: list[str], code: int, said: str) -> None:
    assert said in " ".join(re.sub(r"[│\n]", " ", tool(*arguments, code=code).output).split())


def test_demo_data_needs_the_tables(tool: Tool, tmp_path: Path) -> None:
    tool("keys", "create", "--generate-passphrase")
    assert "fyren database upgrade" in tool("demo-data", code=1).output
    assert not (tmp_path / "var" / "intake.sqlite3").exists()


def test_demo_data_is_refused_in_production(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FYREN_INTAKE_PRODUCTION", "true")
    assert "production" in tool("demo-data", code=1).output


def test_keys_are_not_overwritten(tool: Tool, tmp_path: Path) -> None:
    tool("keys", "create", "--generate-passphrase")
    kept = {path: path.read_bytes() for path in tmp_path.rglob("var/**/*") if path.is_file()}
    assert "not overwritten" in tool("keys", "create", "--generate-passphrase", code=1).output
    assert {path: path.read_bytes() for path in kept} == kept


def test_a_wrong_passphrase_is_said_to_be_wrong(tool: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool("keys", "create", "--generate-passphrase")
    tool("database", "upgrade")
    (tmp_path / "other").write_text("another passphrase\n")
    monkeypatch.setenv("FYREN_KEY_PASSPHRASE_FILE", str(tmp_path / "other"))
    assert "passphrase is wrong" in tool("responses", "load", code=1).output


def test_a_setting_that_does_not_fit_is_named(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FYREN_INTAKE_THRESHOLD", "1")
    assert "FYREN_INTAKE_THRESHOLD" in tool("table", "list", code=1).output


def test_every_setting_and_command_is_described() -> None:
    for name, field in IntakeSettings.model_fields.items():
        assert field.description, name
    for group in (create_app(), *(info.typer_instance for info in create_app().registered_groups)):
        assert group is not None
        for command in group.registered_commands:
            assert command.callback is not None
            assert len(command.callback.__doc__ or "") > 30, command.callback


def test_the_services_figures_become_costs_per_person(tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "tables" / "cost.yml").write_text(
        "title: Cost\nsource: service_figures\nrows: service_kind\nperiod: year\n", encoding="utf-8"
    )
    tool("keys", "create", "--generate-passphrase")
    tool("database", "upgrade")
    tool("responses", "load")
    figures = tmp_path / "figures.csv"
    figures.write_text("year,service,service_kind,annual_cost_sek,clients\n2025,A,kast,many,3\n", encoding="utf-8")
    assert "figures.csv:2: annual_cost_sek 'many'" in tool("figures", "import", "figures.csv", code=1).output
    lines = "".join(f"2025,Service {number},kast,900000,30\n" for number in range(3))
    figures.write_text(f"year,service,service_kind,annual_cost_sek,clients\n{lines}", encoding="utf-8")
    assert "3 services" in tool("figures", "import", "figures.csv").output
    assert "30000.00" in tool("table", "show", "cost", "--period", "2025").output
    assert "withheld" in tool("table", "show", "cost", "--period", "2024").output
    assert "made for each year" in tool("table", "show", "cost", "--period", "2025Q1", code=2).output
