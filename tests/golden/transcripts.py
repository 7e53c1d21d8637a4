"""Conversations as text that a reviewer reads: who wrote or tapped what, and every reply."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

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

HEADER = "# Recorded by `pytest tests/golden --update-golden`; to be read in review, never written by hand.\n"
_WIDTH = 112


class Transcript:
    """Collects the lines of one conversation."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def person(self, text: str) -> None:
        self._entry("Person", [text])

    def taps(self, choices: Iterable[str], titles: dict[str, str]) -> None:
        self._entry("Taps", [", ".join(f"{titles[choice]} ‹{choice}›" if choice in titles else f"‹{choice}›"
                                       for choice in choices)])  # fmt: skip

    def before(self, choices: Iterable[str]) -> None:
        self._entry("Before", [", ".join(choices)])

    def does(self, what: str) -> None:
        self._entry("Person", [f"({what})"])

    def meanwhile(self, what: str) -> None:
        self._entry("Meanwhile", [what])

    def replies(self, replies: Iterable[Reply], *, ended: bool) -> None:
        for reply in replies:
            self._entry(reply.type.capitalize(), _reply_lines(reply))
        if ended:
            self._entry("End", ["nothing is kept"])

    def text(self) -> str:
        return "\n".join(self._lines)

    def _entry(self, speaker: str, parts: Iterable[str]) -> None:
        if speaker in ("Person", "Taps", "Meanwhile") and self._lines:
            self._lines.append("")
        indent = " " * 11
        first = f"{speaker}:".ljust(11)
        for part in parts:
            for line in part.split("\n"):
                if not line:
                    continue
                hanging = indent + ("  " if line.startswith("· ") else "")
                wrapped = textwrap.wrap(line, _WIDTH, initial_indent=first, subsequent_indent=hanging,
                                        break_long_words=False, break_on_hyphens=False)  # fmt: skip
                self._lines.extend(wrapped)
                first = indent


def recorded(conversations: Iterable[tuple[str, str]]) -> str:
    """Return the content of a file with named transcripts."""
    parts = [HEADER]
    for name, transcript in conversations:
        parts.append(f"{name}: |-\n{textwrap.indent(transcript, '  ')}\n")
    return "\n".join(parts)


def _reply_lines(reply: Reply) -> Iterator[str]:
    match reply:
        case TextReply(text=text) | NoticeReply(text=text):
            yield text
        case ChoicesReply():
            progress = f" ({reply.progress.position}/{reply.progress.total})" if reply.progress else ""
            several = f" (up to {reply.maximum})" if reply.multiple else ""
            yield f"{reply.text}{progress}{several}"
            yield from map(_button, reply.choices)
        case CrisisReply():
            yield reply.text
            yield from map(_contact, reply.contacts)
            if reply.cannot_speak:
                yield f"{reply.cannot_speak_title}: {reply.cannot_speak}"
        case ServicesReply():
            yield reply.text
            yield from map(_service, reply.services)
        case SummaryReply():
            yield reply.text
            yield from (f"· {item.question} → {item.answer}" for item in reply.items)


def _button(button: ChoiceButton) -> str:
    mark = "[x] " if button.selected else ""
    return f"· {mark}{button.title} ‹{button.id}›"


def _contact(contact: Contact) -> str:
    ways = [*contact.phones, *filter(None, (contact.chat_url, contact.web))]
    return f"· {contact.name}: {', '.join(ways)} ({contact.hours})"


def _service(service: ServiceCardReply) -> str:
    stale = ", stale" if service.stale else ""
    return f"· {service.name} ‹{service.id}› ({service.hours}{stale})"
