"""The running web channel, as tests see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from scripted_answering import ScriptedAnswering


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def later(self, hours: float) -> None:
        self.now += timedelta(hours=hours)


@dataclass
class Site:
    """The running channel and a client that keeps no cookies and asks in English."""

    address: str
    client: aiohttp.ClientSession
    answering: ScriptedAnswering
    clock: Clock

    async def turn(self, body: Any, **headers: str) -> tuple[int, dict[str, Any]]:
        """Take a turn over the API; returns status and JSON."""
        async with self.client.post(f"{self.address}/api/turn", json=body, headers=headers) as response:
            return response.status, await response.json()

    async def begin(self, language: str = "en") -> str:
        """Return the token of a new conversation."""
        _, answer = await self.turn({"state": None}, **{"Accept-Language": language})
        return str(answer["state"])
