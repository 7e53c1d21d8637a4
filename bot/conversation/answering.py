"""What a channel needs of the assistant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bot.conversation.replies import Reply
from bot.conversation.updates import ChannelKind, Update
from bot.dialogue.state import DialogueState


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of a turn. `state` is `None` when the conversation has ended and everything is forgotten."""

    state: DialogueState | None
    language: str
    replies: tuple[Reply, ...]

    @property
    def ended(self) -> bool:
        """Whether the person left."""
        return self.state is None


class Answering(Protocol):
    """Somebody who answers: the real assistant, or a stand-in."""

    async def begin(self, channel: ChannelKind, language: str | None = None) -> Answer:
        """Return the first message of a new conversation, in `language` if that is live."""
        ...

    async def turn(self, state: DialogueState | None, update: Update) -> Answer:
        """Return what follows from `update`; without a state a conversation begins with it."""
        ...
