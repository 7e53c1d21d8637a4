"""Reads what Telegram sends: what of it is for the assistant, and what is not looked at."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import telegram
from telegram.constants import ChatMemberStatus, ChatType

from bot.conversation.updates import Command, Update

ALLOWED_UPDATES: Final = ("message", "edited_message", "callback_query", "channel_post", "my_chat_member")
"""Telegram sends nothing else; reactions, polls and profile changes are none of our business."""

MAX_CALLBACK_BYTES: Final = 64

_COMMANDS: Final[dict[str, Command]] = {
    "start": "start",
    "menu": "menu",
    "help": "menu",
    "language": "language",
    "settings": "language",
    "privacy": "privacy",
    "exit": "exit",
    "stop": "exit",
}
"""`help` and `settings` are Telegram's own customs; `stop` is what somebody in a hurry tries."""

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")
_MEMBERS: Final = (ChatMemberStatus.MEMBER, ChatMemberStatus.ADMINISTRATOR, ChatMemberStatus.RESTRICTED)
_AFTERWARDS: Final = frozenset(
    {"new_chat_members", "left_chat_member", "pinned_message", "message_auto_delete_timer_changed"}
)


class Kind(StrEnum):
    """What was sent."""

    SAID = "said"
    UNREADABLE = "unreadable"
    EDITED = "edited"
    GROUP = "group"
    BROADCAST = "broadcast"
    GONE = "gone"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Tapped:
    """The button that was tapped: of which message, and with which choices that has now (all empty when unknown)."""

    query: telegram.CallbackQuery = field(repr=False)
    message_id: int | None
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Received:
    """One update of Telegram's, read.

    `update` is there for what was said, and may be for something unreadable that came with words. `chat_id` is only
    for sending answers; nothing keeps it.
    """

    kind: Kind
    chat_id: int | None = field(default=None, repr=False)
    update: Update | None = None
    tapped: Tapped | None = None
    message_id: int | None = field(default=None, repr=False)
    language: str | None = None


def read(update: telegram.Update) -> Received:
    """Return what an update is; never raises for what a person sent."""
    if update.my_chat_member is not None:
        return _membership(update.my_chat_member)
    chat = update.effective_chat
    if chat is None:
        query = update.callback_query
        return Received(Kind.NOTHING, tapped=Tapped(query, None, ()) if query else None)
    user = update.effective_user
    language = user.language_code if user else None
    if chat.type == ChatType.CHANNEL:
        return Received(Kind.BROADCAST, chat.id)
    if chat.type != ChatType.PRIVATE:
        return Received(Kind.GROUP, chat.id, language=language)
    if update.callback_query is not None:
        return _tap(update.callback_query, chat.id, language)
    if update.edited_message is not None:
        return Received(Kind.EDITED, chat.id, language=language, message_id=update.edited_message.message_id)
    if update.message is not None:
        return _message(update.message, chat.id, language)
    return Received(Kind.NOTHING)


def _membership(change: telegram.ChatMemberUpdated) -> Received:
    present = change.new_chat_member.status in _MEMBERS
    if change.chat.type == ChatType.PRIVATE:
        return Received(Kind.NOTHING if present else Kind.GONE, change.chat.id)
    if not present:
        return Received(Kind.NOTHING)
    kind = Kind.BROADCAST if change.chat.type == ChatType.CHANNEL else Kind.GROUP
    return Received(kind, change.chat.id, language=change.from_user.language_code)


def _tap(query: telegram.CallbackQuery, chat_id: int, language: str | None) -> Received:
    choice = query.data or ""
    message = query.message
    markup = message.reply_markup if isinstance(message, telegram.Message) else None
    shown = tuple(
        button.callback_data
        for row in (markup.inline_keyboard if markup else ())
        for button in row
        if isinstance(button.callback_data, str)
    )
    tapped = Tapped(query, message.message_id if message else None, shown)
    if not 1 <= len(choice.encode()) <= MAX_CALLBACK_BYTES:
        return Received(Kind.NOTHING, chat_id, tapped=tapped, language=language)
    return Received(Kind.SAID, chat_id, Update("telegram", choices=(choice,)), tapped, language=language)


def _message(message: telegram.Message, chat_id: int, language: str | None) -> Received:
    if any(getattr(message, name) for name in _AFTERWARDS):
        return Received(Kind.NOTHING, chat_id)
    if message.text is not None:
        update = _said(message.text)
        return Received(Kind.SAID, chat_id, update, message_id=message.message_id, language=language)
    # The words beside a picture may be a cry for help, so they are read; the picture is not.
    caption = Update("telegram", text=message.caption) if message.caption else None
    return Received(Kind.UNREADABLE, chat_id, caption, message_id=message.message_id, language=language)


def _said(text: str) -> Update:
    if not text.startswith("/"):
        return Update("telegram", text=text)
    word, _, rest = text[1:].partition(" ")
    command = _COMMANDS.get(word.partition("@")[0].strip().casefold())
    if command is None:
        # An unknown command is read as words: /sluta and /iesire should work too.
        return Update("telegram", text=text.lstrip("/ ") or text)
    # A link to the bot may name a language: t.me/…?start=ro
    asked = rest.strip() if command == "start" and _LANGUAGE.fullmatch(rest.strip()) else None
    return Update("telegram", command=command, language=asked)
