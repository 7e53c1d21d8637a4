"""Whatever people do, in whatever order: the engine answers, stays bounded, and keeps its promises."""

from __future__ import annotations

from conversations import Conversation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from bot.dialogue.engine import advance, question
from bot.dialogue.events import ActionFailed, ActionFinished, ChoicesTaken, Event, LanguageChosen, Started, Understood
from bot.dialogue.flow_checks import COMMANDS, Known
from bot.dialogue.flow_model import FlowSet
from bot.dialogue.state import HISTORY_LIMIT, DialogueState
from bot.dialogue.utterances import Ask

LANGUAGES = ("sv", "en", "ro")
PLACES = ("1480", "1280", "01", "22")
RESULTS = {
    "services_level": ("local", "county", "national", "none", "details"),
    "submission": ("stored", "failed", "not_recorded", "uncertain"),
    "withdrawal": ("done", "not_found", "malformed", "failed", "uncertain"),
}
FOR_ADULTS = {"needs_selling", "needs_buying", "needs_relative", "needs_professional", "experience_questionnaire"}
FOR_THE_YOUNG = {"needs_under_18", "experience_under_18"}


def _understood(known: Known) -> SearchStrategy[Understood]:
    intents = sorted(known.intents)
    crises = [intent for intent, crisis in known.intents.items() if crisis]
    return st.builds(
        Understood,
        intent=st.sampled_from([*intents, None, "of_another_model"]),
        alternatives=st.lists(st.sampled_from([*intents, "of_another_model"]), max_size=3).map(tuple),
        decision=st.sampled_from(["answer", "answer", "ask_back", "cannot_handle"]),
        crisis=st.sampled_from([None, None, None, None, *crises]),
        crisis_certain=st.booleans(),
        place=st.sampled_from([None, None, *PLACES]),
        place_candidates=st.sampled_from([(), (), PLACES[:2]]),
        age=st.sampled_from([None] * 12 + [12, 17, 18, 40]),
        language=st.sampled_from([None, None, *LANGUAGES]),
        understanding_available=st.booleans(),
    )


def _choices(flows: FlowSet) -> list[str]:
    """Return every choice there has ever been, and some that never were."""
    slots = [*flows.slots.values(), *(slot for group in flows.variables.values() for slot in group.values())]
    return [
        *(f"{slot.name}:{value}" for slot in slots for value in slot.values),
        *(f"change:{slot.name}" for slot in slots),
        *(f"flow:{name}" for name in flows.flows),
        *(f"command:{name}" for name in (*COMMANDS, "gone")),
        *(f"place:{code}" for code in PLACES),
        "flow:gone", "needs:gone", "nonsense", "", ":",
    ]  # fmt: skip


@st.composite
def _next_event(draw: DrawFn, talk: Conversation, known: Known, choices: list[str]) -> Event:
    """Draw what happens next; mostly what somebody would do who reads the question."""
    if talk.turn.action and draw(st.integers(0, 9)):
        if not draw(st.integers(0, 9)):
            return ActionFailed()
        slots = {name: draw(st.sampled_from(values)) for name, values in RESULTS.items()}
        return ActionFinished(slots, final=draw(st.booleans()))
    asked = question(talk.flows, talk.state)
    if isinstance(asked, Ask) and draw(st.integers(0, 3)):
        offered = [choice.id for choice in (*asked.choices, *asked.commands)]
        if offered:
            return ChoicesTaken(tuple(draw(st.lists(st.sampled_from(offered), min_size=1, max_size=3))))
    return draw(
        st.one_of(
            _understood(known),
            st.lists(st.sampled_from(choices), max_size=3).map(lambda ids: ChoicesTaken(tuple(ids))),
            st.sampled_from(LANGUAGES).map(LanguageChosen),
            st.just(Started()),
        )
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_conversation(real_flows: FlowSet, real_known: Known, data: st.DataObject) -> None:
    choices = _choices(real_flows)
    talk = Conversation(real_flows).start()
    for _ in range(data.draw(st.integers(1, 40))):
        under18 = talk.state.slots.get("under18") is True
        event = data.draw(_next_event(talk, real_known, choices))
        # `event` checks that something is said, that the stack is bounded and that the state survives its journey.
        talk.event(event)
        assert "utter_internal_error" not in talk.said or isinstance(event, ActionFailed), event
        assert len(talk.state.history) <= HISTORY_LIMIT
        assert talk.state.language in LANGUAGES
        if under18 and talk.state.slots.get("under18") is True:
            assert not FOR_ADULTS & set(talk.stack)
        if talk.state.slots.get("under18") is not True:
            assert not FOR_THE_YOUNG & set(talk.stack)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_crisis_is_answered_at_once_anywhere(real_flows: FlowSet, real_known: Known, data: st.DataObject) -> None:
    choices = _choices(real_flows)
    talk = Conversation(real_flows).start()
    for _ in range(data.draw(st.integers(0, 15))):
        talk.event(data.draw(_next_event(talk, real_known, choices)))
    crisis = data.draw(st.sampled_from([intent for intent, is_crisis in real_known.intents.items() if is_crisis]))
    talk.crisis(crisis, certain=data.draw(st.booleans()))
    first = real_flows.responses[talk.said[0]].variant(talk.state.slots, {})
    assert first.kind == "crisis"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_conversation_can_be_replayed(small: FlowSet, data: st.DataObject) -> None:
    """The engine is a pure function: the same events lead to the same state and the same words."""
    choices = _choices(small)
    known = Known(intents={"buy_law": False, "sell_law": False, "start_needs": False, "crisis_danger": True})
    talk = Conversation(small).start()
    states: list[tuple[DialogueState, Event]] = []
    for _ in range(data.draw(st.integers(1, 15))):
        event = data.draw(_next_event(talk, known, choices))
        states.append((talk.state, event))
        turn = talk.event(event).turn
        assert advance(small, *states[-1]) == turn
    for state, event in states:
        assert advance(small, state, event).state == advance(small, state, event).state
