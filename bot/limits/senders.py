"""How many conversations of one client have sent responses in a day, under a keyed hash that lives only in memory."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Final, Protocol

from bot.limits.rates import network

PERIOD: Final = 24 * 60 * 60
"""Seconds."""


class Marks(Protocol):
    """Gives clients marks by which their submissions can be counted."""

    def mark(self, address: str | None) -> str | None:
        """Return what stands for the client at `address` as long as it is counted."""
        ...

    def forget(self) -> None:
        """Drop what is no longer counted."""
        ...


class NoMarks:
    """Gives no marks, so nobody is counted."""

    def mark(self, address: str | None) -> str | None:
        """Return nothing."""
        return None

    def forget(self) -> None:
        """Do nothing; there is nothing to drop."""


class ClientSenders:
    """Counts for each client the conversations that sent something in `PERIOD`; more than `conversations` is many.

    Conversations are counted and not responses, because one person may tell about several services. Clients and
    conversations are kept as an HMAC under a random key of this process, which is made anew when nothing is left to
    count. While `clients` are counted no further ones are. `clock` returns seconds that only ever grow.
    """

    def __init__(self, *, conversations: int = 5, clients: int = 20_000, clock: Callable[[], float]) -> None:
        if conversations < 1:
            raise ValueError("a client may at least send once")
        self._conversations = conversations
        self._clients = clients
        self._clock = clock
        self._sent: dict[bytes, dict[bytes, float]] = {}
        self._key = secrets.token_bytes(32)

    def mark(self, address: str | None) -> str | None:
        """Return a keyed hash of the network that `address` is in; `None` for none."""
        if address is None:
            return None
        return self._hashed(network(address)).hex()

    def sent_many(self, sender: str | None, conversation: str) -> bool:
        """Count a conversation that sends a response; tell whether its sender has sent from many of them."""
        if sender is None:
            return False
        self.forget()
        client = self._hashed(sender)
        if client not in self._sent and len(self._sent) >= self._clients:
            return False
        sent = self._sent.setdefault(client, {})
        sent[self._hashed(conversation)] = self._clock()
        if len(sent) > self._conversations + 1:
            # More than many is many all the same.
            del sent[min(sent, key=sent.__getitem__)]
        return len(sent) > self._conversations

    def forget(self) -> None:
        """Drop what is older than the period, and the key when nothing is left."""
        if not self._sent:
            return
        since = self._clock() - PERIOD
        for client, sent in list(self._sent.items()):
            kept = {conversation: time for conversation, time in sent.items() if time > since}
            if kept:
                self._sent[client] = kept
            else:
                del self._sent[client]
        if not self._sent:
            self._key = secrets.token_bytes(32)

    def __len__(self) -> int:
        return len(self._sent)

    def _hashed(self, value: str) -> bytes:
        return hmac.new(self._key, value.encode(), hashlib.sha256).digest()
