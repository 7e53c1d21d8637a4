"""What tables of use say for a code: everything that the assistant can count has a label."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest

from bot.content import Content, load_content
from bot.directory.services import Need
from intake_store.codebook import load_codebooks
from intake_store.statistics.declarations import DECLARATIONS_FOLDER, TableDeclaration, load_declarations
from intake_store.submission.response import ChannelKind

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def declarations() -> dict[str, TableDeclaration]:
    codebooks = load_codebooks(ROOT / "flows" / "codebook")
    return load_declarations(DECLARATIONS_FOLDER, codebooks[max(codebooks)])


@pytest.fixture(scope="module")
def content() -> Content:
    return load_content(ROOT)


def holds_exactly(declaration: TableDeclaration, codes: Collection[str]) -> bool:
    assert set(codes) - declaration.labels.keys() == set(), f"add labels to intake_store/tables/{declaration.name}.yml"
    return declaration.labels.keys() == set(codes)


def test_every_topic_that_can_be_opened_has_a_label(
    declarations: dict[str, TableDeclaration], content: Content
) -> None:
    assert holds_exactly(
        declarations["topics"], [flow.name for flow in content.flows.flows.values() if flow.is_startable]
    )


@pytest.mark.parametrize("name", ["searches_by_county", "searches_in_vain"])
def test_every_need_that_can_be_searched_for_has_a_label(name: str, declarations: dict[str, TableDeclaration]) -> None:
    assert holds_exactly(declarations[name], list(Need))


def test_every_channel_has_a_label(declarations: dict[str, TableDeclaration]) -> None:
    assert holds_exactly(declarations["funnel_by_channel"], list(ChannelKind))


def test_every_live_language_has_a_label(declarations: dict[str, TableDeclaration], content: Content) -> None:
    labels = declarations["funnel_by_language"].labels
    assert set(content.catalogues.languages) - labels.keys() == set()
