"""Holds a conversation in a terminal: prints replies, numbers the choices, reads lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from bot.channels.terminal.lines import Lines
from bot.conversation.answering import Answer, Answering
from bot.conversation.replies import (
    ChoiceButton,
    ChoicesReply,
    Contact,
    CrisisReply,
    NoticeReply,
    Reply,
    ServiceCardReply,
    ServicesReply,
    SummaryReply,
    TextReply,
)
from bot.conversation.updates import Command, Update
from bot.translation.catalogues import Catalogues, Language
from bot.translation.marking import message

DONE: Final = "command:done"
PROMPT: Final = "› "

HELP: Final = message("Write in your own words, or type the number of a choice. /menu, /language, /privacy, /exit")
SEVERAL: Final = message("Type the numbers of all that fit, such as 1 3.")
UNKNOWN_NUMBER: Final = message("There is no choice with that number.")
PROGRESS: Final = message("Question %(position)s of %(total)s")
ADDRESS: Final = message("Address")

_COMMANDS: Final[dict[str, Command]] = {
    "/start": "start",
    "/menu": "menu",
    "/language": "language",
    "/privacy": "privacy",
    "/exit": "exit",
}
_NUMBERS: Final = re.compile(r"\d{1,3}(?:[\s,;]+\d{1,3})*")


async def run_terminal(
    answering: Answering, catalogues: Catalogues, *, console: Console, descriptor: int, language: str | None = None
) -> None:
    """Hold one conversation, until the person leaves or the input ends.

    Lines are read from the file `descriptor`; `language` is the language to begin in, if it is live.
    """
    lines = Lines(descriptor)
    screen = Screen(console, catalogues)
    answer = await answering.begin("terminal", language)
    console.print(Text(catalogues[answer.language].translate(HELP), style="dim"))
    screen.show(answer)
    while not answer.ended:
        console.print(Text(PROMPT, style="bold"), end="")
        line = await lines.next()
        if line is None:
            console.print()
            return
        if line.strip():
            answer = await _turn(answering, screen, answer, line.strip())


async def _turn(answering: Answering, screen: Screen, before: Answer, line: str) -> Answer:
    update = screen.read(line)
    if update is None:
        screen.refuse(before)
        return before
    answer = await answering.turn(before.state, update)
    screen.show(answer)
    return answer


class Screen:
    """What is on the screen: the numbered choices that a line may refer to."""

    def __init__(self, console: Console, catalogues: Catalogues) -> None:
        self._console = console
        self._catalogues = catalogues
        self._offered: list[str] = []
        self._multiple: frozenset[str] = frozenset()

    def show(self, answer: Answer) -> None:
        """Print an answer; its choices are the ones that count from now on."""
        self._offered = []
        self._multiple = frozenset()
        for reply in answer.replies:
            self._console.print()
            self._reply(reply, self._catalogues[answer.language])
        self._console.print()

    def refuse(self, answer: Answer) -> None:
        """Say that a number does not stand for anything."""
        self._console.print(Text(self._catalogues[answer.language].translate(UNKNOWN_NUMBER), style="yellow"))

    def read(self, line: str) -> Update | None:
        """Return what a line means, or `None` if it names a choice that there is not."""
        word, _, rest = line.partition(" ")
        if command := _COMMANDS.get(word.casefold()):
            code = self._catalogues.supported(rest.strip()) if command == "language" else None
            return Update("terminal", language=code) if code else Update("terminal", command=command)
        if self._offered and _NUMBERS.fullmatch(line):
            return self._chosen([int(number) for number in re.findall(r"\d+", line)])
        return Update("terminal", text=line)

    def _chosen(self, numbers: Sequence[int]) -> Update | None:
        if not all(1 <= number <= len(self._offered) for number in numbers):
            return None
        chosen = tuple(dict.fromkeys(self._offered[number - 1] for number in numbers))
        if chosen[0] in self._multiple:
            answers = tuple(choice for choice in chosen if choice in self._multiple)
            return Update("terminal", choices=(*answers, DONE))
        return Update("terminal", choices=chosen[:1])

    def _reply(self, reply: Reply, language: Language) -> None:
        match reply:
            case TextReply():
                self._console.print(Text(reply.text))
            case NoticeReply():
                self._console.print(Text(reply.text, style="italic"))
            case ChoicesReply():
                self._question(reply, language)
            case CrisisReply():
                self._console.print(Panel(_crisis(reply), border_style="bold red"))
            case ServicesReply():
                self._console.print(Text(reply.text))
                for service in reply.services:
                    self._console.print(Panel(_service(service, language)))
            case SummaryReply():
                self._console.print(Text(reply.text))
                for item in reply.items:
                    self._offered.append(item.change)
                    self._console.print(Text(f"  {item.question}"))
                    title = Text(f"    {item.answer}", style="bold")
                    self._console.print(title.append(f"  ({len(self._offered)} {item.change_title})", style="dim"))

    def _question(self, reply: ChoicesReply, language: Language) -> None:
        if reply.progress:
            values = {"position": reply.progress.position, "total": reply.progress.total}
            self._console.print(Text(language.translate(PROGRESS) % values, style="dim"))
        self._console.print(Text(reply.text, style="bold"))
        if reply.multiple:
            self._console.print(Text(language.translate(SEVERAL), style="dim"))
            self._multiple = frozenset(choice.id for choice in reply.choices if choice.role == "answer")
        for choice in reply.choices:
            self._choice(choice)

    def _choice(self, choice: ChoiceButton) -> None:
        if choice.id == DONE:
            # The numbers of a line are given all at once, so there is nothing to be done with.
            return
        self._offered.append(choice.id)
        mark = "✓ " if choice.selected else ""
        style = "dim" if choice.role == "command" else ""
        self._console.print(Text(f"{len(self._offered):>3}  {mark}{choice.title}", style=style))


def _crisis(reply: CrisisReply) -> Text:
    text = Text(reply.text)
    for contact in reply.contacts:
        text.append("\n\n").append_text(_contact(contact))
    if reply.cannot_speak:
        text.append(f"\n\n{reply.cannot_speak_title}", style="bold").append(f"\n{reply.cannot_speak}")
    return text


def _service(service: ServiceCardReply, language: Language) -> Text:
    text = _contact(service)
    if service.address:
        text.append(f"\n{language.translate(ADDRESS)}: {service.address}")
    for fact in service.facts:
        text.append(f"\n{fact.label}: {fact.value}")
    return text


def _contact(contact: Contact) -> Text:
    text = Text(contact.name, style="bold")
    lines = (contact.description, *contact.phones, contact.chat_url, contact.web, contact.hours)
    for line in filter(None, lines):
        text.append(f"\n{line}", style="not bold")
    return text
