"""Every response in words: in all languages, short, and with numbers from nowhere but the directory."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator

import pytest

from bot.content import Content
from bot.conversation.rendering import Renderer
from bot.conversation.replies import ChoicesReply, CrisisReply, Reply, ServicesReply, SummaryReply
from bot.dialogue.flow_model import Response, Variant
from bot.dialogue.state import DialogueState, SlotValue
from bot.dialogue.utterances import Ask, Choice, Say, ShowServices, ShowSummary
from bot.directory.opening_hours import SWEDEN

NOW = datetime.datetime(2026, 11, 24, 13, 0, tzinfo=SWEDEN)
LANGUAGES = ("sv", "en", "ro")
VALUES: dict[str, SlotValue] = {"place": "1280", "receipt_code": "0000-0000-0000-0000", "need": "counselling"}
LONGEST = 65
"""Words of a message in any language. English keeps to 60; translations of the same thought may need some more."""

WAYS_PAST = (Choice("command:back", "Back"), Choice("command:cancel", "Stop – nothing is stored"))
PLACEHOLDER = re.compile(r"[{}]")
NUMBER = re.compile(r"(?<![\w:–-])\+?\d(?:[\d –-]*\d)?")


@pytest.fixture(scope="session")
def renderer(content: Content) -> Renderer:
    return Renderer(content.flows, content.catalogues, content.directory, lambda: NOW, "https://fyren.example/")


def state_in(language: str) -> DialogueState:
    return DialogueState(slots={**VALUES, "language": language})


def single(response: Response, variant: Variant) -> Variant:
    """Return the variant without its condition, to be said in any case."""
    return Variant(
        variant.text, None, variant.kind, variant.buttons, variant.contacts, variant.cannot_speak, variant.population
    )


def everything_said(content: Content, renderer: Renderer, language: str) -> Iterator[tuple[str, Reply]]:
    """Yield every wording of every response, as a message or as a question with its buttons."""
    state = state_in(language)
    for response in content.flows.responses.values():
        for variant in response.variants:
            alone = Response(response.name, (single(response, variant),))
            flows = type(content.flows)(
                **{**vars(content.flows), "responses": {**content.flows.responses, response.name: alone}}
            )
            of_one = Renderer(flows, content.catalogues, content.directory, lambda: NOW, "https://fyren.example/")
            values = {**VALUES, "language": language}
            if variant.kind == "summary":
                said: tuple[Say | Ask | ShowSummary, ...] = (
                    ShowSummary(response.name, "needs_buying", (("situation", "stopped"), ("needs", ("debt", "talk")))),
                )
            elif variant.buttons:
                slot = variant.buttons[0].kind
                said = (Ask(slot, response.name, variant.buttons, WAYS_PAST, values=values),)
            else:
                said = (Say(response.name, values),)
            for utterance in said:
                for reply in of_one.render(utterance, state):
                    yield response.name, reply


@pytest.fixture(scope="session", params=LANGUAGES)
def said(request: pytest.FixtureRequest, content: Content, renderer: Renderer) -> list[tuple[str, Reply]]:
    return list(everything_said(content, renderer, request.param))


def words(reply: Reply) -> str:
    spoken = [reply.text]
    if isinstance(reply, CrisisReply):
        spoken.append(reply.cannot_speak)
    if isinstance(reply, ChoicesReply):
        spoken += [choice.title for choice in reply.choices]
    return "\n".join(spoken)


def test_every_wording_renders(said: list[tuple[str, Reply]], content: Content) -> None:
    assert len(said) == sum(len(response.variants) for response in content.flows.responses.values())
    for name, reply in said:
        assert reply.text.strip(), name
        assert not PLACEHOLDER.search(words(reply)), name


def test_every_message_is_short(said: list[tuple[str, Reply]]) -> None:
    long = {name: len(reply.text.split()) for name, reply in said if len(reply.text.split()) > LONGEST}
    assert long == {}


def test_every_button_has_words(said: list[tuple[str, Reply]]) -> None:
    for name, reply in said:
        if isinstance(reply, ChoicesReply):
            titles = [choice.title for choice in reply.choices]
            assert all(titles), name
            assert len(set(titles)) == len(titles), name


def test_long_numbers_come_from_the_directory(said: list[tuple[str, Reply]], content: Content) -> None:
    """Numbers of three digits and more that are no year are numbers to call, and none of them is typed in."""
    known = {re.sub(r"\D", "", phone.number) for service in content.directory.services for phone in service.phones}
    known |= {service.name for service in content.directory.services}
    for name, reply in said:
        text = words(reply).replace("2025:400", "").replace("0000-0000-0000-0000", "")
        for number in NUMBER.findall(text):
            digits = re.sub(r"\D", "", number)
            if len(digits) > 2 and not re.fullmatch(r"(19|20)\d\d", digits):
                assert digits in known, (name, number)


def test_every_question_of_the_codebook_renders(content: Content, renderer: Renderer) -> None:
    for language in LANGUAGES:
        for population, variables in content.flows.variables.items():
            answers = tuple(
                (name, slot.values[:1] if slot.multiple else slot.values[0]) for name, slot in variables.items()
            )
            (reply,) = renderer.render(ShowSummary("utter_check_answers", population, answers), state_in(language))
            assert isinstance(reply, SummaryReply)
            assert [item.change for item in reply.items] == [f"change:{name}" for name in variables]
            for item in reply.items:
                assert item.question
                assert item.answer
                assert not PLACEHOLDER.search(item.question + item.answer)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("level", ["local", "county", "national", "details"])
def test_every_service_can_be_shown(content: Content, renderer: Renderer, language: str, level: str) -> None:
    services = tuple(service.id for service in content.directory.services)
    (reply,) = renderer.render(ShowServices(services, level, "1280"), state_in(language))
    assert isinstance(reply, ServicesReply)
    assert [service.id for service in reply.services] == list(services)
    assert not PLACEHOLDER.search(reply.model_dump_json(include={"text"})[1:-1])
    for shown, service in zip(reply.services, content.directory.services, strict=True):
        assert shown.hours, shown.id
        assert set(shown.phones) <= {phone.number for phone in service.shown_phones}, shown.id
        assert all(fact.label and fact.value for fact in shown.facts), shown.id


def test_a_language_is_named_by_itself(renderer: Renderer, content: Content) -> None:
    variant = content.flows.responses["utter_ask_language"].variants[0]
    (reply,) = renderer.render(Ask("language", "utter_ask_language", variant.buttons), state_in("ro"))
    assert isinstance(reply, ChoicesReply)
    assert [(choice.title, choice.language) for choice in reply.choices] == [
        ("Svenska", "sv"),
        ("English", "en"),
        ("Română", "ro"),
    ]


def test_chosen_answers_are_marked(renderer: Renderer, content: Content) -> None:
    variant = content.flows.responses["utter_ask_after_crisis"].variants[0]
    ask = Ask("after_crisis", "utter_ask_after_crisis", variant.buttons, selected=("more",), multiple=True)
    (reply,) = renderer.render(ask, state_in("en"))
    assert isinstance(reply, ChoicesReply)
    assert [choice.id for choice in reply.choices if choice.selected] == ["after_crisis:more"]
