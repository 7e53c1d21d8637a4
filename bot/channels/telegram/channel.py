"""The Telegram channel: gets updates by polling or through the webhook, and answers them."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

import telegram
from aiohttp import web
from telegram.error import InvalidToken, TelegramError
from telegram.ext import Application, SimpleUpdateProcessor, TypeHandler

from bot.channels.telegram import wording
from bot.channels.telegram.library import prepare_library
from bot.channels.telegram.messages import Message, compose, notice
from bot.channels.telegram.receiving import ALLOWED_UPDATES, Kind, Received, read
from bot.channels.telegram.sending import ChatGoneError, Courier
from bot.channels.telegram.settings import TelegramSettings
from bot.channels.telegram.webhook import Webhook
from bot.conversation.answering import Answer, Answering
from bot.limits.rates import Rates
from bot.state.chats import ChatKey, ChatStates, ChatStatesAwayError, Remembered
from bot.translation.catalogues import Catalogues, Language

AT_ONCE: Final = 256
"""Updates that are worked on at the same time."""

MAX_WAITING: Final = 1_000
"""Updates that may wait; further ones are left with Telegram, which brings them again."""

MAX_MESSAGES: Final = 400
"""Messages of a chat that are remembered so that they can be taken back."""

WRITING_AFTER: Final = 0.8
"""Seconds after which a person sees that an answer is being written."""

GRACE: Final = 10.0
"""Seconds that updates in work have when the channel stops."""

LONGEST_PAUSE: Final = 300.0
"""Seconds between two attempts to reach Telegram."""

_PROJECT = Path(__file__).resolve().parents[3]
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class TelegramChannel:
    """Serves one Telegram bot.

    `chats` is started and stopped with the channel. `rates` counts the turns of a chat and `notice_rates` the notices
    that it gets about what is not looked at; both count by keyed hash. `sleep` waits a number of seconds.
    """

    def __init__(
        self,
        answering: Answering,
        chats: ChatStates,
        catalogues: Catalogues,
        settings: TelegramSettings,
        *,
        rates: Rates,
        notice_rates: Rates,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        prepare_library()
        self._answering = answering
        self._chats = chats
        self._catalogues = catalogues
        self._settings = settings
        self._rates = rates
        self._notice_rates = notice_rates
        self._sleep = sleep
        self._application = self._built()
        self._courier = Courier(self._application.bot, sleep)
        self._connecting: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()
        self._waiting = 0

    # -- life ---------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to serve; returns at once, and goes on trying while Telegram cannot be reached."""
        await self._chats.start()
        self._connecting = asyncio.create_task(self._connect())

    async def stop(self) -> None:
        """Finish what is in work, and let go of everything; Telegram keeps what comes meanwhile."""
        self._connected.clear()
        if self._connecting:
            self._connecting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._connecting
        updater = self._application.updater
        try:
            async with asyncio.timeout(GRACE):
                if updater and updater.running:
                    await updater.stop()
                if self._application.running:
                    await self._application.stop()
        except (TimeoutError, TelegramError) as error:
            _log.warning("Telegram was left before everything was answered (%s).", type(error).__name__)
        if not self._application.running:
            await self._application.shutdown()
        await self._application.bot.shutdown()
        await self._chats.stop()

    async def connected(self) -> None:
        """Wait until updates come in."""
        await self._connected.wait()

    def routes(self) -> Iterator[web.RouteDef]:
        """Yield the webhook's route, where updates come by webhook."""
        secret = self._settings.webhook_secret
        if self._settings.mode == "webhook" and secret is not None:
            yield web.post(self._settings.webhook_path, Webhook(secret, self._take).receive)

    def _built(self) -> Application[Any, Any, Any, Any, Any, Any]:
        settings = self._settings
        builder = (
            Application.builder()
            .token(settings.token.get_secret_value())
            .base_url(f"{settings.api}/bot")
            .connect_timeout(settings.seconds)
            .read_timeout(settings.seconds)
            .write_timeout(settings.seconds)
            .pool_timeout(settings.seconds)
            .concurrent_updates(SimpleUpdateProcessor(AT_ONCE))
            .job_queue(None)
        )
        if settings.mode == "webhook":
            builder = builder.updater(None)
        else:
            builder = builder.get_updates_connect_timeout(settings.seconds).get_updates_read_timeout(settings.seconds)
        application: Application[Any, Any, Any, Any, Any, Any] = builder.build()
        application.add_handler(TypeHandler(telegram.Update, self._handle))
        return application

    async def _connect(self) -> None:
        try:
            await self._persistently(self._application.initialize)
            await self._application.start()
            await self._persistently(self._receive)
            self._connected.set()
            _log.info("Telegram is served by %s.", self._settings.mode)
            await self._persistently(self._name_commands)
        except InvalidToken:
            # The library's own message holds the token.
            _log.error("Telegram does not know the token in FYREN_TELEGRAM_TOKEN_FILE. Telegram is not served.")

    async def _receive(self) -> None:
        updater = self._application.updater
        if updater is None:
            secret = self._settings.webhook_secret
            await self._application.bot.set_webhook(
                self._settings.webhook_url,
                allowed_updates=ALLOWED_UPDATES,
                secret_token=secret.get_secret_value() if secret else None,
            )
        else:
            await updater.start_polling(
                timeout=self._settings.polling_seconds,
                allowed_updates=ALLOWED_UPDATES,
                error_callback=_log_polling_error,
            )

    async def _name_commands(self) -> None:
        bot = self._application.bot
        for code, language in self._catalogues.languages.items():
            commands = [(name, language.translate(text)) for name, text in wording.COMMANDS.items()]
            if code == self._catalogues.default:
                await bot.set_my_commands(commands)
            await bot.set_my_commands(commands, language_code=code)

    async def _persistently(self, step: Callable[[], Awaitable[_T]]) -> _T:
        """Return what `step` returns, trying again for as long as it takes; raises `InvalidToken`."""
        pause = 1.0
        while True:
            try:
                return await step()
            except InvalidToken:
                raise
            except TelegramError as error:
                _log.warning(
                    "Telegram cannot be reached (%s); trying again in %d seconds.", type(error).__name__, pause
                )
            await self._sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    # -- updates ------------------------------------------------------------------------------------------------------

    def _take(self, data: dict[str, Any]) -> bool:
        """Queue an update that came through the webhook; tell whether there was room."""
        if not self._connected.is_set() or self._waiting + self._application.update_queue.qsize() >= MAX_WAITING:
            return False
        self._application.update_queue.put_nowait(telegram.Update.de_json(data, self._application.bot))
        return True

    async def _handle(self, update: telegram.Update, _context: object) -> None:
        self._waiting += 1
        received = read(update)
        try:
            await self._receive_one(received, update.update_id)
        except ChatGoneError:
            await self._forget_gone(received)
        except Exception as error:
            _log.error("A Telegram update could not be answered: %s.", where(error))
            await self._apologise(received)
        finally:
            self._waiting -= 1

    async def _receive_one(self, received: Received, update_id: int) -> None:
        if received.kind is Kind.NOTHING or received.chat_id is None:
            if received.tapped:
                await self._courier.answer(received.tapped.query)
            return
        match received.kind:
            case Kind.BROADCAST:
                # Nothing is said: whatever is posted in a channel is read by everybody there.
                await self._courier.leave(received.chat_id)
                return
            case Kind.GROUP:
                await self._leave_group(received)
                return
            case Kind.GONE:
                raise ChatGoneError
        chat = self._chats.find("telegram", str(received.chat_id))
        if self._rates.wait(_as_address(chat)):
            await self._slow_down(received, chat)
            return
        # Nothing may be awaited before the lock: updates of a chat take it in the order in which they came.
        async with self._chats.lock(chat):
            if await self._is_new(update_id):
                await self._turn(received, received.chat_id, chat)

    async def _turn(self, received: Received, chat_id: int, chat: ChatKey) -> None:
        if received.tapped:
            await self._courier.answer(received.tapped.query)
        remembered, away = await self._recall(chat)
        state = remembered.state if remembered else None
        language = self._language(received, remembered)
        shown = list(remembered.messages) if remembered else []
        shown += [received.message_id] if received.message_id else []

        refusal = self._refusal(received)
        if refusal and self._notice_rates.wait(_as_address(chat)) == 0:
            shown += await self._send(chat_id, [notice(language.translate(refusal))])
        update = received.update
        if update is None or len(update.text or "") > self._settings.text_length:
            if state is not None and not away:
                await self._remember(chat, Answer(state, language.code, ()), shown)
            return
        if state is None and update.language is None:
            update = replace(update, language=received.language)
        # The key of a chat is a keyed hash already, and a chat is one person.
        update = replace(update, sender=chat)
        async with self._writing(chat_id):
            answer = await self._answering.turn(state, update)
        messages = list(compose(answer.replies, self._catalogues[answer.language]))
        if answer.ended:
            await self._end(chat_id, chat, shown, messages, self._catalogues[answer.language])
            return
        if received.tapped and messages and await self._is_shown_in_place(chat_id, received, messages[-1]):
            messages.pop()
        shown += await self._send(chat_id, messages)
        if away or not await self._remember(chat, answer, shown):
            await self._send(chat_id, [notice(self._catalogues[answer.language].translate(wording.NOT_REMEMBERED))])

    def _refusal(self, received: Received) -> str | None:
        if received.kind is Kind.EDITED:
            return wording.EDITED
        if received.update and len(received.update.text or "") > self._settings.text_length:
            return wording.TOO_LONG
        return wording.NOT_LOOKED_AT if received.kind is Kind.UNREADABLE else None

    async def _is_shown_in_place(self, chat_id: int, received: Received, message: Message) -> bool:
        """Change the marks under the question that was tapped, if it is still that question that is asked."""
        tapped = received.tapped
        if not (tapped and tapped.message_id and message.multiple and message.choices == tapped.choices):
            return False
        return await self._courier.show_keyboard(chat_id, tapped.message_id, message.keyboard)

    async def _end(
        self, chat_id: int, chat: ChatKey, shown: list[int], messages: list[Message], language: Language
    ) -> None:
        """Forget the chat, empty it as far as Telegram allows, and say something neutral."""
        try:
            await self._chats.forget(chat)
        except ChatStatesAwayError:
            _log.error("A chat could not be forgotten at once; it will be when its time is over.")
            messages = [notice(language.translate(wording.FAILED))]
        await self._courier.delete(chat_id, sorted(set(shown)))
        await self._send(chat_id, messages)

    async def _send(self, chat_id: int, messages: list[Message]) -> list[int]:
        sent = [await self._courier.send(chat_id, message) for message in messages]
        return [message_id for message_id in sent if message_id is not None]

    @asynccontextmanager
    async def _writing(self, chat_id: int) -> Any:
        async def show() -> None:
            await asyncio.sleep(WRITING_AFTER)
            with contextlib.suppress(ChatGoneError):
                await self._courier.show_writing(chat_id)

        showing = asyncio.create_task(show())
        try:
            yield
        finally:
            showing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await showing

    # -- notices ------------------------------------------------------------------------------------------------------

    async def _slow_down(self, received: Received, chat: ChatKey) -> None:
        assert received.chat_id is not None
        text = self._language(received, None).translate(wording.TOO_FAST)
        if received.tapped:
            await self._courier.answer(received.tapped.query, text[:200])
        elif self._notice_rates.wait(_as_address(chat)) == 0:
            await self._send(received.chat_id, [notice(text)])

    async def _leave_group(self, received: Received) -> None:
        assert received.chat_id is not None
        chat = self._chats.find("telegram", str(received.chat_id))
        if self._notice_rates.wait(_as_address(chat)) == 0:
            language = self._language(received, None)
            await self._send(received.chat_id, [notice(language.translate(wording.PRIVATE_ONLY))])
        await self._courier.leave(received.chat_id)

    async def _apologise(self, received: Received) -> None:
        if received.chat_id is None or received.kind in (Kind.GROUP, Kind.BROADCAST, Kind.GONE):
            return
        language = self._language(received, None)
        try:
            await self._send(received.chat_id, [notice(language.translate(wording.FAILED))])
        except ChatGoneError:
            await self._forget_gone(received)

    def _language(self, received: Received, remembered: Remembered | None) -> Language:
        known = (remembered.state.language if remembered else None, received.language)
        found = next(filter(None, map(self._catalogues.supported, known)), self._catalogues.default)
        return self._catalogues[found]

    # -- memory -------------------------------------------------------------------------------------------------------

    async def _recall(self, chat: ChatKey) -> tuple[Remembered | None, bool]:
        """Return what is remembered, and whether the place where chats are kept is away."""
        try:
            return await self._chats.get(chat), False
        except ChatStatesAwayError as error:
            _log.error("%s", error)
            return None, True

    async def _remember(self, chat: ChatKey, answer: Answer, shown: list[int]) -> bool:
        assert answer.state is not None
        try:
            await self._chats.put(chat, answer.state, tuple(shown[-MAX_MESSAGES:]))
        except ChatStatesAwayError as error:
            _log.error("%s", error)
            return False
        return True

    async def _is_new(self, update_id: int) -> bool:
        try:
            return await self._chats.is_new("telegram", update_id)
        except ChatStatesAwayError:
            return True

    async def _forget_gone(self, received: Received) -> None:
        with contextlib.suppress(ChatStatesAwayError):
            await self._chats.forget(self._chats.find("telegram", str(received.chat_id)))


def where(error: BaseException) -> str:
    """Return the kind of an error and where it happened; its message may hold what a person wrote."""
    frames = [
        f"{Path(frame.filename).resolve().relative_to(_PROJECT)}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).resolve().is_relative_to(_PROJECT) and "site-packages" not in frame.filename
    ]
    return f"{type(error).__name__} at {', '.join(frames[-3:]) or 'an unknown place'}"


def _as_address(chat: ChatKey) -> str:
    """Return an address that stands for a chat, since rates count networks: each chat gets a /64 of its own."""
    return str(ipaddress.IPv6Address(bytes.fromhex(chat)[:8] + bytes(8)))


def _log_polling_error(error: TelegramError) -> None:
    _log.warning("Telegram gives no updates just now (%s); trying again.", type(error).__name__)
