"""The scripts of the golden conversations: what a person does, in every language."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.conversation.updates import ChannelKind, Command
from content_files import load_model

FOLDER = Path(__file__).parent
LANGUAGES = ("sv", "en", "ro")

Meanwhile = Literal[
    "understanding goes away",
    "understanding comes back",
    "store breaks down",
    "store comes back",
    "the flows are rewritten",
]
"""After `the flows are rewritten` the state names a step that there is no more, as after an update of the content."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Given(_Part):
    """How a conversation begins.

    With `greeting`, the first message is part of the transcript, or comes together with the answer to the first line;
    without, the person has read it already. An understanding that is `unsure` means what the model means, with less
    confidence. `after` are choices that were tapped before the transcript begins.
    """

    greeting: bool = False
    understanding: Literal["there", "away", "unsure"] = "there"
    store: Literal["there", "broken", "none"] = "there"
    channel: ChannelKind = "web"
    after: list[str] = []


class Line(_Part):
    """One thing that a person does, or that happens meanwhile.

    `tap` takes choices that are on the screen, `tap_old` any. `says` is free text, in each language or one for all.
    `language` picks in the channel's own picker. `writes_receipt` writes the code that was shown before.
    `leaves_out_the_rest` skips every question until the answers are shown.
    """

    tap: str | list[str] | None = None
    tap_old: str | None = None
    says: str | dict[Literal["sv", "en", "ro"], str] | None = None
    language: str | None = None
    command: Command | None = None
    writes_receipt: Literal[True] | None = None
    leaves_out_the_rest: Literal[True] | None = None
    meanwhile: Meanwhile | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Line:
        if len(self.model_fields_set) != 1:
            raise ValueError("a line is exactly one thing")
        if isinstance(self.says, dict) and set(self.says) != set(LANGUAGES):
            raise ValueError(f"a text is needed in {', '.join(LANGUAGES)}")
        return self

    def text(self, language: str) -> str:
        """Return what the person writes."""
        return self.says[language] if isinstance(self.says, dict) else str(self.says)  # type: ignore[index]


class ScriptedConversation(_Part):
    """One conversation."""

    name: Annotated[str, Field(min_length=1)]
    given: Given = Given()
    person: list[Line]


class Script(_Part):
    """The conversations about one flow."""

    conversations: Annotated[list[ScriptedConversation], Field(min_length=1)]


def script_paths() -> list[Path]:
    """Return the files of all scripts."""
    return sorted((FOLDER / "scripts").glob("*.yml"))


def load_script(path: Path) -> Script:
    """Read a script; raises `ContentError` with the line that is wrong."""
    return load_model(path, Script)[0]


def recorded_path(script: Path, language: str) -> Path:
    """Return where the conversations of a script are recorded in one language."""
    return FOLDER / language / script.name
