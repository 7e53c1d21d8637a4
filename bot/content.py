"""All content that editors keep, read and checked together: flows, codebook, directory, catalogues, safety words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bot.conversation.actions import ACTION_NAMES, ACTION_RESPONSES, ACTION_VALUES
from bot.conversation.questionnaires import questionnaire_slots
from bot.dialogue.flow_checks import Known
from bot.dialogue.flow_loading import load_flows
from bot.dialogue.flow_model import FlowSet
from bot.directory.directory import Directory, load_directory
from bot.translation.catalogues import Catalogues, load_catalogues
from bot.understanding.intents import load_intents
from intake_store.codebook import Codebook, load_codebooks

CODEBOOK_VERSION = "1"
"""The version that new responses are given under."""


@dataclass(frozen=True)
class Content:
    """Everything that is said, asked and known."""

    flows: FlowSet
    catalogues: Catalogues
    directory: Directory
    codebook: Codebook


def load_content(folder: Path, default_language: str = "sv") -> Content:
    """Read `flows/`, `locales/` and the intents of `nlu/` below `folder`.

    Raises `ContentError` with the mistakes of the first part that has any.
    """
    flows_folder = folder / "flows"
    catalogues = load_catalogues(folder / "locales", default_language)
    directory = load_directory(flows_folder / "directory")
    codebook = load_codebooks(flows_folder / "codebook")[CODEBOOK_VERSION]
    known = Known(
        intents=load_intents(folder / "nlu" / "intents.yml"),
        services=frozenset(service.id for service in directory.services),
        phones=frozenset(service.id for service in directory.services if service.shown_phones),
        actions=ACTION_NAMES,
        values=ACTION_VALUES,
        languages=frozenset(catalogues.languages),
        responses=ACTION_RESPONSES,
    )
    flows = load_flows(flows_folder, known, questionnaire_slots(codebook))
    return Content(flows, catalogues, directory, codebook)
