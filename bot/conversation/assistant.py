"""One turn: update → safety and understanding → dialogue → actions → replies."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from bot.conversation.actions import CONVERSATION_KEY, ActionRequest, Actions
from bot.conversation.answering import Answer
from bot.conversation.rendering import Renderer
from bot.conversation.replies import NoticeReply, Reply
from bot.conversation.updates import ChannelKind, Update
from bot.conversation.usage import UNDER_WAY, Course, occurrences, occurrences_on_leaving
from bot.dialogue.engine import Turn, advance, question
from bot.dialogue.events import (
    ActionFailed,
    ActionFinished,
    ChoicesTaken,
    Event,
    LanguageChosen,
    Started,
    Understood,
)
from bot.dialogue.flow_model import FlowSet
from bot.dialogue.state import DialogueState
from bot.dialogue.utterances import Ask, Utterance
from bot.directory.municipalities import County, Municipality
from bot.directory.places import PlaceIndex, PlaceStatus
from bot.safety.exit_words import ExitWords
from bot.translation.catalogues import Catalogues
from bot.translation.marking import message
from bot.understanding.interpretation import Interpreter, Understanding
from intake_store.submission.errors import ReceiptError
from intake_store.submission.receipts import looks_like_receipt, read_receipt_code
from intake_store.usage.counting import UsageCounter
from intake_store.usage.events import Occurrence

logger = logging.getLogger(__name__)

ACTION_LIMIT = 5
"""Actions in one turn; more would be a circle in the flows."""

Visited = Callable[[Sequence[tuple[str, str]]], None]
"""Told the names of the flows and steps that a turn went through."""

_COMMAND_FLOWS = {"start": None, "menu": "flow:menu", "language": "flow:language", "privacy": "flow:privacy"}
_NEUTRAL = message("This conversation has ended, and nothing of it is kept.")


def new_conversation_key() -> str:
    """Return 128 random bits, as text."""
    return secrets.token_urlsafe(16)


class Assistant:
    """Answers updates; holds no state of any conversation.

    `usage` counts what happens. `new_key` makes the key that keeps a conversation's response from being stored twice;
    `visited` watches which steps of the flows are used.
    """

    def __init__(
        self,
        *,
        flows: FlowSet,
        catalogues: Catalogues,
        interpreter: Interpreter,
        places: PlaceIndex,
        exit_words: ExitWords,
        actions: Actions,
        renderer: Renderer,
        usage: UsageCounter,
        new_key: Callable[[], str] = new_conversation_key,
        visited: Visited | None = None,
    ) -> None:
        self._flows = flows
        self._catalogues = catalogues
        self._interpreter = interpreter
        self._places = places
        self._exit_words = exit_words
        self._actions = actions
        self._renderer = renderer
        self._usage = usage
        self._new_key = new_key
        self._visited = visited

    async def begin(self, channel: ChannelKind, language: str | None = None) -> Answer:
        """Return the first message of a new conversation, in `language` if that is live."""
        state = self._new_state(language)
        return await self._answer(state, Started(), Update(channel))

    async def turn(self, state: DialogueState | None, update: Update) -> Answer:
        """Return what follows from `update`; without a state a conversation begins with it."""
        if self._leaves(update):
            return self._ended(state, update)
        if state is None:
            return await self._first_turn(update)
        if self._catalogues.supported(state.language) is None:
            state = state.with_slots(language=self._catalogues.default)
        if update.language and (language := self._catalogues.supported(update.language)):
            if update.text is None and not update.choices and update.command is None:
                return await self._answer(state, LanguageChosen(language), update)
            state = state.with_slots(language=language)
        return await self._answer(*await self._event(state, update), update)

    async def _first_turn(self, update: Update) -> Answer:
        """Greet, and answer what the first update already said; who this is has to be told in any case."""
        begun = await self.begin(update.channel, update.language)
        if begun.state is None or (update.text is None and not update.choices and update.command in (None, "start")):
            return begun
        answer = await self.turn(begun.state, replace(update, language=None))
        greeting = tuple(reply for reply in begun.replies if reply.type != "choices")
        return replace(answer, replies=(*greeting, *answer.replies))

    def _leaves(self, update: Update) -> bool:
        if update.command == "exit" or "command:exit" in update.choices:
            return True
        return update.text is not None and self._exit_words.means_exit(update.text)

    def _new_state(self, language: str | None) -> DialogueState:
        return DialogueState(slots={"language": self._catalogues.supported(language) or self._catalogues.default})

    def _ended(self, state: DialogueState | None, update: Update) -> Answer:
        known = (update.language, state.language if state else None)
        language = next(filter(None, map(self._catalogues.supported, known)), self._catalogues.default)
        self._count(lambda: occurrences_on_leaving(self._flows, update.channel, state, language))
        text = self._catalogues[language].translate(_NEUTRAL)
        return Answer(None, language, (NoticeReply(text=text),))

    async def _event(self, state: DialogueState, update: Update) -> tuple[DialogueState, Event]:
        if update.command is not None:
            choice = _COMMAND_FLOWS.get(update.command)
            return state, ChoicesTaken((choice,)) if choice else Started()
        if update.text is None:
            return state, ChoicesTaken(update.choices)
        asked = question(self._flows, state)
        if asked and self._is_receipt_question(asked) and _is_receipt(update.text):
            # A code is no language: nobody has to understand it, and it stays in this process.
            return state, ChoicesTaken((f"{asked.slot}:given",))
        offered = dict(self._renderer.titles(asked, state)) if asked else {}
        understanding = await self._interpreter.interpret(update.text, state.language, offered)
        language = self._catalogues.supported(understanding.language)
        if language and language != state.language:
            state = state.with_slots(language=language)
        return state, self._understood(understanding, update.text, asked)

    def _understood(self, understanding: Understanding, text: str, asked: Ask | None) -> Understood:
        place, candidates = self._place(understanding, text, asked)
        crisis = understanding.crisis
        choices: tuple[str, ...] = (understanding.choice,) if understanding.choice else ()
        if asked and self._is_receipt_question(asked) and looks_like_receipt(text):
            choices = (f"{asked.slot}:given",)
        return Understood(
            intent=understanding.intent,
            alternatives=tuple(guess.name for guess in understanding.alternatives),
            decision=understanding.decision,
            crisis=crisis.intent if crisis else None,
            crisis_certain=crisis.certain if crisis else False,
            place=place,
            place_candidates=candidates,
            age=understanding.age,
            choices=choices,
            language=self._catalogues.supported(understanding.spoken_language),
            understanding_available=understanding.nlu_available,
        )

    def _is_receipt_question(self, asked: Ask) -> bool:
        slot = self._flows.slots.get(asked.slot)
        return slot is not None and slot.type == "receipt"

    def _place(self, understanding: Understanding, text: str, asked: Ask | None) -> tuple[str | None, tuple[str, ...]]:
        """Return the code of the place that was named, or the codes among which to choose.

        When a place was asked for, the whole text is read as one, more leniently than a place in passing.
        """
        matches = [mention.match for mention in understanding.places]
        slot = self._flows.slots.get(asked.slot) if asked else None
        if slot and slot.type == "place" and not matches:
            matches = [self._places.lookup(text)]
        for match in matches:
            if match.status is PlaceStatus.AMBIGUOUS:
                return None, tuple(_code(candidate) for candidate in match.candidates)
            place = match.municipality or match.county
            if place is not None:
                return place.code, ()
        return None, ()

    async def _answer(self, state: DialogueState, event: Event, update: Update) -> Answer:
        key = state.slots.get(CONVERSATION_KEY) or self._new_key()
        state = state.with_slots(**{CONVERSATION_KEY: key, "channel": update.channel})
        turns = [self._advance(state, event)]
        outcomes: list[ActionFinished | ActionFailed] = []
        for _ in range(ACTION_LIMIT):
            if turns[-1].action is None:
                break
            outcomes.append(await self._act(turns[-1], update))
            turns.append(self._advance(turns[-1].state, outcomes[-1]))
        course = Course(state, tuple(turns), tuple(outcomes))
        after = course.after if course.begins_anew else course.after.with_slots(**{UNDER_WAY: True})
        language = self._catalogues.supported(after.language) or self._catalogues.default
        utterances = [utterance for turn in turns for utterance in turn.utterances]
        answer = Answer(self._actions.timed(after), language, tuple(self._replies(utterances, after)))
        self._count(lambda: occurrences(self._flows, update.channel, course))
        return answer

    def _count(self, counted: Callable[[], Sequence[Occurrence]]) -> None:
        try:
            self._usage.count(counted())
        except Exception as error:
            # A figure is never worth an answer. Only the kind of error is logged, as with actions.
            logger.error("What happened could not be counted: %s.", type(error).__name__)

    def _advance(self, state: DialogueState, event: Event) -> Turn:
        turn = advance(self._flows, state, event)
        if self._visited:
            self._visited(turn.visited)
        return turn

    def _replies(self, utterances: list[Utterance], state: DialogueState) -> Iterator[Reply]:
        for utterance in utterances:
            yield from self._renderer.render(utterance, state)

    async def _act(self, turn: Turn, update: Update) -> ActionFinished | ActionFailed:
        assert turn.action is not None
        return await self._actions.run(ActionRequest(turn.action, turn.state, update))


def _code(place: Municipality | County) -> str:
    return place.code


def _is_receipt(text: str) -> bool:
    try:
        read_receipt_code(text)
    except ReceiptError:
        return False
    return True
