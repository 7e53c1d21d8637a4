from __future__ import annotations

from pathlib import Path

import pytest

from bot.safety.lexicon import CrisisLexicon
from bot.safety.screening import CrisisFinding, CrisisScreen, StatedAge

CALM = {"greet": 0.99, "crisis_danger": 0.005, "crisis_minor": 0.005}


@pytest.fixture(scope="module")
def screen() -> CrisisScreen:
    lexicon = CrisisLexicon.load(Path(__file__).parents[3] / "flows" / "safety")
    return CrisisScreen(lexicon, certain_from=0.6, doubtful_from=0.2)


def finding(found: CrisisFinding | None) -> tuple[str, bool, str] | None:
    return (found.intent, found.certain, found.source) if found else None


def test_a_certain_phrase_needs_no_model_and_outlasts_a_calm_one(screen: CrisisScreen) -> None:
    for ranking in (None, {}, CALM):
        assert finding(screen.screen("jag vill dö", ranking)) == ("crisis_suicide", True, "lexicon")


@pytest.mark.parametrize(("total", "heard"), [(0.0049, False), (0.005, True), (0.04, True)])
def test_a_certain_phrase_goes_unheard_only_where_the_model_sees_nothing(
    screen: CrisisScreen, total: float, heard: bool
) -> None:
    found = screen.screen("jag vill dö", {"greet": 1 - total, "crisis_suicide": total})
    assert finding(found) == (("crisis_suicide", True, "lexicon") if heard else None)


@pytest.mark.parametrize(("total", "heard"), [(0.0049, False), (0.049, False), (0.05, True), (0.1, True)])
def test_a_doubtful_phrase_goes_unheard_where_the_model_sees_next_to_nothing(
    screen: CrisisScreen, total: float, heard: bool
) -> None:
    found = screen.screen("jag orkar inte mer", {"greet": 1 - total, "crisis_suicide": total})
    assert finding(found) == (("crisis_suicide", False, "lexicon") if heard else None)


def test_an_age_outlasts_a_model_that_sees_nothing(screen: CrisisScreen) -> None:
    found = screen.screen("jag vill dö, jag är 15", {"greet": 1.0}, StatedAge(15, True))
    assert found == CrisisFinding("crisis_minor", False, "age")


def test_a_doubtful_phrase_is_doubtful_alone_and_certain_with_the_model(screen: CrisisScreen) -> None:
    assert finding(screen.screen("jag orkar inte mer")) == ("crisis_suicide", False, "lexicon")
    ranking = {"crisis_suicide": 0.8, "greet": 0.2}
    assert finding(screen.screen("jag orkar inte mer", ranking)) == ("crisis_suicide", True, "model")


def test_a_model_that_is_quite_sure_of_the_contrary_outweighs_a_doubtful_phrase(screen: CrisisScreen) -> None:
    assert screen.screen("jag orkar inte mer", CALM) is None
    unsure = {"greet": 0.9, "crisis_suicide": 0.1}
    assert finding(screen.screen("jag orkar inte mer", unsure)) == ("crisis_suicide", False, "lexicon")


@pytest.mark.parametrize(
    ("ranking", "expected"),
    [
        ({"crisis_danger": 0.11, "crisis_assault": 0.10, "greet": 0.79}, ("crisis_danger", False, "model")),
        ({"crisis_danger": 0.30, "crisis_assault": 0.35, "greet": 0.35}, ("crisis_assault", True, "model")),
        ({"crisis_danger": 0.10, "crisis_assault": 0.09, "greet": 0.81}, None),
        ({"greet": 1.0}, None),
    ],
)
def test_the_model_is_heard_by_its_sum(screen: CrisisScreen, ranking: dict[str, float], expected: object) -> None:
    assert finding(screen.screen("nåt helt annat", ranking)) == expected


@pytest.mark.parametrize(
    ("text", "age", "expected"),
    [
        ("jag är 15 och säljer bilder", StatedAge(15, True), ("crisis_minor", True, "age")),
        ("im 14", StatedAge(14, True), ("crisis_minor", False, "age")),
        ("15", StatedAge(15, False), None),
        ("jag är 35 och säljer sex", StatedAge(35, True), None),
        ("jag är 18 och säljer sex", StatedAge(18, True), None),
    ],
)
def test_ages(screen: CrisisScreen, text: str, age: StatedAge, expected: object) -> None:
    for ranking in (None, CALM):
        assert finding(screen.screen(text, ranking, age)) == expected


def test_an_adult_is_not_taken_for_a_minor_by_the_model_alone(screen: CrisisScreen) -> None:
    ranking = {"crisis_minor": 0.9, "sell_talk": 0.1}
    assert screen.screen("jag är 35 och säljer sex", ranking, StatedAge(35, True)) is None
    assert finding(screen.screen("nåt", ranking)) == ("crisis_minor", True, "model")
    other = {"crisis_minor": 0.5, "crisis_danger": 0.3}
    assert finding(screen.screen("nåt", other, StatedAge(35, True))) == ("crisis_danger", False, "model")


def test_the_most_urgent_comes_first_and_the_others_are_kept(screen: CrisisScreen) -> None:
    found = screen.screen("jag är 15 och säljer bilder, jag vill dö", None, StatedAge(15, True))
    assert found == CrisisFinding("crisis_suicide", True, "lexicon", ("crisis_minor",))
