"""From what a turn did to what is counted of it: names of topics and codes, nothing of what was written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.conversation.updates import ChannelKind
from bot.dialogue.engine import Turn
from bot.dialogue.events import ActionFailed, ActionFinished
from bot.dialogue.flow_model import FlowSet
from bot.dialogue.state import DialogueState, Frame
from bot.dialogue.utterances import Say, ShowServices
from intake_store.usage.events import Occurrence, UsageEvent

UNDER_WAY = "under_way"
"""The slot that says that the person has done something since the welcome."""

_BEGINNING = "pattern_session_start"
_BREAKDOWN = "pattern_internal_error"
_NOT_UNDERSTOOD = {
    "pattern_cannot_handle": "cannot_handle",
    "pattern_understanding_away": "understanding_away",
}
_SENT = ("stored", "not_recorded")


@dataclass(frozen=True, slots=True)
class Course:
    """What one update of a person did.

    `turns` are the steps of the dialogue, each but the last ended by an action, whose outcome is in `outcomes`.
    """

    before: DialogueState
    turns: tuple[Turn, ...]
    outcomes: tuple[ActionFinished | ActionFailed, ...] = ()

    @property
    def after(self) -> DialogueState:
        """The state it led to."""
        return self.turns[-1].state

    @property
    def begins_anew(self) -> bool:
        """Whether the welcome was said."""
        return any(_BEGINNING in turn.started for turn in self.turns)

    @property
    def broke(self) -> bool:
        """Whether something went wrong on our side."""
        return any(_BREAKDOWN in turn.started for turn in self.turns)

    @property
    def started(self) -> tuple[str, ...]:
        """The flows that began and were not going on before; the welcome and where it leads is the assistant's own."""
        if self.begins_anew:
            return ()
        running = _flows(self.before.stack)
        return tuple(name for turn in self.turns for name in turn.started if name not in running)

    @property
    def ended(self) -> tuple[str, ...]:
        """The flows that came to their own end."""
        return () if self.begins_anew else tuple(name for turn in self.turns for name in turn.ended)


def occurrences(flows: FlowSet, channel: ChannelKind, course: Course) -> tuple[Occurrence, ...]:
    """Return what is counted of an update; nothing is counted of a state that was only begun."""
    language = course.after.language or ""
    return tuple(
        Occurrence(event, str(channel), language, subject) for event, subject in _events(flows, course)
    ) + tuple(_services(course))


def occurrences_on_leaving(
    flows: FlowSet, channel: ChannelKind, state: DialogueState | None, language: str
) -> tuple[Occurrence, ...]:
    """Return what is counted when a person leaves in words or by a command."""
    populations = _unsent(flows, state.stack) if state else ()
    return tuple(
        Occurrence(UsageEvent.QUESTIONNAIRE_LEFT, str(channel), language, population) for population in populations
    )


def _events(flows: FlowSet, course: Course) -> Iterator[tuple[UsageEvent, str]]:
    if not course.before.slots.get(UNDER_WAY) and not course.begins_anew:
        yield UsageEvent.CONVERSATION_STARTED, ""
    yield from _topics(flows, course)
    yield from _questions(flows, course)
    for kind in _crisis_cards(flows, course):
        yield UsageEvent.CRISIS_CARD_SHOWN, kind
    for name in course.started:
        if reason := _NOT_UNDERSTOOD.get(name):
            yield UsageEvent.UNDERSTANDING_FAILED, reason


def _topics(flows: FlowSet, course: Course) -> Iterator[tuple[UsageEvent, str]]:
    for name in dict.fromkeys(course.started):
        if flows.flows[name].is_startable:
            yield UsageEvent.FLOW_ENTERED, name
    for name in dict.fromkeys(course.ended):
        if flows.flows[name].is_startable:
            yield UsageEvent.FLOW_COMPLETED, name


def _questions(flows: FlowSet, course: Course) -> Iterator[tuple[UsageEvent, str]]:
    begun = {flows.flows[name].questionnaire for name in course.started}
    unsent, unsent_before = _unsent(flows, course.after.stack), _unsent(flows, course.before.stack)
    asked_before = _questionnaires(flows, course.before.stack)
    for population in unsent:
        # Another round of a questionnaire that repeats is a start too.
        if population in begun or (population in asked_before and population not in unsent_before):
            yield UsageEvent.QUESTIONNAIRE_STARTED, population
    for turn, outcome in zip(course.turns, course.outcomes, strict=False):
        sent = flows.population(turn.state.stack)
        if sent and isinstance(outcome, ActionFinished) and outcome.slots.get("submission") in _SENT:
            yield UsageEvent.QUESTIONNAIRE_COMPLETED, sent
    if course.broke:
        # The questions were taken away from the person.
        return
    kept = _questionnaires(flows, course.after.stack)
    ended = {flows.flows[name].questionnaire for name in course.ended}
    for population in unsent_before:
        if population not in kept and population not in ended:
            yield UsageEvent.QUESTIONNAIRE_LEFT, population


def _crisis_cards(flows: FlowSet, course: Course) -> Iterator[str]:
    for turn in course.turns:
        said_by = {flows.flows[flow].steps[step].subject: flow for flow, step in turn.visited}
        for utterance in turn.utterances:
            if not isinstance(utterance, Say):
                continue
            if flows.responses[utterance.response].variant(utterance.values, {}).kind == "crisis":
                yield _kind_of_crisis(said_by.get(utterance.response, ""), turn.state.stack)


def _kind_of_crisis(flow: str, stack: Sequence[Frame]) -> str:
    """Return the crisis flow that a card belongs to: the one that shows it, or that a pattern asks about."""
    meant = [frame.context.get("flow") for frame in stack if frame.flow == flow]
    return meant[-1] if meant and isinstance(meant[-1], str) else flow


def _services(course: Course) -> Iterator[Occurrence]:
    for turn, outcome in zip(course.turns, course.outcomes, strict=False):
        if not isinstance(outcome, ActionFinished):
            continue
        slots = turn.state.slots
        need = slots.get("need") or course.before.slots.get("need")
        subject = need if isinstance(need, str) else ""
        county = _county(slots.get("place"))
        shown = [utterance for utterance in outcome.utterances if isinstance(utterance, ShowServices)]
        if turn.action == "action_show_service_details" and shown:
            yield Occurrence(UsageEvent.SERVICE_CARD_OPENED, subject=subject, county=county)
        elif turn.action == "action_search_services":
            if shown:
                yield Occurrence(UsageEvent.SERVICE_CARD_SHOWN, subject=subject, county=county)
            if not shown or (county and shown[-1].level == "national"):
                yield Occurrence(UsageEvent.SERVICE_NOT_FOUND, subject=subject, county=county)


def _county(place: object) -> str:
    """Return the county of a municipality or county: the first two digits of either's code; nothing for the country."""
    return place[:2] if isinstance(place, str) and place.isdecimal() else ""


def _flows(stack: Sequence[Frame]) -> frozenset[str]:
    return frozenset(frame.flow for frame in stack)


def _questionnaires(flows: FlowSet, stack: Sequence[Frame]) -> tuple[str, ...]:
    """Return the populations whose questions are going on."""
    return tuple(population for _, population in _asked(flows, stack))


def _unsent(flows: FlowSet, stack: Sequence[Frame]) -> tuple[str, ...]:
    """Return the populations whose answers have not been sent.

    A question that is none of the codebook's is asked afterwards: whether to go round once more.
    """
    return tuple(
        population
        for frame, population in _asked(flows, stack)
        if (step := flows.flows[frame.flow].steps.get(frame.step))
        and (step.kind != "collect" or step.subject in flows.variables[population])
    )


def _asked(flows: FlowSet, stack: Sequence[Frame]) -> Iterator[tuple[Frame, str]]:
    for frame in stack:
        # The flow may have gone since the person was last here.
        flow = flows.flows.get(frame.flow)
        if flow and flow.questionnaire:
            yield frame, flow.questionnaire
