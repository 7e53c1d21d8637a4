"""YAML files that remember the line of every node.

PyYAML's C parser reads a file some twenty times faster than a pure Python one, which decides how soon the page is up.
Its YAML 1.1 would read `no` and `12:30` as a boolean and a number, so scalars are resolved by the core schema of
YAML 1.2 instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from content_files.errors import ContentError, ContentProblem

Model = TypeVar("Model", bound=BaseModel)
Location = Sequence[str | int]

_PLAIN_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_PLAIN_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


@dataclass(frozen=True)
class YamlFile:
    """A parsed YAML file: its data and the lines the data stood on."""

    path: Path
    data: Any
    root: Node | None

    def line_of(self, location: Location) -> int:
        """Return the line, counted from 1, of the node at `location`, or of its nearest parent that is there."""
        line = 1
        for _, found in self._nodes(location):
            line = found
        return line

    def problem(self, location: Location, message: str, where: str = "") -> ContentProblem:
        """Return a problem at `location`; `where` defaults to the location itself."""
        return ContentProblem(self.path, self.line_of(location), where or _readable(location), message)

    def existing(self, location: Location) -> Location:
        """Return `location` without the parts that name no node, such as a branch of a union in a model."""
        kept: list[str | int] = []
        for key in location:
            if self._has([*kept, key]):
                kept.append(key)
        return kept

    def _has(self, location: Location) -> bool:
        return sum(1 for _ in self._nodes(location)) == len(location)

    def _nodes(self, location: Location) -> Iterator[tuple[Node, int]]:
        """Yield the nodes on the way to `location`, as far as they are there, each with its line."""
        node = self.root
        for key in location:
            found = _child(node, key)
            if found is None:
                return
            node, line = found
            yield node, line


def read_yaml(path: Path) -> YamlFile:
    """Read one YAML file.

    Raises `ContentError` if the file cannot be read, is not UTF-8 or is not YAML, with the line where that shows.
    """
    try:
        text = path.read_text(encoding="utf-8")
        loader = yaml.CSafeLoader(text)
        try:
            root = loader.get_single_node()
        finally:
            loader.dispose()
        data = None if root is None else _value(root, path)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ContentError([ContentProblem(path, line, "", f"is not YAML: {error.problem}")]) from error
    except yaml.YAMLError as error:
        raise ContentError([ContentProblem(path, 0, "", f"is not YAML: {error}")]) from error
    except UnicodeDecodeError as error:
        raise ContentError([ContentProblem(path, 0, "", "is not UTF-8 text")]) from error
    except OSError as error:
        raise ContentError([ContentProblem(path, 0, "", f"cannot be read: {error.strerror}")]) from error
    return YamlFile(path, data, root)


def load_model(path: Path, model: type[Model]) -> tuple[Model, YamlFile]:
    """Read a YAML file as a pydantic model; the file comes along for the lines of later checks.

    Raises `ContentError` with every place where the file does not fit the model.
    """
    source = read_yaml(path)
    try:
        return model.model_validate(source.data), source
    except ValidationError as error:
        raise ContentError(
            source.problem(source.existing(details["loc"]), details["msg"], _readable(details["loc"]))
            for details in error.errors(include_url=False, include_context=False, include_input=False)
        ) from error


def _value(node: Node, path: Path, within: tuple[Node, ...] = ()) -> Any:
    """Return the data of a node that stands inside of `within`; anchors and aliases come out as what they stand for."""
    if isinstance(node, ScalarNode):
        return _scalar(node)
    if any(node is outer for outer in within):
        raise ContentError([ContentProblem(path, node.start_mark.line + 1, "", "is not YAML: an anchor holds itself")])
    inside = (*within, node)
    if isinstance(node, SequenceNode):
        return [_value(item, path, inside) for item in node.value]
    assert isinstance(node, MappingNode)
    data: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = _value(key_node, path, inside)
        line = key_node.start_mark.line + 1
        if not isinstance(key, str | int | float | bool):
            raise ContentError([ContentProblem(path, line, "", "is not YAML: a key has to be a plain word")])
        if key in data:
            raise ContentError([ContentProblem(path, line, str(key), "is there twice")])
        data[key] = _value(value_node, path, inside)
    return data


def _scalar(node: ScalarNode) -> Any:
    value: str = node.value
    if node.style:  # quoted or a block; the C parser says "" for plain
        return value
    if value in _PLAIN_NULLS:
        return None
    if value in _PLAIN_BOOLEANS:
        return _PLAIN_BOOLEANS[value]
    if _INTEGER.fullmatch(value):
        return int(value)
    if _FLOAT.fullmatch(value):
        return float(value)
    return value


def _child(node: Node | None, key: str | int) -> tuple[Node, int] | None:
    if isinstance(node, MappingNode):
        for key_node, value_node in node.value:
            if key_node.value == str(key):
                return value_node, key_node.start_mark.line + 1
    elif isinstance(node, SequenceNode) and isinstance(key, int) and 0 <= key < len(node.value):
        return node.value[key], node.value[key].start_mark.line + 1
    return None


def _readable(location: Location) -> str:
    return ".".join(str(part) for part in location)
