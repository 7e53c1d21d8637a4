from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from fyren.commands import understand

KEYS = ["language", "intent", "confidence", "alternatives", "crisis", "place", "age"]
LINES = """\
intent\tkind\ttext\tplace
greet\tshort\thej\t
crisis_minor\tplain\tjag är 15 och säljer sex i Malmö\tMalmö
"""


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    path = tmp_path / "sv.tsv"
    path.write_text(LINES, encoding="utf-8")
    return path


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.command()(understand)
    return CliRunner().invoke(app, [*arguments, "--without-model"])


def test_one_object_a_row_and_nothing_else(lines: Path) -> None:
    result = run("--tsv", str(lines))
    assert result.exit_code == 0, result.stderr
    objects = [json.loads(row) for row in result.stdout.splitlines()]
    assert [list(found) for found in objects] == [KEYS, KEYS]
    assert [found["intent"] for found in objects] == ["greet", "crisis_minor"]
    assert [found["crisis"] for found in objects] == [False, True]
    assert [found["place"] for found in objects] == [None, "Malmö"]
    assert [found["age"] for found in objects] == [None, 15]


def test_malformed_files_end_with_2_and_the_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.tsv"
    path.write_text("intent\tkind\ttext\tplace\ngreet\n", encoding="utf-8")
    result = run("--tsv", str(path))
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "bad.tsv:2" in result.stderr


def test_scores_are_printed_and_written(lines: Path, tmp_path: Path) -> None:
    target = tmp_path / "reports" / "scores.md"
    result = run("--tsv", str(lines), "--evaluate", "--report", str(target))
    assert result.exit_code == 0, result.stderr
    assert "| Intent right | 100.0 % (2/2) |" in result.stdout
    assert "| Crisis recall (a card was shown) | 100.0 % (1/1) |" in result.stdout
    assert target.read_text(encoding="utf-8") in result.stdout + "\n"


@pytest.mark.parametrize("arguments", [[], ["hej", "--tsv", "x"], ["hej", "--report", "x"]])
def test_unclear_wishes_are_refused(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2
