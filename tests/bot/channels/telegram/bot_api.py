"""A local stand-in for Telegram's Bot API: speaks it over HTTP, checks what Telegram checks, and remembers chats.

Written from the public documentation of the Bot API; error texts are those that Telegram answers.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

PATIENCE = 20.0
"""Seconds a test waits for something that should happen at once, on a machine that may be busy."""


class Refused(Exception):
    """A call that Telegram does not take."""

    def __init__(self, status: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = parameters


@dataclass
class Call:
    """A call of a bot."""

    method: str
    parameters: dict[str, Any]


@dataclass
class BotApi:
    """The server's side. `calls` are all calls that were taken or refused, in order."""

    token: str
    calls: list[Call] = field(default_factory=list)
    messages: dict[int, dict[int, dict[str, Any]]] = field(default_factory=lambda: defaultdict(dict))
    log: dict[int, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    webhook: dict[str, Any] | None = None
    commands: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    blocked: set[int] = field(default_factory=set)
    left: list[int] = field(default_factory=list)
    down: bool = False
    refusals: dict[str, deque[Refused]] = field(default_factory=lambda: defaultdict(deque))
    _updates: list[dict[str, Any]] = field(default_factory=list)
    _queries: set[str] = field(default_factory=set)
    _ids: int = 1000
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _server: TestServer | None = None

    # -- life ---------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        application = web.Application()
        application.router.add_post("/bot{token}/{method}", self._answer)
        self._server = TestServer(application)
        # Its log of requests would be the log of Telegram's own machines.
        await self._server.start_server(access_log=None)

    async def stop(self) -> None:
        assert self._server
        await self._server.close()

    @property
    def address(self) -> str:
        assert self._server
        return str(self._server.make_url("")).rstrip("/")

    # -- the test's side ----------------------------------------------------------------------------------------------

    def next_id(self) -> int:
        self._ids += 1
        return self._ids

    async def bring(self, update: dict[str, Any], *, again: bool = False) -> dict[str, Any]:
        """Bring an update to the bot, by its webhook or when it asks; `again` repeats it with its old id."""
        if not again:
            update = {"update_id": self.next_id(), **update}
        if self.webhook:
            headers = {"X-Telegram-Bot-Api-Secret-Token": self.webhook["secret_token"]}
            async with ClientSession() as client, client.post(self.webhook["url"], json=update, headers=headers) as got:
                assert got.status == 200, got.status
        else:
            self._updates.append(update)
            await self._notify()
        return update

    def refuse(self, method: str, status: int, description: str, **parameters: Any) -> None:
        """Refuse the next call of a method."""
        self.refusals[method].append(Refused(status, description, **parameters))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so; fails after a while."""
        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(condition), PATIENCE)

    def called(self, method: str) -> list[dict[str, Any]]:
        """Return the parameters of all calls of a method."""
        return [call.parameters for call in self.calls if call.method == method]

    # -- the bot's side -----------------------------------------------------------------------------------------------

    async def _answer(self, request: web.Request) -> web.Response:
        if request.match_info["token"] != self.token:
            return _response(401, {"ok": False, "error_code": 401, "description": "Unauthorized"})
        method = request.match_info["method"]
        parameters = {name: _value(str(value)) for name, value in (await request.post()).items()}
        if self.down:
            return web.Response(status=502, text="<html>Bad Gateway</html>")
        if method != "getUpdates":
            self.calls.append(Call(method, parameters))
        try:
            if self.refusals[method]:
                raise self.refusals[method].popleft()
            handler: Callable[[dict[str, Any]], Awaitable[Any]] | None = getattr(self, f"_{method}", None)
            if handler is None:
                raise Refused(404, "Not Found")
            result = await handler(parameters)
        except Refused as refused:
            body = {"ok": False, "error_code": refused.status, "description": refused.description}
            if refused.parameters:
                body["parameters"] = refused.parameters
            await self._notify()
            return _response(refused.status, body)
        await self._notify()
        return _response(200, {"ok": True, "result": result})

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _getMe(self, _: dict[str, Any]) -> Any:
        return {"id": int(self.token.split(":")[0]), "is_bot": True, "first_name": "Fyren", "username": "FyrenTestBot"}

    async def _getUpdates(self, parameters: dict[str, Any]) -> Any:
        if self.webhook:
            raise Refused(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete it first",
            )
        offset = int(parameters.get("offset", 0))
        self._updates = [update for update in self._updates if update["update_id"] >= offset]
        if not self._updates and int(parameters.get("timeout", 0)):
            async with self._changed:
                try:
                    await asyncio.wait_for(self._changed.wait_for(lambda: bool(self._updates)), 2)
                except TimeoutError:
                    return []
        return self._updates[:100]

    async def _setWebhook(self, parameters: dict[str, Any]) -> Any:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", str(parameters.get("secret_token", "x"))):
            raise Refused(400, "Bad Request: secret token contains unallowed characters")
        self.webhook = parameters
        return True

    async def _deleteWebhook(self, _: dict[str, Any]) -> Any:
        self.webhook = None
        return True

    async def _sendMessage(self, parameters: dict[str, Any]) -> Any:
        chat = self._chat(parameters)
        text = str(parameters.get("text", "")).strip()
        if not text:
            raise Refused(400, "Bad Request: message text is empty")
        if _units(text) > 4096:
            raise Refused(400, "Bad Request: message is too long")
        _check_entities(text, parameters.get("entities") or [])
        if "parse_mode" in parameters:
            raise Refused(400, "Bad Request: can't parse entities")
        message = {
            "message_id": self.next_id(),
            "date": 1_700_000_000,
            "chat": {"id": chat, "type": "private" if chat > 0 else "group"},
            "from": await self._getMe({}),
            "text": text,
        }
        if markup := parameters.get("reply_markup"):
            message["reply_markup"] = _checked(markup)
        if entities := parameters.get("entities"):
            message["entities"] = entities
        self.messages[chat][message["message_id"]] = message
        self.log[chat].append(message)
        return message

    async def _editMessageReplyMarkup(self, parameters: dict[str, Any]) -> Any:
        message = self.messages[self._chat(parameters)].get(int(parameters["message_id"]))
        if message is None:
            raise Refused(400, "Bad Request: message to edit not found")
        markup = _checked(parameters["reply_markup"]) if parameters.get("reply_markup") else None
        if markup == message.get("reply_markup"):
            raise Refused(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly "
                "the same as a current content and reply markup of the message",
            )
        message["reply_markup"] = markup
        return message

    async def _deleteMessages(self, parameters: dict[str, Any]) -> Any:
        ids = parameters["message_ids"]
        if not 1 <= len(ids) <= 100:
            raise Refused(400, "Bad Request: too many messages to delete")
        chat = self._chat(parameters)
        for message_id in ids:
            self.messages[chat].pop(message_id, None)
        return True

    async def _answerCallbackQuery(self, parameters: dict[str, Any]) -> Any:
        query = str(parameters["callback_query_id"])
        if query not in self._queries:
            raise Refused(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        if len(str(parameters.get("text", ""))) > 200:
            raise Refused(400, "Bad Request: MESSAGE_TOO_LONG")
        self._queries.discard(query)
        return True

    async def _setMyCommands(self, parameters: dict[str, Any]) -> Any:
        for command in parameters["commands"]:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]):
                raise Refused(400, "Bad Request: BOT_COMMAND_INVALID")
            if not 1 <= len(command["description"]) <= 256:
                raise Refused(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
        self.commands[str(parameters.get("language_code", ""))] = parameters["commands"]
        return True

    async def _sendChatAction(self, parameters: dict[str, Any]) -> Any:
        self._chat(parameters)
        return True

    async def _leaveChat(self, parameters: dict[str, Any]) -> Any:
        self.left.append(int(parameters["chat_id"]))
        return True

    def _chat(self, parameters: dict[str, Any]) -> int:
        chat = int(parameters["chat_id"])
        if chat in self.blocked:
            raise Refused(403, "Forbidden: bot was blocked by the user")
        return chat


@dataclass
class Person:
    """Somebody with a private chat with the bot."""

    api: BotApi
    id: int
    language: str = "sv"
    heard: int = 0

    @property
    def user(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "is_bot": False,
            "first_name": f"Förnamn{self.id}",
            "username": f"anv{self.id}",
            "language_code": self.language,
        }

    @property
    def chat(self) -> dict[str, Any]:
        return {"id": self.id, "type": "private", "first_name": f"Förnamn{self.id}"}

    async def sends(self, **content: Any) -> dict[str, Any]:
        """Send a message with any content."""
        message_id = self.api.next_id()
        message = {
            "message_id": message_id,
            "date": 1_700_000_000,
            "chat": self.chat,
            "from": self.user,
            **content,
        }
        self.api.messages[self.id][message_id] = message
        return await self.api.bring({"message": message})

    async def says(self, text: str) -> dict[str, Any]:
        """Write a text."""
        entities = {}
        if text.startswith("/"):
            entities = {"entities": [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]}
        return await self.sends(text=text, **entities)

    async def taps(self, title: str, message: dict[str, Any] | None = None) -> dict[str, Any]:
        """Tap the button with this title, under the newest message that has it."""
        shown = [message] if message else reversed(self.visible())
        found, data = next(
            (each, button["callback_data"])
            for each in shown
            for row in (each.get("reply_markup") or {}).get("inline_keyboard", [])
            for button in row
            if button["text"] == title
        )
        return await self.taps_data(data, found)

    async def taps_data(self, data: str | None, message: dict[str, Any] | None) -> dict[str, Any]:
        """Tap a button with these data."""
        query = str(self.api.next_id())
        self.api._queries.add(query)
        update = {"id": query, "from": self.user, "chat_instance": "1", "data": data, "message": message}
        return await self.api.bring({"callback_query": {key: value for key, value in update.items() if value}})

    def visible(self) -> list[dict[str, Any]]:
        """Return what the chat shows."""
        return [message for _, message in sorted(self.api.messages[self.id].items())]

    async def hears(self, count: int = 1) -> list[str]:
        """Wait for so many further messages of the bot, and return their texts."""
        wanted = self.heard + count
        await self.api.until(lambda: len(self.api.log[self.id]) >= wanted)
        texts = [message["text"] for message in self.api.log[self.id][self.heard : wanted]]
        self.heard = wanted
        return texts

    def buttons(self) -> list[str]:
        """Return the titles under the newest message of the bot."""
        markup = self.api.log[self.id][-1].get("reply_markup") or {"inline_keyboard": []}
        return [button["text"] for row in markup["inline_keyboard"] for button in row]


def _value(text: str) -> Any:
    try:
        return json.loads(text) if text[:1] in "[{" or text in ("true", "false") else text
    except ValueError:
        return text


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _check_entities(text: str, entities: list[dict[str, Any]]) -> None:
    encoded = text.encode("utf-16-le")
    for entity in entities:
        start, end = entity["offset"] * 2, (entity["offset"] + entity["length"]) * 2
        if start < 0 or end <= start or end > len(encoded):
            raise Refused(400, "Bad Request: entity is out of the text")
        encoded[start:end].decode("utf-16-le")


def _checked(markup: dict[str, Any]) -> dict[str, Any]:
    buttons = [button for row in markup["inline_keyboard"] for button in row]
    if len(buttons) > 100:
        raise Refused(400, "Bad Request: reply markup is too long")
    for button in buttons:
        if not button["text"].strip():
            raise Refused(400, "Bad Request: inline keyboard button text must be non-empty")
        if not 1 <= len(button.get("callback_data", "").encode()) <= 64:
            raise Refused(400, "Bad Request: BUTTON_DATA_INVALID")
    return markup


def _response(status: int, body: dict[str, Any]) -> web.Response:
    return web.json_response(body, status=status)
