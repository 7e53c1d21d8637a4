"""What translators get to see: every string that a person reads, once, and nothing else."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.content import Content
from bot.translation.extraction import (
    Extracted,
    extract_codebook,
    extract_definitions,
    extract_directory,
    extract_flows,
    extract_tables,
)
from bot.translation.template import STATISTICS, build_template

PROJECT = Path(__file__).parents[3]

FLOWS = """\
# A comment.
flows:
  law:
    name: Is it legal?
    description: Not shown to anybody.
    nlu_trigger:
      - intent: law
    steps:
      - action: utter_law
      - collect: choice
  part:
    description: Without a name.
    steps: []
  empty:
    name: ""
responses:
  utter_law:
    - condition: slots.audience == "text"
      text: |-
        First line.

        Second line with {phone_sos112}.
    - text: Short.
      custom:
        type: crisis
        contacts: [sos112]
        cannot_speak: Stay on the line.
  utter_ask_choice:
    - text: "Which one?"
      buttons:
        - {title: "Yes, it is", payload: /SetSlots(choice=yes)}
        - {title: "", payload: /SetSlots(choice=no)}
commands:
  skip: {title: Leave it out}
slots:
  choice:
    type: choice
    description: Not shown.
    values: [text, title]
"""

CODEBOOK = """\
variables:
  age:
    label: Age
    question: How old are you?
    definition: Not shown.
    codes:
      - {code: young, label: Young}
populations:
  selling:
    label: People
    help: Some help.
    definition: Whom it is about.
    variables:
      - {variable: age, labels: {young: Not old, "15_17": In between}}
contradictions:
  - {name: odd, when: {age: [young]}, note: Cannot be.}
"""

TABLE = """\
title: Ages
rows: age
base: Everybody.
notes:
  - One note.
  - Another note.
"""

SERVICES = """\
services:
  - id: line
    name: A name is not translated
    description: A line to call.
    fees_description: Free.
    phones:
      - {number: "112", note: At night.}
    organization: {name: Somebody, description: Who it is.}
"""

Extract = Callable[..., object]


def extracted(extract: Extract, text: str) -> list[Extracted]:
    return list(extract(io.BytesIO(text.encode()), (), (), {}))  # type: ignore[call-overload]


def test_flows_give_names_texts_titles_and_what_to_do_without_a_voice() -> None:
    found = extracted(extract_flows, FLOWS)
    assert [(line, text) for line, _, text, _ in found] == [
        (4, "Is it legal?"),
        (19, "First line.\n\nSecond line with {phone_sos112}."),
        (23, "Short."),
        (27, "Stay on the line."),
        (29, "Which one?"),
        (31, "Yes, it is"),
        (34, "Leave it out"),
    ]
    comments = [" ".join(comment) for *_, comment in found]
    assert comments[0] == "flow law: its name, when asked what was meant"
    assert comments[1] == "response utter_law"
    assert comments[-1] == "command skip"


def test_codebooks_give_questions_and_labels() -> None:
    texts = [text for _, _, text, _ in extracted(extract_codebook, CODEBOOK)]
    assert texts == ["Age", "How old are you?", "Young", "People", "Some help.", "Not old", "In between"]


def test_what_only_readers_of_statistics_see_is_extracted_apart() -> None:
    definitions = [text for _, _, text, _ in extracted(extract_definitions, CODEBOOK)]
    assert definitions == ["Not shown.", "Whom it is about.", "Cannot be."]
    found = extracted(extract_tables, TABLE)
    assert [(line, text) for line, _, text, _ in found] == [
        (1, "Ages"),
        (3, "Everybody."),
        (5, "One note."),
        (6, "Another note."),
    ]


def test_every_definition_and_table_title_is_in_the_domain_of_the_statistics(content: Content) -> None:
    template = {message.id for message in build_template(PROJECT, STATISTICS)}
    codebook = content.codebook
    said = {variable.definition for variable in codebook.variables.values()}
    said |= {population.definition for population in codebook.populations.values()}
    said |= {entry.note for entry in codebook.contradictions}
    assert said <= template
    assert "What people need help with" in template


def test_the_directory_gives_what_is_said_of_a_service_and_no_name() -> None:
    found = extracted(extract_directory, SERVICES)
    assert [text for _, _, text, _ in found] == ["A line to call.", "Free.", "At night.", "Who it is."]
    assert found[0][3] == ["service line"]


@pytest.mark.parametrize(
    "extract", [extract_flows, extract_codebook, extract_definitions, extract_directory, extract_tables]
)
@pytest.mark.parametrize("text", ["", "# nothing\n", "flows:\nresponses:\n", "just a word\n", "[1, 2]\n"])
def test_a_file_without_strings_gives_none(extract: Extract, text: str) -> None:
    assert extracted(extract, text) == []


def test_the_loader_and_the_extractor_read_the_same_text(content: Content) -> None:
    """Otherwise a translation would never be found."""
    template = {message.id for message in build_template(PROJECT)}
    said = {flow.title for flow in content.flows.flows.values()} | {
        text
        for response in content.flows.responses.values()
        for variant in response.variants
        for text in (variant.text, variant.cannot_speak, *(button.title for button in variant.buttons))
    }
    for variables in content.flows.variables.values():
        said |= {text for slot in variables.values() for text in (slot.question, *slot.titles.values())}
    said |= {service.description for service in content.directory.services}
    assert said - template - {""} == set()
