from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake_store.codebook import Codebook, load_codebook
from intake_store.periods import Quarter
from intake_store.submission.response import Answer, QualityFlag, Response
from intake_store.synthetic import profiles, synthetic_responses, synthetic_tables
from intake_store.warehouse.storage import response_schema

CODEBOOK = load_codebook(Path(__file__).parents[3] / "flows" / "codebook" / "v1.yml")
WEEKS = Quarter.parse("2026Q4").weeks
START = Quarter.parse("2025Q1").weeks


@pytest.fixture(scope="module")
def many() -> list[Response]:
    """Responses of the quarter whose proportions the profiles give."""
    return list(synthetic_responses(CODEBOOK, START, 30_000, seed=5))


def share(responses: list[Response], population: str, variable: str, *codes: str) -> float:
    """Return the share of some codes among those who answered, in per cent."""
    answers = [r.answers[variable] for r in responses if r.population == population]
    answered = [set(answer.codes) for answer in answers if answer.codes]
    return 100 * sum(not given.isdisjoint(codes) for given in answered) / len(answered)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32), number=st.integers(1, 80))
def test_synthetic_responses_are_valid_marked_and_repeatable(seed: int, number: int) -> None:
    made = list(synthetic_responses(CODEBOOK, WEEKS, number, seed))
    assert len(made) == number
    for response in made:
        CODEBOOK.validate(response)
        assert CODEBOOK.populations[response.population].fits(response.answers)
        assert response.synthetic
        assert response.iso_week in WEEKS
        hard = [c for c in CODEBOOK.contradictions_in(response.answers, response.population) if not c.allowed]
        assert (QualityFlag.CONTRADICTORY in response.flags) == bool(hard)
        assert Response.from_json(response.to_json()) == response
    assert made == list(synthetic_responses(CODEBOOK, WEEKS, number, seed))


def test_another_seed_gives_other_responses() -> None:
    first, second = (list(synthetic_responses(CODEBOOK, WEEKS, 50, seed)) for seed in (7, 8))
    assert first != second


def test_every_population_variable_and_code_comes_up(many: list[Response]) -> None:
    for population in CODEBOOK.populations.values():
        for variable in population.variables:
            answers = [r.answers[variable.name] for r in many if r.population == population.name]
            given = {code for answer in answers for code in answer.codes}
            rare = {"organ"}
            assert {code.code for code in variable.codes} - rare <= given, (population.name, variable.name)


@pytest.mark.parametrize(
    ("anchor", "population", "variable", "codes", "expected", "within"),
    [
        ("R3 got professional help, less than half", "needs_selling", "professional_help", ["yes"], 38, 12),
        ("R3 under 18, badly or very badly", "experience_under_18", "treatment", ["very_bad", "bad"], 75, 4),
        ("R3 met as a victim of crime", "experience", "treated_as_crime_victim", ["yes"], 12, 3),
        ("R12 paid abroad", "needs_buying", "arenas", ["abroad"], 80, 5),
        ("R12 women very rare", "needs_buying", "gender", ["woman"], 1.5, 1.5),
    ],
)
def test_proportions_are_near_their_anchors(
    many: list[Response], anchor: str, population: str, variable: str, codes: list[str], expected: float, within: float
) -> None:
    assert share(many, population, variable, *codes) == pytest.approx(expected, abs=within), anchor


def test_citizenship_of_sellers_is_near_its_anchor(many: list[Response]) -> None:
    """R5: 36 per cent Swedish, 43 foreign, 21 not known."""
    answers = [r.answers["citizenship_group"] for r in many if r.population == "needs_selling"]
    swedish = 100 * answers.count(Answer.of("se")) / len(answers)
    silent = 100 * sum(not answer.codes for answer in answers) / len(answers)
    assert (swedish, silent) == (pytest.approx(36, abs=3), pytest.approx(21, abs=3))


def test_young_people_come_up_as_often_as_their_anchor_says(many: list[Response]) -> None:
    """R17: 49 of 255."""
    found = Counter(response.population for response in many)
    young = found["needs_under_18"] / (found["needs_under_18"] + found["needs_selling"])
    assert young == pytest.approx(49 / 255, abs=0.02)


def test_answers_hang_together(many: list[Response]) -> None:
    street = [r for r in many if "street" in r.answers.get("arenas", Answer.of("x")).codes]
    assert share(street, "needs_selling", "harmful_use", "yes") > 1.7 * share(
        many, "needs_selling", "harmful_use", "yes"
    )
    kinds = {"warm": "specialised_clinic", "cool": "police"}
    well = {
        name: share(
            [r for r in many if r.answers.get("service_kind") == Answer.of(kind)], "experience", "treatment", "good",
            "very_good",
        )
        for name, kind in kinds.items()
    }  # fmt: skip
    assert well["warm"] > well["cool"] + 20


def test_years_and_seasons_show() -> None:
    weeks = [week for text in ("2025Q1", "2025Q3", "2025Q4", "2028Q4") for week in Quarter.parse(text).weeks]
    made = list(synthetic_responses(CODEBOOK, weeks, 30_000, seed=3))
    quarters = Counter(str(Quarter.of(response.iso_week)) for response in made)
    assert quarters["2025Q3"] < quarters["2025Q1"] < quarters["2025Q4"] < quarters["2028Q4"]
    last = [response for response in made if response.iso_week.year >= 2028]
    first = [response for response in made if response.iso_week.year < 2026]
    assert share(last, "needs_selling", "arenas", "webcam_site") > 4 + share(
        first, "needs_selling", "arenas", "webcam_site"
    )


def test_what_people_leave_out_differs_by_question(many: list[Response]) -> None:
    selling = [r.answers for r in many if r.population == "needs_selling"]

    def silent(name: str) -> float:
        return 100 * sum(answers[name].status.value == "no_answer" for answers in selling) / len(selling)

    assert silent("citizenship_group") > 2 * silent("situation") > 2


def test_tables_have_the_columns_of_the_warehouse_and_the_same_proportions(many: list[Response]) -> None:
    tables = list(synthetic_tables(CODEBOOK, START, 5_000, seed=5, batch=3_000))
    assert [table.num_rows for table in tables] == [3_000, 2_000]
    assert tables[0].schema == response_schema(CODEBOOK.variables)
    table = pa.concat_tables(tables)
    assert len(set(table["id"].to_pylist())) == 5_000
    for row in table.to_pylist():
        population = CODEBOOK.populations[row["population"]]
        stored = {name: row[name] for name in CODEBOOK.variables if row[name] is not None}
        silent = ("no_answer", "unknown", "not_asked")
        assert population.fits_stored({n: v if v in silent else tuple(v.split("|")) for n, v in stored.items()})
        assert row["quarter"] == "2025Q1"
        assert row["synthetic"]
    selling = [row["gender"] for row in table.to_pylist() if row["population"] == "needs_selling"]
    women = 100 * selling.count("woman") / sum(gender != "no_answer" for gender in selling)
    assert women == pytest.approx(share(many, "needs_selling", "gender", "woman"), abs=4)


def test_profiles_speak_of_what_the_codebook_has(codebook: Codebook) -> None:
    assert set(profiles.POPULATIONS) == set(codebook.populations)
    known = {name: {code.code for code in variable.codes} for name, variable in codebook.variables.items()}
    for name, population in profiles.POPULATIONS.items():
        for answers in (population.answers, *(profile.answers for profile in population.profiles)):
            for variable, shares in answers.items():
                assert set(shares) <= known[variable], (name, variable)
    linked = [
        (variable, link)
        for links in (profiles.COMMON_LINKS, *(population.links for population in profiles.POPULATIONS.values()))
        for variable, entries in links.items()
        for link in entries
    ]
    for variable, link in linked:
        assert set(link.factors) <= known[link.on], variable
        assert all(set(factors) <= known[variable] for factors in link.factors.values()), variable
    for spoken in (profiles.COMMON, profiles.TRENDS):
        for variable, shares in spoken.items():
            assert set(shares) <= known[variable], variable
    assert {*profiles.NO_ANSWER, *profiles.UNKNOWN} <= set(known)


def test_a_codebook_that_no_profile_knows_works(tmp_path: Path) -> None:
    path = tmp_path / "v1.yml"
    path.write_text(
        'version: "1"\nvariables:\n  colour:\n    label: Colour\n    question: Which?\n    type: multiple\n'
        "    definition: A colour.\n    source: None\n    codes:\n"
        "      - {code: red, label: Red}\n      - {code: none, label: None, exclusive: true}\n"
        "populations:\n  all: {label: All, age: any, definition: All., variables: [{variable: colour}]}\n"
    )
    codebook = load_codebook(path)
    for response in synthetic_responses(codebook, WEEKS, 100, seed=1):
        codebook.validate(response)


def test_without_a_week_there_is_no_response() -> None:
    with pytest.raises(ValueError, match="need a week"):
        list(synthetic_responses(CODEBOOK, [], 1, seed=1))
