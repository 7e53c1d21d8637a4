"""YAML 1.2 files that remember the line of every node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from content_files.errors import ContentError, ContentProblem

Model = TypeVar("Model", bound=BaseModel)
Location = Sequence[str | int]


@dataclass(frozen=True)
class YamlFile:
    """A parsed YAML file: its data and the lines the data stood on."""

    path: Path
    data: Any

    def line_of(self, location: Location) -> int:
        """Return the line, counted from 1, of the node at `location`, or of its nearest parent that is there."""
        node, line = self.data, 1
        for key in location:
            position = _position(node, key)
            if position is None:
                break
            line = position + 1
            node = node[key]
        return line

    def problem(self, location: Location, message: str, where: str = "") -> ContentProblem:
        """Return a problem at `location`; `where` defaults to the location itself."""
        return ContentProblem(self.path, self.line_of(location), where or _readable(location), message)


def read_yaml(path: Path) -> YamlFile:
    """Read one YAML file.

    Raises `ContentError` if the file cannot be read, is not UTF-8 or is not YAML, with the line where that shows.
    """
    try:
        text = path.read_text(encoding="utf-8")
        data = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ContentError([ContentProblem(path, line, "", f"is not YAML: {error.problem}")]) from error
    except YAMLError as error:
        raise ContentError([ContentProblem(path, 0, "", f"is not YAML: {error}")]) from error
    except UnicodeDecodeError as error:
        raise ContentError([ContentProblem(path, 0, "", "is not UTF-8 text")]) from error
    except OSError as error:
        raise ContentError([ContentProblem(path, 0, "", f"cannot be read: {error.strerror}")]) from error
    return YamlFile(path, data)


def load_model(path: Path, model: type[Model]) -> tuple[Model, YamlFile]:
    """Read a YAML file as a pydantic model; the file comes along for the lines of later checks.

    Raises `ContentError` with every place where the file does not fit the model.
    """
    source = read_yaml(path)
    try:
        return model.model_validate(source.data), source
    except ValidationError as error:
        raise ContentError(
            source.problem(_existing(source.data, details["loc"]), details["msg"], _readable(details["loc"]))
            for details in error.errors(include_url=False, include_context=False, include_input=False)
        ) from error


def _position(node: Any, key: str | int) -> int | None:
    if isinstance(node, CommentedMap) and key in node:
        return int(node.lc.key(key)[0])
    if isinstance(node, CommentedSeq) and isinstance(key, int) and 0 <= key < len(node):
        return int(node.lc.item(key)[0])
    return None


def _existing(data: Any, location: Location) -> Location:
    """Leave out the parts of a pydantic location that name a branch of a union and not a node of the file."""
    kept: list[str | int] = []
    node = data
    for key in location:
        if _position(node, key) is not None:
            kept.append(key)
            node = node[key]
    return kept


def _readable(location: Location) -> str:
    return ".".join(str(part) for part in location)
