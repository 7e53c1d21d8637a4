"""Small flows for the engine's tests, and the real flows for the content's tests."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import pytest
from conversations import Conversation
from small_flows import SMALL_COMMANDS, SMALL_FLOWS, SMALL_KNOWN, SMALL_VARIABLES

from bot.conversation.actions import ACTION_NAMES, ACTION_RESPONSES, ACTION_VALUES
from bot.conversation.questionnaires import questionnaire_slots
from bot.dialogue.flow_checks import Known
from bot.dialogue.flow_loading import load_flows
from bot.dialogue.flow_model import FlowSet
from bot.directory.directory import load_directory
from bot.understanding.intents import load_intents
from intake_store.codebook import load_codebooks

ROOT = Path(__file__).parents[3]


def _load_small(folder: Path, *files: str, replace: str = "", by: str = "") -> FlowSet:
    text = SMALL_FLOWS + SMALL_COMMANDS
    assert replace in text
    (folder / "small.yml").write_text(text.replace(replace, by) if replace else text)
    for number, extra in enumerate(files):
        (folder / f"extra{number}.yml").write_text(extra)
    return load_flows(folder, SMALL_KNOWN, SMALL_VARIABLES)


@pytest.fixture
def load_small(tmp_path: Path) -> Callable[..., FlowSet]:
    """Return a function that loads the small flows with other files laid beside them, or with a part replaced."""
    return functools.partial(_load_small, tmp_path)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> FlowSet:
    """Return the small flows."""
    return _load_small(tmp_path_factory.mktemp("flows"))


@pytest.fixture
def talk(small: FlowSet) -> Conversation:
    """Return a conversation over the small flows that has begun."""
    return Conversation(small).start()


@pytest.fixture
def answering(talk: Conversation) -> Conversation:
    """Return a conversation in the middle of the questionnaire: two questions answered, `country` asked."""
    talk.mean("start_needs").take("situation:ongoing").take("arenas:street", "arenas:online")
    assert talk.said == ["country?"]
    return talk


@pytest.fixture(scope="session")
def real_known() -> Known:
    """Return what exists outside the real flow files."""
    directory = load_directory(ROOT / "flows" / "directory")
    return Known(
        intents=load_intents(ROOT / "nlu" / "intents.yml"),
        services=frozenset(service.id for service in directory.services),
        phones=frozenset(service.id for service in directory.services if service.shown_phones),
        actions=ACTION_NAMES,
        values=ACTION_VALUES,
        languages=frozenset({"sv", "en", "ro"}),
        responses=ACTION_RESPONSES,
    )


@pytest.fixture(scope="session")
def real_flows(real_known: Known) -> FlowSet:
    """Return the flows that people meet."""
    codebook = load_codebooks(ROOT / "flows" / "codebook")["1"]
    return load_flows(ROOT / "flows", real_known, questionnaire_slots(codebook))
