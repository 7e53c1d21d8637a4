"""Which strings of the YAML content go into the gettext template, with the place they come from.

Babel calls these functions by the entries in `locales/babel.toml`; each yields (line, function name, message,
comments) as Babel's extraction interface asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from yaml import CSafeLoader
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Extracted = tuple[int, str, str, list[str]]

FLOW_KEYS = frozenset({"text", "title", "cannot_speak"})
CODEBOOK_KEYS = frozenset({"question", "label", "title", "help"})
DEFINITION_KEYS = frozenset({"definition", "note"})
TABLE_KEYS = frozenset({"title", "base", "labels", "notes"})
FIGURE_KEYS = frozenset({"figure", "population", "warning", "warnings", "group", "unit", "note"})
DIRECTORY_KEYS = frozenset(
    {"description", "application_process", "eligibility_description", "fees_description", "hours_description", "note"}
)


def extract_flows(file: BinaryIO, keywords: object, comment_tags: object, options: object) -> Iterator[Extracted]:
    """Yield the texts, button titles and flow names of a file in `flows/`."""
    for section, content in _entries(_load(file)):
        for name, node in _entries(content):
            if section == "flows":
                yield from _flow_names(name, node)
            elif section in ("responses", "commands"):
                yield from _strings(node, FLOW_KEYS, f"{section.removesuffix('s')} {name}")


def extract_codebook(file: BinaryIO, keywords: object, comment_tags: object, options: object) -> Iterator[Extracted]:
    """Yield the questions and labels of a codebook, also the other words that a population has for a code."""
    yield from _strings(_load(file), CODEBOOK_KEYS | {"labels"}, "codebook")


def extract_definitions(file: BinaryIO, keywords: object, comment_tags: object, options: object) -> Iterator[Extracted]:
    """Yield what a codebook says to those who read its statistics: definitions, and notes on contradictions."""
    yield from _strings(_load(file), DEFINITION_KEYS, "codebook")


def extract_tables(file: BinaryIO, keywords: object, comment_tags: object, options: object) -> Iterator[Extracted]:
    """Yield the title, the base, the labels and the notes of a declared table."""
    yield from _strings(_load(file), TABLE_KEYS, "table")


def extract_reference_figures(
    file: BinaryIO, keywords: object, comment_tags: object, options: object
) -> Iterator[Extracted]:
    """Yield what reference figures say in words; their sources are not translated."""
    yield from _strings(_load(file), FIGURE_KEYS, "reference figure")


def extract_directory(file: BinaryIO, keywords: object, comment_tags: object, options: object) -> Iterator[Extracted]:
    """Yield the descriptions and notes of the service directory."""
    yield from _strings(_load(file), DIRECTORY_KEYS, "service")


def _load(file: BinaryIO) -> Node | None:
    loader = CSafeLoader(file.read().decode("utf-8"))
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


def _entries(node: Node | None) -> Iterator[tuple[str, Node]]:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield str(key.value), value


def _flow_names(name: str, flow: Node) -> Iterator[Extracted]:
    for key, value in _entries(flow):
        if key == "name" and isinstance(value, ScalarNode) and value.value:
            comment = f"flow {name}: its name, when asked what was meant"
            yield value.start_mark.line + 1, "", value.value, [comment]


def _strings(node: Node | None, keys: frozenset[str], where: str) -> Iterator[Extracted]:
    if isinstance(node, SequenceNode):
        for item in node.value:
            yield from _strings(item, keys, where)
        return
    entries = dict(_entries(node))
    identity = entries.get("id")
    here = f"{where} {identity.value}" if isinstance(identity, ScalarNode) else where
    for key, value in entries.items():
        if key in keys:
            yield from _texts(value, keys, here)
        else:
            yield from _strings(value, keys, here)


def _texts(node: Node, keys: frozenset[str], where: str) -> Iterator[Extracted]:
    """Yield a text, the texts of a list, or those of a mapping from codes."""
    if isinstance(node, ScalarNode):
        if node.value.strip():
            yield node.start_mark.line + 1, "", node.value.strip(), [where]
    elif isinstance(node, SequenceNode) and all(isinstance(item, ScalarNode) for item in node.value):
        for item in node.value:
            yield from _texts(item, keys, where)
    elif isinstance(node, MappingNode) and all(isinstance(value, ScalarNode) for _, value in node.value):
        for _, value in node.value:
            yield from _texts(value, keys, where)
    else:
        yield from _strings(node, keys, where)
