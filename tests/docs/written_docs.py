"""The parts of the documentation that follow from the code, and reading Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import typer.main
from codebook_page import codebook_parts
from pydantic import AliasChoices, AliasPath
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings
from typer.core import TyperCommand, TyperGroup

from analyst.settings import AnalystSettings
from bot.dialogue.flow_model import FlowSet
from bot.settings import PROJECT, BotSettings
from fyren.cli import create_app
from intake_store.codebook import Codebook
from intake_store.settings import IntakeSettings

DOCS = PROJECT / "docs"
HELP_WIDTH = 100
Command = TyperCommand | TyperGroup
_PART = "<!-- {name}: written by `pytest tests/docs --update-docs` -->\n"
_END = "<!-- end of {name} -->"
_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_CODE = re.compile(r"`(?P<code>[^`\n]+)`")


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    path: Path

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """The text without its code fences."""
        return _FENCE.sub("", self.text)

    def fences(self, language: str) -> list[str]:
        return [match["body"] for match in _FENCE.finditer(self.text) if match["language"] == language]

    def links(self) -> list[str]:
        return [match["target"] for match in _LINK.finditer(self.prose)]

    def codes(self) -> list[str]:
        """What stands in backticks in a line of text."""
        return [match["code"] for match in _CODE.finditer(self.prose)]

    def anchors(self) -> set[str]:
        """The anchors of its headings, as code hosts make them."""
        headings = re.findall(r"^#+ (.+)$", self.prose, re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def pages() -> list[Page]:
    """Return every page of the documentation, the ones in the root first."""
    return [Page(path) for path in [*sorted(PROJECT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]]


def part_of(text: str, name: str) -> str:
    """Return the written part `name` of a page; raises `ValueError` if the page has none."""
    begin, end = _PART.format(name=name), _END.format(name=name)
    start = text.index(begin) + len(begin)
    return text[start : text.index(end, start)]


def with_part(text: str, name: str, part: str) -> str:
    """Return a page with another written part."""
    return text.replace(_PART.format(name=name) + part_of(text, name), _PART.format(name=name) + part)


# -- settings ---------------------------------------------------------------------------------------------------------


def variables(model: type[BaseSettings]) -> dict[str, tuple[str, str]]:
    """Return default and meaning of each environment variable of a settings class."""
    prefix = str(model.model_config["env_prefix"])
    found = {}
    for name, field in model.model_fields.items():
        alias = field.validation_alias
        assert not isinstance(alias, AliasPath | AliasChoices)
        assert field.description, f"{name} has no description"
        found[alias or f"{prefix}{name.upper()}"] = (_default(field.default), field.description)
    return found


def _default(value: object) -> str:
    if value is None or value is PydanticUndefined or str(value) == "":
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, Path) and value.is_relative_to(PROJECT):
        inside = value.relative_to(PROJECT).as_posix()
        return "the project's folder" if inside == "." else f"`{inside}`"
    return f"`{value}`"


def settings_table(model: type[BaseSettings]) -> str:
    """Return the variables of a settings class as a Markdown table."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    lines += [f"| `{name}` | {default} | {meaning} |" for name, (default, meaning) in variables(model).items()]
    return "\n".join(["", *lines, "", ""])


# -- commands ---------------------------------------------------------------------------------------------------------


def command_tree() -> dict[tuple[str, ...], Command]:
    """Return every command of the tool by its words, groups included, without the tool's own name."""
    found: dict[tuple[str, ...], Command] = {}

    def walk(command: Command, words: tuple[str, ...]) -> None:
        found[words] = command
        for name, member in getattr(command, "commands", {}).items():
            walk(member, (*words, name))

    walk(typer.main.get_command(create_app()), ())
    return found


def commands_text() -> str:
    """Return the help of every command, as Markdown."""
    parts = []
    for words, command in command_tree().items():
        name = " ".join(("fyren", *words))
        context = command.context_class(
            command, info_name=name, terminal_width=HELP_WIDTH, max_content_width=HELP_WIDTH
        )
        parts.append(f"\n## `{name}`\n\n```text\n{command.get_help(context).rstrip()}\n```\n")
    return "".join(parts) + "\n"


# -- flows ------------------------------------------------------------------------------------------------------------


def flow_table(flow_set: FlowSet, *, patterns: bool) -> str:
    """Return all topics, or all patterns, as a Markdown table."""
    lines = ["| flow | what happens |" if patterns else "| flow | its name for people | what happens |"]
    lines.append("|---|---|" if patterns else "|---|---|---|")
    for flow in sorted(flow_set.flows.values(), key=lambda flow: flow.name):
        if flow.is_pattern == patterns:
            name = [] if patterns else [flow.title or "(a part of others)"]
            lines.append("| " + " | ".join([f"`{flow.name}`", *name, flow.description]) + " |")
    return "\n".join(["", *lines, "", ""])


def written_parts(flow_set: FlowSet, codebook: Codebook) -> Iterator[tuple[Path, str, str]]:
    """Yield page, name and text of every part that follows from the code."""
    yield DOCS / "settings.md", "settings of the bot", settings_table(BotSettings)
    yield DOCS / "settings.md", "settings of the store", settings_table(IntakeSettings)
    yield DOCS / "settings.md", "settings of the analyst's place", settings_table(AnalystSettings)
    yield DOCS / "commands.md", "commands", commands_text()
    yield DOCS / "flows.md", "topics", flow_table(flow_set, patterns=False)
    yield DOCS / "flows.md", "patterns", flow_table(flow_set, patterns=True)
    for name, text in codebook_parts(codebook, PROJECT):
        yield DOCS / "codebook.md", name, text
