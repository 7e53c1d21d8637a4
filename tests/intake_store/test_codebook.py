from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from content_files import ContentError
from intake_store.codebook import AgeGroup, Codebook, load_codebook, load_codebooks
from intake_store.submission.errors import ResponseError
from intake_store.submission.response import NO_ANSWER, NOT_ASKED, UNKNOWN, Answer, Response

SMALL = """\
version: "1"
variables:
  colour:
    label: Colour
    question: Which colour?
    type: single
    definition: A colour.
    source: None
    codes:
      - {code: red, label: Red}
      - {code: blue, label: Blue}
  shades:
    label: Shades
    question: Which shades?
    type: multiple
    max: 2
    ask_if: {variable: colour, codes: [red]}
    definition: Shades.
    source: None
    codes:
      - {code: dark, label: Dark}
      - {code: light, label: Light}
      - {code: pale, label: Pale}
      - {code: none, label: None of these, exclusive: true}
populations:
  people:
    label: People
    age: adult
    definition: Everybody.
    variables:
      - variable: colour
      - {variable: shades, offer: [dark, light, none]}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "v1.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_no_age_is_offered_across_the_border_of_18(codebook: Codebook) -> None:
    young, adult = {"u15", "15_17"}, {"18_24", "25_34", "35_49", "50p"}
    for population in codebook.populations.values():
        if "age_band" in population.names:
            offered = {code.code for code in population.variable("age_band").codes}
            assert offered == (young if population.age is AgeGroup.UNDER_18 else adult), population.name


def test_counties_are_the_21_and_abroad(codebook: Codebook) -> None:
    assert len(codebook.variables["county"].codes) == 22


def test_selling_and_buying_are_offered_different_needs(codebook: Codebook) -> None:
    selling, buying = (
        {code.code for code in codebook.populations[name].variable("needs").codes}
        for name in ("needs_selling", "needs_buying")
    )
    assert "stop_buying" in buying - selling
    assert "image_removal" in selling - buying


def test_other_than_becomes_the_codes_that_are_left(codebook: Codebook) -> None:
    rule = codebook.populations["needs_selling"].variable("needs_met").ask_if
    assert rule is not None
    assert "none" not in rule.codes
    assert "housing" in rule.codes


def test_completing_answers_routes_and_fills(codebook: Codebook) -> None:
    population = codebook.populations["needs_selling"]
    completed = population.complete(
        {"citizenship_group": Answer.of("se"), "citizenship_country": Answer.of("RO"), "needs": Answer.of("none")}
    )
    assert completed["citizenship_country"] == NOT_ASKED
    assert completed["needs_met"] == NOT_ASKED
    assert completed["gender"] == NO_ANSWER
    assert list(completed) == [variable.name for variable in population.variables]
    assert list(population.problems(completed)) == []


@pytest.mark.parametrize(
    ("variable", "answer", "said"),
    [
        ("situation", Answer.of("thinking", "ongoing"), "takes at most 1"),
        ("needs", Answer.of("housing", "work", "talk", "debt", "legal", "gyn"), "takes at most 5"),
        ("needs", Answer.of("none", "work"), "exclusive"),
        ("needs", Answer.of("stop_buying"), "not offered"),
        ("gender", UNKNOWN, "does not take 'unknown'"),
        ("gender", NOT_ASKED, "left out although"),
        ("citizenship_country", Answer.of("RO"), "was not to be asked"),
    ],
)
def test_an_answer_outside_the_rules_is_named(
    codebook: Codebook, make_response, variable: str, answer: Answer, said: str
) -> None:
    valid: Response = make_response(needs=Answer.of("housing"))
    codebook.validate(valid)
    invalid = dataclasses.replace(valid, answers={**valid.answers, variable: answer})
    with pytest.raises(ResponseError, match=said) as caught:
        codebook.validate(invalid)
    assert any(problem.startswith(variable) for problem in caught.value.problems)


def test_a_missing_or_foreign_variable_is_refused(codebook: Codebook, make_response) -> None:
    valid: Response = make_response()
    fewer = {name: answer for name, answer in valid.answers.items() if name != "gender"}
    with pytest.raises(ResponseError, match="gender is missing"):
        codebook.validate(dataclasses.replace(valid, answers=fewer))
    with pytest.raises(ResponseError, match="does not have"):
        codebook.validate(dataclasses.replace(valid, answers={**valid.answers, "municipality": Answer.of("0180")}))
    with pytest.raises(ResponseError, match="another version"):
        codebook.validate(dataclasses.replace(valid, codebook_version="2"))


def test_the_error_never_says_what_was_answered(codebook: Codebook, make_response) -> None:
    valid: Response = make_response()
    wrong = dataclasses.replace(valid, answers={**valid.answers, "gender": Answer.of("something_private")})
    with pytest.raises(ResponseError) as caught:
        codebook.validate(wrong)
    assert "something_private" not in str(caught.value)


def test_a_small_codebook_loads(tmp_path: Path) -> None:
    codebook = load_codebook(write(tmp_path, SMALL))
    shades = codebook.populations["people"].variable("shades")
    assert [(code.code, code.label) for code in shades.codes] == [
        ("dark", "Dark"),
        ("light", "Light"),
        ("none", "None of these"),
    ]
    assert shades.max == 2


@pytest.mark.parametrize(
    ("before", "after", "line", "said"),
    [
        ('version: "1"', 'version: "2"', 1, "file name"),
        ("{code: blue, label: Blue}", "{code: red, label: Blue}", 11, "twice"),
        ("{code: blue, label: Blue}", "{code: unknown, label: Blue}", 11, "missing answer"),
        ("codes: [red]", "codes: [green]", 17, "has no code 'green'"),
        ("variable: colour, codes", "variable: colours, codes", 17, "no variable 'colours'"),
        ("offer: [dark, light, none]", "offer: [dark, black]", 32, "has no code 'black'"),
        ("      - variable: colour\n", "", 31, "must come before"),
        ("    question: Which colour?\n", "", 3, "Field required"),
        ("  colour:\n", "  channel:\n", 3, "field of the response"),
    ],
)
def test_a_mistake_is_shown_with_its_line(tmp_path: Path, before: str, after: str, line: int, said: str) -> None:
    assert before in SMALL
    with pytest.raises(ContentError) as caught:
        load_codebook(write(tmp_path, SMALL.replace(before, after)))
    found = [(problem.line, problem.message) for problem in caught.value.problems]
    assert any(at == line and said in message for at, message in found), found


def test_an_empty_folder_is_no_codebook(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="holds no codebook"):
        load_codebooks(tmp_path)
