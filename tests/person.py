"""A person who talks with the assistant, for tests."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.conversation.answering import Answer, Answering
from bot.conversation.replies import ChoiceButton, ChoicesReply, Reply, SummaryReply
from bot.conversation.updates import ChannelKind, Command, Update
from bot.dialogue.state import DialogueState, from_json, to_json

RECEIPT = re.compile(r"\b(?:[0-9A-Z]{4}-){3,}[0-9A-Z]{1,4}\b")


class Person:
    """Somebody with a state, which goes through JSON after each turn as in any channel, and the last replies."""

    def __init__(
        self,
        assistant: Answering,
        *,
        language: str = "en",
        channel: ChannelKind = "web",
        sender: str | None = None,
    ) -> None:
        self._assistant = assistant
        self._sender = sender
        self._language = language
        self._channel = channel
        self.state: DialogueState | None = None
        self.replies: tuple[Reply, ...] = ()
        self.language = language

    async def arrive(self) -> Person:
        """Open the conversation without saying anything."""
        return self._keep(await self._assistant.begin(self._channel, self._language))

    def goes_on_with(self, assistant: Answering) -> None:
        """Go on with another assistant, for whom it is another time of the day."""
        self._assistant = assistant

    async def say(self, text: str) -> Person:
        return await self._turn(Update(self._channel, text=text))

    async def tap(self, *choices: str) -> Person:
        """Tap choices that are on the screen."""
        missing = [choice for choice in choices if choice not in self.offered]
        assert not missing, f"{missing} is not on the screen, but {self.offered}"
        return await self.tap_old(*choices)

    async def tap_old(self, *choices: str) -> Person:
        """Tap choices whether they are on the screen or not."""
        return await self._turn(Update(self._channel, choices=choices))

    async def pick(self, language: str) -> Person:
        """Pick a language in the channel's own picker."""
        return await self._turn(Update(self._channel, language=language))

    async def command(self, command: Command) -> Person:
        return await self._turn(Update(self._channel, command=command))

    async def taps(self, *choices: str) -> Person:
        """Tap one choice after the other."""
        for choice in choices:
            await self.tap(choice)
        return self

    async def taps_old(self, *choices: str) -> Person:
        """Tap one choice after the other, whether they are on the screen or not."""
        for choice in choices:
            await self.tap_old(choice)
        return self

    @property
    def buttons(self) -> tuple[ChoiceButton, ...]:
        """The choices of the question on the screen."""
        asked = [reply for reply in self.replies if isinstance(reply, ChoicesReply)]
        return asked[-1].choices if asked else ()

    @property
    def offered(self) -> list[str]:
        """The ids of everything that can be tapped: the choices, and the changes of a summary."""
        changes = [item.change for reply in self.replies if isinstance(reply, SummaryReply) for item in reply.items]
        return [*(button.id for button in self.buttons), *changes]

    @property
    def kinds(self) -> list[str]:
        """The types of the last replies."""
        return [reply.type for reply in self.replies]

    @property
    def heard(self) -> str:
        """All texts of the last replies."""
        return "\n".join(reply.text for reply in self.replies)

    @property
    def receipt(self) -> str | None:
        """The receipt code in the last replies."""
        found = RECEIPT.search(self.heard)
        return found[0] if found else None

    @property
    def stack(self) -> list[str]:
        """The flows that are going on, the innermost last."""
        return [frame.flow for frame in self.state.stack] if self.state else []

    async def _turn(self, update: Update) -> Person:
        if self.state is None:
            update = Update(
                update.channel, update.text, update.choices, update.command, update.language or self._language
            )
        return self._keep(await self._assistant.turn(self.state, replace(update, sender=self._sender)))

    def _keep(self, answer: Answer) -> Person:
        self.state = from_json(to_json(answer.state)) if answer.state else None
        self.replies = answer.replies
        self.language = answer.language
        return self
