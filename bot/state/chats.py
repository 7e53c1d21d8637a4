"""The state of a messenger's chats: found by a keyed hash of the chat's id, sealed, and forgotten after a while."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import secrets
import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, NewType, Protocol
from weakref import WeakValueDictionary

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.conversation.updates import ChannelKind
from bot.dialogue.state import DialogueState, StateError, from_json, to_json

ChatKey = NewType("ChatKey", str)
"""What a chat is found by: the hexadecimal HMAC-SHA-256 of the channel's kind and the chat's id."""

ChatSecret = NewType("ChatSecret", bytes)
"""The secret that both keys come from; at least 32 random bytes."""

FindingKey = NewType("FindingKey", bytes)
"""The key that turns a chat's id into a `ChatKey`."""

SealingKey = NewType("SealingKey", bytes)
"""The key that opens what is kept of a chat."""

KEY_BYTES: Final = 32
PADDED_TO: Final = 1024
"""Bytes; how much is kept of a chat must not tell how far somebody is."""

MAX_STATE_BYTES: Final = 65_536
"""What a kept state may unpack to."""

MAX_CHATS: Final = 10_000
MAX_DELIVERIES: Final = 20_000
SWEEP: Final = timedelta(minutes=1)
_UNDATED: Final = 0
"""Fernet writes the second of sealing in the clear; nobody needs to know it, so all are sealed at the same one."""


class ChatStatesAwayError(Exception):
    """The place where chats are kept does not answer; a conversation can begin, but not be remembered."""


@dataclass(frozen=True)
class ChatKeys:
    """The two keys of the chats: the value that finds a record cannot be had from the one that opens it."""

    finding: FindingKey = field(repr=False)
    sealing: SealingKey = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.finding) != KEY_BYTES or len(self.sealing) != KEY_BYTES:
            raise ValueError(f"a key of the chats has {KEY_BYTES} bytes")
        if hmac.compare_digest(self.finding, self.sealing):
            raise ValueError("the key that finds a chat and the key that opens it must differ")

    @classmethod
    def derived(cls, secret: ChatSecret) -> ChatKeys:
        """Return the keys of a secret (HKDF, RFC 5869, with a salt each); raises `ValueError` for a short secret."""
        if len(secret) < KEY_BYTES:
            raise ValueError(f"the secret of the chats has at least {KEY_BYTES} bytes")
        return cls(
            FindingKey(_derive(secret, b"fyren chats: finding")), SealingKey(_derive(secret, b"fyren chats: sealing"))
        )

    @classmethod
    def fresh(cls) -> ChatKeys:
        """Return keys that nobody has and that end with the process."""
        return cls.derived(ChatSecret(secrets.token_bytes(KEY_BYTES)))

    def find(self, channel: ChannelKind, chat_id: str) -> ChatKey:
        """Return the key of a chat."""
        return ChatKey(hmac.new(self.finding, f"{channel}\0{chat_id}".encode(), hashlib.sha256).hexdigest())


def _derive(secret: bytes, salt: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=b"1").derive(secret)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long a chat is remembered: `idle` after its last turn, `hard` after its first."""

    idle: timedelta = timedelta(minutes=30)
    hard: timedelta = timedelta(hours=24)

    def left(self, begun: datetime, now: datetime) -> timedelta:
        """Return how long a chat that has just had a turn may still be kept; not more than nothing when it may not."""
        return min(self.idle, begun + self.hard - now)


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is kept of a chat.

    `messages` are the newest messages that the channel can take back when the person leaves.
    """

    begun: datetime
    state: DialogueState
    messages: tuple[int, ...] = ()


class ChatStates(Protocol):
    """Remembers conversations by chat."""

    def find(self, channel: ChannelKind, chat_id: str) -> ChatKey:
        """Return the key under which a chat is kept; its id is not needed any further."""
        ...

    def lock(self, chat: ChatKey) -> asyncio.Lock:
        """Return the lock of a chat, so that its updates are answered one after the other.

        It holds within one process; two processes must not serve the same bot.
        """
        ...

    async def get(self, chat: ChatKey) -> Remembered | None:
        """Return what is remembered of a chat; raises `ChatStatesAwayError`."""
        ...

    async def put(self, chat: ChatKey, state: DialogueState, messages: tuple[int, ...] = ()) -> None:
        """Remember a chat after a turn; raises `ChatStatesAwayError`."""
        ...

    async def forget(self, chat: ChatKey) -> None:
        """Forget a chat at once; raises `ChatStatesAwayError`."""
        ...

    async def is_new(self, channel: ChannelKind, delivery: int) -> bool:
        """Tell whether a delivery comes for the first time; raises `ChatStatesAwayError`."""
        ...

    async def start(self) -> None:
        """Begin to forget on time."""
        ...

    async def stop(self) -> None:
        """Let go of everything that was opened."""
        ...


class Locks:
    """One lock per chat, for as long as somebody holds or awaits it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[ChatKey, asyncio.Lock] = WeakValueDictionary()

    def __getitem__(self, chat: ChatKey) -> asyncio.Lock:
        lock = self._locks.get(chat)
        if lock is None:
            lock = self._locks[chat] = asyncio.Lock()
        return lock

    def __len__(self) -> int:
        return len(self._locks)


class ChatSeal:
    """Seals what is kept of a chat, bound to that chat, and padded."""

    def __init__(self, key: SealingKey) -> None:
        self._fernet = Fernet(base64.urlsafe_b64encode(key))

    def seal(self, chat: ChatKey, remembered: Remembered) -> bytes:
        """Return the sealed record of a chat."""
        record = {
            "c": chat,
            "b": int(remembered.begun.timestamp()),
            "s": to_json(remembered.state),
            "m": remembered.messages,
        }
        packed = zlib.compress(json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode(), 9)
        padded = len(packed).to_bytes(4, "big") + packed + bytes(-(len(packed) + 4) % PADDED_TO)
        return self._fernet.encrypt_at_time(padded, _UNDATED)

    def open(self, chat: ChatKey, sealed: bytes) -> Remembered | None:
        """Return what was sealed for this chat, or `None` if it was changed, or sealed for another or by another."""
        try:
            padded = self._fernet.decrypt(sealed)
            unpacker = zlib.decompressobj()
            data = unpacker.decompress(padded[4 : 4 + int.from_bytes(padded[:4], "big")], MAX_STATE_BYTES)
            record = json.loads(data)
            if unpacker.unconsumed_tail or record["c"] != chat:
                return None
            return Remembered(
                datetime.fromtimestamp(record["b"], UTC), from_json(record["s"]), tuple(map(int, record["m"]))
            )
        except (InvalidToken, zlib.error, StateError, ValueError, KeyError, TypeError):
            return None


@dataclass(slots=True)
class _Kept:
    sealed: bytes
    seen: datetime
    begun: datetime


class MemoryChatStates:
    """Remembers chats in this process; a restart forgets them.

    At most `limit` chats are kept: a new one makes the one that was silent the longest be forgotten. `now` returns the
    time, zone-aware. Forgetting happens at each access, and every `sweep` between `start` and `stop`.
    """

    def __init__(
        self,
        keys: ChatKeys,
        lifetimes: Lifetimes,
        *,
        now: Callable[[], datetime],
        limit: int = MAX_CHATS,
        sweep: timedelta = SWEEP,
    ) -> None:
        self._keys = keys
        self._seal = ChatSeal(keys.sealing)
        self._lifetimes = lifetimes
        self._now = now
        self._limit = limit
        self._sweep = sweep
        self._kept: OrderedDict[ChatKey, _Kept] = OrderedDict()
        self._deliveries: OrderedDict[tuple[ChannelKind, int], None] = OrderedDict()
        self._locks = Locks()
        self._sweeping: asyncio.Task[None] | None = None

    def find(self, channel: ChannelKind, chat_id: str) -> ChatKey:
        """Return the key under which a chat is kept."""
        return self._keys.find(channel, chat_id)

    def lock(self, chat: ChatKey) -> asyncio.Lock:
        """Return the lock of a chat."""
        return self._locks[chat]

    async def get(self, chat: ChatKey) -> Remembered | None:
        """Return what is remembered of a chat."""
        kept = self._fresh(chat)
        return self._seal.open(chat, kept.sealed) if kept else None

    async def put(self, chat: ChatKey, state: DialogueState, messages: tuple[int, ...] = ()) -> None:
        """Remember a chat after a turn."""
        now = self._now()
        old = self._fresh(chat)
        begun = old.begun if old else now
        self._kept[chat] = _Kept(self._seal.seal(chat, Remembered(begun, state, messages)), now, begun)
        self._kept.move_to_end(chat)
        while len(self._kept) > self._limit:
            self._kept.popitem(last=False)

    async def forget(self, chat: ChatKey) -> None:
        """Forget a chat at once."""
        self._kept.pop(chat, None)

    async def is_new(self, channel: ChannelKind, delivery: int) -> bool:
        """Tell whether a delivery comes for the first time, as far as the newest 20,000 are concerned."""
        if (channel, delivery) in self._deliveries:
            return False
        self._deliveries[channel, delivery] = None
        while len(self._deliveries) > MAX_DELIVERIES:
            self._deliveries.popitem(last=False)
        return True

    def forget_old(self) -> None:
        """Forget every chat whose time is over."""
        now = self._now()
        for chat in [chat for chat, kept in self._kept.items() if self._is_over(kept, now)]:
            del self._kept[chat]

    async def start(self) -> None:
        """Begin to forget on time, also when nobody writes."""
        self._sweeping = asyncio.create_task(self._forget_on_time())

    async def stop(self) -> None:
        """Forget everything."""
        if self._sweeping:
            self._sweeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sweeping
            self._sweeping = None
        self._kept.clear()
        self._deliveries.clear()

    def _fresh(self, chat: ChatKey) -> _Kept | None:
        kept = self._kept.get(chat)
        if kept and self._is_over(kept, self._now()):
            del self._kept[chat]
            return None
        return kept

    def _is_over(self, kept: _Kept, now: datetime) -> bool:
        return now - kept.seen >= self._lifetimes.idle or now - kept.begun >= self._lifetimes.hard

    async def _forget_on_time(self) -> None:
        while True:
            await asyncio.sleep(self._sweep.total_seconds())
            self.forget_old()

    def __len__(self) -> int:
        return len(self._kept)
