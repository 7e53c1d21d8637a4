"""What happens to a conversation when a person does the unexpected, on small flows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conversations import Conversation

from bot.dialogue.engine import advance, question
from bot.dialogue.events import ActionFinished, ChoicesTaken, LanguageChosen, Started, Understood
from bot.dialogue.flow_model import FlowSet
from bot.dialogue.state import DialogueState, Frame, Phase, StateError, from_json, to_json
from bot.dialogue.utterances import Say


def test_a_conversation_begins_with_the_welcome(talk: Conversation) -> None:
    assert talk.said == ["utter_hello", "menu_choice?"]
    assert talk.offered == ["flow:info"]


def test_a_topic_ends_in_the_question_what_else(talk: Conversation) -> None:
    assert talk.take("flow:info").said == ["utter_law", "idle_choice?"]


def test_a_menu_that_comes_back_forgets_what_was_chosen(talk: Conversation) -> None:
    talk.mean("sell_law").take("topic:more")
    assert talk.said == ["utter_law", "topic?"]
    assert talk.take("topic:enough").said == ["idle_choice?"]
    assert "topic" not in talk.state.slots


class TestDigression:
    def test_a_question_in_the_middle_is_answered_and_the_questionnaire_goes_on(self, answering: Conversation) -> None:
        answering.mean("buy_law")
        assert answering.said == ["utter_law", "utter_continue", "country?"]
        assert answering.state.slots["arenas"] == ("online", "street")

    def test_a_topic_that_asks_waits_on_top(self, answering: Conversation) -> None:
        answering.mean("sell_law")
        assert answering.stack == ["survey", "topics"]
        assert answering.take("topic:enough").said == ["utter_continue", "country?"]

    def test_a_topic_that_is_no_questionnaire_is_dropped(self, talk: Conversation) -> None:
        talk.mean("sell_law").mean("find_service")
        assert talk.stack == ["search"]

    def test_two_digressions_do_not_pile_up(self, answering: Conversation) -> None:
        answering.mean("sell_law").mean("find_service").mean("sell_law")
        assert answering.stack == ["survey", "topics"]

    def test_starting_what_is_running_goes_on_with_it(self, answering: Conversation) -> None:
        answering.mean("sell_law").mean("start_needs")
        assert answering.said == ["utter_continue", "country?"]
        assert answering.stack == ["survey"]

    def test_the_check_of_the_answers_is_taken_up_again(self, answering: Conversation) -> None:
        answering.take("country:RO").take("needs:money", "command:done").mean("buy_law")
        assert answering.said == ["utter_law", "utter_continue", "send?"]
        assert answering.stack == ["survey", "check"]


class TestSkip:
    def test_a_skipped_question_is_remembered_as_no_answer(self, answering: Conversation) -> None:
        assert answering.take("command:skip").said == ["needs?"]
        assert answering.state.slots["country"] == "no_answer"

    def test_a_question_with_several_answers_is_skipped_as_a_set(self, answering: Conversation) -> None:
        answering.take("command:skip").mean("skip")
        assert answering.state.slots["needs"] == ("no_answer",)

    def test_a_question_that_has_to_be_answered_says_so(self, talk: Conversation) -> None:
        assert talk.mean("sell_law").take("command:skip").said == ["utter_no_skip", "topic?"]
        assert "skip" not in talk.commands

    def test_routing_passes_over_what_does_not_concern_the_person(self, talk: Conversation) -> None:
        talk.mean("start_needs").take("situation:stopped").take("arenas:street", "command:done")
        assert talk.said == ["needs?"]
        assert talk.question.progress == (3, 3)

    def test_a_skipped_question_routes_nowhere(self, talk: Conversation) -> None:
        talk.mean("start_needs").take("command:skip").take("command:skip")
        assert talk.said == ["needs?"]


class TestAmong:
    """A question among the answers to an earlier one."""

    @pytest.fixture
    def choosing(self, talk: Conversation) -> Conversation:
        return talk.take("flow:choosing").take("wishes:money", "wishes:talk", "command:done")

    def test_offers_what_was_answered(self, choosing: Conversation) -> None:
        assert choosing.said == ["unmet?"]
        assert choosing.offered == ["unmet:money", "unmet:talk"]
        assert choosing.question.maximum == 2
        assert choosing.question.progress == (2, 2)

    def test_takes_nothing_else(self, choosing: Conversation) -> None:
        choosing.take("unmet:housing", "unmet:money", "command:done")
        assert choosing.state.slots["unmet"] == ("money",)

    @pytest.mark.parametrize("silent", ["command:skip", "wishes:none"])
    def test_is_not_asked_about_nothing(self, talk: Conversation, silent: str) -> None:
        talk.take("flow:choosing")
        talk.take(silent, "command:done") if silent.startswith("wishes") else talk.take(silent)
        assert talk.said == ["utter_summary", "send?"]
        assert "unmet" not in talk.summary

    def test_can_be_left_out(self, choosing: Conversation) -> None:
        assert choosing.take("command:skip").summary["unmet"] == ("no_answer",)

    def test_is_asked_anew_when_the_ground_changed(self, choosing: Conversation) -> None:
        choosing.take("unmet:money", "command:done").take("change:wishes")
        assert choosing.take("wishes:housing", "command:done").said[0] == "utter_corrected"
        assert "unmet" not in choosing.state.slots

    def test_stays_when_the_ground_is_the_same(self, choosing: Conversation) -> None:
        choosing.take("unmet:money", "command:done").take("change:wishes")
        choosing.take("wishes:money", "wishes:talk", "command:done")
        assert choosing.state.slots["unmet"] == ("money",)

    def test_an_old_button_of_what_is_no_longer_offered_is_stale(self, choosing: Conversation) -> None:
        choosing.take("unmet:money", "command:done").take("unmet:housing")
        assert choosing.said[0] == "utter_stale"
        assert choosing.state.slots["unmet"] == ("money",)

    def test_going_back_offers_what_is_answered_then(self, choosing: Conversation) -> None:
        choosing.take("command:back").take("wishes:housing", "command:done")
        assert choosing.offered == ["unmet:housing"]


class TestOnceMore:
    """A questionnaire that goes round again after it was sent."""

    @pytest.fixture
    def sent(self, talk: Conversation) -> Conversation:
        talk.take("flow:choosing").take("wishes:money", "command:done").take("command:skip").take("send:yes")
        assert talk.turn.action == "action_submit"
        return talk.finish(final=True)

    def test_asks_after_sending(self, sent: Conversation) -> None:
        assert sent.said == ["once_more?"]
        assert sent.commands == [], "there is nothing to stop, and no way back behind what was sent"

    def test_what_was_sent_cannot_be_changed(self, sent: Conversation) -> None:
        assert sent.take("change:wishes").said[0] == "utter_stale"
        assert sent.take("wishes:talk").said[0] == "utter_stale"

    def test_another_round_is_like_the_first(self, sent: Conversation) -> None:
        sent.take("once_more:yes")
        assert sent.said == ["wishes?"]
        assert "cancel" in sent.commands
        assert sent.take("wishes:talk", "command:done").offered == ["unmet:talk"]
        assert sent.take("change:wishes").said == ["wishes?"]

    def test_no_more_forgets_everything(self, sent: Conversation) -> None:
        assert sent.take("once_more:no").said == ["menu_choice?"]
        assert not {"wishes", "unmet", "once_more"} & sent.state.slots.keys()


class TestBack:
    def test_several_steps(self, answering: Conversation) -> None:
        assert answering.take("command:back").said == ["arenas?"]
        assert answering.take("command:back").said == ["situation?"]
        assert "situation" not in answering.state.slots
        assert answering.take("situation:stopped").said == ["arenas?"]

    def test_over_a_change_of_flow(self, talk: Conversation) -> None:
        talk.mean("sell_law").mean("find_service").write(place="1480")
        talk.finish(found=True)
        assert talk.said == ["utter_found", "idle_choice?"]
        assert talk.take("command:back").said == ["place?"]
        assert "place" not in talk.state.slots
        assert talk.mean("go_back").said == ["topic?"]
        assert talk.take("command:back").said == ["menu_choice?"]

    def test_nothing_to_go_back_to(self, talk: Conversation) -> None:
        assert talk.take("command:back").said == ["utter_no_back", "menu_choice?"]
        assert "back" not in talk.commands

    def test_not_behind_what_had_a_lasting_effect(self, answering: Conversation) -> None:
        answering.take("country:RO").take("needs:money", "command:done").take("send:yes").finish(final=True)
        assert answering.take("command:back").said == ["utter_no_back", "idle_choice?"]

    def test_to_the_question_about_age(self, talk: Conversation) -> None:
        talk.take("flow:ages").take("under18:no")
        assert talk.said == ["topic?"]
        assert talk.take("command:back").said == ["under18?"]
        assert talk.take("under18:yes").state.slots["under18"] is True

    def test_keeps_the_language(self, answering: Conversation) -> None:
        answering.event(LanguageChosen("sv")).take("command:back")
        assert answering.said == ["arenas?"]
        assert answering.state.language == "sv"

    def test_is_limited(self, talk: Conversation) -> None:
        for _ in range(40):
            talk.mean("sell_law").mean("find_service")
        for _ in range(16):
            assert "utter_no_back" not in talk.take("command:back").said
        assert "utter_no_back" in talk.take("command:back").said


class TestCancel:
    def test_forgets_the_answers(self, answering: Conversation) -> None:
        assert "cancel" in answering.commands
        answering.take("command:cancel")
        assert answering.said == ["utter_cancelled", "idle_choice?"]
        assert answering.state.slots == {"language": "en"}
        assert not answering.state.history

    def test_by_words(self, answering: Conversation) -> None:
        assert answering.mean("cancel").said == ["utter_cancelled", "idle_choice?"]

    def test_from_below_a_digression(self, answering: Conversation) -> None:
        answering.mean("sell_law").take("command:cancel")
        assert answering.stack == ["pattern_completed"]
        assert "situation" not in answering.state.slots


class TestCorrection:
    def test_the_button_of_an_earlier_question_changes_the_answer(self, answering: Conversation) -> None:
        answering.take("situation:stopped")
        assert answering.said == ["utter_corrected", "needs?"]
        assert answering.state.slots["situation"] == "stopped"

    def test_what_is_no_longer_asked_is_forgotten(self, answering: Conversation) -> None:
        answering.take("country:RO").take("situation:stopped")
        assert "country" not in answering.state.slots

    def test_from_the_summary(self, answering: Conversation) -> None:
        answering.take("country:RO").take("needs:money", "command:done")
        assert answering.said == ["utter_summary", "send?"]
        assert answering.summary == {
            "situation": "ongoing", "arenas": ("online", "street"), "country": "RO", "needs": ("money",),
        }  # fmt: skip
        answering.take("change:arenas")
        assert answering.said == ["arenas?"]
        assert answering.question.selected == ("online", "street")
        answering.take("arenas:online").take("command:done")
        assert answering.said == ["utter_corrected", "send?"]
        assert answering.state.slots["arenas"] == ("street",)

    def test_one_correction_takes_the_place_of_another(self, answering: Conversation) -> None:
        answering.take("country:RO").take("needs:money", "command:done")
        for _ in range(10):
            answering.take("change:arenas").take("change:situation")
        assert answering.stack == ["survey", "check", "pattern_correction"]

    def test_what_was_not_understood_comes_back_to_the_correction(self, answering: Conversation) -> None:
        answering.take("country:RO").take("needs:money", "command:done").take("change:country").write()
        assert answering.said == ["utter_cannot_handle", "country?"]
        assert answering.take("country:other").said == ["utter_corrected", "send?"]

    def test_only_of_what_was_answered_and_only_in_a_questionnaire(self, talk: Conversation) -> None:
        assert talk.take("change:situation").said[0] == "utter_stale"
        assert talk.mean("start_needs").take("change:needs").said == ["utter_stale", "situation?"]


class TestSeveralAnswers:
    @pytest.fixture
    def choosing(self, talk: Conversation) -> Conversation:
        return talk.mean("start_needs").take("situation:stopped")

    def test_taps_add_and_take_away(self, choosing: Conversation) -> None:
        assert choosing.take("arenas:street").question.selected == ("street",)
        assert choosing.take("arenas:online").question.selected == ("online", "street")
        assert choosing.take("arenas:street").question.selected == ("online",)
        assert choosing.take("command:done").said == ["needs?"]
        assert choosing.state.slots["arenas"] == ("online",)

    def test_an_exclusive_answer_takes_the_others_away(self, choosing: Conversation) -> None:
        assert choosing.take("arenas:street").take("arenas:none").question.selected == ("none",)
        assert choosing.take("arenas:street").question.selected == ("street",)

    def test_a_form_with_an_exclusive_answer_among_others_keeps_the_others(self, choosing: Conversation) -> None:
        choosing.take("arenas:none", "arenas:street")
        assert choosing.state.slots["arenas"] == ("street",)

    def test_more_than_the_maximum_by_taps(self, choosing: Conversation) -> None:
        choosing.take("arenas:street", "command:done").take("needs:money").take("needs:talk")
        choosing.take("needs:housing")
        assert choosing.said == ["utter_too_many", "needs?"]
        assert choosing.question.selected == ("money", "talk")

    def test_more_than_the_maximum_by_a_form(self, choosing: Conversation) -> None:
        choosing.take("arenas:street", "command:done").take("needs:money", "needs:talk", "needs:housing")
        assert choosing.said == ["utter_too_many", "needs?"]

    def test_done_without_an_answer(self, choosing: Conversation) -> None:
        assert choosing.take("command:done").said == ["utter_no_choice", "arenas?"]

    def test_what_is_not_offered_does_not_count(self, choosing: Conversation) -> None:
        assert choosing.take("arenas:moon", "command:done").said == ["utter_no_choice", "arenas?"]


class TestCrisis:
    def test_comes_before_everything_and_the_questionnaire_waits(self, answering: Conversation) -> None:
        answering.crisis("crisis_danger")
        assert answering.said == ["utter_crisis_card", "after_crisis?"]
        assert answering.take("after_crisis:resume").said == ["utter_continue", "country?"]

    def test_inside_a_pattern(self, answering: Conversation) -> None:
        answering.take("country:RO").take("needs:money", "command:done").take("change:country")
        answering.crisis("crisis_danger")
        assert answering.said == ["utter_crisis_card", "after_crisis?"]
        assert answering.take("after_crisis:resume").said == ["utter_continue", "send?"]

    def test_inside_a_clarification(self, talk: Conversation) -> None:
        talk.write(intent="buy_law", alternatives=("sell_law",), decision="ask_back").crisis("crisis_danger")
        assert talk.said == ["utter_crisis_card", "after_crisis?"]

    def test_again_in_the_same_crisis(self, talk: Conversation) -> None:
        talk.crisis("crisis_danger").crisis("crisis_danger")
        assert talk.said == ["utter_crisis_card", "after_crisis?"]
        assert talk.stack == ["danger"]

    def test_when_nothing_is_going_on(self, small: FlowSet) -> None:
        turn = advance(small, DialogueState(), Understood(crisis="crisis_danger", crisis_certain=True))
        assert turn.utterances[0] == Say("utter_crisis_card", {})

    def test_a_doubtful_one_shows_the_card_and_asks(self, answering: Conversation) -> None:
        answering.crisis("crisis_danger", certain=False)
        assert answering.said == ["utter_crisis_card", "crisis_meant?"]
        assert answering.mean("affirm").said == ["utter_crisis_card", "after_crisis?"]
        assert answering.stack == ["survey", "danger"]

    def test_a_doubtful_one_that_was_none(self, answering: Conversation) -> None:
        answering.crisis("crisis_danger", certain=False)
        assert answering.mean("deny").said == ["utter_continue", "country?"]

    def test_what_is_not_understood_comes_back_to_the_question(self, talk: Conversation) -> None:
        talk.crisis("crisis_danger", certain=False).write()
        assert talk.said == ["utter_cannot_handle", "crisis_meant?"]


class TestUnder18:
    def test_an_age_changes_the_path_and_ends_what_was_begun_as_an_adult(self, answering: Conversation) -> None:
        answering.write(age=15)
        assert answering.said == ["utter_young", "idle_choice?"]
        assert answering.state.slots == {"language": "en", "under18": True}
        assert answering.take("command:back").said == ["utter_no_back", "idle_choice?"]

    def test_so_does_the_crisis_intent(self, answering: Conversation) -> None:
        answering.crisis("crisis_minor")
        assert answering.said == ["utter_young", "idle_choice?"]
        assert "situation" not in answering.state.slots

    def test_so_does_the_answer_to_a_question(self, answering: Conversation) -> None:
        answering.take("flow:ages").take("under18:yes")
        assert answering.said == ["topic?"]
        assert answering.stack == ["ages"]
        assert "situation" not in answering.state.slots

    def test_an_adult_age_changes_nothing(self, answering: Conversation) -> None:
        assert answering.write(age=19).said == ["utter_cannot_handle", "country?"]


class TestUnderstanding:
    def test_not_understood(self, answering: Conversation) -> None:
        assert answering.write().said == ["utter_cannot_handle", "country?"]

    def test_understanding_is_away(self, answering: Conversation) -> None:
        assert answering.write(understanding_available=False).said == ["utter_away", "country?"]

    def test_an_intent_that_starts_nothing(self, talk: Conversation) -> None:
        assert talk.mean("affirm").said == ["utter_cannot_handle", "menu_choice?"]

    def test_clarification_offers_the_likeliest_topics(self, answering: Conversation) -> None:
        answering.write(
            intent="buy_law", alternatives=("sell_law", "buy_law", "greet", "find_service"), decision="ask_back"
        )
        assert answering.said == ["clarification?"]
        assert answering.offered == ["flow:info", "flow:topics", "flow:welcome", "clarification:none_of_these"]
        assert answering.take("flow:info").said == ["utter_law", "utter_continue", "country?"]

    def test_none_of_the_topics(self, answering: Conversation) -> None:
        answering.write(intent="buy_law", alternatives=("sell_law",), decision="ask_back")
        assert answering.take("clarification:none_of_these").said == ["utter_none", "country?"]

    def test_nothing_to_offer(self, talk: Conversation) -> None:
        assert talk.write(intent="affirm", decision="ask_back").said == ["utter_cannot_handle", "menu_choice?"]

    def test_a_place_in_passing_answers_the_question_before_it_is_asked(self, talk: Conversation) -> None:
        talk.mean("find_service", place="1480")
        assert talk.turn.action == "action_search"

    def test_a_place_as_an_answer(self, talk: Conversation) -> None:
        assert talk.mean("find_service").write(place="1280").turn.action == "action_search"
        assert talk.state.slots["place"] == "1280"

    def test_an_ambiguous_place_is_asked_back(self, talk: Conversation) -> None:
        talk.mean("find_service").write(place_candidates=("1407", "1480"))
        assert talk.question.response == "utter_ask_place_ambiguous"
        assert talk.offered == ["place:1407", "place:1480"]
        assert talk.take("place:1407").turn.action == "action_search"

    def test_named_choices(self, answering: Conversation) -> None:
        assert answering.write(choices=("country:RO",)).said == ["needs?"]

    def test_a_language_in_words(self, answering: Conversation) -> None:
        assert answering.mean("change_language", language="sv").said == ["utter_again", "country?"]
        assert answering.state.language == "sv"


class TestStaleChoices:
    @pytest.mark.parametrize(
        "choice", ["", "nonsense", "flow:gone", "slot:gone", "topic:gone", "command:gone", "change:gone", "topic:more"]
    )
    def test_says_so_and_asks_again(self, answering: Conversation, choice: str) -> None:
        assert answering.take(choice).said == ["utter_stale", "country?"]

    @pytest.mark.parametrize("flow", ["pattern_internal_error", "check", "survey"])
    def test_parts_of_other_flows_cannot_be_started(self, talk: Conversation, flow: str) -> None:
        assert talk.take(f"flow:{flow}").said == ["utter_stale", "menu_choice?"]

    def test_no_choice_at_all(self, answering: Conversation) -> None:
        assert answering.take().said == ["utter_stale", "country?"]


class TestActions:
    def test_the_flow_goes_on_with_the_result(self, talk: Conversation) -> None:
        talk.mean("find_service").take("place:national")
        assert talk.turn.action == "action_search"
        assert talk.finish(found=False).said == ["utter_not_found", "idle_choice?"]

    def test_a_broken_action_is_told(self, talk: Conversation) -> None:
        talk.mean("find_service").take("command:skip")
        assert talk.fail().said == ["utter_broken", "idle_choice?"]

    def test_a_broken_action_in_a_digression_leaves_the_questionnaire_alone(self, answering: Conversation) -> None:
        answering.mean("find_service").take("place:national").fail()
        assert answering.said == ["utter_broken", "utter_continue", "country?"]
        assert answering.state.slots["situation"] == "ongoing"

    def test_an_action_that_was_never_answered_starts_again(self, talk: Conversation) -> None:
        talk.mean("find_service").write(place="1480").write()
        assert talk.said == ["utter_cannot_handle"]
        assert talk.turn.action == "action_search"

    def test_a_result_that_nobody_waits_for_changes_no_place(self, small: FlowSet, answering: Conversation) -> None:
        turn = advance(small, answering.state, ActionFinished({"found": True}))
        assert turn.state.stack == answering.state.stack


class TestState:
    def test_repeat_asks_again(self, answering: Conversation) -> None:
        assert answering.take("command:repeat").said == ["utter_again", "country?"]
        asked = question(answering.flows, answering.state)
        assert asked is not None
        assert asked.slot == "country"

    def test_restart_forgets_everything_but_the_language(self, answering: Conversation) -> None:
        assert answering.mean("restart").said == ["utter_hello", "menu_choice?"]
        assert answering.state.slots == {"language": "en"}

    @pytest.mark.parametrize(
        "frame", [Frame("gone", "step"), Frame("survey", "gone"), Frame("gone", "gone", Phase.WAITING)]
    )
    def test_a_state_of_other_flows_ends_in_an_apology(self, small: FlowSet, frame: Frame) -> None:
        state = DialogueState((frame,), {"language": "sv", "situation": "ongoing", "gone": "x", "under18": True})
        for event in (
            ChoicesTaken(("topic:more",)),
            ChoicesTaken(("command:back",)),
            Understood(),
            LanguageChosen("sv"),
        ):
            turn = advance(small, state, event)
            assert Say("utter_broken", {"language": "sv", "under18": True}) in turn.utterances
            assert turn.state.slots == {"language": "sv", "under18": True}
        assert question(small, state) is None

    def test_a_way_back_into_other_flows_ends_in_an_apology(self, answering: Conversation) -> None:
        data = to_json(answering.state)
        data["h"][-1]["s"][-1][1] = "gone"
        answering.state = from_json(data)
        assert answering.take("command:back").said == ["utter_broken", "idle_choice?"]

    @pytest.mark.parametrize(
        "data", [None, [], {}, {"s": 1, "v": {}, "h": []}, {"s": [["a"]], "v": {}, "h": []}, "text"]
    )
    def test_what_is_no_state_is_refused(self, data: object) -> None:
        with pytest.raises(StateError):
            from_json(data)

    def test_the_way_there_is_known(self, talk: Conversation) -> None:
        assert talk.mean("buy_law").turn.visited == (("info", "step_1"), ("pattern_completed", "step_1"))


CIRCLES = {
    "two flows that link each other": """
flows:
  ping: {name: Ping, description: a, steps: [{link: pong}]}
  pong: {description: b, steps: [{link: ping}]}
""",
    "two flows that call each other": """
flows:
  ping: {name: Ping, description: a, steps: [{call: pong}]}
  pong: {description: b, steps: [{call: ping}]}
""",
    "a step that comes back to itself": """
flows:
  ping: {name: Ping, description: a, steps: [{id: here, noop: true, next: here}]}
""",
}


@pytest.mark.parametrize("content", CIRCLES.values(), ids=CIRCLES)
def test_a_circle_ends_in_an_apology(load_small: Callable[..., FlowSet], content: str) -> None:
    talk = Conversation(load_small(content)).start().take("flow:ping")
    assert talk.said == ["utter_broken", "idle_choice?"]
    assert talk.state.language == "en"


def test_flows_on_top_of_each_other_are_limited(load_small: Callable[..., FlowSet]) -> None:
    steps = "".join(f"  deep{n}: {{name: D, description: d, steps: [{{call: deep{n + 1}}}]}}\n" for n in range(8))
    talk = Conversation(load_small(f"flows:\n{steps}  deep8: {{description: d, steps: [{{noop: true}}]}}\n")).start()
    assert talk.take("flow:deep0").said == ["utter_broken", "idle_choice?"]
    assert talk.take("flow:deep1").said == ["idle_choice?"]


REJECTING = """
flows:
  strict:
    name: Strict
    description: takes only one answer
    steps:
      - collect: strict_answer
        rejections:
          - {if: slots.strict_answer == "bad", utter: utter_rejected}
responses:
  utter_rejected: [{text: Not this.}]
  utter_ask_strict_answer:
    - text: Well?
      buttons:
        - {title: Good, payload: /SetSlots(strict_answer=good)}
        - {title: Bad, payload: /SetSlots(strict_answer=bad)}
slots:
  strict_answer: {type: choice, values: [good, bad]}
"""


def test_an_answer_that_is_rejected_is_asked_for_again(load_small: Callable[..., FlowSet]) -> None:
    talk = Conversation(load_small(REJECTING)).start().take("flow:strict").take("strict_answer:bad")
    assert talk.said == ["utter_rejected", "strict_answer?"]
    assert "strict_answer" not in talk.state.slots
    assert talk.take("strict_answer:good").said == ["idle_choice?"]


def test_the_first_event_may_be_anything(small: FlowSet) -> None:
    for event in (Started(), ChoicesTaken(("command:back",)), ChoicesTaken(("flow:info",)), LanguageChosen("sv")):
        assert advance(small, DialogueState(), event).utterances
