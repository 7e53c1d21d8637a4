"""Which strings of the YAML content go into the gettext template, with the place they come from.

Babel calls these functions by the entries in `locales/babel.toml`; each yields (line, function name, message,
comments) as Babel's extraction interface asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

Extracted = tuple[int, str, str, list[str]]

FLOW_KEYS = frozenset({"text", "title", "cannot_speak"})
CODEBOOK_KEYS = frozenset({"question", "label", "title", "help"})
DIRECTORY_KEYS = frozenset(
    {"description", "application_process", "eligibility_description", "fees_description", "hours_description", "note"}
)


def extract_flows(file: BinaryIO, keywords: object, comment_tags: object, options: object) -> Iterator[Extracted]:
    """Yield the texts, button titles and flow names of a file in `flows/`."""
    data = _load(file)
    for name, flow in (data.get("flows") or {}).items():
        if flow.get("name"):
            yield (
                flow.lc.key("name")[0] + 1,
                "",
                str(flow["name"]),
                [f"flow {name}: its name, when asked what was meant"],
            )
    for section in ("responses", "commands"):
        for name, node in (data.get(section) or {}).items():
            yield from _strings(node, FLOW_KEYS, f"{section.removesuffix('s')} {name}")


def extract_codebook(file: BinaryIO, keywords: object, comment_tags: object, options: object) -> Iterator[Extracted]:
    """Yield the questions and labels of a codebook."""
    yield from _strings(_load(file), CODEBOOK_KEYS, "codebook")


def extract_directory(file: BinaryIO, keywords: object, comment_tags: object, options: object) -> Iterator[Extracted]:
    """Yield the descriptions and notes of the service directory."""
    yield from _strings(_load(file), DIRECTORY_KEYS, "service")


def _load(file: BinaryIO) -> CommentedMap:
    data = YAML(typ="rt").load(file.read().decode("utf-8"))
    return data if isinstance(data, CommentedMap) else CommentedMap({"items": data})


def _strings(node: Any, keys: frozenset[str], where: str) -> Iterator[Extracted]:
    if isinstance(node, Mapping):
        here = f"{where} {node['id']}" if isinstance(node.get("id"), str) else where
        for key, value in node.items():
            if key in keys and isinstance(value, str) and value.strip():
                line = node.lc.key(key)[0] + 1 if isinstance(node, CommentedMap) else 0
                yield line, "", value.strip(), [here]
            else:
                yield from _strings(value, keys, here)
    elif isinstance(node, CommentedSeq | list):
        for item in node:
            yield from _strings(item, keys, where)
