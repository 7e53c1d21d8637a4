"""Assistants made of real parts, with a clock that stands still."""

from __future__ import annotations

import contextlib
import datetime
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.content import Content
from bot.conversation.actions import Actions
from bot.conversation.assistant import Assistant, Visited, new_conversation_key
from bot.conversation.quality import Senders
from bot.conversation.rendering import Renderer
from bot.safety.exit_words import load_exit_words
from bot.understanding.interpretation import Interpreter
from bot.understanding.nlu_client import NluClient, NluResult, NullNlu
from intake_store.submission.store import NullResponseStore, ResponseStore
from intake_store.usage.counting import NullUsageCounter, UsageCounter

PROJECT = Path(__file__).parents[1]
WEB_ADDRESS = "https://fyren.example/"


class SwitchedNlu:
    """An understanding service that can be taken away and given back, or made less sure than it is."""

    def __init__(self) -> None:
        self._client: NluClient = NullNlu()
        self.away = False
        self.unsure = False

    @contextlib.contextmanager
    def connected(self, client: NluClient) -> Iterator[None]:
        self._client, self.away, self.unsure = client, False, False
        try:
            yield
        finally:
            self._client = NullNlu()

    @property
    def available(self) -> bool:
        return not self.away and self._client.available

    async def parse(self, text: str) -> NluResult | None:
        if self.away:
            return None
        result = await self._client.parse(text)
        return _flattened(result) if result and self.unsure else result

    async def is_healthy(self) -> bool:
        return not self.away and await self._client.is_healthy()


def _flattened(result: NluResult) -> NluResult:
    roots = {intent: math.sqrt(probability) for intent, probability in result.ranking.items()}
    total = sum(roots.values())
    return NluResult({intent: root / total for intent, root in roots.items()})


@dataclass(frozen=True)
class Assistants:
    """Makes assistants over one content; each with the store it is given."""

    content: Content
    interpreter: Interpreter
    now: datetime.datetime

    def make(
        self,
        store: ResponseStore | None = None,
        *,
        new_key: Callable[[], str] = new_conversation_key,
        visited: Visited | None = None,
        usage: UsageCounter | None = None,
        senders: Senders | None = None,
    ) -> Assistant:
        """Return an assistant; without a store nothing is recorded."""
        content = self.content
        return Assistant(
            flows=content.flows,
            catalogues=content.catalogues,
            interpreter=self.interpreter,
            places=content.directory.places,
            exit_words=load_exit_words(PROJECT / "flows" / "safety" / "exit_words.yml"),
            actions=Actions(
                flows=content.flows,
                directory=content.directory,
                codebook=content.codebook,
                store=store or NullResponseStore(),
                now=self._now,
                senders=senders,
            ),
            renderer=Renderer(content.flows, content.catalogues, content.directory, self._now, WEB_ADDRESS),
            usage=usage or NullUsageCounter(),
            new_key=new_key,
            visited=visited,
        )

    def _now(self) -> datetime.datetime:
        return self.now
