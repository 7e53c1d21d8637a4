"""Replies as Telegram messages: text with bold lines, and inline keyboards.

Formatting is sent as entities, not as markup, so that no word of a reply has to be escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity

from bot.channels.telegram import wording
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
from bot.translation.catalogues import Language

MAX_LENGTH: Final = 4096
"""Characters of a message, counted here as UTF-16 units, as Telegram counts positions."""

MAX_BUTTONS: Final = 100
"""Telegram takes no more in one keyboard."""

DONE: Final = "command:done"
CHOSEN: Final = "✓ "
PHONE: Final = "☎ "
"""Telegram makes a telephone number in a text one that can be tapped."""

_SHORT: Final = 18
"""Characters of a button that still leave room for another beside it, on a narrow phone."""

_MANY: Final = 8
"""From so many answers on, short ones stand two in a row, so that the question stays on the screen."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a message; an empty one separates paragraphs."""

    text: str
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """A message that Telegram takes: not empty, not too long. `multiple` marks a question with several answers."""

    text: str
    entities: tuple[MessageEntity, ...] = ()
    keyboard: InlineKeyboardMarkup | None = None
    multiple: bool = False

    @property
    def choices(self) -> tuple[str, ...]:
        """The choices of the keyboard."""
        rows = self.keyboard.inline_keyboard if self.keyboard else ()
        return tuple(str(button.callback_data) for row in rows for button in row)


def compose(replies: Iterable[Reply], language: Language) -> Iterator[Message]:
    """Yield the messages of a turn, in order."""
    for reply in replies:
        yield from _message(reply, language)


def notice(text: str) -> Message:
    """Return a message of the channel itself; `text` is short."""
    return Message(text)


def _message(reply: Reply, language: Language) -> Iterator[Message]:
    match reply:
        case TextReply() | NoticeReply():
            yield from _split(_paragraphs(reply.text))
        case ChoicesReply():
            yield from _split(_question(reply, language), _choices(reply, language), multiple=reply.multiple)
        case CrisisReply():
            yield from _split(_crisis(reply, language))
        case ServicesReply():
            yield from _split(_services(reply, language))
        case SummaryReply():
            yield from _split(_summary(reply), _changes(reply))


def _paragraphs(text: str, *, bold: bool = False) -> list[Line]:
    return [Line(line.strip(), bold) for line in text.strip().splitlines()]


def _question(reply: ChoicesReply, language: Language) -> list[Line]:
    lines: list[Line] = []
    if reply.progress:
        values = {"position": reply.progress.position, "total": reply.progress.total}
        lines = [Line(language.translate(wording.PROGRESS) % values), Line("")]
    lines += _paragraphs(reply.text, bold=reply.progress is not None)
    if reply.multiple:
        text = language.translations.ngettext(wording.AT_MOST_ONE, wording.AT_MOST, reply.maximum)
        lines += [Line(""), Line(text % {"num": reply.maximum})]
    return lines


def _crisis(reply: CrisisReply, language: Language) -> list[Line]:
    lines = _paragraphs(reply.text)
    for contact in reply.contacts:
        lines += [Line(""), *_contact(contact, language)]
    if reply.cannot_speak:
        lines += [Line(""), *_paragraphs(reply.cannot_speak_title, bold=True), *_paragraphs(reply.cannot_speak)]
    return lines


def _services(reply: ServicesReply, language: Language) -> list[Line]:
    lines = _paragraphs(reply.text)
    for service in reply.services:
        lines += [Line(""), *_contact(service, language), *_facts(service, language)]
    return lines


def _contact(contact: Contact, language: Language) -> Iterator[Line]:
    yield Line(contact.name, bold=True)
    if contact.description:
        yield Line(contact.description)
    for phone in contact.phones:
        yield Line(PHONE + phone)
    if contact.chat_url:
        yield Line(f"{language.translate(wording.CHAT)}: {contact.chat_url}")
    if contact.web:
        yield Line(contact.web)
    if contact.hours:
        yield Line(contact.hours)


def _facts(service: ServiceCardReply, language: Language) -> Iterator[Line]:
    if service.address:
        yield Line(f"{language.translate(wording.ADDRESS)}: {service.address}")
    for fact in service.facts:
        yield Line(f"{fact.label}: {fact.value}")
    if service.stale:
        yield Line(language.translate(wording.STALE))


def _summary(reply: SummaryReply) -> list[Line]:
    lines = _paragraphs(reply.text)
    for number, item in enumerate(reply.items, start=1):
        lines += [Line(""), Line(f"{number}. {item.question}"), Line(item.answer, bold=True)]
    return lines


# -- keyboards ----------------------------------------------------------------------------------------------------


def _choices(reply: ChoicesReply, language: Language) -> InlineKeyboardMarkup:
    choices = list(reply.choices)
    if reply.multiple and all(choice.id != DONE for choice in choices):
        title = language.translate(wording.CONTINUE)
        last_answer = max((index for index, choice in enumerate(choices) if choice.role == "answer"), default=-1)
        choices.insert(last_answer + 1, ChoiceButton(id=DONE, title=title, role="command"))
    answers = [choice for choice in choices if choice.role != "command"]
    commands = [choice for choice in choices if choice.role == "command" and choice.id != DONE]
    done = [choice for choice in choices if choice.id == DONE]
    rows = [*_rows(answers, paired=len(answers) >= _MANY), *_rows(done), *_rows(commands, paired=True)]
    return InlineKeyboardMarkup(rows)


def _rows(choices: list[ChoiceButton], *, paired: bool = False) -> list[list[InlineKeyboardButton]]:
    rows: list[list[InlineKeyboardButton]] = []
    for choice in choices[:MAX_BUTTONS]:
        title = (CHOSEN if choice.selected else "") + (choice.title or choice.id)
        button = InlineKeyboardButton(title, callback_data=choice.id)
        beside = rows[-1] if rows and paired and len(rows[-1]) == 1 else None
        if beside is not None and max(len(title), len(beside[0].text)) <= _SHORT:
            beside.append(button)
        else:
            rows.append([button])
    return rows


def _changes(reply: SummaryReply) -> InlineKeyboardMarkup:
    numbered = [
        ChoiceButton(id=item.change, title=f"{number}. {item.change_title}", role="command")
        for number, item in enumerate(reply.items, start=1)
    ]
    return InlineKeyboardMarkup(_rows(numbered, paired=True))


# -- lengths ------------------------------------------------------------------------------------------------------


def length(text: str) -> int:
    """Return the length of a text in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def _split(
    lines: list[Line], keyboard: InlineKeyboardMarkup | None = None, *, multiple: bool = False
) -> Iterator[Message]:
    """Yield messages with all the lines, parted at paragraphs where possible; the keyboard is under the last."""
    if keyboard is not None and not keyboard.inline_keyboard:
        keyboard = None
    parts: list[list[Line]] = []
    for paragraph in _parted(lines):
        joined = [*parts[-1], Line(""), *paragraph] if parts else paragraph
        if parts and _fits(joined):
            parts[-1] = joined
        elif _fits(paragraph):
            parts.append(paragraph)
        else:
            parts.extend(_by_lines(paragraph))
    if not parts and keyboard is not None:
        parts = [[Line("…")]]
    for number, part in enumerate(parts, start=1):
        last = number == len(parts)
        yield _formatted(part, keyboard if last else None, multiple=multiple and last)


def _parted(lines: list[Line]) -> list[list[Line]]:
    paragraphs: list[list[Line]] = [[]]
    for line in lines:
        if line.text.strip():
            paragraphs[-1].append(line)
        else:
            paragraphs.append([])
    return [paragraph for paragraph in paragraphs if paragraph]


def _by_lines(paragraph: list[Line]) -> Iterator[list[Line]]:
    part: list[Line] = []
    for line in (short for long in paragraph for short in _by_words(long)):
        if part and not _fits([*part, line]):
            yield part
            part = []
        part.append(line)
    yield part


def _by_words(line: Line) -> Iterator[Line]:
    rest = line.text
    while length(rest) > MAX_LENGTH:
        # Half as many characters always fit, since none has more than two units.
        end = rest.rfind(" ", 1, MAX_LENGTH // 2)
        cut = end if end > 0 else MAX_LENGTH // 2
        yield Line(rest[:cut].rstrip(), line.bold)
        rest = rest[cut:].lstrip()
    if rest:
        yield Line(rest, line.bold)


def _fits(lines: list[Line]) -> bool:
    return length("\n".join(line.text for line in lines)) <= MAX_LENGTH


def _formatted(lines: list[Line], keyboard: InlineKeyboardMarkup | None, *, multiple: bool) -> Message:
    entities = []
    position = 0
    for line in lines:
        if line.bold and line.text:
            entities.append(MessageEntity(MessageEntity.BOLD, position, length(line.text)))
        position += length(line.text) + 1
    return Message("\n".join(line.text for line in lines), tuple(entities), keyboard, multiple)
