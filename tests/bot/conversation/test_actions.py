"""Actions never raise, whatever the state, the person or the store are like; and they log no word."""

from __future__ import annotations

import datetime
import logging

import pytest
from intake import Intake

from bot.content import Content
from bot.conversation.actions import ACTION_NAMES, CONVERSATION_KEY, ActionRequest, Actions
from bot.conversation.updates import Update
from bot.dialogue.events import ActionFailed, ActionFinished
from bot.dialogue.state import DialogueState, Frame, SlotValue
from bot.dialogue.utterances import ShowServices
from bot.directory.opening_hours import SWEDEN
from bot.directory.services import Audience, Need
from intake_store.submission.receipts import ReceiptCode, derive_receipt_code
from intake_store.submission.response import Response
from intake_store.submission.store import NullResponseStore, ResponseStore, SubmissionOutcome

NEW_YEAR = datetime.datetime(2026, 12, 31, 23, 30, tzinfo=datetime.UTC)
"""In Sweden it is already Friday the first of January, which belongs to week 53."""


class BrokenStore:
    """A store with a mistake in its code, which quotes what it was given."""

    async def submit(
        self, response: Response, idempotency_key: str, receipt: ReceiptCode | None = None
    ) -> SubmissionOutcome:
        raise RuntimeError(f"marzipan {response} {idempotency_key}")

    async def withdraw(self, receipt: ReceiptCode) -> bool:
        raise RuntimeError(f"marzipan {receipt}")


def actions_with(content: Content, store: ResponseStore) -> Actions:
    return Actions(
        flows=content.flows,
        directory=content.directory,
        codebook=content.codebook,
        store=store,
        now=lambda: NEW_YEAR,
    )


def request(name: str, text: str | None = None, flow: str = "needs_buying", **slots: SlotValue) -> ActionRequest:
    stack = (Frame(flow, "check"),)
    return ActionRequest(
        name, DialogueState(stack, {CONVERSATION_KEY: "key", "language": "en", **slots}), Update("web", text)
    )


@pytest.mark.parametrize("name", sorted(ACTION_NAMES))
@pytest.mark.parametrize(
    "slots",
    [
        {},
        {"need": "nothing", "audience": "nobody", "place": "9999", "services_shown": ("gone",), "situation": "nothing"},
        {"need": ("set",), "audience": 7, "place": True, "services_shown": "text"},
        {"under18": True, "place": "national", "wants_receipt": True},
    ],
)
async def test_no_state_makes_an_action_raise(
    content: Content, intake: Intake, name: str, slots: dict[str, SlotValue]
) -> None:
    for text in (None, "", "marzipan", "0000-0000-0000-0000"):
        done = await actions_with(content, intake.inbox).run(request(name, text, **slots))
        assert isinstance(done, ActionFinished | ActionFailed)
    assert len(intake.responses()) <= 1, "what is stored can be opened and fits the codebook"


async def test_an_action_that_does_not_exist_fails(content: Content) -> None:
    assert await actions_with(content, NullResponseStore()).run(request("action_dance")) == ActionFailed()


@pytest.mark.parametrize("name", ["action_submit_response", "action_withdraw_response"])
async def test_what_breaks_is_logged_without_its_words(
    content: Content, caplog: pytest.LogCaptureFixture, name: str, intake: Intake
) -> None:
    caplog.set_level(logging.DEBUG)
    code = derive_receipt_code(bytes(32))
    done = await actions_with(content, BrokenStore()).run(request(name, code, situation="stopped"))
    assert done == ActionFailed()
    assert "RuntimeError" in caplog.text
    for word in ("marzipan", "stopped", code, "key"):
        assert word not in caplog.text


async def test_the_week_is_swedish(content: Content, intake: Intake) -> None:
    done = await actions_with(content, intake.inbox).run(request("action_submit_response", situation="stopped"))
    assert isinstance(done, ActionFinished)
    assert (done.slots["submission"], done.final) == ("stored", True)
    (response,) = intake.responses()
    assert str(response.iso_week) == "2026-W53"


async def test_every_search_finds_something_to_show_or_says_so(content: Content) -> None:
    """Whoever searches whatever wherever: services of the directory, at most three, or the level `none`."""
    known = {service.id for service in content.directory.services}
    actions = actions_with(content, NullResponseStore())
    for need in (None, *Need):
        for role in (None, "selling", "buying", "relative", "professional", "young"):
            for place in ("national", "0180", "2584", "14"):
                slots: dict[str, SlotValue] = {"need": need.value if need else None, "audience": role, "place": place}
                done = await actions.run(request("action_search_services", **slots, under18=role == "young"))
                assert isinstance(done, ActionFinished)
                shown = [utterance for utterance in done.utterances if isinstance(utterance, ShowServices)]
                assert (done.slots["services_level"] == "none") == (not shown)
                for services in shown:
                    assert 0 < len(services.services) <= 3
                    assert set(services.services) <= known


async def test_whom_a_service_is_for_is_looked_at(content: Content) -> None:
    actions = actions_with(content, NullResponseStore())
    shown = []
    for audience in ("selling", "buying", "relative"):
        done = await actions.run(request("action_search_services", need="counselling", audience=audience, place="0180"))
        assert isinstance(done, ActionFinished)
        shown.append(done.slots["services_shown"])
    assert len(set(shown)) == 3


async def test_nobody_under_18_is_shown_what_is_for_adults(content: Content) -> None:
    actions = actions_with(content, NullResponseStore())
    for need in Need:
        done = await actions.run(request("action_search_services", need=need.value, under18=True, place="0180"))
        assert isinstance(done, ActionFinished)
        for utterance in done.utterances:
            assert isinstance(utterance, ShowServices)
            for name in utterance.services:
                service = content.directory.service(name)
                assert (service.minimum_age or 0) <= 15, (need, name)
                assert Audience.BUYING not in service.audience or len(service.audience) > 1


def test_the_clock_of_the_tests_is_in_the_next_year_in_sweden() -> None:
    assert NEW_YEAR.astimezone(SWEDEN).year == 2027
