"""Between the codebook and the dialogue: variables become slots, and answered slots a response."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping

from bot.dialogue.flow_model import FlowSet, Slot
from bot.dialogue.state import DialogueState, SlotValue
from bot.translation.marking import message
from intake_store.codebook import Codebook, Population, Variable, VariableType
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.response import NO_ANSWER, UNKNOWN, Answer, AnswerStatus, ChannelKind, Response

SKIPPED = AnswerStatus.NO_ANSWER.value
NOT_KNOWN = AnswerStatus.UNKNOWN.value

BEGAN = "questionnaire_began"
"""The slot with the second in which the questionnaire began; it lives in the state alone and goes with the answers."""

KNOWN = "questionnaire_known"
"""The slot with the number of answers that were there already when the questionnaire began."""

ROUND = "questionnaire_round"
"""The slot that counts how often a questionnaire began in this conversation."""

_STATUS_TITLES = {
    SKIPPED: message("Prefer not to say"),
    NOT_KNOWN: message("I don't know"),
}


def questionnaire_slots(codebook: Codebook) -> Iterator[Slot]:
    """Yield a slot for every variable of every population, in the order of the questions."""
    for population in codebook.populations.values():
        for variable in population.variables:
            yield _slot(population, variable)


def _slot(population: Population, variable: Variable) -> Slot:
    titles = {code.code: code.label for code in variable.codes}
    if variable.unknown:
        titles[NOT_KNOWN] = _STATUS_TITLES[NOT_KNOWN]
    titles[SKIPPED] = _STATUS_TITLES[SKIPPED]
    exclusive = {code.code for code in variable.codes if code.exclusive} | {NOT_KNOWN, SKIPPED}
    return Slot(
        name=variable.name,
        type="set" if variable.type is VariableType.MULTIPLE else "choice",
        values=tuple(titles),
        titles=titles,
        question=variable.question,
        skip_value=SKIPPED,
        maximum=variable.max,
        exclusive=frozenset(exclusive),
        population=population.name,
        ask_if=(variable.ask_if.variable, frozenset(variable.ask_if.codes)) if variable.ask_if else None,
        among=(variable.among, frozenset({NOT_KNOWN, SKIPPED})) if variable.among else None,
    )


def timed(flows: FlowSet, state: DialogueState, now: datetime.datetime) -> DialogueState:
    """Return the state with the time at which its questionnaire began, and without one if none is running."""
    population = flows.population(state.stack)
    if population is None:
        return state.with_slots(**{BEGAN: None, KNOWN: None})
    if state.slots.get(BEGAN) is not None:
        return state
    known = sum(name in state.slots for name in flows.variables[population])
    rounds = state.slots.get(ROUND)
    return state.with_slots(
        **{BEGAN: int(now.timestamp()), KNOWN: known, ROUND: (rounds if isinstance(rounds, int) else 0) + 1}
    )


def submission_key(flows: FlowSet, state: DialogueState, conversation: str) -> str:
    """Return what keeps a response from being stored twice.

    A conversation holds one response of a population, or one for each time round where the questionnaire repeats.
    Raises `KeyError` when no questionnaire is running.
    """
    running = flows.running(state.stack)
    if running is None:
        raise KeyError("no questionnaire is running")
    flow = flows.flows[running.flow]
    key = f"{conversation}:{flow.questionnaire}"
    return f"{key}:{state.slots.get(ROUND)}" if flow.repeats else key


def response_from(
    codebook: Codebook,
    population: str,
    slots: Mapping[str, SlotValue],
    *,
    week: IsoWeek,
    channel: str,
    language: str,
) -> Response:
    """Return the response that the answered slots make; raises `KeyError` for an unknown population.

    The slots of a state can only hold offered codes, but the store checks the response once more.
    """
    members = codebook.populations[population]
    answers = {variable.name: _answer(slots[variable.name]) for variable in members.variables if variable.name in slots}
    return Response(
        codebook_version=codebook.version,
        population=population,
        iso_week=week,
        channel=ChannelKind(channel),
        language=language,
        answers=members.complete(answers),
    )


def _answer(value: SlotValue) -> Answer:
    codes = value if isinstance(value, tuple) else (str(value),)
    if SKIPPED in codes:
        return NO_ANSWER
    if NOT_KNOWN in codes:
        return UNKNOWN
    return Answer.of(*codes)
