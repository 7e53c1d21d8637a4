from __future__ import annotations

import pytest
from assistants import Assistants
from intake import Intake
from person import Person

from bot.conversation.assistant import Assistant

TO_QUESTIONS = (
    "flow:buyer_support",
    "buyer_topic:enough",
    "flow:needs_questionnaire",
    "under18:no",
    "questionnaire_choice:buying",
)
"""Choices that lead from the welcome to the first question for people who buy sex."""


@pytest.fixture
def assistant(assistants: Assistants, intake: Intake) -> Assistant:
    """Return an assistant with a store; nothing understands free text, unless the test asks for `nlu`."""
    return assistants.make(intake.inbox)


@pytest.fixture
async def person(assistant: Assistant) -> Person:
    """Return somebody who has read the welcome, in English."""
    return await Person(assistant).arrive()


@pytest.fixture
async def asked(person: Person) -> Person:
    """Return somebody who answers the questions for people who buy sex; the first one is on the screen."""
    return await person.taps(*TO_QUESTIONS)
