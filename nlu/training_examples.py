"""The training sentences with the file and line of each, and the intents they may name."""

from __future__ import annotations

import dataclasses
import unicodedata
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

PROJECT = Path(__file__).resolve().parent
LANGUAGES = ("sv", "en", "ro")


class DataError(Exception):
    """A data file cannot be read; the message names the file and, where known, the line."""


@dataclasses.dataclass(frozen=True)
class Example:
    """One training sentence and where it stands."""

    text: str
    intent: str
    language: str
    path: Path
    line: int

    @property
    def place(self) -> str:
        """File and line, as editors understand them."""
        return f"{self.path.relative_to(PROJECT) if self.path.is_relative_to(PROJECT) else self.path}:{self.line}"


def comparable(text: str) -> str:
    """Return `text` without what two spellings of one sentence differ in: case, spaces and closing punctuation."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(".!?… ")


def read_intents(path: Path = PROJECT / "intents.yml") -> dict[str, dict[str, str]]:
    """Return the intents of the contract with their properties, in the order of the file."""
    intents: dict[str, dict[str, str]] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))["intents"]
    return intents


def crisis_intents(intents: dict[str, dict[str, str]]) -> list[str]:
    """Return the names of the intents that win over everything."""
    return [name for name, properties in intents.items() if properties.get("priority") == "crisis"]


def data_files(folder: Path = PROJECT / "data") -> list[Path]:
    """Return the training files of all languages; the held-out sentences are no training files."""
    return sorted(path for path in folder.glob("*/*.yml") if path.parent.name != "heldout")


def read_examples(path: Path) -> list[Example]:
    """Return the sentences of one file of Rasa NLU training data; raise `DataError` where it has another shape."""
    try:
        document = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except MarkedYAMLError as problem:
        line = problem.problem_mark.line + 1 if problem.problem_mark else 1
        raise DataError(f"{path}:{line}: {problem.problem}") from None
    if not isinstance(document, dict) or not isinstance(document.get("nlu"), list):
        raise DataError(f"{path}:1: a list under `nlu:` is expected")
    examples = []
    for number, block in enumerate(document["nlu"]):
        start = document["nlu"].lc.item(number)[0] + 1
        if not isinstance(block, dict) or not isinstance(block.get("intent"), str) or "examples" not in block:
            raise DataError(f"{path}:{start}: an entry needs `intent` and `examples`")
        first = block.lc.value("examples")[0] + 2  # the text begins on the line after `examples: |`
        for offset, line in enumerate(str(block["examples"]).splitlines()):
            text = line.strip()
            if not text:
                continue
            if not text.startswith("- "):
                raise DataError(f"{path}:{first + offset}: a sentence begins with `- `")
            examples.append(Example(text[2:].strip(), block["intent"], path.parent.name, path, first + offset))
    return examples
