"""A conversation in the terminal, over real pipes."""

from __future__ import annotations

import asyncio
import io
import os
import pty
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rich.console import Console

from bot.channels.terminal.conversation import run_terminal
from bot.channels.terminal.lines import Lines
from bot.conversation.answering import Answer
from bot.conversation.replies import (
    ChoiceButton,
    ChoicesReply,
    Contact,
    CrisisReply,
    NoticeReply,
    Progress,
    Reply,
    ServiceCardReply,
    ServicesReply,
    SummaryItem,
    SummaryReply,
    TextReply,
)
from bot.conversation.updates import ChannelKind, Update
from bot.dialogue.state import DialogueState
from bot.translation.catalogues import Catalogues, load_catalogues

CHOICES = (
    ChoiceButton(id="arenas:street", title="Street", role="answer"),
    ChoiceButton(id="arenas:online", title="Online", role="answer", selected=True),
    ChoiceButton(id="command:done", title="Done", role="command"),
    ChoiceButton(id="command:skip", title="Skip", role="command"),
)


@dataclass
class Scripted:
    """Answers every turn with the same replies, and remembers what it was asked."""

    replies: tuple[Reply, ...] = (TextReply(text="Hello there."),)
    heard: list[Update] = field(default_factory=list)
    languages: list[str | None] = field(default_factory=list)

    async def begin(self, channel: ChannelKind, language: str | None = None) -> Answer:
        self.languages.append(language)
        return Answer(DialogueState(), language or "sv", self.replies)

    async def turn(self, state: DialogueState | None, update: Update) -> Answer:
        self.heard.append(update)
        if update.command == "exit":
            return Answer(None, "sv", (NoticeReply(text="It is over."),))
        return Answer(state, "sv", self.replies)


@pytest.fixture
def catalogues(tmp_path: Path) -> Catalogues:
    for code in ("sv", "en"):
        folder = tmp_path / "locales" / code / "LC_MESSAGES"
        folder.mkdir(parents=True)
        head = "# Review-Status: reviewed\n# Live: yes\n"
        (folder / "fyren.po").write_text(
            head + 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
            '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n'
        )
    return load_catalogues(tmp_path / "locales")


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    for end in (reading, writing):
        try:
            os.close(end)
        except OSError:
            continue


async def _talk(answering: Scripted, catalogues: Catalogues, pipe: tuple[int, int], *lines: str) -> str:
    reading, writing = pipe
    os.write(writing, "".join(f"{line}\n" for line in lines).encode())
    os.close(writing)
    screen = io.StringIO()
    console = Console(file=screen, width=100)
    async with asyncio.timeout(20):
        await run_terminal(answering, catalogues, console=console, descriptor=reading, language="en")
    return screen.getvalue()


async def test_a_conversation_begins_and_ends(catalogues: Catalogues, pipe: tuple[int, int]) -> None:
    answering = Scripted()
    shown = await _talk(answering, catalogues, pipe, "hej på dig", "", "/exit", "never read")
    assert answering.languages == ["en"]
    assert [(update.text, update.command) for update in answering.heard] == [("hej på dig", None), (None, "exit")]
    assert shown.count("Hello there.") == 2
    assert shown.rstrip().endswith("It is over.")


async def test_the_end_of_the_input_ends_it(catalogues: Catalogues, pipe: tuple[int, int]) -> None:
    answering = Scripted()
    await _talk(answering, catalogues, pipe, "hej")
    assert len(answering.heard) == 1


async def test_commands_and_languages(catalogues: Catalogues, pipe: tuple[int, int]) -> None:
    answering = Scripted()
    await _talk(answering, catalogues, pipe, "/menu", "/Privacy", "/language", "/language en", "/language xx", "/else")
    heard = [(update.command, update.language, update.text) for update in answering.heard]
    assert heard == [
        ("menu", None, None),
        ("privacy", None, None),
        ("language", None, None),
        (None, "en", None),
        ("language", None, None),
        (None, None, "/else"),
    ]


async def test_numbers_are_choices(catalogues: Catalogues, pipe: tuple[int, int]) -> None:
    answering = Scripted((ChoicesReply(text="Where?", choices=CHOICES, progress=Progress(position=3, total=9)),))
    shown = await _talk(answering, catalogues, pipe, "1", "3", "9", "1 2", "two")
    assert "Question 3 of 9" in shown
    assert "  1  Street\n  2  ✓ Online\n  3  Skip\n" in shown
    assert "There is no choice with that number." in shown
    heard = [update.choices or update.text for update in answering.heard]
    assert heard == [("arenas:street",), ("command:skip",), ("arenas:street",), "two"]


async def test_several_numbers_answer_at_once(catalogues: Catalogues, pipe: tuple[int, int]) -> None:
    answering = Scripted((ChoicesReply(text="Where?", choices=CHOICES, multiple=True, maximum=2),))
    await _talk(answering, catalogues, pipe, "2", "1, 2", "1 3", "3")
    assert [update.choices for update in answering.heard] == [
        ("arenas:online", "command:done"),
        ("arenas:street", "arenas:online", "command:done"),
        ("arenas:street", "command:done"),
        ("command:skip",),
    ]


async def test_a_number_without_choices_is_a_text(catalogues: Catalogues, pipe: tuple[int, int]) -> None:
    answering = Scripted()
    await _talk(answering, catalogues, pipe, "17")
    assert answering.heard[0].text == "17"


async def test_cards_and_the_summary_are_shown(catalogues: Catalogues, pipe: tuple[int, int]) -> None:
    contact = Contact(name="SOS", description="Danger", phones=("112",), chat_url="https://chat.example")
    card = ServiceCardReply(id="s", name="Clinic", description="Help", address="Street 1", hours="Open now")
    item = SummaryItem(question="Where?", answer="[Online]", change="change:arenas", change_title="Change")
    answering = Scripted(
        (
            CrisisReply(text="Glad you wrote.", contacts=(contact,), cannot_speak="Text.", cannot_speak_title="Quiet"),
            ServicesReply(text="Here:", services=(card,)),
            SummaryReply(text="Stored:", items=(item,)),
        )
    )
    shown = await _talk(answering, catalogues, pipe, "1")
    for part in ("Glad you wrote.", "112", "https://chat.example", "Quiet", "Clinic", "Address: Street 1", "[Online]"):
        assert part in shown
    assert answering.heard[0].choices == ("change:arenas",)


async def test_lines_come_whole_however_they_are_cut(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    lines = Lines(reading)
    waiting = asyncio.create_task(lines.next())
    for part in ("å".encode()[:1], "å".encode()[1:] + b"b"):
        os.write(writing, part)
        await asyncio.sleep(0.01)
        assert not waiting.done()
    os.write(writing, b"c\r\nsecond\nth")
    assert await asyncio.wait_for(waiting, 20) == "åbc"
    assert await lines.next() == "second"
    os.write(writing, b"ird")
    os.close(writing)
    assert await asyncio.wait_for(lines.next(), 20) == "third"
    assert await lines.next() is None


async def test_lines_of_an_ordinary_file(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_text("one\ntwo")
    with path.open() as file:
        lines = Lines(file.fileno())
        assert [await lines.next() for _ in range(3)] == ["one", "two", None]


async def test_waiting_for_a_line_can_be_given_up(pipe: tuple[int, int]) -> None:
    """Ctrl-C must end the program at once, not after one more line."""
    waiting = asyncio.create_task(Lines(pipe[0]).next())
    await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_real_terminal_works_too(catalogues: Catalogues) -> None:
    ours, theirs = pty.openpty()
    answering, screen = Scripted(), io.StringIO()
    console = Console(file=screen, width=80)
    talking = asyncio.create_task(run_terminal(answering, catalogues, console=console, descriptor=theirs))
    os.write(ours, b"hej\n/exit\n")
    await asyncio.wait_for(talking, 20)
    assert [(update.text, update.command) for update in answering.heard] == [("hej", None), (None, "exit")]
    os.close(ours)
    os.close(theirs)
