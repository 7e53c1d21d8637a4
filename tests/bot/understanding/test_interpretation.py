from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.assembly import make_interpreter
from bot.directory.directory import load_directory
from bot.directory.places import PlaceIndex
from bot.understanding.interpretation import Interpreter
from bot.understanding.nlu_client import NluResult, NullNlu

PROJECT = Path(__file__).parents[3]


class FixedNlu(NullNlu):
    """Answers every text with the same ranking."""

    def __init__(self, ranking: Mapping[str, float]) -> None:
        self._ranking = ranking

    @property
    def available(self) -> bool:
        return True

    async def parse(self, text: str) -> NluResult | None:
        return NluResult(self._ranking)


@pytest.fixture(scope="module")
def places() -> PlaceIndex:
    return load_directory(PROJECT / "flows" / "directory").places


@pytest.fixture(scope="module")
def alone(places: PlaceIndex) -> Interpreter:
    return make_interpreter(PROJECT, ["sv", "en", "ro"], places, NullNlu())


def with_model(places: PlaceIndex, **ranking: float) -> Interpreter:
    return make_interpreter(PROJECT, ["sv", "en", "ro"], places, FixedNlu(ranking))


async def test_without_the_model_safety_places_ages_and_choices_go_on(alone: Interpreter) -> None:
    understood = await alone.interpret("jag är 15 och säljer bilder i Malmö", "sv")
    assert understood.crisis is not None
    assert (understood.intent, understood.decision) == ("crisis_minor", "answer")
    assert understood.age == 15
    assert [mention.municipality.name for mention in understood.places if mention.municipality] == ["Malmö"]
    assert not understood.nlu_available
    chosen = await alone.interpret("2", "sv", {"a": "Ja", "b": "Nej"})
    assert chosen.choice == "b"


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("ja", "affirm"),
        ("NEJ!", "deny"),
        ("nu", "deny"),
        ("skip", "skip"),
        ("avbryt", "cancel"),
        ("inapoi", "go_back"),
        ("börja om", "restart"),
        ("hjälp", "help_menu"),
        ("hello", "greet"),
        ("mulțumesc", "thanks"),
        ("hej då", "goodbye"),
        ("I want to talk to a human", "talk_human"),
    ],
)
async def test_control_words_work_alone_and_win_over_the_model(
    alone: Interpreter, places: PlaceIndex, text: str, intent: str
) -> None:
    for interpreter in (alone, with_model(places, out_of_scope=0.9)):
        understood = await interpreter.interpret(text, "sv")
        assert (understood.intent, understood.decision) == (intent, "answer")


async def test_without_the_model_the_rest_is_not_understood(alone: Interpreter) -> None:
    understood = await alone.interpret("hur funkar det med skatt", "sv")
    assert (understood.intent, understood.decision, understood.alternatives) == (None, "cannot_handle", ())


@pytest.mark.parametrize(("sureness", "decision"), [(0.99, "answer"), (0.05, "cannot_handle")])
async def test_thresholds_decide(places: PlaceIndex, sureness: float, decision: str) -> None:
    understood = await with_model(places, buy_law=sureness, about_kast=0.01).interpret("hur är det med böter", "sv")
    assert understood.intent == "buy_law"
    assert understood.decision == decision
    assert [guess.name for guess in understood.alternatives] == ["buy_law", "about_kast"]
    assert understood.nlu_available


async def test_an_adult_is_not_offered_the_under_18_path(places: PlaceIndex) -> None:
    interpreter = with_model(places, crisis_minor=0.7, sell_talk=0.3)
    understood = await interpreter.interpret("jag är 35 och har det så här", "sv")
    assert understood.crisis is None
    assert understood.intent == "sell_talk"
    assert all(guess.name != "crisis_minor" for guess in understood.alternatives)


async def test_a_crisis_only_the_model_hears_keeps_the_models_best_guess(places: PlaceIndex) -> None:
    interpreter = with_model(places, sell_talk=0.55, crisis_danger=0.3, crisis_assault=0.15)
    understood = await interpreter.interpret("det är lite stökigt här", "sv")
    assert understood.crisis is not None
    assert (understood.crisis.intent, understood.crisis.source) == ("crisis_danger", "model")
    assert understood.intent == "sell_talk"


async def test_a_named_language_is_told(alone: Interpreter) -> None:
    assert (await alone.interpret("vorbiți română?", "sv")).spoken_language == "ro"


async def test_empty_text_is_nothing(alone: Interpreter) -> None:
    understood = await alone.interpret("  ", "en")
    assert (understood.language, understood.intent, understood.crisis) == ("en", None, None)
