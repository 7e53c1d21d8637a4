"""What the documentation says about settings, commands, flows and what is kept is what the code does."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from codebook_page import model_sources
from written_docs import DOCS, Command, Page, command_tree, pages, part_of, variables, with_part, written_parts

from analyst.settings import AnalystSettings
from bot.content import Content, load_content
from bot.conversation.actions import ACTION_NAMES
from bot.dialogue.engine import advance
from bot.dialogue.events import ChoicesTaken, Started
from bot.dialogue.flow_files import STEP_KINDS
from bot.dialogue.flow_loading import COMMAND_PAYLOADS
from bot.dialogue.state import DialogueState
from bot.dialogue.utterances import Ask
from bot.safety.lexicon import CRISIS_INTENTS
from bot.settings import PROJECT, BotSettings
from bot.state.chats import Remembered
from bot.understanding.thresholds import Thresholds
from intake_store.database.tables import IntakeTable
from intake_store.settings import IntakeSettings
from intake_store.submission.response import RESPONSE_FIELDS
from intake_store.warehouse.storage import RESPONSE_FIELDS as WAREHOUSE_COLUMNS

PARTS = (
    "settings of the bot",
    "settings of the store",
    "settings of the analyst's place",
    "commands",
    "topics",
    "patterns",
    "populations",
    "variables",
    "contradictions",
)
OF_THE_TESTS = {"FYREN_CHROMIUM"}


@pytest.mark.parametrize("name", PARTS)
def test_written_parts_are_up_to_date(name: str, content: Content, request: pytest.FixtureRequest) -> None:
    path, part = next(
        (path, part) for path, named, part in written_parts(content.flows, content.codebook) if named == name
    )
    text = path.read_text(encoding="utf-8")
    if request.config.getoption("--update-docs", default=False):
        path.write_text(with_part(text, name, part), encoding="utf-8")
        return
    hint = f"{path.name} is not up to date; run `pytest tests/docs --update-docs`"
    assert part_of(text, name) == part, hint


def test_every_variable_of_the_monitoring_model_is_asked_or_has_a_reason(content: Content) -> None:
    table = (DOCS / "codebook.md").read_text(encoding="utf-8").split("\n## What is not asked\n", 1)[1]
    rows = [line.split("|")[1:-1] for line in table.splitlines() if line.startswith("| V")]
    assert all(len(cells) == 3 and all(cell.strip() for cell in cells) for cells in rows)
    asked = model_sources(content.codebook)
    wholly = {name for cells in rows for name in re.findall(r"V\d+", cells[0]) if "," not in cells[0]}
    partly = {name for cells in rows for name in re.findall(r"V\d+", cells[0]) if "," in cells[0]}
    assert asked | wholly == {f"V{number}" for number in range(1, 28)}
    assert not asked & wholly
    assert partly <= asked


def test_every_variable_that_the_code_names_is_described() -> None:
    described = set(re.findall(r"FYREN_[A-Z_]+[A-Z]", (DOCS / "settings.md").read_text(encoding="utf-8")))
    code = [
        path for part in ("analyst", "bot", "fyren", "intake_store", "tests") for path in (PROJECT / part).rglob("*.py")
    ]
    named = {name for path in code for name in re.findall(r"\bFYREN_[A-Z_]+[A-Z]\b", path.read_text(encoding="utf-8"))}
    existing = {*variables(BotSettings), *variables(IntakeSettings), *variables(AnalystSettings), *OF_THE_TESTS}
    assert existing <= described
    assert described <= existing, "a variable is described that there is not"
    assert named - {"FYREN_ANALYST", "FYREN_INTAKE"} <= existing


def test_commands_in_the_documentation_exist() -> None:
    tree = command_tree()
    wrong = []
    for page in pages():
        lines = [line for fence in page.fences("sh") for line in fence.splitlines()]
        for code in [*lines, *page.codes()]:
            words = code.split("#")[0].split()
            if words[:1] == ["fyren"] and len(words) > 1 and not _is_command(tree, words[1:]):
                wrong.append(f"{page.path.name}: {code}")
    assert not wrong


def _is_command(tree: dict[tuple[str, ...], Command], words: list[str]) -> bool:
    found = max((known for known in tree if tuple(words[: len(known)]) == known), key=len)
    if not found or (
        hasattr(tree[found], "commands") and len(words) > len(found) and not words[len(found)].startswith("-")
    ):
        return words[0].startswith("-")
    options = {option for parameter in tree[found].params for option in parameter.opts} | {"--help"}
    return all(word.split("=")[0] in options for word in words if word.startswith("-"))


def test_make_targets_in_the_documentation_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in pages():
        lines = [line for fence in page.fences("sh") for line in fence.splitlines()]
        for code in [*lines, *page.codes()]:
            if match := re.match(r"make ([a-z-]+)", code):
                assert match[1] in targets, f"{page.path.name}: {code}"


# -- what is kept -----------------------------------------------------------------------------------------------------


def _table_below(text: str, heading: str) -> set[str]:
    """Return the first cells, without backticks, of the table below a heading."""
    section = text.split(f"\n### {heading}\n", 1)[1].split("\n#", 1)[0]
    return set(re.findall(r"^\| `([^`]+)`", section, re.MULTILINE))


@pytest.fixture(scope="module")
def privacy() -> str:
    return (DOCS / "privacy.md").read_text(encoding="utf-8")


def test_every_column_of_the_intake_database_is_described_and_no_other(privacy: str) -> None:
    documented = set(re.findall(r"^### Table `(\w+)`$", privacy, re.MULTILINE))
    assert documented == set(IntakeTable.metadata.tables)
    for name, table in IntakeTable.metadata.tables.items():
        assert _table_below(privacy, f"Table `{name}`") == set(table.columns.keys())


def test_every_field_of_a_response_is_described_and_no_other(privacy: str) -> None:
    assert _table_below(privacy, "Inside a sealed response") == set(RESPONSE_FIELDS)


def test_every_column_of_the_warehouse_is_described_and_no_other(privacy: str) -> None:
    assert _table_below(privacy, "The warehouse") == set(WAREHOUSE_COLUMNS)


def test_every_part_of_the_state_is_described_and_no_other(privacy: str) -> None:
    assert _table_below(privacy, "The state of a conversation") == set(DialogueState.__dataclass_fields__)
    assert _table_below(privacy, "The state of a chat") == set(Remembered.__dataclass_fields__)


# -- flows, safety, understanding -------------------------------------------------------------------------------------


def test_the_vocabulary_of_flows_is_described() -> None:
    text = (DOCS / "flows.md").read_text(encoding="utf-8")
    for word in (*STEP_KINDS, *ACTION_NAMES, *COMMAND_PAYLOADS, "SetSlots", "StartFlow"):
        assert f"`{word}" in text or f"`/{word}" in text, word


def test_crises_and_thresholds_are_described() -> None:
    text = (DOCS / "understanding.md").read_text(encoding="utf-8")
    for name in (*CRISIS_INTENTS, *Thresholds.model_fields):
        assert f"`{name}`" in text, name


def test_the_example_flow_loads_and_can_be_walked(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "flows", tmp_path / "flows")
    (tmp_path / "locales").symlink_to(PROJECT / "locales")
    (tmp_path / "nlu").mkdir()
    shutil.copy(PROJECT / "nlu" / "intents.yml", tmp_path / "nlu")
    (example,) = (fence for fence in Page(DOCS / "flows.md").fences("yaml") if fence.startswith("flows:"))
    (tmp_path / "flows" / "example.yml").write_text(example, encoding="utf-8")
    flows = load_content(tmp_path).flows
    (name,) = flows.flows.keys() - load_content(PROJECT).flows.flows.keys()
    state = advance(flows, DialogueState(slots={"language": "en"}), Started()).state
    turn = advance(flows, state, ChoicesTaken((f"flow:{name}",)))
    asked = turn.utterances[-1]
    assert isinstance(asked, Ask)
    for choice in asked.choices:
        answered = advance(flows, turn.state, ChoicesTaken((choice.id,)))
        assert answered.utterances, choice
        assert all(flow != "pattern_internal_error" for flow, _ in answered.visited)


def test_the_drawing_has_the_parts_of_the_text() -> None:
    drawn = set(re.findall(r">([^<]+)</text>", (DOCS / "images" / "architecture.svg").read_text(encoding="utf-8")))
    assert {"bot", "nlu", "intake database", "analysis", "warehouse", "released tables"} <= drawn
    assert all((PROJECT / part).is_dir() for part in ("bot", "nlu", "intake_store/statistics"))


def test_the_debian_packages_are_named() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    for line in (PROJECT / "tests" / "debian-packages.txt").read_text(encoding="utf-8").splitlines():
        if package := line.split("#")[0].strip():
            assert f"`{package}`" in readme


def test_the_version_is_in_the_changelog() -> None:
    version = re.search(r'^version = "(.+)"$', (PROJECT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert version
    assert version[1] in (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_review_status_of_each_language_is_told() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    languages = load_content(PROJECT).catalogues.languages
    for language in languages.values():
        assert re.search(rf"^\| [^|]*\(`{language.code}`\) \|.*{language.review_status}", readme, re.MULTILINE)
