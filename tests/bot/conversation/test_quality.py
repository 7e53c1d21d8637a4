"""Doubts about responses: noted when they are sent, with what the state holds, and nobody is refused or told off."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest
from assistants import Assistants
from conftest import TO_QUESTIONS
from intake import Intake
from person import Person

from bot.content import Content
from bot.conversation.quality import SECONDS_PER_ANSWER, quality_flags
from bot.limits.senders import ClientSenders
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.response import Answer, ChannelKind, QualityFlag, Response

ANSWERS = ("situation:ongoing", "command:skip", "command:skip", "command:skip", "age_band:50p", "gender:man")
"""Three answers, and three questions left out."""


async def answer(person: Person, *choices: str) -> Person:
    await person.taps(*TO_QUESTIONS, *choices)
    while "summary" not in person.kinds:
        await person.tap("command:skip")
    return person


async def send(person: Person) -> Person:
    await person.taps("confirm_answers:send", "wants_receipt:no")
    assert "stored" in person.heard
    return person


def flags(intake: Intake) -> list[set[str]]:
    return [set(response.flags) for response in intake.responses()]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (3 * SECONDS_PER_ANSWER, set()),
        (3 * SECONDS_PER_ANSWER - 1, {QualityFlag.TOO_FAST}),
        (-3600, set()),
    ],
    ids=["as fast as one can read", "faster", "the clock was set back"],
)
async def test_what_is_answered_faster_than_it_can_be_read_is_flagged(
    assistants: Assistants, intake: Intake, seconds: int, expected: set[str]
) -> None:
    person = await Person(assistants.make(intake.inbox)).arrive()
    await answer(person, *ANSWERS)
    later = replace(assistants, now=assistants.now + datetime.timedelta(seconds=seconds))
    person.goes_on_with(later.make(intake.inbox))
    await send(person)
    assert flags(intake) == [expected]


async def test_leaving_everything_out_is_never_too_fast(assistants: Assistants, intake: Intake) -> None:
    await send(await answer(await Person(assistants.make(intake.inbox)).arrive()))
    assert flags(intake) == [set()]


async def test_a_further_round_counts_only_what_it_asked(assistants: Assistants, intake: Intake) -> None:
    """The background was answered in the first round; nobody has to read it again."""
    person = await Person(assistants.make(intake.inbox)).arrive()
    await person.taps("flow:buyer_support", "buyer_topic:enough", "flow:experience", "under18:no")
    await person.taps("experience_start:yes", "role:buying", "service_kind:kast")
    while "age_band:50p" not in person.offered:
        await person.tap("command:skip")
    await person.taps("age_band:50p", "gender:man", "lgbtq:no", "county:01")
    first = assistants.now + datetime.timedelta(minutes=1)
    person.goes_on_with(replace(assistants, now=first).make(intake.inbox))
    await send(person)
    await person.taps("another_service:yes", "service_kind:police")
    while "summary" not in person.kinds:
        await person.tap("command:skip")
    second = first + datetime.timedelta(seconds=SECONDS_PER_ANSWER)
    person.goes_on_with(replace(assistants, now=second).make(intake.inbox))
    await send(person)
    assert flags(intake) == [set(), set()]


async def test_the_time_goes_with_the_questionnaire(assistants: Assistants, intake: Intake) -> None:
    person = await Person(assistants.make(intake.inbox)).arrive()
    assert person.state is not None
    assert "questionnaire_began" not in person.state.slots
    await answer(person)
    assert person.state.slots["questionnaire_began"] == int(assistants.now.timestamp())
    await send(person)
    assert "questionnaire_began" not in person.state.slots
    await person.taps("flow:needs_questionnaire", "questionnaire_choice:selling", "command:cancel")
    assert "questionnaire_began" not in person.state.slots


async def test_many_conversations_of_one_client_are_flagged(assistants: Assistants, intake: Intake) -> None:
    senders = ClientSenders(conversations=2, clock=lambda: 0.0)
    assistant = assistants.make(intake.inbox, senders=senders)
    for _ in range(3):
        await send(await answer(await Person(assistant, sender="one client").arrive()))
    await send(await answer(await Person(assistant, sender="another client").arrive()))
    assert sorted(flags(intake), key=len) == [set(), set(), set(), {QualityFlag.SAME_CLIENT}]


def response(population: str, **answers: str) -> Response:
    given = {name: Answer.of(code) for name, code in answers.items()}
    return Response("1", population, IsoWeek(2026, 48), ChannelKind.WEB, "sv", given)


def test_only_contradictions_that_cannot_be_true_are_flagged(content: Content) -> None:
    slip = response("needs_selling", citizenship_group="se", needs="residence")
    rare = response("needs_selling", citizenship_group="se", barriers="no_id")
    for given, expected in ((slip, {QualityFlag.CONTRADICTORY}), (rare, set[QualityFlag]())):
        assert content.codebook.contradictions_in(given.answers, given.population)
        assert quality_flags(content.codebook, given, seconds=None, known=0, sent_many=False) == expected
