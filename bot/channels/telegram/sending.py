"""Calls the Bot API with patience: flood control, time-outs, people who have blocked the bot."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final, TypeVar

import telegram
from telegram import InlineKeyboardMarkup, LinkPreviewOptions
from telegram.constants import ChatAction
from telegram.error import BadRequest, ChatMigrated, Forbidden, NetworkError, RetryAfter, TelegramError

from bot.channels.telegram.messages import Message

ATTEMPTS: Final = 4
PAUSE: Final = 1.0
"""Seconds before the second attempt; doubled for each one after it."""

LONGEST_PAUSE: Final = 60.0
"""Seconds; whoever was told to wait longer has long gone."""

MAX_DELETED: Final = 100
"""Messages that one call may delete."""

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class ChatGoneError(Exception):
    """The person has blocked the bot, or the chat does not exist any more."""


class Courier:
    """Sends messages to chats. `sleep` waits a number of seconds."""

    def __init__(self, bot: telegram.Bot, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._bot = bot
        self._sleep = sleep

    async def send(self, chat_id: int, message: Message) -> int | None:
        """Send a message and return its id, or `None` if it could not be sent; raises `ChatGoneError`."""
        sent = await self._patiently(
            lambda: self._bot.send_message(
                chat_id,
                message.text,
                entities=message.entities or None,
                reply_markup=message.keyboard,
                # A preview would make Telegram fetch the page, and show the name of a service on a locked screen.
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )
        )
        return sent.message_id if sent else None

    async def show_keyboard(self, chat_id: int, message_id: int, keyboard: InlineKeyboardMarkup | None) -> bool:
        """Put another keyboard under a message and tell whether it is there now; raises `ChatGoneError`."""

        async def edit() -> bool:
            try:
                await self._bot.edit_message_reply_markup(chat_id, message_id, reply_markup=keyboard)
            except BadRequest as error:
                if "not modified" not in error.message.casefold():
                    raise
            return True

        return await self._patiently(edit) is not None

    async def answer(self, query: telegram.CallbackQuery, text: str | None = None) -> None:
        """Take the waiting sign off a tapped button, with `text` (at most 200 characters) in a window."""
        await self._patiently(lambda: self._bot.answer_callback_query(query.id, text=text, show_alert=bool(text)))

    async def show_writing(self, chat_id: int) -> None:
        """Show that an answer is being written."""
        await self._patiently(lambda: self._bot.send_chat_action(chat_id, ChatAction.TYPING), attempts=1)

    async def delete(self, chat_id: int, messages: Sequence[int]) -> None:
        """Take messages out of a private chat, as far as Telegram still does that (48 hours)."""
        for start in range(0, len(messages), MAX_DELETED):
            some = list(messages[start : start + MAX_DELETED])
            await self._patiently(lambda some=some: self._bot.delete_messages(chat_id, some))  # type: ignore[misc]

    async def leave(self, chat_id: int) -> None:
        """Leave a group or a channel."""
        await self._patiently(lambda: self._bot.leave_chat(chat_id))

    async def _patiently(self, call: Callable[[], Awaitable[_T]], attempts: int = ATTEMPTS) -> _T | None:
        """Return what `call` returns, or `None` if Telegram does not take it; raises `ChatGoneError`.

        A call that timed out may have arrived: a message that comes twice is better than one that is missing.
        """
        pause = PAUSE
        for attempt in range(1, attempts + 1):
            try:
                return await call()
            except (Forbidden, ChatMigrated) as error:
                raise ChatGoneError from error
            except BadRequest as error:
                if "chat not found" in error.message.casefold():
                    raise ChatGoneError from error
                _log.warning("Telegram does not take a call (%s).", type(error).__name__)
                return None
            except RetryAfter as error:
                seconds = _seconds(error.retry_after) + 0.1
                if seconds > LONGEST_PAUSE or attempt == attempts:
                    _log.warning("Telegram asks to wait %d seconds; a call is given up.", seconds)
                    return None
                await self._sleep(seconds)
            except NetworkError as error:
                if attempt == attempts:
                    _log.warning("Telegram cannot be reached (%s); a call is given up.", type(error).__name__)
                    return None
                await self._sleep(pause)
                pause *= 2
            except TelegramError as error:
                _log.warning("Telegram does not take a call (%s).", type(error).__name__)
                return None
        return None


def _seconds(wait: int | timedelta) -> float:
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
