"""Whole conversations, as recorded: what changes in a reply shows here, in every language, to be read in review."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
from golden_scripts import FOLDER, LANGUAGES, load_script, recorded_path, script_paths
from rehearsal import Stage
from transcripts import recorded

from bot.content import Content


@pytest.mark.parametrize("script", script_paths(), ids=lambda path: path.stem)
@pytest.mark.parametrize("language", LANGUAGES)
async def test_conversations_are_as_recorded(
    stage: Stage, script: Path, language: str, request: pytest.FixtureRequest
) -> None:
    played = recorded(await stage.play(script.stem, load_script(script), language))
    path = recorded_path(script, language)
    if request.config.getoption("--update-golden"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(played, encoding="utf-8")
        return
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if played != before:
        name = path.relative_to(FOLDER).as_posix()
        lines = difflib.unified_diff(before.splitlines(), played.splitlines(), f"{name} (recorded)", "now", lineterm="")
        pytest.fail("\n".join([*lines, "", "If this is meant: pytest tests/golden --update-golden"]), pytrace=False)


def test_every_flow_has_conversations(content: Content) -> None:
    flows = set(content.flows.flows)
    scripts = {path.stem for path in script_paths()}
    assert flows - scripts == set(), "flows without a script"
    assert scripts - flows == set(), "scripts without a flow"


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_recorded_without_a_script(language: str) -> None:
    recordings = {path.name for path in (FOLDER / language).glob("*")}
    assert recordings == {path.name for path in script_paths()}


async def test_every_step_of_every_flow_is_in_a_conversation(
    stage: Stage, content: Content, record_property: pytest.RecordProperty
) -> None:
    visited: set[tuple[str, str]] = set()
    for script in script_paths():
        await stage.play(script.stem, load_script(script), "en", visited.update)
    missing = {
        name: [step for step in flow.steps if (name, step) not in visited]
        for name, flow in sorted(content.flows.flows.items())
    }
    record_property("flow steps", _report(content, missing))
    assert {name: steps for name, steps in missing.items() if steps} == {}


def _report(content: Content, missing: dict[str, list[str]]) -> str:
    """Return how many steps of each flow were used in a conversation, with those that were not."""
    lines = []
    for name, without in missing.items():
        every = len(content.flows.flows[name].steps)
        named = f"  missing: {', '.join(without)}" if without else ""
        if without:
            lines.append(f"{name:<32} {every - len(without):>3} of {every:>3}{named}")
    every = sum(len(flow.steps) for flow in content.flows.flows.values())
    used = every - sum(map(len, missing.values()))
    return "\n".join([*lines, f"{used} of {every} steps in {len(missing)} flows: {100 * used / every:.1f} %", ""])
