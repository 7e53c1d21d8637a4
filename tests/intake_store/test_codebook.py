from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_files import ContentError
from intake_store.codebook import AgeGroup, Codebook, Population, load_codebook, load_codebooks
from intake_store.submission.errors import ResponseError
from intake_store.submission.response import NO_ANSWER, NOT_ASKED, UNKNOWN, Answer, AnswerStatus, Response

CODEBOOK = load_codebook(Path(__file__).parents[2] / "flows" / "codebook" / "v1.yml")

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
  liked:
    label: Liked
    question: Which do you like?
    type: multiple
    among: shades
    definition: Shades that are liked.
    source: None
  mark:
    label: Mark
    question: How good?
    type: single
    definition: Mark.
    source: None
    codes:
      - {code: low, label: Low, value: 1}
      - {code: high, label: High, value: 2}
populations:
  people:
    label: People
    age: adult
    definition: Everybody.
    variables:
      - variable: colour
      - variable: shades
        offer: [dark, light, none]
        labels: {dark: Very dark}
      - {variable: liked, question: Which of these?}
      - variable: mark
contradictions:
  - name: pale_red
    when: {colour: [blue], mark: [high]}
    allowed: false
    note: Blue is never high.
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
    people = codebook.populations["people"]
    shades, liked = people.variable("shades"), people.variable("liked")
    assert [(code.code, code.label) for code in shades.codes] == [
        ("dark", "Very dark"),
        ("light", "Light"),
        ("none", "None of these"),
    ]
    assert shades.max == 2
    assert codebook.variables["shades"].label_of("dark") == "Dark"
    assert [(code.code, code.label) for code in liked.codes] == [("dark", "Very dark"), ("light", "Light")]
    assert {code.code: code.value for code in people.variable("mark").codes} == {"low": 1, "high": 2}


@pytest.mark.parametrize(
    ("before", "after", "line", "said"),
    [
        ('version: "1"', 'version: "2"', 1, "file name"),
        ("{code: blue, label: Blue}", "{code: red, label: Blue}", 11, "twice"),
        ("{code: blue, label: Blue}", "{code: unknown, label: Blue}", 11, "missing answer"),
        ("{code: blue, label: Blue}", "{code: blue, label: Blue, value: 1}", 3, "every code of a single variable"),
        ("label: High, value: 2", "label: High, value: 1", 32, "another one to each"),
        ("{code: dark, label: Dark}", "{code: dark, label: Dark, value: 1}", 12, "every code of a single variable"),
        ("codes: [red]", "codes: [green]", 17, "has no code 'green'"),
        ("variable: colour, codes", "variable: colours, codes", 17, "no variable 'colours'"),
        ("among: shades", "among: shade", 29, "no variable 'shade'"),
        ("among: shades", "among: colour", 29, "multiple"),
        ("    among: shades\n", "", 25, "needs 'codes'"),
        ("offer: [dark, light, none]", "offer: [dark, black]", 49, "has no code 'black'"),
        ("labels: {dark: Very dark}", "labels: {pale: Very pale}", 50, "'pale' is not offered"),
        (
            "{variable: liked, question: Which of these?}",
            "{variable: liked, offer: [none, dark]}",
            51,
            "no code 'none'",
        ),
        ("      - variable: colour\n", "", 47, "must come before"),
        (
            "      - variable: shades\n        offer: [dark, light, none]\n        labels: {dark: Very dark}\n",
            "",
            48,
            "chooses among 'shades'",
        ),
        ("    question: Which colour?\n", "", 3, "Field required"),
        ("  colour:\n", "  channel:\n", 3, "field of the response"),
        ("colour: [blue], mark", "colours: [blue], mark", 55, "no variable 'colours'"),
        ("colour: [blue], mark", "colour: [green], mark", 55, "no code 'green'"),
        ("{colour: [blue], mark: [high]}", "{colour: [blue]}", 55, "at least 2 items"),
        ("      - variable: mark\n", "", 54, "no population is asked"),
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


@pytest.mark.parametrize("population", CODEBOOK.populations.values(), ids=lambda population: population.name)
def test_every_population_can_be_answered_in_full_and_not_at_all(codebook: Codebook, population: Population) -> None:
    silent = population.complete({})
    first = population.complete({variable.name: Answer.of(variable.codes[0].code) for variable in population.variables})
    for answers in (silent, first):
        assert list(population.problems(answers)) == []
        assert population.fits(answers)
    assert all(variable.codes and variable.question for variable in population.variables)
    assert ("age_band" in population.names) == (population.name != "needs_professional")


def test_nothing_about_sex_is_asked_under_18(codebook: Codebook) -> None:
    young = [population for population in codebook.populations.values() if population.age is AgeGroup.UNDER_18]
    assert {population.name for population in young} == {"needs_under_18", "experience_under_18"}
    for population in young:
        assert population.names.isdisjoint({"situation", "forms", "arenas", "compensation", "role", "asked_by_staff"})
        said = [text for v in population.variables for text in (v.question, *(code.label for code in v.codes))]
        assert not [text for text in said if "sex" in text.lower()]


def test_nobody_but_the_person_speaks_of_themselves(codebook: Codebook) -> None:
    """What professionals are asked is about others; their labels do not say "I"."""
    for name in ("needs", "barriers"):
        for code in codebook.populations["needs_professional"].variable(name).codes:
            assert not {"I", "my", "me"} & set(code.label.split()), code.label


def test_unmet_needs_are_among_the_needs(codebook: Codebook) -> None:
    population = codebook.populations["needs_selling"]
    unmet, needs = population.variable("needs_unmet"), population.variable("needs")
    assert unmet.among == "needs"
    assert [code.code for code in unmet.codes] == [code.code for code in needs.codes if code.code != "none"]
    answered = {
        "needs": Answer.of("housing", "talk"),
        "needs_met": Answer.of("no"),
        "needs_unmet": Answer.of("housing", "debt"),
    }
    kept = population.complete(answered)
    assert kept["needs_unmet"] == Answer.of("housing")
    foreign = {**kept, "needs_unmet": answered["needs_unmet"]}
    assert list(population.problems(foreign)) == ["needs_unmet has a code that is not among the answers to needs."]
    assert not population.fits(foreign)
    assert population.complete({**answered, "needs": Answer.of("work")})["needs_unmet"] == NO_ANSWER
    assert population.complete({**answered, "needs": Answer.of("none")})["needs_unmet"] == NOT_ASKED


def test_treatment_has_a_mean(codebook: Codebook) -> None:
    values = [code.value for code in codebook.populations["experience"].variable("treatment").codes]
    assert values == [1, 2, 3, 4, 5]
    assert [v.name for v in codebook.variables.values() if v.codes[0].value is not None] == ["treatment"]


@pytest.mark.parametrize(
    ("population", "answers", "found"),
    [
        (
            "needs_relative",
            {"relation": "parent", "about_age": "adult", "age_band": "18_24"},
            {"parent_too_young": False},
        ),
        ("needs_relative", {"relation": "parent", "about_age": "under_18", "age_band": "18_24"}, {}),
        ("needs_selling", {"citizenship_group": "se", "needs": "return"}, {"citizen_going_home": True}),
        ("needs_selling", {"citizenship_group": "se", "needs": "residence"}, {"citizen_needs_residence_permit": False}),
        ("needs_under_18", {"disability": "no", "barriers": "disability_access"}, {"access_without_disability": False}),
        ("needs_professional", {"needs": "residence"}, {}),
    ],
)
def test_contradictions_are_found_where_they_can_be(
    codebook: Codebook, population: str, answers: dict[str, str], found: dict[str, bool]
) -> None:
    completed = codebook.populations[population].complete({name: Answer.of(code) for name, code in answers.items()})
    held = codebook.contradictions_in(completed, population)
    assert {entry.name: entry.allowed for entry in held} == found
    assert codebook.contradictions_in({}, population) == ()


def test_every_contradiction_gives_its_reason(codebook: Codebook) -> None:
    assert {entry.allowed for entry in codebook.contradictions} == {True, False}
    for entry in codebook.contradictions:
        assert entry.note.endswith(".")
        reach = [name for name, population in codebook.populations.items() if entry.when.keys() <= population.names]
        for name in reach[:1]:
            answers = {v: Answer.of(min(codes)) for v, codes in entry.when.items()}
            assert entry in codebook.contradictions_in(answers, name)


@st.composite
def _answers(draw: st.DrawFn, population: Population) -> Mapping[str, Answer]:
    """Answers as somebody might send them: mostly right, with mistakes of every kind."""
    answers = {}
    for variable in population.variables:
        codes = [code.code for code in variable.codes]
        several = st.lists(st.sampled_from(codes), min_size=1, max_size=variable.max + 1).map(lambda c: Answer.of(*c))
        other = st.sampled_from([NO_ANSWER, UNKNOWN, NOT_ASKED, Answer.of("nothing_known")])
        answers[variable.name] = draw(st.one_of(several, several, other))
    if draw(st.booleans()):
        answers = dict(population.complete(answers))
    if draw(st.integers(0, 9)) == 0:
        answers.pop(draw(st.sampled_from(sorted(answers))))
    if draw(st.integers(0, 9)) == 0:
        answers["municipality"] = NO_ANSWER
    return answers


@given(data=st.data(), name=st.sampled_from(sorted(CODEBOOK.populations)))
def test_the_fast_check_agrees_with_the_thorough_one(data: st.DataObject, name: str) -> None:
    population = CODEBOOK.populations[name]
    answers = data.draw(_answers(population))
    assert population.fits(answers) == (list(population.problems(answers)) == [])


@pytest.mark.parametrize("stored", ["answered", "housing", (), ("work", "debt"), ("debt", "debt")])
def test_what_is_not_a_stored_answer_does_not_fit(codebook: Codebook, stored: str | tuple[str, ...]) -> None:
    population = codebook.populations["needs_professional"]
    answers: dict[str, str | tuple[str, ...]] = dict.fromkeys(population.names, AnswerStatus.NO_ANSWER.value)
    assert population.fits_stored(answers)
    assert not population.fits_stored({**answers, "needs": stored})
