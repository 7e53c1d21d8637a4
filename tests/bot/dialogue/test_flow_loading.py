"""Every mistake in a flow file is reported with its file, its line, its flow and its step."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from small_flows import SMALL_COMMANDS

from bot.dialogue.flow_checks import COMMANDS, REQUIRED_FLOWS
from bot.dialogue.flow_loading import load_flows
from bot.dialogue.flow_model import FlowSet
from content_files import ContentError, ContentProblem

HERE = "  # here"
BUTTON = """
flows:
  asking:
    description: asks
    steps:
      - collect: colour
slots:
  colour: {type: choice, values: [red]}
responses:
  utter_ask_colour:  # here
    - text: Which?
      buttons:
        - {title: Tap, payload: PAYLOAD}
"""
MISTAKES = {
    "unknown slot asked for": (
        "flows:\n  f:\n    description: d\n    steps:\n      - collect: gone  # here\n",
        "flow f, step step_1", "unknown slot gone",
    ),
    "unknown slot in a condition": (
        "flows:\n  f:\n    description: d\n    steps:\n      - noop: true  # here\n        next:\n"
        "          - {if: slots.gone, then: END}\n          - {else: END}\n",
        "flow f, step step_1", "unknown slot gone",
    ),
    "unknown slot set": (
        "flows:\n  f:\n    description: d\n    steps:\n      - id: put\n        noop: true\n"
        "      - set_slots: [{gone: x}]  # here\n",
        "flow f, step step_2", "unknown slot gone",
    ),
    "unknown slot kept": (
        "flows:\n  f:  # here\n    description: d\n    persisted_slots: [gone]\n    steps: [{noop: true}]\n",
        "flow f", "unknown slot gone",
    ),
    "unknown code set": (
        "flows:\n  f:\n    description: d\n    steps:\n      - set_slots: [{topic: gone}]  # here\n",
        "flow f, step step_1", "slot topic has no value 'gone'",
    ),
    "a code where yes or no is meant": (
        "flows:\n  f:\n    description: d\n    steps:\n      - set_slots: [{under18: young}]  # here\n",
        "flow f, step step_1", "slot under18 is true or false, not 'young'",
    ),
    "unknown language set": (
        "flows:\n  f:\n    description: d\n    steps:\n      - set_slots: [{language: xx}]  # here\n",
        "flow f, step step_1", "unknown language xx",
    ),
    "unknown flow linked": (
        "flows:\n  f:\n    description: d\n    steps:\n      - link: gone  # here\n",
        "flow f, step step_1", "unknown flow gone",
    ),
    "unknown flow called": (
        "flows:\n  f:\n    description: d\n    steps:\n      - id: on\n        call: gone  # here\n".replace(
            "- id: on\n        call: gone  # here", "- id: on  # here\n        call: gone"
        ),
        "flow f, step on", "unknown flow gone",
    ),
    "unknown step": (
        "flows:\n  f:\n    description: d\n    steps:\n      - noop: true  # here\n        next: gone\n",
        "flow f, step step_1", "unknown step gone",
    ),
    "unknown step in a branch": (
        "flows:\n  f:\n    description: d\n    steps:\n      - noop: true\n        next:\n"
        "          - if: slots.under18\n            then:\n              - noop: true  # here\n"
        "                next: gone\n          - {else: END}\n",
        "flow f, step 0_0_then_0", "unknown step gone",
    ),
    "unknown action": (
        "flows:\n  f:\n    description: d\n    steps:\n      - action: action_gone  # here\n",
        "flow f, step step_1", "unknown action action_gone",
    ),
    "unknown response": (
        "flows:\n  f:\n    description: d\n    steps:\n      - action: utter_gone  # here\n",
        "flow f, step step_1", "unknown response utter_gone",
    ),
    "unknown response to a rejected answer": (
        "flows:\n  f:\n    description: d\n    steps:\n      - collect: topic  # here\n        rejections:\n"
        "          - {if: slots.topic, utter: utter_gone}\n",
        "flow f, step step_1", "unknown response utter_gone",
    ),
    "a question without words": (
        "flows:\n  f:\n    description: d\n    steps:\n      - collect: colour  # here\n"
        "slots:\n  colour: {type: choice, values: [red]}\n",
        "flow f, step step_1", "unknown response utter_ask_colour",
    ),
    "a place that cannot be asked back": (
        "flows:\n  f:\n    description: d\n    steps:\n      - collect: place  # here\n        utter: utter_ask_where\n"
        "responses:\n  utter_ask_where: [{text: Where?}]\n",
        "flow f, step step_1", "unknown response utter_ask_where_ambiguous",
    ),
    "a question that cannot be answered by tapping": (
        "flows:\n  f:\n    description: d\n    steps:\n      - collect: colour  # here\n"
        "slots:\n  colour: {type: choice, values: [red]}\nresponses:\n  utter_ask_colour: [{text: Which?}]\n",
        "flow f, step step_1",
        "response utter_ask_colour has no buttons, so the question cannot be answered by tapping",
    ),
    "buttons on what is no question": (
        "flows:\n  f:\n    description: d\n    steps:\n      - action: utter_ask_topic  # here\n",
        "flow f, step step_1", "response utter_ask_topic has buttons, so it belongs to a collect step",
    ),
    "unknown intent": (
        "flows:\n  f:  # here\n    name: F\n    description: d\n    nlu_trigger: [{intent: gone}]\n"
        "    steps: [{noop: true}]\n",
        "flow f", "unknown intent gone",
    ),
    "an intent twice": (
        "flows:\n  f:\n    name: F\n    description: d\n    nlu_trigger:\n      - intent: buy_law  # here\n"
        "    steps: [{noop: true}]\n",
        "flow f", "intent buy_law starts flow f already|intent buy_law starts flow info already",
    ),
    "a topic without a name": (
        "flows:\n  f:  # here\n    description: d\n    nlu_trigger: [{intent: deny}]\n    steps: [{noop: true}]\n",
        "flow f", "needs a name, because a person may be asked whether this flow is meant",
    ),
    "unknown population": (
        "flows:\n  f:  # here\n    description: d\n    questionnaire: gone\n    steps: [{noop: true}]\n",
        "flow f", "unknown population gone",
    ),
    "unknown population of a summary": (
        "flows:\n  f: {description: d, steps: [{action: utter_all}]}\nresponses:\n  utter_all:  # here\n"
        "    - {text: All., custom: {type: summary, population: gone}}\n",
        "response utter_all", "unknown population gone",
    ),
    "unknown service": (
        "flows:\n  f: {description: d, steps: [{action: utter_card}]}\nresponses:\n  utter_card:  # here\n"
        "    - {text: Call., custom: {type: crisis, contacts: [gone]}}\n",
        "response utter_card", "unknown service gone",
    ),
    "a crisis card without a contact": (
        "flows:\n  f: {description: d, steps: [{action: utter_card}]}\nresponses:\n  utter_card:  # here\n"
        "    - {text: Call., custom: {type: crisis}}\n",
        "response utter_card", "a crisis card names at least one service to contact",
    ),
    "a phone number that may not be shown": (
        'flows:\n  f: {description: d, steps: [{action: utter_call}]}\nresponses:\n  utter_call:  # here\n'
        '    - {text: "Call {phone_gone}."}\n',
        "response utter_call", "{phone_gone}: no number of that service may be shown",
    ),
    "a phone number that may not be shown to those who cannot speak": (
        'flows:\n  f: {description: d, steps: [{action: utter_call}]}\nresponses:\n  utter_call:  # here\n'
        '    - {text: Call., custom: {type: crisis, contacts: [emergency], cannot_speak: "Call {phone_gone}."}}\n',
        "response utter_call", "{phone_gone}: no number of that service may be shown",
    ),
    "unknown placeholder": (
        'flows:\n  f: {description: d, steps: [{action: utter_x}]}\nresponses:\n  utter_x:  # here\n'
        '    - {text: "Dear {gone}."}\n',
        "response utter_x", "unknown placeholder {gone}",
    ),
    "a response that nobody says": (
        "responses:\n  utter_spare:  # here\n    - {text: Spare.}\n", "response utter_spare", "is never said",
    ),
    "a response without its last wording": (
        "flows:\n  f: {description: d, steps: [{action: utter_x}]}\nresponses:\n  utter_x:\n"
        "    - condition: slots.under18  # here\n      text: Young.\n",
        "response utter_x", "every variant but the last one needs a condition, and the last one has none",
    ),
    "a condition on a slot that is not there": (
        "flows:\n  f: {description: d, steps: [{action: utter_x}]}\nresponses:\n  utter_x:  # here\n"
        "    - {condition: slots.gone, text: Gone.}\n    - {text: Else.}\n",
        "response utter_x", "unknown slot gone",
    ),
    "a wording that depends on the context": (
        "flows:\n  f: {description: d, steps: [{action: utter_x}]}\nresponses:\n  utter_x:  # here\n"
        "    - {condition: context.interrupted, text: Back.}\n    - {text: Else.}\n",
        "response utter_x", "the condition of a wording reads slots; what depends on the context are steps",
    ),
    "a condition of another grammar": (
        "flows:\n  f:\n    description: d\n    steps:\n      - noop: true\n        next:\n"
        "          - if: open('x')  # here\n            then: END\n          - {else: END}\n",
        "flow f, step step_1", "condition \"open('x')\": \"open('x')\" is not allowed here",
    ),
    "a condition that is no condition": (
        "flows:\n  f:\n    description: d\n    steps:\n      - noop: true\n        next:\n"
        "          - if: slots.under18 and  # here\n            then: END\n          - {else: END}\n",
        "flow f, step step_1", "condition 'slots.under18 and' cannot be read: invalid syntax",
    ),
    "a step that is never reached": (
        "flows:\n  f:  # here\n    description: d\n    steps:\n      - {noop: true, next: END}\n"
        "      - {id: lonely, noop: true}\n",
        "flow f", "step lonely is never reached",
    ),
    "an id twice": (
        "flows:\n  f:\n    description: d\n    steps:\n      - {id: same, noop: true}\n      - id: same  # here\n"
        "        noop: true\n",
        "flow f, step same", "the id same is used twice in this flow",
    ),
    "a branch that leads nowhere": (
        "flows:\n  f:\n    description: d\n    steps:\n      - noop: true\n        next:\n"
        "          - if: slots.under18\n            then:\n              - noop: true  # here\n"
        "          - {else: END}\n",
        "flow f, step 0_0_then_0", "the last step of a branch needs a `next`, or is a link",
    ),
    "a branch without an else": (
        "flows:\n  f:\n    description: d\n    steps:\n      - noop: true\n        next:\n"
        "          - if: slots.under18\n            then:\n              - noop: true  # here\n"
        "                next: [{if: slots.topic, then: END}]\n          - {else: END}\n",
        "flow f, step 0_0_then_0", "the last step of a branch needs an else",
    ),
    "something behind an else": (
        "flows:\n  f:\n    description: d\n    steps:\n      - noop: true\n        next:\n"
        "          - else: END  # here\n          - {if: slots.under18, then: END}\n",
        "flow f, step step_1", "nothing can come behind an else",
    ),
    "two kinds of step in one": (
        "flows:\n  f:\n    description: d\n    steps:\n      - link: menu  # here\n        call: menu\n",
        "flows.f.steps.0",
        "Value error, a step has exactly one of action, collect, set_slots, link, call, noop; "
        "this one has ['link', 'call']",
    ),
    "something behind a link": (
        "flows:\n  f:\n    description: d\n    steps:\n      - link: menu  # here\n        next: END\n",
        "flows.f.steps.0", "Value error, a link leaves the flow, so nothing can come next",
    ),
    "words that belong to a question": (
        "flows:\n  f:\n    description: d\n    steps:\n      - noop: true  # here\n        utter: utter_law\n",
        "flows.f.steps.0", "Value error, utter, rejections and ask_before_filling belong to a collect step",
    ),
    "a word that is not of the vocabulary": (
        "flows:\n  f:\n    description: d\n    jump: up  # here\n    steps: [{noop: true}]\n",
        "flows.f.jump", "Extra inputs are not permitted",
    ),
    "a slot of no type": (
        "slots:\n  colour:\n    type: rainbow  # here\n", "slots.colour.type",
        "Input should be 'choice', 'set', 'bool', 'place', 'language' or 'receipt'",
    ),
    "a slot with a name that choices use": (
        "slots:\n  flow: {type: bool}  # here\n", "slot flow", "has a name that the choices use",
    ),
    "a slot that can only be skipped": (
        "slots:\n  colour: {type: choice, skip_value: none}  # here\n",
        "slot colour", "can be skipped but has no values",
    ),
    "a value that does not fit on a button": (
        f"slots:\n  colour: {{type: choice, values: [{'x' * 60}]}}  # here\n",
        "slot colour", f"value {'x' * 60} is too long for a button",
    ),
    "unknown flow on a button": (
        BUTTON.replace("PAYLOAD", "/StartFlow(gone)"),
        "response utter_ask_colour", "button 'Tap': unknown flow gone",
    ),
    "a part of other flows on a button": (
        BUTTON.replace("PAYLOAD", "/StartFlow(check)"),
        "response utter_ask_colour", "button 'Tap': flow check has no name, so it is only a part of other flows",
    ),
    "a pattern on a button": (
        BUTTON.replace("PAYLOAD", "/StartFlow(pattern_back)"),
        "response utter_ask_colour", "button 'Tap': flow pattern_back has no name, so it is only a part of other flows",
    ),
    "unknown slot on a button": (
        BUTTON.replace("PAYLOAD", "/SetSlots(gone=red)"),
        "response utter_ask_colour", "button 'Tap': unknown slot gone",
    ),
    "unknown code on a button": (
        BUTTON.replace("PAYLOAD", "/SetSlots(colour=blue)"),
        "response utter_ask_colour", "button 'Tap': slot colour has no value 'blue'",
    ),
    "neither yes nor no on a button": (
        BUTTON.replace("PAYLOAD", "/SetSlots(under18=maybe)"),
        "response utter_ask_colour", "button 'Tap': slot under18 is true or false, not 'maybe'",
    ),
    "unknown language on a button": (
        BUTTON.replace("PAYLOAD", "/SetSlots(language=xx)"),
        "response utter_ask_colour", "button 'Tap': unknown language xx",
    ),
}  # fmt: skip
IN_THE_BUTTON = {
    "a payload that is no payload": ("red", "payload 'red' is not of the form /Command(argument)"),
    "a command that does not exist": ("/Explode()", "payload '/Explode()' is not a command that exists"),
    "a command with a value too many": ("/GoBack(twice)", "payload '/GoBack(twice)' is not a command that exists"),
    "a payload that is too long": (
        f"/SetSlots(colour={'x' * 60})", f"payload '/SetSlots(colour={'x' * 60})' is too long for a button",
    ),
}  # fmt: skip


def problems_of(load: Callable[[], object]) -> tuple[ContentProblem, ...]:
    with pytest.raises(ContentError) as caught:
        load()
    return caught.value.problems


def line_of(text: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if line.endswith(HERE))


@pytest.mark.parametrize(("text", "where", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_found_at_its_place(
    load_small: Callable[..., FlowSet], text: str, where: str, message: str
) -> None:
    (problem,) = problems_of(lambda: load_small(text))
    if "|" in message:  # The second of two files is the one to blame; which that is follows from their names.
        assert re.fullmatch(message, problem.message)
        return
    assert (problem.path.name, problem.where, problem.message) == ("extra0.yml", where, message)
    assert problem.line == line_of(text)
    assert str(problem).endswith(f"extra0.yml:{problem.line}: {where}: {message}")


@pytest.mark.parametrize(("payload", "message"), IN_THE_BUTTON.values(), ids=IN_THE_BUTTON)
def test_a_mistake_in_a_button_is_found_at_the_button(
    load_small: Callable[..., FlowSet], payload: str, message: str
) -> None:
    text = BUTTON.replace("PAYLOAD", payload)
    (problem,) = problems_of(lambda: load_small(text))
    assert (problem.where, problem.message) == ("response utter_ask_colour", message)
    assert problem.line == next(n for n, line in enumerate(text.splitlines(), 1) if "payload" in line)


@pytest.mark.parametrize("section", ["flows", "responses", "slots", "commands"])
def test_a_name_that_is_there_already(load_small: Callable[..., FlowSet], section: str) -> None:
    content = {
        "flows": "flows:\n  menu: {description: d, steps: [{noop: true}]}\n",
        "responses": "responses:\n  utter_law: [{text: x}]\n",
        "slots": "slots:\n  topic: {type: bool}\n",
        "commands": "commands:\n  back: {title: Return}\n",
    }[section]
    problems = problems_of(lambda: load_small(content))
    assert [re.sub("in .*", "", problem.message) for problem in problems] == ["is there already, "]


def test_all_mistakes_are_reported_at_once(load_small: Callable[..., FlowSet]) -> None:
    bad = [MISTAKES[name][0] for name in ("unknown slot asked for", "a response that nobody says")]
    assert len(problems_of(lambda: load_small(*bad))) == 2


def test_patterns_that_are_missing(load_small: Callable[..., FlowSet]) -> None:
    problems = problems_of(lambda: load_small(replace="  pattern_", by="  pattern_of_another_name_"))
    assert [problem.where for problem in problems] == [f"flow {name}" for name in REQUIRED_FLOWS]
    assert {problem.message for problem in problems} == {"is needed by the engine and missing"}


def test_commands_without_words(load_small: Callable[..., FlowSet]) -> None:
    problems = problems_of(lambda: load_small(replace=SMALL_COMMANDS))
    assert [problem.where for problem in problems] == [f"command {name}" for name in COMMANDS]
    assert {problem.message for problem in problems} == {"has no title"}


def test_an_intent_that_starts_nothing(load_small: Callable[..., FlowSet]) -> None:
    (problem,) = problems_of(lambda: load_small(replace="nlu_trigger: [{intent: buy_law}], "))
    assert (problem.where, problem.message) == ("intent buy_law", "starts no flow")


def test_a_folder_without_flows(tmp_path: Path, real_known: object) -> None:
    (problem,) = problems_of(lambda: load_flows(tmp_path, real_known))  # type: ignore[arg-type]
    assert problem.message == "holds no flow files"


def test_what_is_not_yaml(load_small: Callable[..., FlowSet]) -> None:
    (problem,) = problems_of(lambda: load_small("flows:\n  a: [\n"))
    assert problem.path.name == "extra0.yml"
    assert "is not YAML" in problem.message
