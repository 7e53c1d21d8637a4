"""An assistant for the tests: what it answers is set by the test, and it remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bot.conversation.answering import Answer
from bot.conversation.replies import ChoiceButton, ChoicesReply, NoticeReply, Reply, TextReply
from bot.conversation.updates import ChannelKind, Update
from bot.dialogue.state import DialogueState

ARENAS = ("street", "online", "app")


def echo(state: DialogueState, update: Update) -> tuple[DialogueState, tuple[Reply, ...]]:
    """Count the turns, and say what came."""
    turns = int(state.slots.get("turns") or 0) + 1
    heard = update.text or update.command or " ".join(update.choices)
    return state.with_slots(turns=turns), (TextReply(text=f"{turns}: {heard}"),)


def arenas(state: DialogueState, update: Update) -> tuple[DialogueState, tuple[Reply, ...]]:
    """Ask a question with several answers until it is done."""
    chosen = state.slots.get("arenas") or ()
    assert isinstance(chosen, tuple)
    if "command:done" in update.choices:
        return state, (TextReply(text=f"Chosen: {', '.join(chosen)}."),)
    for choice in update.choices:
        value = choice.removeprefix("arenas:")
        chosen = tuple(item for item in chosen if item != value) if value in chosen else (*chosen, value)
    state = state.with_slots(arenas=chosen)
    if len(chosen) > 2:
        return state.with_slots(arenas=chosen[:2]), (NoticeReply(text="Two are enough."), _question(chosen[:2]))
    return state, (_question(chosen),)


def _question(chosen: tuple[str, ...]) -> ChoicesReply:
    buttons = [
        ChoiceButton(id=f"arenas:{name}", title=name.title(), role="answer", selected=name in chosen) for name in ARENAS
    ]
    done = ChoiceButton(id="command:done", title="Done", role="command")
    return ChoicesReply(text="Where?", choices=(*buttons, done), multiple=True, maximum=2)


@dataclass
class ScriptedTurns:
    """Answers by `script`; a text in `gates` waits for its gate, the text "break" breaks."""

    script: Callable[[DialogueState, Update], tuple[DialogueState, tuple[Reply, ...]]] = echo
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    heard: list[tuple[DialogueState | None, Update]] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)

    async def begin(self, channel: ChannelKind, language: str | None = None) -> Answer:
        return await self.turn(None, Update(channel, language=language))

    async def turn(self, state: DialogueState | None, update: Update) -> Answer:
        self.heard.append((state, update))
        if gate := self.gates.get(update.text or ""):
            await gate.wait()
        self.finished.append(update.text or "")
        if update.text == "break":
            raise RuntimeError(f"could not make sense of {update.text}: secret-words")
        language = (state.language if state else update.language) or "sv"
        if update.command == "exit":
            return Answer(None, language, (NoticeReply(text="Ended."),))
        new, replies = self.script(
            replace(state or DialogueState(), slots={**(state.slots if state else {}), "language": language}), update
        )
        return Answer(new, language, replies)
