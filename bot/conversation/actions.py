"""What flows ask the world outside to do: search services, submit and withdraw responses.

An action never raises for what a person or the store did: its result slots tell the flow, which tells the person.
"""

from __future__ import annotations

import datetime
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from bot.conversation.quality import NoSenders, Senders, quality_flags
from bot.conversation.questionnaires import BEGAN, KNOWN, response_from, submission_key, timed
from bot.conversation.updates import Update
from bot.dialogue.events import ActionFailed, ActionFinished
from bot.dialogue.flow_model import FlowSet
from bot.dialogue.state import DialogueState
from bot.dialogue.utterances import Say, ShowServices
from bot.directory.directory import Directory
from bot.directory.municipalities import County, Municipality
from bot.directory.opening_hours import SWEDEN
from bot.directory.search import Level, find_services
from bot.directory.services import Audience, Need
from intake_store.codebook import Codebook
from intake_store.submission.errors import IntakeStoreError, OutcomeUnknown, ReceiptError
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.receipts import ReceiptCode, derive_receipt_code, read_receipt_code
from intake_store.submission.response import QualityFlag, Response
from intake_store.submission.store import ResponseStore, SubmissionOutcome

logger = logging.getLogger(__name__)

CONVERSATION_KEY = "conversation_key"
"""The slot with a random value that lives in the state alone; it keeps a response from being stored twice."""

ACTION_NAMES = frozenset(
    {"action_search_services", "action_show_service_details", "action_submit_response", "action_withdraw_response"}
)
"""The actions that flows may name."""

ACTION_RESPONSES = frozenset({"utter_receipt_code"})
"""Responses that actions say."""

ACTION_VALUES = frozenset({"receipt_code", "web_address"})
"""Placeholders that the application fills in."""

_AUDIENCES = {
    "selling": Audience.SELLING,
    "buying": Audience.BUYING,
    "relative": Audience.RELATIVE,
    "professional": Audience.PROFESSIONAL,
    "young": Audience.UNDER18,
}
_LEVELS = {Level.MUNICIPALITY: "local", Level.COUNTY: "county", Level.NATIONAL: "national"}
_YOUNG_AGE = 15
"""The age assumed of somebody of whom only is known that they are under 18: what is open to a child fits."""


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """An action to carry out, with the state it belongs to and the update that led to it."""

    name: str
    state: DialogueState
    update: Update


class Actions:
    """Carries out actions by name; `now` returns the time, zone-aware, and `senders` counts who sends much."""

    def __init__(
        self,
        *,
        flows: FlowSet,
        directory: Directory,
        codebook: Codebook,
        store: ResponseStore,
        now: Callable[[], datetime.datetime],
        senders: Senders | None = None,
    ) -> None:
        self._flows = flows
        self._directory = directory
        self._codebook = codebook
        self._store = store
        self._now = now
        self._senders = NoSenders() if senders is None else senders
        self._by_name: Mapping[str, Callable[[ActionRequest], Awaitable[ActionFinished]]] = {
            "action_search_services": self._search_services,
            "action_show_service_details": self._show_service_details,
            "action_submit_response": self._submit_response,
            "action_withdraw_response": self._withdraw_response,
        }

    async def run(self, request: ActionRequest) -> ActionFinished | ActionFailed:
        """Carry out an action; what nobody expected becomes `ActionFailed`."""
        try:
            return await self._by_name[request.name](request)
        except Exception as error:
            # Only the kind of error is logged: its message could carry what somebody wrote.
            logger.error("Action %s failed: %s.", request.name, type(error).__name__)
            return ActionFailed()

    def timed(self, state: DialogueState) -> DialogueState:
        """Return the state with the time at which its questionnaire began."""
        return timed(self._flows, state, self._now())

    async def _search_services(self, request: ActionRequest) -> ActionFinished:
        slots = request.state.slots
        under18 = bool(slots.get("under18"))
        need = slots.get("need")
        place = self._place(slots.get("place"))
        result = find_services(
            self._directory,
            need=Need(need) if isinstance(need, str) else None,
            audience=Audience.UNDER18 if under18 else _AUDIENCES.get(str(slots.get("audience"))),
            place=place,
            age=_YOUNG_AGE if under18 else None,
            language=request.state.language,
            at=self._now(),
        )
        if not result.cards:
            return ActionFinished({"services_level": "none"})
        level = _LEVELS[result.level] if result.level and result.local_found else "national"
        code = (place.code if level == "local" else self._county_code(place)) if place and level != "national" else None
        shown = ShowServices(tuple(card.id for card in result.cards), level, code)
        return ActionFinished({"services_level": level, "services_shown": shown.services}, (shown,))

    async def _show_service_details(self, request: ActionRequest) -> ActionFinished:
        shown = request.state.slots.get("services_shown")
        services = {service.id for service in self._directory.services}
        known = tuple(service for service in shown if service in services) if isinstance(shown, tuple) else ()
        if not known:
            return ActionFinished({"services_level": "none"})
        return ActionFinished({"services_level": "details"}, (ShowServices(known, "details", None),))

    async def _submit_response(self, request: ActionRequest) -> ActionFinished:
        state = request.state
        population = self._flows.population(state.stack)
        if population is None:
            return ActionFinished({"submission": "failed"})
        response = response_from(
            self._codebook,
            population,
            state.slots,
            week=IsoWeek.of(self._now().astimezone(SWEDEN).date()),
            channel=request.update.channel,
            language=state.language or "",
        )
        response = replace(response, flags=self._flags(response, request))
        key = submission_key(self._flows, state, str(state.slots[CONVERSATION_KEY]))
        receipt = self._receipt(key) if state.slots.get("wants_receipt") is True else None
        said = (Say("utter_receipt_code", {**state.slots, "receipt_code": receipt}),) if receipt else ()
        try:
            outcome = await self._store.submit(response, key, receipt)
        except IntakeStoreError as error:
            logger.error("A response could not be stored: %s.", type(error).__name__)
            if isinstance(error, OutcomeUnknown):
                # If it was stored and nobody tries again, the code is still what deletes it.
                return ActionFinished({"submission": "uncertain"}, said)
            # Once it may have been stored, only a store that answers can take the doubt away again.
            doubtful = state.slots.get("submission") == "uncertain"
            return ActionFinished({"submission": "uncertain" if doubtful else "failed"})
        if outcome is SubmissionOutcome.NOT_RECORDED:
            return ActionFinished({"submission": "not_recorded"}, final=True)
        # Another round, if there is one, begins now.
        return ActionFinished({"submission": "stored", BEGAN: None}, said, final=True)

    def _flags(self, response: Response, request: ActionRequest) -> frozenset[QualityFlag]:
        slots = request.state.slots
        began, known = slots.get(BEGAN), slots.get(KNOWN)
        return quality_flags(
            self._codebook,
            response,
            seconds=self._now().timestamp() - began if isinstance(began, int) else None,
            known=known if isinstance(known, int) else 0,
            sent_many=self._senders.sent_many(request.update.sender, str(slots[CONVERSATION_KEY])),
        )

    async def _withdraw_response(self, request: ActionRequest) -> ActionFinished:
        try:
            withdrawn = await self._store.withdraw(read_receipt_code(request.update.text or ""))
        except ReceiptError:
            return ActionFinished({"withdrawal": "malformed"})
        except IntakeStoreError as error:
            logger.error("A withdrawal could not be carried out: %s.", type(error).__name__)
            return ActionFinished({"withdrawal": "uncertain" if isinstance(error, OutcomeUnknown) else "failed"})
        return ActionFinished({"withdrawal": "done" if withdrawn else "not_found"}, final=withdrawn)

    @staticmethod
    def _receipt(key: str) -> ReceiptCode:
        # The same submission, tried again, shows the same code: it follows from the key, which only the state holds.
        return derive_receipt_code(hashlib.sha256(f"receipt:{key}".encode()).digest())

    def _place(self, code: object) -> Municipality | County | None:
        if not isinstance(code, str):
            return None
        return self._directory.municipalities.get(code) or self._directory.counties.get(code)

    @staticmethod
    def _county_code(place: Municipality | County) -> str:
        return place.county_code if isinstance(place, Municipality) else place.code
