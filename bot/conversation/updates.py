"""What comes in, from whatever channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ChannelKind = Literal["web", "telegram", "terminal"]
"""The kinds of channel; the only thing about a channel that is ever recorded."""

Command = Literal["start", "menu", "language", "privacy", "exit"]


@dataclass(frozen=True, slots=True)
class Update:
    """Something a person did: wrote a text, took choices, gave a command, or picked a language.

    At most one of `text`, `choices` and `command` is given; none of them with a `language` means that only the
    language was picked. `sender` stands for a client while this process runs: a keyed hash, only there to be counted.
    """

    channel: ChannelKind
    text: str | None = None
    choices: tuple[str, ...] = ()
    command: Command | None = None
    language: str | None = None
    sender: str | None = None

    def __repr__(self) -> str:
        # A dataclass would show the text; an update must be safe in any traceback or log.
        return f"Update(channel={self.channel!r}, command={self.command!r}, language={self.language!r})"
