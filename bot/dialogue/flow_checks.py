"""What has to hold between flows, slots, responses, services and the codebook."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bot.dialogue.flow_model import AMBIGUOUS, END, Flow, FlowSet, Response, Slot, Step, Variant
from bot.dialogue.state import SlotValue
from bot.dialogue.utterances import Choice
from content_files import ContentProblem

PlaceOf = Callable[[str, str], tuple[Path, int]]
COMMANDS = ("skip", "back", "cancel", "repeat", "restart", "done", "exit", "menu")
REQUIRED_FLOWS = (
    "pattern_session_start",
    "pattern_completed",
    "pattern_cannot_handle",
    "pattern_understanding_away",
    "pattern_clarification",
    "pattern_correction",
    "pattern_cancel_flow",
    "pattern_skip_question",
    "pattern_back",
    "pattern_continue_interrupted",
    "pattern_repeat_bot_messages",
    "pattern_confirm_crisis",
    "pattern_under_age",
    "pattern_stale_choice",
    "pattern_too_many_choices",
    "pattern_no_choice",
    "pattern_internal_error",
)
PHONE_PREFIX = "phone_"


@dataclass(frozen=True)
class Known:
    """What exists outside the flow files.

    `intents` maps each intent of the contract to whether it is a crisis; `phones` are the services whose number may be
    shown; `values` are placeholders that the application fills in; `responses` are said by actions.
    """

    intents: dict[str, bool] = field(default_factory=dict)
    services: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    actions: frozenset[str] = frozenset()
    values: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    responses: frozenset[str] = frozenset()


def check_flow_set(flow_set: FlowSet, known: Known, place_of: PlaceOf) -> list[ContentProblem]:
    """Return every broken reference and every question that cannot be answered."""
    return [
        ContentProblem(*place_of(kind, name), where, message)
        if line is None
        else ContentProblem(place_of(kind, name)[0], line, where, message)
        for kind, name, line, where, message in _problems(flow_set, known)
    ]


_Found = tuple[str, str, int | None, str, str]


def _problems(flow_set: FlowSet, known: Known) -> Iterator[_Found]:
    for name in REQUIRED_FLOWS:
        if name not in flow_set.flows:
            yield "flows", name, None, f"flow {name}", "is needed by the engine and missing"
    for command in COMMANDS:
        if command not in flow_set.commands:
            yield "commands", command, None, f"command {command}", "has no title"
    variables = frozenset[str]().union(*flow_set.variables.values())
    for slot in (*flow_set.slots.values(), *(slot for group in flow_set.variables.values() for slot in group.values())):
        for message in _slot_problems(slot, variables):
            yield "slots", slot.name, None, f"slot {slot.name}", message
    for response in flow_set.responses.values():
        for message in _response_problems(response, flow_set, known):
            yield "responses", response.name, None, f"response {response.name}", message
    for flow in flow_set.flows.values():
        for message in _flow_problems(flow, flow_set, known):
            yield "flows", flow.name, None, f"flow {flow.name}", message
        for step in flow.steps.values():
            for message in _step_problems(flow, step, flow_set, known):
                yield "flows", flow.name, step.line, f"flow {flow.name}, step {step.id}", message
    used = _used_responses(flow_set) | known.responses
    for name in sorted(flow_set.responses.keys() - used):
        yield "responses", name, None, f"response {name}", "is never said"
    for intent in sorted(known.intents.keys() - flow_set.triggers.keys() - CONTROL_INTENTS):
        yield "flows", "", None, f"intent {intent}", "starts no flow"


CONTROL_INTENTS = frozenset({"affirm", "deny", "skip", "go_back", "cancel", "restart"})
"""Intents that the engine itself acts on."""


def _slot_problems(slot: Slot, variables: frozenset[str]) -> Iterator[str]:
    if slot.type in ("choice", "set") and not slot.values and slot.skip_value:
        yield "can be skipped but has no values"
    for value in slot.values:
        if len(f"{slot.name}:{value}".encode()) > 64:
            yield f"value {value} is too long for a button"
    if slot.name in ("flow", "command", "change"):
        yield "has a name that the choices use"
    if slot.population is None and slot.name in variables:
        yield "has the name of a variable of the codebook, so the one would be taken for the other"


def _flow_problems(flow: Flow, flow_set: FlowSet, known: Known) -> Iterator[str]:
    for intent in flow.triggers:
        if known.intents and intent not in known.intents:
            yield f"unknown intent {intent}"
    if flow.triggers and not flow.is_pattern and not flow.title:
        yield "needs a name, because a person may be asked whether this flow is meant"
    if flow.questionnaire and flow.questionnaire not in flow_set.variables:
        yield f"unknown population {flow.questionnaire}"
    for slot in flow.persisted_slots - flow_set.slot_names:
        yield f"unknown slot {slot}"
    reachable = _reachable(flow)
    for step_id in flow.steps.keys() - reachable:
        yield f"step {step_id} is never reached"


def _reachable(flow: Flow) -> set[str]:
    seen: set[str] = set()
    waiting = [flow.first]
    while waiting:
        step_id = waiting.pop()
        if step_id in seen or step_id not in flow.steps:
            continue
        seen.add(step_id)
        waiting.extend(transition.target for transition in flow.steps[step_id].next)
    return seen


def _step_problems(flow: Flow, step: Step, flow_set: FlowSet, known: Known) -> Iterator[str]:
    for transition in step.next:
        if transition.target != END and transition.target not in flow.steps:
            yield f"unknown step {transition.target}"
        if transition.condition:
            yield from _unknown_slots(transition.condition.slots, flow_set)
    if step.kind in ("link", "call") and step.subject not in flow_set.flows:
        yield f"unknown flow {step.subject}"
    if step.kind == "action" and step.subject.startswith("utter_"):
        yield from _utter_problems(step.subject, flow_set, question=False)
    elif step.kind == "action" and step.subject not in known.actions:
        yield f"unknown action {step.subject}"
    if step.kind == "set_slots":
        for name, value in step.values.items():
            yield from _unknown_slots([name], flow_set)
            yield from _value_problems(flow_set.slot(name, flow.questionnaire), value, known)
    if step.kind == "collect":
        yield from _collect_problems(flow, step, flow_set)


def _collect_problems(flow: Flow, step: Step, flow_set: FlowSet) -> Iterator[str]:
    for rejection in step.rejections:
        yield from _unknown_slots(rejection.condition.slots, flow_set)
        yield from _utter_problems(rejection.response, flow_set, question=False)
    if step.subject.startswith("context."):
        return
    slot = flow_set.slot(step.subject, flow.questionnaire)
    if slot is None:
        yield f"unknown slot {step.subject}"
        return
    if slot.question:  # The codebook brings its own question and titles.
        return
    yield from _utter_problems(step.response, flow_set, question=True)
    if slot.type == "place":
        yield from _utter_problems(f"{step.response}{AMBIGUOUS}", flow_set, question=True)
    response = flow_set.responses.get(step.response)
    if response and slot.type in ("choice", "set", "bool"):
        for variant in response.variants:
            if not variant.buttons and not slot.titles:
                yield f"response {step.response} has no buttons, so the question cannot be answered by tapping"


def _response_problems(response: Response, flow_set: FlowSet, known: Known) -> Iterator[str]:
    for variant in response.variants:
        if variant.condition:
            yield from _unknown_slots(variant.condition.slots, flow_set)
            if "context." in variant.condition.source:
                yield "the condition of a wording reads slots; what depends on the context are steps"
        for button in variant.buttons:
            yield from _button_problems(button, flow_set, known)
        yield from _placeholder_problems(variant, flow_set, known)
        for contact in variant.contacts:
            if contact not in known.services:
                yield f"unknown service {contact}"
        if variant.kind == "crisis" and not variant.contacts:
            yield "a crisis card names at least one service to contact"
        if variant.population and variant.population not in flow_set.variables:
            yield f"unknown population {variant.population}"


def _button_problems(button: Choice, flow_set: FlowSet, known: Known) -> Iterator[str]:
    if button.kind == "flow":
        flow = flow_set.flows.get(button.value)
        if flow is None:
            yield f"button {button.title!r}: unknown flow {button.value}"
        elif not flow.is_startable:
            yield f"button {button.title!r}: flow {button.value} has no name, so it is only a part of other flows"
    elif button.kind == "command":
        if button.value not in COMMANDS:
            yield f"button {button.title!r}: unknown command {button.value}"
    else:
        slot = flow_set.slots.get(button.kind)
        if slot is None:
            yield f"button {button.title!r}: unknown slot {button.kind}"
        else:
            value = {"yes": True, "no": False}.get(button.value, button.value) if slot.type == "bool" else button.value
            for message in _value_problems(slot, value, known):
                yield f"button {button.title!r}: {message}"


def _placeholder_problems(variant: Variant, flow_set: FlowSet, known: Known) -> Iterator[str]:
    for text in (variant.text, variant.cannot_speak):
        for name in placeholders(text):
            if name.startswith(PHONE_PREFIX):
                if name.removeprefix(PHONE_PREFIX) not in known.phones:
                    yield f"{{{name}}}: no number of that service may be shown"
            elif name not in flow_set.slot_names and name not in known.values:
                yield f"unknown placeholder {{{name}}}"


def placeholders(text: str) -> tuple[str, ...]:
    """Return the names in braces of a text, in order."""
    return tuple(name for _, name, _, _ in string.Formatter().parse(text) if name)


def _unknown_slots(names: Iterable[str], flow_set: FlowSet) -> Iterator[str]:
    for name in names:
        if name not in flow_set.slot_names:
            yield f"unknown slot {name}"


def _value_problems(slot: Slot | None, value: SlotValue, known: Known) -> Iterator[str]:
    if slot is None or value is None:
        return
    if slot.type == "bool":
        if not isinstance(value, bool):
            yield f"slot {slot.name} is true or false, not {value!r}"
    elif slot.type == "language":
        if known.languages and value not in known.languages:
            yield f"unknown language {value}"
    elif slot.type in ("choice", "set") and value not in slot.values and value != slot.skip_value:
        yield f"slot {slot.name} has no value {value!r}"


def _utter_problems(name: str, flow_set: FlowSet, *, question: bool) -> Iterator[str]:
    response = flow_set.responses.get(name)
    if response is None:
        yield f"unknown response {name}"
    elif not question and any(variant.buttons for variant in response.variants):
        yield f"response {name} has buttons, so it belongs to a collect step"


def _used_responses(flow_set: FlowSet) -> set[str]:
    used = set()
    for flow in flow_set.flows.values():
        for step in flow.steps.values():
            used.update({step.subject, step.response, f"{step.response}{AMBIGUOUS}"})
            used.update(rejection.response for rejection in step.rejections)
    return used
