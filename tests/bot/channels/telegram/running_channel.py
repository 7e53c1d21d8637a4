"""Runs the Telegram channel with the real library, against the stand-in for the Bot API."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from bot_api import PATIENCE, BotApi, Person
from pydantic import SecretStr
from scripted_turns import ScriptedTurns

from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.settings import TelegramSettings
from bot.conversation.answering import Answering
from bot.limits.rates import ClientRates, NoRates, Rates
from bot.state.chats import ChatKeys, ChatStates, Lifetimes, MemoryChatStates
from bot.translation.catalogues import Catalogues

TOKEN = "7000000001:AAHtokenTokenTOKENtoken-TOKEN_0123456"
SECRET = "a-webhook-secret-of-the-tests"


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Sleep:
    """Sleeps a hundredth of what it should, and remembers what that was."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        await asyncio.sleep(seconds / 100)


@dataclass
class Running:
    """A running channel with all that belongs to it."""

    api: BotApi
    turns: ScriptedTurns
    clock: Clock
    sleep: Sleep
    chats: ChatStates
    channel: TelegramChannel
    address: str = ""

    def person(self, number: int = 1, language: str = "sv") -> Person:
        return Person(self.api, 550_000_000 + number, language)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something is so in the channel; fails after a while."""
        async with asyncio.timeout(PATIENCE):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    async def settled(self) -> None:
        """Wait until the channel works on nothing."""
        await self.until(lambda: not self.channel._waiting)


@dataclass
class Starter:
    """Starts channels; all of them are stopped after the test."""

    api: BotApi
    catalogues: Catalogues
    stack: AsyncExitStack
    clock: Clock = field(default_factory=Clock)

    async def __call__(
        self,
        *,
        mode: str = "polling",
        answering: Answering | None = None,
        chats: ChatStates | None = None,
        rates: Rates | None = None,
        token: str = TOKEN,
        catalogues: Catalogues | None = None,
        wait: bool = True,
        **settings: Any,
    ) -> Running:
        turns = ScriptedTurns()
        if chats is None:
            lifetimes = Lifetimes(timedelta(minutes=30), timedelta(hours=24))
            chats = MemoryChatStates(ChatKeys.fresh(), lifetimes, now=self.clock)
        sleep = Sleep()
        application = web.Application()
        server = TestServer(application)
        # The port is needed for the webhook's address before the routes are known.
        server.port = _free_port()
        address = f"http://127.0.0.1:{server.port}"
        channel = TelegramChannel(
            answering or turns,
            chats,
            catalogues or self.catalogues,
            TelegramSettings(
                token=SecretStr(token),
                mode=mode,  # type: ignore[arg-type]
                api=self.api.address,
                webhook_url=f"{address}/telegram" if mode == "webhook" else "",
                webhook_secret=SecretStr(SECRET) if mode == "webhook" else None,
                **settings,
            ),
            rates=NoRates() if rates is None else rates,
            notice_rates=ClientRates(6, burst=2, clock=time.monotonic),
            sleep=sleep,
        )
        application.add_routes(channel.routes())
        await server.start_server()
        self.stack.push_async_callback(server.close)
        await channel.start()
        self.stack.push_async_callback(channel.stop)
        if wait:
            await asyncio.wait_for(channel.connected(), PATIENCE)
            await self.api.until(lambda: len(self.api.commands) == len(channel._catalogues.languages) + 1)
        return Running(self.api, turns, self.clock, sleep, chats, channel, address)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
