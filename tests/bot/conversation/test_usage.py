"""What is counted of whole conversations, with real content and real counters."""

from __future__ import annotations

import datetime
import logging
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from assistants import Assistants
from intake import Intake
from person import Person

from bot.content import Content
from bot.conversation.assistant import Assistant
from bot.conversation.updates import ChannelKind
from bot.directory.directory import Directory
from bot.directory.opening_hours import SWEDEN
from bot.directory.search import find_services
from bot.directory.services import Need
from bot.process import serve
from bot.settings import BotSettings
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.usage.events import Occurrence, UsageEvent
from intake_store.usage.reading import read_usage

WORDS = ("zebrafink", "quokkamarmelad", "Fnurkeby")


class Tally:
    """Counters that a test looks at."""

    def __init__(self) -> None:
        self.all: Counter[Occurrence] = Counter()
        self._last: Counter[Occurrence] = Counter()

    def count(self, occurrences: Iterable[Occurrence]) -> None:
        self.all.update(occurrences)

    def new(self) -> dict[str, int]:
        """What was counted since the last look, as `event subject county`, whatever the language."""
        found: Counter[str] = Counter()
        for occurrence, number in (self.all - self._last).items():
            parts = (str(occurrence.event), occurrence.subject, occurrence.county)
            found[" ".join(filter(None, parts))] += number
        self._last = self.all.copy()
        return dict(found)


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def assistant(assistants: Assistants, intake: Intake, tally: Tally) -> Assistant:
    return assistants.make(intake.inbox, usage=tally)


class TestConversations:
    async def test_opening_the_page_is_no_conversation(self, assistant: Assistant, tally: Tally) -> None:
        for _ in range(3):
            await Person(assistant).arrive()
        await Person(assistant, channel="telegram").command("start")
        assert tally.new() == {}

    async def test_the_first_thing_done_starts_one_and_the_second_none(self, person: Person, tally: Tally) -> None:
        await person.tap("flow:relative")
        assert tally.new() == {"conversation_started": 1, "flow_entered relative": 1}
        await person.command("menu")
        assert tally.new() == {"flow_entered menu": 1}

    @pytest.mark.parametrize("channel", ["web", "telegram"])
    async def test_a_text_without_a_welcome_before_it_starts_one(
        self, assistant: Assistant, tally: Tally, channel: ChannelKind
    ) -> None:
        person = await Person(assistant, channel=channel, language="ro").say("12345")
        assert tally.all == {
            Occurrence(UsageEvent.CONVERSATION_STARTED, channel, "ro"): 1,
            Occurrence(UsageEvent.UNDERSTANDING_FAILED, channel, "ro", "understanding_away"): 1,
        }
        await person.say("12345")
        assert tally.all[Occurrence(UsageEvent.CONVERSATION_STARTED, channel, "ro")] == 1

    async def test_a_language_that_is_picked_counts_in_that_language(self, person: Person, tally: Tally) -> None:
        await person.pick("ro")
        assert tally.all == {Occurrence(UsageEvent.CONVERSATION_STARTED, "web", "ro"): 1}

    async def test_leaving_at_once_is_no_conversation(self, person: Person, tally: Tally) -> None:
        await person.say("exit")
        assert tally.new() == {}

    async def test_starting_over_is_a_new_one_once_something_is_done(self, person: Person, tally: Tally) -> None:
        await person.tap("flow:relative")
        await person.command("start")
        assert tally.new() == {"conversation_started": 1, "flow_entered relative": 1}
        await person.tap("flow:relative")
        assert tally.new() == {"conversation_started": 1, "flow_entered relative": 1}

    async def test_a_mistake_on_our_side_starts_no_other(self, asked: Person, tally: Tally) -> None:
        assert asked.state is not None
        *below, top = asked.state.stack
        asked.state = replace(asked.state, stack=(*below, replace(top, step="of yesterday")))
        tally.new()
        await asked.tap_old("situation:ongoing")
        assert "went wrong" in asked.heard
        assert tally.new() == {}
        await asked.tap("flow:find_service")
        assert tally.new() == {"flow_entered find_service": 1}


class TestTopics:
    async def test_a_topic_is_entered_once_and_completed_at_its_end(self, person: Person, tally: Tally) -> None:
        await person.tap("flow:buyer_support")
        assert tally.new() == {"conversation_started": 1, "flow_entered buyer_support": 1}
        await person.pick("sv")
        assert tally.new() == {}
        await person.tap("buyer_topic:enough")
        assert tally.new() == {"flow_completed buyer_support": 1}

    async def test_a_topic_that_is_dropped_is_not_completed(self, person: Person, tally: Tally) -> None:
        await person.taps("flow:buyer_support", "buyer_topic:enough")
        await person.tap("flow:find_service")
        tally.new()
        await person.tap_old("flow:relative")
        assert tally.new() == {"flow_entered relative": 1}

    async def test_going_back_enters_nothing(self, person: Person, tally: Tally) -> None:
        await person.taps("flow:find_service", "need:debt")
        tally.new()
        await person.tap("command:back")
        await person.tap("command:back")
        assert tally.new() == {}

    async def test_what_was_interrupted_is_not_entered_again(self, asked: Person, tally: Tally) -> None:
        tally.new()
        await asked.tap_old("flow:buyer_law")
        entered = tally.new()
        assert entered["flow_entered buyer_law"] == 1
        assert not any(name.startswith("questionnaire") for name in entered)


class TestCrises:
    async def test_cards_are_counted_by_what_they_are_about(self, person: Person, tally: Tally) -> None:
        await person.say("I want to kill myself")
        assert tally.new() == {
            "conversation_started": 1,
            "crisis_card_shown suicide": 1,
            "flow_entered suicide": 1,
        }

    async def test_a_card_beside_a_question_and_the_one_after_a_yes_are_two(self, person: Person, tally: Tally) -> None:
        await person.say("he threatens me")
        assert person.stack == ["pattern_confirm_crisis"]
        counted = tally.new()
        (kind,) = (name.split()[1] for name in counted if name.startswith("crisis_card_shown"))
        assert counted == {"conversation_started": 1, f"crisis_card_shown {kind}": 1}
        await person.tap("crisis_understood:yes")
        assert tally.new() == {f"crisis_card_shown {kind}": 1, f"flow_entered {kind}": 1}

    async def test_somebody_young_is_counted_with_no_word_about_age(self, person: Person, tally: Tally) -> None:
        await person.tap("flow:under18")
        assert tally.new() == {
            "conversation_started": 1,
            "crisis_card_shown under18": 1,
            "flow_entered under18": 1,
        }
        await person.tap("under18_topic:near")
        await person.say("Malmö")
        assert [name for name in tally.new() if name.startswith("service")] == ["service_card_shown youth 12"]


class TestServices:
    async def test_a_search_is_counted_by_county_alone(self, person: Person, tally: Tally) -> None:
        await person.taps("flow:find_service", "need:specialised")
        await person.say("Malmö")
        shown = Occurrence(UsageEvent.SERVICE_CARD_SHOWN, subject="specialised", county="12")
        assert tally.all[shown] == 1
        tally.new()
        await person.tap("flow:service_details")
        assert {name: n for name, n in tally.new().items() if name.startswith("service")} == {
            "service_card_opened specialised 12": 1
        }
        counted = [occurrence for occurrence in tally.all if occurrence.event.startswith("service")]
        assert all(not occurrence.language and not occurrence.channel for occurrence in counted)
        assert not any("1280" in str(occurrence) for occurrence in tally.all)

    async def test_the_whole_country_is_no_county(self, person: Person, tally: Tally) -> None:
        await person.taps("flow:find_service", "need:counselling", "place:national")
        services = {name: n for name, n in tally.new().items() if name.startswith("service")}
        assert services == {"service_card_shown counselling": 1}

    async def test_what_is_missing_in_a_county_is_counted(self, person: Person, tally: Tally, content: Content) -> None:
        county = county_without(content.directory, "specialised")
        await person.taps("flow:find_service", "need:specialised")
        await person.say(content.directory.counties[county].name)
        services = {name: n for name, n in tally.new().items() if name.startswith("service")}
        assert services[f"service_not_found specialised {county}"] == 1

    def test_a_code_of_a_municipality_begins_with_its_county(self, content: Content) -> None:
        assert content.directory.municipalities
        for code, municipality in content.directory.municipalities.items():
            assert municipality.county_code == code[:2]


def county_without(directory: Directory, need: str) -> str:
    """Return a county in which no service for a need is."""
    now = datetime.datetime(2026, 11, 24, 13, tzinfo=datetime.UTC)
    for code, county in directory.counties.items():
        result = find_services(directory, need=Need(need), audience=None, place=county, age=None, language="en", at=now)
        if not result.local_found:
            return code
    raise AssertionError("every county has one")


class TestQuestionnaires:
    async def test_the_questions_are_started_and_completed(self, asked: Person, tally: Tally) -> None:
        assert tally.new()["questionnaire_started needs_buying"] == 1
        while "summary" not in asked.kinds:
            await asked.tap("command:skip")
        assert tally.new() == {}
        await asked.taps("confirm_answers:send", "wants_receipt:no")
        assert tally.new() == {"questionnaire_completed needs_buying": 1}

    @pytest.mark.parametrize("way", ["says so", "leaves", "starts over", "goes back out"])
    async def test_stopping_in_a_way_that_can_be_heard(self, asked: Person, tally: Tally, way: str) -> None:
        tally.new()
        match way:
            case "says so":
                await asked.tap("command:cancel")
            case "leaves":
                await asked.say("exit")
            case "starts over":
                await asked.command("start")
            case "goes back out":
                await asked.tap("command:back")
        assert tally.new() == {"questionnaire_left needs_buying": 1}

    async def test_who_has_sent_the_answers_leaves_nothing(self, asked: Person, tally: Tally) -> None:
        while "summary" not in asked.kinds:
            await asked.tap("command:skip")
        await asked.taps("confirm_answers:send", "wants_receipt:no")
        await asked.say("exit")
        assert not any(name.startswith("questionnaire_left") for name in tally.new())

    async def test_answers_that_could_not_be_stored_are_not_completed(
        self, asked: Person, tally: Tally, intake: Intake
    ) -> None:
        while "summary" not in asked.kinds:
            await asked.tap("command:skip")
        intake.break_down()
        await asked.taps("confirm_answers:send", "wants_receipt:no")
        intake.come_back()
        assert not any(name.startswith("questionnaire_completed") for name in tally.new())
        await asked.tap("retry_submission:yes")
        assert tally.new() == {"questionnaire_completed needs_buying": 1}

    async def test_each_round_is_started_and_completed(self, person: Person, tally: Tally) -> None:
        await person.tap_old("flow:experience")
        await person.taps("under18:no", "experience_start:yes")
        for number in (1, 2):
            counted = tally.new()
            assert counted["questionnaire_started experience"] == 1
            assert not any(name.startswith("questionnaire_left") for name in counted)
            while "summary" not in person.kinds:
                await person.tap("command:skip")
            await person.taps("confirm_answers:send", "wants_receipt:no")
            assert tally.new() == {"questionnaire_completed experience": 1}
            await person.tap("another_service:yes" if number == 1 else "another_service:no")
        assert not any(name.startswith("questionnaire") for name in tally.new())

    async def test_who_goes_before_another_round_leaves_nothing(self, person: Person, tally: Tally) -> None:
        await person.tap_old("flow:experience")
        await person.taps("under18:no", "experience_start:yes")
        while "summary" not in person.kinds:
            await person.tap("command:skip")
        await person.taps("confirm_answers:send", "wants_receipt:no")
        await person.say("exit")
        assert not any(name.startswith("questionnaire_left") for name in tally.new())


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_is_tapped_only_names_of_the_content_are_counted(
    assistant: Assistant, tally: Tally, content: Content, caplog: pytest.LogCaptureFixture, seed: int
) -> None:
    chance = random.Random(seed)
    known = {
        "",
        "cannot_handle",
        "understanding_away",
        *(name for name, flow in content.flows.flows.items() if not flow.is_pattern),
        *content.flows.variables,
        *Need,
    }
    person = await Person(assistant).arrive()
    for _ in range(250):
        offered = [choice for choice in person.offered if choice != "command:exit"]
        if not offered or chance.random() < 0.05:
            await person.say(chance.choice(("he threatens me", "Malmö", "I am 15", "zebrafink", "Gotland")))
        else:
            await person.tap_old(chance.choice(offered))
    assert not caplog.records
    assert {occurrence.subject for occurrence in tally.all} <= known
    assert tally.all[Occurrence(UsageEvent.CONVERSATION_STARTED, "web", "en")] <= 1
    counties = {occurrence.county for occurrence in tally.all} - {""}
    assert counties <= set(content.directory.counties)


async def test_counting_that_breaks_breaks_no_conversation(
    assistants: Assistants, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def count(self, occurrences: Iterable[Occurrence]) -> None:
            raise RuntimeError("zebrafink")

    person = await Person(assistants.make(usage=Broken())).arrive()
    await person.tap("flow:relative")
    assert person.stack == ["relative"]
    await person.say("exit")
    assert "could not be counted: RuntimeError" in caplog.text
    assert "zebrafink" not in caplog.text


async def test_the_web_page_leaves_counts_and_nothing_that_was_written(
    intake: Intake, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = BotSettings(
        var=tmp_path / "var", port=0, record_responses=False, record_usage=True, database=str(intake.database)
    )
    zebra, quokka, town = WORDS
    async with serve(settings) as address, aiohttp.ClientSession(headers={"Accept-Language": "en"}) as session:

        async def turn(state: str | None, **did: str) -> str:
            async with session.post(f"{address}/api/turn", json={"state": state, **did}) as response:
                assert response.status == 200
                token: str = (await response.json())["state"]
                return token

        for _ in range(2):
            async with session.get(address) as response:
                assert response.status == 200
        begun = await turn(None, text=f"my {zebra} lives in {town}", language="en")
        threatened = await turn(begun, text=f"{quokka} I want to kill myself")
        state = await turn(threatened, choice="flow:find_service")
        state = await turn(state, choice="need:specialised")
        await turn(state, text="Malmö")
    counts = await read_usage(str(intake.database))
    week = IsoWeek.of(datetime.datetime.now(SWEDEN).date())
    assert {count.iso_week for count in counts} <= {week, week.previous()}
    assert {(str(count.occurrence.event), count.occurrence.subject, count.occurrence.county) for count in counts} >= {
        ("conversation_started", "", ""),
        ("crisis_card_shown", "suicide", ""),
        ("service_card_shown", "specialised", "12"),
    }
    assert sum(count.count for count in counts if count.occurrence.event == "conversation_started") == 1
    held = b"".join(path.read_bytes() for path in sorted(intake.database.parent.glob("intake.sqlite3*")))
    for word in (*WORDS, "kill", "1280", "Malm"):
        assert word.encode() not in held
    for word in WORDS:
        assert word not in caplog.text
