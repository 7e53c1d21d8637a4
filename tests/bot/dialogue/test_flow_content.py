"""What holds for everything the assistant says: short, whole, reachable, and careful with people under 18."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

import pytest
from conversations import Conversation

from bot.dialogue.events import ActionFinished, ChoicesTaken, Event, Understood
from bot.dialogue.flow_checks import Known
from bot.dialogue.flow_model import END, FlowSet, Variant
from bot.dialogue.state import DialogueState, SlotValue
from bot.dialogue.utterances import Say, ShowServices

WORDS_IN_A_MESSAGE = 60
MESSAGES_IN_A_TURN = 3
BEGINNINGS: tuple[dict[str, SlotValue], ...] = (
    {"language": "en", "channel": "web"},
    {"language": "sv", "channel": "telegram", "under18": True, "audience": "young"},
    {"language": "en", "channel": "web", "under18": False, "audience": "buying", "place": "1480"},
)
RESULTS: dict[str, tuple[dict[str, SlotValue], ...]] = {
    "action_search_services": (
        {"services_level": "none"},
        {"services_level": "local", "services_shown": ("sos112",)},
        {"services_level": "national", "services_shown": ("sos112",)},
    ),
    "action_show_service_details": ({"services_level": "none"}, {"services_level": "details"}),
    "action_submit_response": ({"submission": "stored"}, {"submission": "failed"}, {"submission": "not_recorded"}),
    "action_withdraw_response": tuple(
        {"withdrawal": result} for result in ("done", "not_found", "malformed", "failed")
    ),
}
ADULTS_ONLY = (
    "needs_selling", "needs_buying", "needs_relative", "needs_professional", "experience_questionnaire",
    "seller_support", "leaving", "sugar_and_online", "safer",
)  # fmt: skip
TELLING = {
    "citizenship_group": ("non_eu",),
    "third_party": ("yes",),
    "multiple_exploitation": ("labour",),
    "needs": ("talk", "suicidal", "protection"),
    "barriers": ("fear_perpetrator",),
    "about_age": ("under_18",),
    "about_role": ("forced",),
}
"""Answers that lead to other questions, or to an offer of help at the end."""


def begun(flows: FlowSet, slots: dict[str, SlotValue]) -> Conversation:
    """Return a conversation that has begun, and in which this is known."""
    talk = Conversation(flows).start()
    talk.state = talk.state.with_slots(**slots)
    return talk


def variants(flows: FlowSet) -> Iterator[tuple[str, Variant]]:
    for response in flows.responses.values():
        for variant in response.variants:
            yield response.name, variant


def texts(flows: FlowSet) -> Iterator[tuple[str, str]]:
    for name, variant in variants(flows):
        yield name, variant.text
        yield name, variant.cannot_speak
        for button in variant.buttons:
            yield name, button.title
    for flow in flows.flows.values():
        yield flow.name, flow.title


def test_every_message_is_short(real_flows: FlowSet) -> None:
    assert [name for name, text in texts(real_flows) if len(text.split()) > WORDS_IN_A_MESSAGE] == []


def test_no_number_is_typed_into_a_text(real_flows: FlowSet, real_known: Known) -> None:
    law = {"2005", "2018", "2022", "2025", "2026", "1999", "2025:400"}
    for name, text in texts(real_flows):
        numbers = set(re.findall(r"\+?\d[\d: -]*\d", re.sub(r"\{\w+\}", "", text))) - law
        assert not [number for number in numbers if len(re.sub(r"\D", "", number)) > 2], name


def test_no_word_of_contempt(real_flows: FlowSet) -> None:
    words = re.compile(
        r"\b(prostitutes?|whores?|hookers?|johns?|torsk|clients?|punters?|victims? of prostitution)\b", re.I
    )
    assert [name for name, text in texts(real_flows) if words.search(text)] == []


def test_every_crisis_begins_with_the_card(real_flows: FlowSet, real_known: Known) -> None:
    for intent in (intent for intent, crisis in real_known.intents.items() if crisis):
        for slots in BEGINNINGS:
            for certain in (True, False):
                talk = begun(real_flows, slots).crisis(intent, certain=certain)
                first = talk.turn.utterances[0]
                assert isinstance(first, Say)
                assert real_flows.responses[first.response].variant(talk.state.slots, {}).kind == "crisis"


def test_a_doubtful_crisis_leads_to_the_crisis_that_was_meant(real_flows: FlowSet, real_known: Known) -> None:
    for intent in (intent for intent, crisis in real_known.intents.items() if crisis):
        talk = Conversation(real_flows).start().crisis(intent, certain=False).mean("affirm")
        assert talk.stack == [real_flows.triggers[intent]]


def test_crisis_cards_name_somebody_to_call_at_once(real_flows: FlowSet, real_known: Known) -> None:
    for name, variant in variants(real_flows):
        if variant.kind == "crisis":
            assert set(variant.contacts) & real_known.phones, name
            assert variant.cannot_speak, name


@pytest.mark.parametrize("interrupted", [False, True], ids=["alone", "in a questionnaire"])
def test_every_intent_is_answered_in_few_messages(real_flows: FlowSet, real_known: Known, interrupted: bool) -> None:
    for intent, crisis in real_known.intents.items():
        talk = Conversation(real_flows).start()
        if interrupted:
            talk.mean("start_needs").take("under18:no").take("questionnaire_choice:selling").take("situation:ongoing")
        if crisis:
            talk.crisis(intent)
        else:
            talk.mean(intent)
        assert len(talk.said) <= MESSAGES_IN_A_TURN, intent


def test_an_interrupted_questionnaire_goes_on(real_flows: FlowSet) -> None:
    talk = Conversation(real_flows).start().mean("start_needs").take("under18:no").take("questionnaire_choice:buying")
    assert talk.question.progress is not None
    assert talk.mean("ask_bot").said == ["utter_about", "utter_continue_interrupted", "situation?"]
    assert talk.mean("buy_law").take("buyer_law_topic:enough").said == ["utter_continue_interrupted", "situation?"]
    assert talk.mean("start_needs").said == ["utter_continue_interrupted", "situation?"]


def test_answers_are_shown_again_after_a_change(real_flows: FlowSet) -> None:
    talk = Conversation(real_flows).start().mean("start_needs").take("under18:no").take("questionnaire_choice:selling")
    while "confirm_answers?" not in talk.said:
        talk.take("command:skip")
    assert talk.said == ["utter_check_answers", "confirm_answers?"]
    talk.take("change:citizenship_group").take("citizenship_group:non_eu")
    assert talk.said == ["utter_correction", "citizenship_country?"], "the change leads to a new question"
    talk.take("citizenship_country:TH")
    assert talk.said == ["utter_check_answers", "confirm_answers?"]
    assert talk.summary["citizenship_country"] == "TH"
    talk.take("confirm_answers:send")
    assert talk.said == ["utter_receipt", "wants_receipt?"]
    talk.take("change:citizenship_group").take("citizenship_group:se").take("wants_receipt:yes")
    assert talk.said == ["utter_check_answers", "confirm_answers?"], "nothing is sent that was not seen"
    assert "citizenship_country" not in talk.summary
    talk.take("confirm_answers:send").take("wants_receipt:no")
    assert talk.turn.action == "action_submit_response"
    assert talk.state.slots["wants_receipt"] is False
    talk.finish(submission="failed")
    assert talk.said == ["utter_submission_failed", "retry_submission?"]
    assert talk.mean("affirm").turn.action == "action_submit_response"
    talk.finish(final=True, submission="stored")
    assert talk.said == ["utter_submission_stored", "way_on_choice?"]
    assert "needs" not in talk.state.slots


def test_what_is_said_of_the_number_of_questions_is_true(real_flows: FlowSet) -> None:
    """A person decides by it whether to begin."""
    asked = {name: len(variables) for name, variables in real_flows.variables.items()}
    adults = [asked[name] for name in ("needs_selling", "needs_buying", "needs_relative", "needs_professional")]
    old, young = (variant.text for variant in reversed(real_flows.responses["utter_experience"].variants))
    assert (
        f"{min(adults)} to {max(adults)} short questions" in real_flows.responses["utter_needs_intro"].variants[0].text
    )
    assert f"at most {asked['needs_under_18']} " in real_flows.responses["utter_needs_intro_young"].variants[0].text
    assert f"at most {asked['experience']} short" in old
    assert f"at most {asked['experience_under_18']} short" in young


def test_the_young_are_asked_nothing_about_sex(real_flows: FlowSet) -> None:
    for population in ("needs_under_18", "experience_under_18"):
        for slot in real_flows.variables[population].values():
            for text in (slot.question, *slot.titles.values()):
                assert not re.search(r"\b(sex|sell|sold|buy|compensation|escort|porn)", text, re.I), text


def test_a_questionnaire_asks_what_the_codebook_asks(real_flows: FlowSet) -> None:
    asking = {flow.questionnaire: flow for flow in real_flows.flows.values() if flow.questionnaire}
    assert asking.keys() == real_flows.variables.keys()
    for population, flow in asking.items():
        collected = [step.subject for step in flow.steps.values() if step.kind == "collect"]
        questions = [name for name in collected if name in real_flows.variables[population]]
        assert questions == list(real_flows.variables[population])


def test_stopping_forgets_the_answers(real_flows: FlowSet) -> None:
    talk = Conversation(real_flows).start().mean("start_needs").take("under18:no").take("questionnaire_choice:selling")
    talk.take("situation:ongoing").take("command:cancel")
    assert talk.said == ["utter_cancel_flow", "completed_choice?"]
    assert "situation" not in talk.state.slots


def test_a_receipt_code_can_be_written_again(real_flows: FlowSet) -> None:
    talk = Conversation(real_flows).start().mean("withdraw_answers").take("receipt_code:given")
    assert talk.turn.action == "action_withdraw_response"
    assert talk.finish(withdrawal="malformed").said == ["utter_withdraw_malformed", "receipt_code?"]
    talk.take("receipt_code:given").finish(withdrawal="done", final=True)
    assert talk.said == ["utter_withdraw_done", "way_on_choice?"]


def test_languages_come_with_the_welcome_in_the_new_language(real_flows: FlowSet) -> None:
    talk = Conversation(real_flows).start().take("flow:language").take("language:ro")
    assert talk.said == ["utter_welcome_hello", "utter_welcome_danger", "menu_choice?"]
    assert talk.state.language == "ro"


def _told(state: DialogueState) -> tuple[str, ...]:
    """Return the telling answers that were given."""
    held = ((name, state.slots.get(name)) for name in TELLING)
    given = ((name, value if isinstance(value, tuple) else (value,)) for name, value in held)
    return tuple(f"{name}:{value}" for name, values in given for value in values if value in TELLING[name])


def _key(state: DialogueState) -> tuple[object, ...]:
    """What makes a state another one for exploring: where the person is, and what decides where the flows go."""
    frames = tuple((frame.flow, frame.step, frame.phase) for frame in state.stack)
    known = tuple(state.slots.get(name) for name in ("under18", "answers_changed", "confirm_answers", "answers_tell"))
    return frames, known, _told(state), "services_shown" in state.slots


def _ways_on(talk: Conversation, flows: FlowSet) -> Iterator[Event]:
    """Yield what can happen next: every choice, but for the codebook's questions only what leads to other questions."""
    if talk.turn.action:
        for result in RESULTS[talk.turn.action]:
            shown = result.get("services_level") not in (None, "none")
            yield ActionFinished(result, (ShowServices(("sos112",), "local", None),) if shown else ())
        return
    asked = talk.question
    if any(asked.slot in group for group in flows.variables.values()):
        yield ChoicesTaken(("command:skip",))
        # One telling answer in each way through; all of them together would be too many ways.
        for value in TELLING.get(asked.slot, ()) if not _told(talk.state) else ():
            if (choice := f"{asked.slot}:{value}") in talk.offered:
                yield ChoicesTaken((choice, "command:done") if asked.multiple else (choice,))
    elif asked.slot == "place":
        yield ChoicesTaken(("place:national",))
        yield Understood(place="1480")
    elif asked.slot == "receipt_code":
        yield ChoicesTaken(("receipt_code:given",))
    else:
        yield from (ChoicesTaken((choice,)) for choice in talk.offered if choice != "command:exit")


def _beginnings(flows: FlowSet, known: Known, slots: dict[str, SlotValue]) -> Iterator[Conversation]:
    for intent, crisis in known.intents.items():
        for certain in (True, False):
            event = Understood(crisis=intent, crisis_certain=certain) if crisis else Understood(intent, (), "answer")
            yield begun(flows, slots).event(event)


def _walk(flows: FlowSet, known: Known, slots: dict[str, SlotValue]) -> set[tuple[str, str]]:
    """Tap through everything there is, check every turn, and return the steps that were reached."""
    waiting = deque(_beginnings(flows, known, slots))
    visited: set[tuple[str, str]] = set()
    seen: set[tuple[object, ...]] = set()
    while waiting:
        talk = waiting.popleft()
        visited.update(talk.turn.visited)
        key = _key(talk.state)
        if key in seen:
            continue
        seen.add(key)
        if talk.state.slots.get("under18") is True:
            assert not set(talk.stack) & set(ADULTS_ONLY)
        before = len(talk.said) if talk.turn.action else 0
        for event in _ways_on(talk, flows):
            other = Conversation(flows)
            other.state = talk.state
            other.event(event)
            assert not {"utter_stale_choice", "utter_internal_error"} & set(other.said), (talk.stack, event)
            assert before + len(other.said) <= MESSAGES_IN_A_TURN, (talk.stack, event, other.said)
            waiting.append(other)
    return visited


def test_every_step_is_reached_and_every_turn_is_short(real_flows: FlowSet, real_known: Known) -> None:
    visited: set[tuple[str, str]] = set()
    for slots in BEGINNINGS:
        visited |= _walk(real_flows, real_known, slots)
    topics = {name for name, flow in real_flows.flows.items() if not flow.is_pattern}
    assert {(name, step) for name in topics for step in real_flows.flows[name].steps} - visited == set()


def test_every_topic_ends_in_an_offer(real_flows: FlowSet) -> None:
    """No information flow just stops: it asks, links on, or is part of a questionnaire."""
    for flow in real_flows.flows.values():
        if flow.is_pattern or not flow.triggers:
            continue
        kinds = {step.kind for step in flow.steps.values()}
        assert kinds & {"link", "collect"}, flow.name
        for step in flow.steps.values():
            if step.kind == "action" and any(transition.target == END for transition in step.next):
                pytest.fail(f"{flow.name} says {step.subject} and stops")
