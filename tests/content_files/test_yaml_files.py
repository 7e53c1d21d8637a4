"""Reading YAML: what plain words become, and where a mistake is said to be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from content_files import ContentError, ContentProblem, load_model, read_yaml

WriteFile = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> WriteFile:
    def write_file(content: str | bytes) -> Path:
        path = tmp_path / "content.yml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


def problems_of(path: Path) -> list[tuple[int, str]]:
    with pytest.raises(ContentError) as caught:
        read_yaml(path)
    assert all(problem.path == path for problem in caught.value.problems)
    return [(problem.line, problem.message) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("2026-11-24", "2026-11-24"),
        ("0x1F", "0x1F"),
        ("<<", "<<"),
        ("=", "="),
        ("08", 8),
        ("+46", 46),
        ("-1", -1),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("true", True),
        ("False", False),
        ("tRUE", "tRUE"),
        ("null", None),
        ("~", None),
        ("", None),
        ("'08'", "08"),
        ('"true"', "true"),
        ("'null'", "null"),
        ("''", ""),
        ("|-\n  12", "12"),
        (">-\n  true\n  love", "true love"),
        ("å ä ö ș ț", "å ä ö ș ț"),
    ],
)
def test_plain_words_are_read_by_the_core_schema(write: WriteFile, written: str, meant: object) -> None:
    data = read_yaml(write(f"key: {written}\n")).data
    assert data == {"key": meant}
    assert type(data["key"]) is type(meant)


def test_keys_are_read_the_same_way(write: WriteFile) -> None:
    assert read_yaml(write("no: 1\n12: 2\ntrue: 3\n")).data == {"no": 1, 12: 2, True: 3}


def test_anchors_stand_for_what_they_name(write: WriteFile) -> None:
    file = read_yaml(write("first: &words [one, no]\nsecond: *words\n"))
    assert file.data == {"first": ["one", "no"], "second": ["one", "no"]}
    file.data["first"].append("more")
    assert file.data["second"] == ["one", "no"]


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "is there twice"),
        ("list:\n  - {x: 1, x: 2}\n", 2, "is there twice"),
        ("a: 1\n1: 2\n'1': 3\n1: 4\n", 4, "is there twice"),
        ("a: [1, 2\nb: 3\n", 2, "is not YAML"),
        ("a: 1\n\tb: 2\n", 2, "is not YAML"),
        ("a: *nowhere\n", 1, "is not YAML"),
        ("? [1, 2]\n: 3\n", 1, "a key has to be a plain word"),
        ("? \n: 3\n", 1, "a key has to be a plain word"),
        ("a: 1\n---\nb: 2\n", 2, "is not YAML"),
        ("a: 'open\n\n", 3, "is not YAML"),
    ],
)
def test_a_mistake_is_named_with_its_line(write: WriteFile, content: str, line: int, said: str) -> None:
    ((found, message),) = problems_of(write(content))
    assert said in message
    assert found == line


def test_a_circle_of_anchors_is_a_mistake(write: WriteFile) -> None:
    assert problems_of(write("a:\n  - &a [1, *a]\n")) == [(2, "is not YAML: an anchor holds itself")]


def test_a_file_that_is_not_utf8_is_a_mistake(write: WriteFile) -> None:
    assert problems_of(write("å: 1\n".encode("latin-1"))) == [(0, "is not UTF-8 text")]


def test_control_characters_are_a_mistake(write: WriteFile) -> None:
    ((_, message),) = problems_of(write("a: \x07\n"))
    assert message.startswith("is not YAML")


def test_a_missing_file_is_a_mistake(tmp_path: Path) -> None:
    ((line, message),) = problems_of(tmp_path / "nowhere.yml")
    assert line == 0
    assert message.startswith("cannot be read")


def test_a_folder_is_a_mistake(tmp_path: Path) -> None:
    ((_, message),) = problems_of(tmp_path)
    assert message.startswith("cannot be read")


@pytest.mark.parametrize("content", ["", "# only a comment\n", "\n\n"])
def test_an_empty_file_holds_nothing(write: WriteFile, content: str) -> None:
    file = read_yaml(write(content))
    assert file.data is None
    assert file.line_of(["anything"]) == 1


class Step(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=2)
    next: str | dict[str, int] | None = None


class Steps(BaseModel):
    model_config = ConfigDict(extra="forbid")

    steps: list[Step]


STEPS = """\
# a comment
steps:
  - id: first

  - id: second
    next: {yes: 1}
  - next:
      a: b
    id: x
    more: 1
"""


def test_every_misfit_is_named_with_its_line(write: WriteFile) -> None:
    with pytest.raises(ContentError) as caught:
        load_model(write(STEPS), Steps)
    found = {(problem.line, problem.where) for problem in caught.value.problems}
    assert (9, "steps.2.id") in found
    assert (10, "steps.2.more") in found
    assert any(line == 8 for line, where in found if where.startswith("steps.2.next")), "inside a union, too"
    for problem in caught.value.problems:
        assert str(problem).startswith(f"{problem.path}:{problem.line}: {problem.where}: ")


def test_what_is_missing_is_named_where_it_should_stand(write: WriteFile) -> None:
    with pytest.raises(ContentError) as caught:
        load_model(write("steps:\n  - id: first\n  - next: a\n"), Steps)
    ((problem),) = caught.value.problems
    assert (problem.line, problem.where) == (3, "steps.1.id")


def test_no_value_is_quoted_in_a_message(write: WriteFile) -> None:
    with pytest.raises(ContentError) as caught:
        load_model(write("steps: marzipan\n"), Steps)
    assert "marzipan" not in str(caught.value)


def test_lines_are_found_for_later_checks(write: WriteFile) -> None:
    _, file = load_model(write(STEPS.replace("id: x\n    more: 1", "id: third").replace("a: b", "a: 2")), Steps)
    assert file.line_of(["steps"]) == 2
    assert file.line_of(["steps", 1]) == 5
    assert file.line_of(["steps", 1, "next", "yes"]) == 6
    assert file.line_of(["steps", 2, "id"]) == 9
    assert file.line_of(["steps", 7, "id"]) == 2, "the nearest parent that is there"
    assert file.line_of([]) == 1


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        ((Path("a.yml"), 3, "x.y", "is wrong"), "a.yml:3: x.y: is wrong"),
        ((Path("a.yml"), 0, "", "is wrong"), "a.yml: is wrong"),
    ],
)
def test_a_problem_reads_as_a_compilers(problem: tuple[Any, ...], text: str) -> None:
    assert str(ContentProblem(*problem)) == text


def test_an_error_lists_all_its_problems(tmp_path: Path) -> None:
    error = ContentError(ContentProblem(tmp_path, line, "", "is wrong") for line in (1, 2))
    assert str(error).count("is wrong") == 2
