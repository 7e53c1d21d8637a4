"""A turn from what a person did to what they read, with real content and a real store."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest
from assistants import Assistants
from intake import Intake
from person import Person

from bot.conversation.assistant import Assistant
from bot.conversation.replies import ChoicesReply, CrisisReply, SummaryReply
from bot.conversation.updates import Command
from bot.dialogue.state import to_json
from intake_store.submission.receipts import derive_receipt_code
from intake_store.submission.response import NO_ANSWER, NOT_ASKED, UNKNOWN, Answer, ChannelKind, QualityFlag, Response

LANGUAGES = ("sv", "en", "ro")


async def skip_to_the_summary(person: Person) -> Person:
    while "summary" not in person.kinds:
        await person.tap("command:skip")
    return person


class TestBeginning:
    async def test_the_first_message_says_who_this_is_and_what_to_do_in_danger(self, person: Person) -> None:
        assert person.kinds == ["text", "notice", "choices"]
        assert "automated" in person.heard
        assert "112" in person.heard

    async def test_a_text_is_answered_after_the_greeting(self, assistant: Assistant) -> None:
        person = await Person(assistant).say("he threatens me")
        assert person.kinds == ["text", "notice", "crisis", "choices"]
        assert "automated" in person.replies[0].text
        assert person.stack == ["pattern_confirm_crisis"]

    async def test_a_choice_of_an_older_conversation_is_answered_after_the_greeting(self, assistant: Assistant) -> None:
        person = await Person(assistant).tap_old("flow:buyer_law")
        assert person.kinds == ["text", "notice", "text", "choices"]
        assert person.stack == ["buyer_law"]

    @pytest.mark.parametrize("language", LANGUAGES)
    async def test_a_conversation_begins_in_the_language_of_the_channel(
        self, assistant: Assistant, language: str
    ) -> None:
        person = await Person(assistant, language=f"{language}-XX").arrive()
        assert person.language == language

    async def test_a_language_that_is_not_live_becomes_swedish(self, assistant: Assistant) -> None:
        person = await Person(assistant, language="tlh").arrive()
        assert person.language == "sv"
        assert "automatisk" in person.heard

    async def test_telegram_is_told_what_telegram_sees(self, assistant: Assistant) -> None:
        person = await Person(assistant, channel="telegram").arrive()
        assert "Telegram" in person.heard
        assert "https://fyren.example/" in person.heard

    async def test_start_forgets_everything_but_the_language(self, asked: Person) -> None:
        await asked.tap("situation:ongoing")
        await asked.command("start")
        assert asked.kinds == ["text", "notice", "choices"]
        assert asked.state is not None
        assert set(asked.state.slots) <= {"language", "channel", "conversation_key"}

    @pytest.mark.parametrize(("command", "flow"), [("menu", "menu"), ("language", "language"), ("privacy", "privacy")])
    async def test_commands_lead_to_their_flows(self, person: Person, command: Command, flow: str) -> None:
        await person.command(command)
        assert person.stack == [flow]


class TestLanguage:
    @pytest.mark.parametrize("language", ["sv", "ro"])
    async def test_the_picker_keeps_the_place(self, asked: Person, language: str) -> None:
        await asked.tap("situation:ongoing")
        before = asked.offered
        await asked.pick(language)
        assert asked.language == language
        assert asked.offered == before
        assert asked.state is not None
        assert asked.state.slots["situation"] == "ongoing"

    async def test_the_picker_keeps_the_answers_to_send(self, asked: Person) -> None:
        await asked.tap("situation:ongoing")
        await skip_to_the_summary(asked)
        before = asked.offered
        await asked.pick("ro")
        await asked.tap("confirm_answers:send")
        assert asked.state is not None
        assert asked.state.slots["situation"] == "ongoing"
        assert "change:situation" in before

    async def test_a_sentence_in_another_language_switches(self, person: Person) -> None:
        await person.say("Jag skulle vilja veta hur det här fungerar, för jag förstår ingenting av det som står")
        assert person.language == "sv"
        assert "112" in person.heard

    async def test_a_word_or_a_place_does_not_switch(self, person: Person) -> None:
        await person.taps("flow:find_service", "need:specialised")
        await person.say("Malmö")
        assert person.language == "en"
        assert "services" in person.kinds

    async def test_an_unknown_language_changes_nothing(self, person: Person) -> None:
        await person.pick("tlh")
        assert person.language == "en"
        assert person.state is not None


class TestLeaving:
    @pytest.mark.parametrize("word", ["exit", "EXIT!", "sluta", "ieșire", "iesire", " quit "])
    @pytest.mark.parametrize("choices", [(), ("flow:relative",), ("flow:find_service", "need:debt")])
    async def test_an_exit_word_ends_everything_anywhere(
        self, person: Person, word: str, choices: tuple[str, ...]
    ) -> None:
        await person.taps(*choices)
        await person.say(word)
        assert person.state is None
        assert person.kinds == ["notice"]
        assert not any(word in person.heard.casefold() for word in ("sex", "fyren", "help"))

    async def test_an_exit_word_ends_the_questions(self, asked: Person, intake: Intake) -> None:
        await asked.tap("situation:ongoing")
        await asked.say("exit")
        assert asked.state is None
        assert intake.rows() == []

    async def test_an_exit_word_ends_a_crisis(self, person: Person) -> None:
        await person.say("he threatens me")
        await person.say("exit")
        assert person.state is None

    async def test_an_exit_word_begins_nothing(self, assistant: Assistant) -> None:
        person = await Person(assistant, language="ro").say("exit")
        assert person.state is None
        assert person.language == "ro"
        assert person.kinds == ["notice"]

    async def test_the_button_and_the_command_end_it_too(self, person: Person, assistant: Assistant) -> None:
        await person.tap("flow:relative")
        await person.command("exit")
        assert person.state is None
        other = await Person(assistant).arrive()
        await other.tap_old("command:exit")
        assert other.state is None

    async def test_an_exit_word_inside_a_sentence_does_not_end_it(self, person: Person) -> None:
        await person.say("how do I exit this relationship without being hurt by anybody")
        assert person.state is not None


class TestYoungPeople:
    async def test_an_age_in_a_sentence_is_asked_about_with_the_contact_on_the_screen(self, person: Person) -> None:
        await person.say("I am 16")
        card = person.replies[0]
        assert isinstance(card, CrisisReply)
        assert "Bris" in card.contacts[0].name
        await person.tap("crisis_understood:yes")
        assert person.stack == ["under18"]
        assert person.state is not None
        assert person.state.slots["under18"] is True

    async def test_an_age_ends_the_questionnaire_for_adults(self, asked: Person, intake: Intake) -> None:
        await asked.taps("situation:ongoing", "command:skip")
        await asked.say("I am 16")
        await asked.tap("crisis_understood:yes")
        assert asked.stack == ["under18"]
        assert asked.state is not None
        assert "situation" not in asked.state.slots
        assert "situation" not in str(to_json(asked.state))
        await asked.taps("under18_topic:enough", "flow:needs_questionnaire", "questionnaire_start:yes")
        assert asked.stack == ["needs_under_18"]
        assert "needs:stop_buying" not in asked.offered

    async def test_an_adult_age_changes_nothing(self, asked: Person) -> None:
        await asked.say("I am 34")
        assert "crisis" not in asked.kinds
        assert asked.state is not None
        assert asked.state.slots["under18"] is False

    async def test_somebody_under_18_finds_only_their_own_questions(self, person: Person) -> None:
        await person.tap("flow:under18")
        await person.tap_old("flow:needs_questionnaire")
        assert person.offered[:2] == ["questionnaire_start:yes", "questionnaire_start:no"]
        await person.tap_old("questionnaire_choice:selling")
        assert person.stack == ["needs_questionnaire"], "a button from before is of no use"
        await person.tap("questionnaire_start:yes")
        assert person.stack == ["needs_under_18"]

    async def test_questions_for_the_young_end_for_somebody_who_is_18_after_all(self, person: Person) -> None:
        await person.taps("flow:under18", "under18_topic:enough", "flow:needs_questionnaire", "questionnaire_start:yes")
        await person.tap("needs:talk", "command:done")
        await person.tap_old("flow:under18")
        await person.tap("under18_topic:adult")
        assert person.stack == ["menu"]
        assert person.state is not None
        assert "needs" not in str(to_json(person.state))

    async def test_answers_of_the_young_are_stored_apart(self, person: Person, intake: Intake) -> None:
        await person.taps("flow:under18", "under18_topic:enough", "flow:needs_questionnaire", "questionnaire_start:yes")
        await person.tap("needs:talk", "needs:protection", "command:done")
        await person.taps("needs_met:no", "needs_unmet:protection", "command:done")
        await skip_to_the_summary(person)
        await person.taps("confirm_answers:send", "wants_receipt:no")
        assert "Bris" in person.heard
        (response,) = intake.responses()
        assert response.population == "needs_under_18"
        assert response.answers["needs_unmet"] == Answer.of("protection")


class TestCrisis:
    async def test_the_questions_go_on_after_a_crisis(self, asked: Person) -> None:
        await asked.tap("situation:ongoing")
        before = asked.offered
        await asked.say("I want to kill myself")
        assert asked.kinds[0] == "crisis"
        assert asked.stack == ["needs_buying", "suicide"]
        await asked.tap("after_crisis:resume")
        assert asked.offered == before
        assert asked.state is not None
        assert asked.state.slots["situation"] == "ongoing"

    async def test_looking_for_help_from_a_crisis_leads_back_too(self, asked: Person) -> None:
        await asked.tap("situation:ongoing")
        await asked.say("I want to kill myself")
        await asked.taps("after_crisis:more", "place:national", "after_search:enough")
        assert asked.stack == ["needs_buying"]
        assert "arenas:street" in asked.offered

    async def test_a_crisis_during_a_crisis_is_heard(self, person: Person) -> None:
        await person.say("I want to kill myself")
        await person.say("I was raped")
        assert person.kinds[0] == "crisis"
        assert person.stack == ["violence"]

    async def test_a_doubtful_crisis_shows_the_number_before_it_asks(self, asked: Person) -> None:
        await asked.say("he threatens me")
        assert asked.kinds[0] == "crisis"
        assert asked.offered[:2] == ["crisis_understood:yes", "crisis_understood:no"]
        await asked.say("no")
        assert asked.stack == ["needs_buying"]

    async def test_crisis_words_are_heard_where_a_code_is_asked_for(self, person: Person) -> None:
        await person.tap_old("flow:withdraw")
        await person.say("I want to kill myself")
        assert person.kinds[0] == "crisis"


class TestPlaces:
    @pytest.mark.parametrize("written", ["Malmö", "malmo", "i Malmö", "I live in Malmoe"])
    async def test_a_place_is_read_however_it_is_written(self, person: Person, written: str) -> None:
        await person.taps("flow:find_service", "need:specialised")
        await person.say(written)
        assert "services" in person.kinds
        assert "Malmö" in person.heard

    async def test_an_ambiguous_place_is_asked_back(self, person: Person) -> None:
        await person.taps("flow:find_service", "need:specialised")
        await person.say("Habo")
        places = [choice for choice in person.offered if choice.startswith("place:")]
        assert len(places) > 1
        await person.tap(places[0])
        assert "services" in person.kinds

    async def test_what_is_no_place_is_asked_again(self, person: Person) -> None:
        await person.taps("flow:find_service", "need:specialised")
        await person.say("blue elephants")
        assert "place:national" in person.offered

    async def test_the_place_is_used_for_the_next_search_and_never_stored(self, asked: Person, intake: Intake) -> None:
        await asked.tap_old("flow:find_service")
        await asked.tap("need:counselling")
        await asked.say("Kiruna")
        await asked.tap("after_search:enough")
        await skip_to_the_summary(asked)
        await asked.taps("confirm_answers:send", "wants_receipt:no")
        (response,) = intake.responses()
        assert response.answers["county"] == NO_ANSWER


class TestOldButtons:
    async def test_a_choice_of_another_question_is_said_to_be_old(self, person: Person) -> None:
        await person.tap("flow:buyer_support")
        before = person.offered
        await person.tap_old("kast_choice:near")
        assert "does not work any more" in person.heard
        assert person.offered[: len(before) - 1] == before[: len(before) - 1]

    @pytest.mark.parametrize("choice", ["", ":", "flow:", "flow:nothing", "nothing:at all", "change:need", "x" * 500])
    async def test_nonsense_is_old_too(self, person: Person, choice: str) -> None:
        await person.tap("flow:buyer_support")
        await person.tap_old(choice)
        assert "does not work any more" in person.heard
        assert person.stack == ["buyer_support"]

    async def test_a_state_of_yesterdays_flows_begins_anew(self, asked: Person) -> None:
        assert asked.state is not None
        asked.state = replace(asked.state, stack=(replace(asked.state.stack[0], flow="gone"),))
        await asked.tap_old("situation:ongoing")
        assert asked.kinds == ["notice", "choices"]


class TestSending:
    async def test_a_response_is_exactly_what_was_answered(self, asked: Person, intake: Intake) -> None:
        await asked.taps("situation:ongoing")
        await asked.tap("arenas:street", "arenas:abroad", "command:done")
        await asked.tap("needs:relation", "needs:stop_buying", "command:done")
        await asked.taps("needs_met:no", "needs_unmet:relation", "command:done")
        await asked.taps("command:skip", "age_band:50p", "gender:man", "trans_experience:unknown", "command:skip")
        await asked.taps("citizenship_group:se", "county:01", "disability:no", "harmful_use:yes")
        (summary,) = (reply for reply in asked.replies if isinstance(reply, SummaryReply))
        await asked.taps("confirm_answers:send", "wants_receipt:no")
        (response,) = intake.responses()
        assert response == Response(
            codebook_version="1",
            population="needs_buying",
            iso_week=response.iso_week,
            channel=ChannelKind.WEB,
            language="en",
            answers={
                "situation": Answer.of("ongoing"),
                "arenas": Answer.of("street", "abroad"),
                "needs": Answer.of("relation", "stop_buying"),
                "needs_met": Answer.of("no"),
                "needs_unmet": Answer.of("relation"),
                "barriers": NO_ANSWER,
                "age_band": Answer.of("50p"),
                "gender": Answer.of("man"),
                "trans_experience": UNKNOWN,
                "lgbtq": NO_ANSWER,
                "citizenship_group": Answer.of("se"),
                "citizenship_country": NOT_ASKED,
                "county": Answer.of("01"),
                "disability": Answer.of("no"),
                "harmful_use": Answer.of("yes"),
            },
            flags=frozenset({QualityFlag.TOO_FAST}),
        )
        assert str(response.iso_week) == "2026-W48"
        assert len(summary.items) == 14, "the summary shows every answer, and nothing that was not asked"

    async def test_each_service_is_a_response_of_its_own(self, person: Person, intake: Intake) -> None:
        await person.taps("flow:buyer_support", "buyer_topic:enough", "flow:experience", "under18:no")
        await person.taps("experience_start:yes", "role:buying", "service_kind:kast", "command:skip", "treatment:good")
        while "age_band:50p" not in person.offered:
            await person.tap("command:skip")
        await person.taps("age_band:50p")
        await skip_to_the_summary(person)
        await person.taps("confirm_answers:send", "wants_receipt:yes")
        first = person.receipt
        await person.taps("another_service:yes", "service_kind:kast", "contact_when:last_year", "treatment:bad")
        assert "age_band:50p" not in person.offered
        await skip_to_the_summary(person)
        assert "50 or older" in {
            item.answer for reply in person.replies if isinstance(reply, SummaryReply) for item in reply.items
        }, "what is stored once more is shown once more"
        sending = person.state
        await person.taps("confirm_answers:send", "wants_receipt:yes")
        assert person.receipt
        assert person.receipt != first
        answers = [(response.answers["age_band"], response.answers["treatment"]) for response in intake.responses()]
        assert sorted(answers, key=str) == [
            (Answer.of("50p"), Answer.of("bad")),
            (Answer.of("50p"), Answer.of("good")),
        ]
        person.state = sending
        await person.taps_old("confirm_answers:send", "wants_receipt:yes")
        assert len(intake.rows()) == 2, "what is sent twice is stored once"

    async def test_what_was_sent_cannot_be_changed(self, person: Person, intake: Intake) -> None:
        await person.taps("flow:buyer_support", "buyer_topic:enough", "flow:experience", "under18:no")
        await person.taps("experience_start:yes", "role:buying")
        await skip_to_the_summary(person)
        await person.taps("confirm_answers:send", "wants_receipt:no")
        assert person.offered == ["another_service:yes", "another_service:no"], "there is nothing left to stop"
        for choice in ("change:role", "role:selling"):
            await person.tap_old(choice)
            assert person.state is not None
            assert person.state.slots["role"] == "buying"
            assert "another_service:yes" in person.offered

    async def test_nothing_is_stored_before_the_yes(self, asked: Person, intake: Intake) -> None:
        await asked.tap("situation:ongoing")
        await skip_to_the_summary(asked)
        assert intake.rows() == []
        await asked.tap("confirm_answers:send")
        assert intake.rows() == [], "first it is asked whether a code is wanted"
        await asked.tap("wants_receipt:no")
        assert len(intake.rows()) == 1
        assert not asked.receipt

    async def test_stopping_stores_nothing(self, asked: Person, intake: Intake) -> None:
        await skip_to_the_summary(asked)
        await asked.tap("command:cancel")
        assert intake.rows() == []
        assert "nothing of them is stored" in asked.heard

    async def test_the_same_state_sent_twice_is_stored_once_under_one_code(self, asked: Person, intake: Intake) -> None:
        await asked.tap("situation:ongoing")
        await skip_to_the_summary(asked)
        await asked.tap("confirm_answers:send")
        state, replies = asked.state, asked.replies
        await asked.tap("wants_receipt:yes")
        first = asked.receipt
        asked.state, asked.replies = state, replies
        await asked.tap("wants_receipt:yes")
        assert len(intake.rows()) == 1
        assert first is not None
        assert asked.receipt == first

    async def test_the_way_back_does_not_lead_behind_the_sending(self, asked: Person, intake: Intake) -> None:
        await skip_to_the_summary(asked)
        await asked.taps("confirm_answers:send", "wants_receipt:no")
        await asked.say("back")
        assert "cannot go further back" in asked.heard
        assert len(intake.rows()) == 1

    async def test_a_store_that_fails_loses_nothing(self, asked: Person, intake: Intake) -> None:
        await asked.tap("situation:ongoing")
        await skip_to_the_summary(asked)
        await asked.tap("confirm_answers:send")
        intake.break_down()
        await asked.tap("wants_receipt:yes")
        assert "could not be stored" in asked.heard
        assert not asked.receipt, "a code is shown only for what is stored"
        await asked.tap("retry_submission:yes")
        assert "could not be stored" in asked.heard
        intake.come_back()
        await asked.tap("retry_submission:yes")
        assert asked.receipt
        (response,) = intake.responses()
        assert response.answers["situation"] == Answer.of("ongoing")

    async def test_a_store_that_records_nothing_says_so(self, assistants: Assistants) -> None:
        person = await Person(assistants.make()).arrive()
        await person.taps("flow:seller_support", "seller_topic:enough", "flow:needs_questionnaire")
        await person.taps("under18:no", "questionnaire_choice:selling")
        await skip_to_the_summary(person)
        await person.taps("confirm_answers:send", "wants_receipt:yes")
        assert "nothing has been stored" in person.heard
        assert not person.receipt

    async def test_two_questionnaires_of_one_conversation_are_two_responses(
        self, asked: Person, intake: Intake
    ) -> None:
        await skip_to_the_summary(asked)
        await asked.taps("confirm_answers:send", "wants_receipt:no", "flow:needs_questionnaire")
        await asked.tap("questionnaire_choice:selling")
        await skip_to_the_summary(asked)
        await asked.taps("confirm_answers:send", "wants_receipt:no")
        assert {response.population for response in intake.responses()} == {"needs_buying", "needs_selling"}

    async def test_the_stored_row_holds_no_answer(self, asked: Person, intake: Intake) -> None:
        await asked.tap("situation:ongoing")
        await skip_to_the_summary(asked)
        await asked.taps("confirm_answers:send", "wants_receipt:yes")
        with closing(sqlite3.connect(intake.database)) as connection:
            everything = "\n".join(connection.iterdump())
        assert "ongoing" not in everything
        assert asked.receipt
        assert asked.receipt.replace("-", "") not in everything


class TestWithdrawing:
    @pytest.fixture
    async def receipt(self, asked: Person) -> str:
        await skip_to_the_summary(asked)
        await asked.taps("confirm_answers:send", "wants_receipt:yes")
        assert asked.receipt
        return asked.receipt

    @pytest.fixture
    async def other(self, assistant: Assistant) -> Person:
        """Return somebody who comes later, and is asked for their code."""
        person = await Person(assistant).arrive()
        await person.tap_old("flow:withdraw")
        assert "Write your receipt code" in person.heard
        return person

    @pytest.mark.parametrize("change", [str, str.lower, lambda code: f" {code.replace('-', ' ')} "])
    async def test_a_code_deletes_its_response_however_it_is_written(
        self, receipt: str, other: Person, intake: Intake, change: Callable[[str], str]
    ) -> None:
        await other.say(change(receipt))
        assert "Done" in other.heard
        assert intake.rows() == []

    async def test_a_code_works_once(self, receipt: str, other: Person, intake: Intake) -> None:
        await other.say(receipt)
        assert intake.rows() == []
        await other.tap_old("flow:withdraw")
        await other.say(receipt)
        assert "no answers with that code" in other.heard

    async def test_another_code_deletes_nothing(self, receipt: str, other: Person, intake: Intake) -> None:
        await other.say(derive_receipt_code(bytes(32)))
        assert "no answers with that code" in other.heard
        assert len(intake.rows()) == 1

    async def test_a_mistyped_code_is_asked_for_again(self, receipt: str, other: Person, intake: Intake) -> None:
        swapped = ("1" if receipt[0] != "1" else "2") + receipt[1:]
        await other.say(swapped)
        assert "not look like a whole code" in other.heard
        assert len(intake.rows()) == 1
        await other.say(receipt)
        assert intake.rows() == []

    async def test_a_store_that_fails_says_so(self, receipt: str, other: Person, intake: Intake) -> None:
        intake.break_down()
        await other.say(receipt)
        assert "did not work" in other.heard
        intake.come_back()
        assert len(intake.rows()) == 1

    async def test_the_code_is_not_in_the_state(self, receipt: str, other: Person) -> None:
        await other.say(receipt[:-1] + "*")
        assert other.state is not None
        assert receipt[:8] not in str(to_json(other.state))


async def test_no_state_holds_a_word_that_was_written(assistant: Assistant) -> None:
    person = await Person(assistant).arrive()
    for text in ("marzipan in my garden", "he threatens me with marzipan", "marzipan, Malmö", "I am 34, marzipan"):
        await person.say(text)
        assert person.state is not None
        assert "marzipan" not in str(to_json(person.state))


async def test_at_most_three_messages_follow_a_choice(asked: Person) -> None:
    while "summary" not in asked.kinds:
        await asked.tap("command:skip")
        assert len(asked.replies) <= 3
        assert isinstance(asked.replies[-1], ChoicesReply)
