"""What is counted, and by what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from intake_store.submission.iso_weeks import IsoWeek

_CODES: Final = {
    "channel": re.compile(r"|[a-z]{1,16}"),
    "language": re.compile(r"|[a-z]{2,3}"),
    "subject": re.compile(r"|[a-z][a-z0-9_]{0,63}"),
    "county": re.compile(r"|\d{2}"),
}
"""What the parts of an occurrence look like; a text that a person wrote hardly ever does."""


class UsageEvent(StrEnum):
    """What can happen. Counted is how often it happened, never to how many people: nobody is recognised.

    A turn that a channel delivers twice counts twice, and so does what a person goes back behind and does again.
    """

    CONVERSATION_STARTED = "conversation_started"
    """The first thing a person did after the welcome: wrote, chose, or picked a language; leaving is none of these.

    Opening the page or the chat, however often, is no conversation. Starting over is a new one, and so is going on
    after the state has expired.
    """
    FLOW_ENTERED = "flow_entered"
    """A topic began, through a choice, through what the person wrote, or led to by another topic; `subject` names it.

    Coming back to a topic, or beginning it again from within itself, is not counted.
    """
    FLOW_COMPLETED = "flow_completed"
    """A topic came to its own end, also by leading on to another one; `subject` names it.

    One that was dropped for another topic did not. Many topics are useful without their end.
    """
    CRISIS_CARD_SHOWN = "crisis_card_shown"
    """A card with numbers to call was shown; `subject` is the kind of crisis.

    Also where the assistant was not sure and asked: a card beside that question, and the one after a yes, are two.
    """
    SERVICE_CARD_SHOWN = "service_card_shown"
    """A search showed services, however many; `subject` is the need looked for, `county` where."""
    SERVICE_NOT_FOUND = "service_not_found"
    """A search found no service of the place or its county; `subject` is the need looked for, `county` where.

    If services for the whole of Sweden were shown instead, `SERVICE_CARD_SHOWN` is counted too.
    """
    SERVICE_CARD_OPENED = "service_card_opened"
    """A person asked for hours, cost and other details of what was shown; `subject` and `county` as before.

    `subject` is empty if other topics came in between.
    """
    QUESTIONNAIRE_STARTED = "questionnaire_started"
    """The questions of a population began; `subject` is the population."""
    QUESTIONNAIRE_COMPLETED = "questionnaire_completed"
    """The person saw the answers and sent them, whether or not this deployment records them; `subject` as before."""
    QUESTIONNAIRE_LEFT = "questionnaire_left"
    """The person stopped in a way that can be heard: said so, went back out, chose other questions, or wrote to leave.

    Saying to be under 18 ends questions for adults, which counts too; a mistake on our side does not.

    Whoever closes the page, or presses its exit button, is not heard: started less completed is the sound figure.
    """
    UNDERSTANDING_FAILED = "understanding_failed"
    """A text was not understood; `subject` is `cannot_handle`, or `understanding_away` while the service is away."""
    MADE_UP = "made_up"
    """Nothing that happened: how many of the week's counts are made up for trying out. No conversation counts it.

    It goes wherever the counts of its week go, so that every table they are in says that it is synthetic.
    """


@dataclass(frozen=True, slots=True, order=True)
class Occurrence:
    """Something that happened, with all that it is counted by; raises `ValueError` for what is not a code.

    `channel` is a kind of channel, `language` a code, `county` a county's two digits. A part that the event is not
    counted by is empty: what is counted by county is counted neither by channel nor by language, since one
    conversation in a rare language in a small county could be somebody's.
    """

    event: UsageEvent
    channel: str = ""
    language: str = ""
    subject: str = ""
    county: str = ""

    def __post_init__(self) -> None:
        for name, pattern in _CODES.items():
            if not pattern.fullmatch(getattr(self, name)):
                # What stands there is not repeated: it should not be there.
                raise ValueError(f"the {name} of a counted event is not a code")
        if self.county and (self.channel or self.language):
            raise ValueError("what is counted by county is counted neither by channel nor by language")


@dataclass(frozen=True, slots=True, order=True)
class UsageCount:
    """How often something happened in a week."""

    iso_week: IsoWeek
    occurrence: Occurrence
    count: int
