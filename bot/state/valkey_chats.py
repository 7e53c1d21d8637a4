"""The state of a messenger's chats in Valkey (or Redis), so that a restart of the bot ends no conversation."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

from valkey.asyncio import Valkey
from valkey.exceptions import ValkeyError

from bot.conversation.updates import ChannelKind
from bot.dialogue.state import DialogueState
from bot.state.chats import ChatKey, ChatKeys, ChatSeal, ChatStatesAwayError, Lifetimes, Locks, Remembered

PREFIX: Final = "fyren:chat:"
DELIVERY_PREFIX: Final = "fyren:delivery:"
DELIVERY_LIFE: Final = timedelta(hours=1)
PATIENCE: Final = 2.0
"""Seconds to wait for the server; a person is waiting too."""

_MILLISECOND: Final = timedelta(milliseconds=1)


class ValkeyChatStates:
    """Remembers chats in a Valkey server, which forgets them by itself.

    The server sees keyed hashes, sealed records of a few sizes and when they end. How many it keeps is bounded there
    (`maxmemory`, with `maxmemory-policy volatile-ttl`). It should write nothing to disk (`save ""`, `appendonly no`).
    `now` returns the time, zone-aware.
    """

    def __init__(
        self,
        client: Valkey,
        keys: ChatKeys,
        lifetimes: Lifetimes,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._keys = keys
        self._seal = ChatSeal(keys.sealing)
        self._lifetimes = lifetimes
        self._now = now
        self._locks = Locks()

    @classmethod
    def at(cls, url: str, keys: ChatKeys, lifetimes: Lifetimes, *, now: Callable[[], datetime]) -> ValkeyChatStates:
        """Return the chats in the server at `url` (`valkey://`, `valkeys://` or `unix://`); it is not called yet."""
        client = Valkey.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
        return cls(client, keys, lifetimes, now=now)

    def find(self, channel: ChannelKind, chat_id: str) -> ChatKey:
        """Return the key under which a chat is kept."""
        return self._keys.find(channel, chat_id)

    def lock(self, chat: ChatKey) -> asyncio.Lock:
        """Return the lock of a chat, in this process."""
        return self._locks[chat]

    async def get(self, chat: ChatKey) -> Remembered | None:
        """Return what is remembered of a chat; raises `ChatStatesAwayError`."""
        async with _calling():
            sealed = await self._client.get(PREFIX + chat)
        if sealed is None:
            return None
        remembered = self._seal.open(chat, sealed)
        if remembered is None or self._now() - remembered.begun >= self._lifetimes.hard:
            await self.forget(chat)
            return None
        return remembered

    async def put(self, chat: ChatKey, state: DialogueState, messages: tuple[int, ...] = ()) -> None:
        """Remember a chat after a turn; raises `ChatStatesAwayError`."""
        old = await self.get(chat)
        now = self._now()
        begun = old.begun if old else now
        sealed = self._seal.seal(chat, Remembered(begun, state, messages))
        left = self._lifetimes.left(begun, now)
        async with _calling():
            await self._client.set(PREFIX + chat, sealed, px=max(1, left // _MILLISECOND))

    async def forget(self, chat: ChatKey) -> None:
        """Forget a chat at once; raises `ChatStatesAwayError`."""
        async with _calling():
            await self._client.delete(PREFIX + chat)

    async def is_new(self, channel: ChannelKind, delivery: int) -> bool:
        """Tell whether a delivery comes for the first time within an hour; raises `ChatStatesAwayError`."""
        name = hmac.new(self._keys.finding, f"delivery\0{channel}\0{delivery}".encode(), hashlib.sha256).hexdigest()
        async with _calling():
            return bool(await self._client.set(DELIVERY_PREFIX + name, b"", nx=True, ex=DELIVERY_LIFE))

    async def start(self) -> None:
        """Do nothing: the server forgets by itself."""

    async def stop(self) -> None:
        """Close the connections; what is kept stays until its time is over."""
        await self._client.aclose()


@asynccontextmanager
async def _calling() -> AsyncIterator[None]:
    try:
        yield
    except (ValkeyError, OSError, TimeoutError) as error:
        raise ChatStatesAwayError("The server that keeps the chats does not answer.") from error
