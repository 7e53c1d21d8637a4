"""The client of the understanding service, which may be away at any time.

Nothing of a text is logged, and no error ever reaches the caller: an answer is there or it is None.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Annotated, Protocol, Self

import aiohttp
from pydantic import BaseModel, Field, ValidationError

logger = logging.getLogger(__name__)

_FAILURES_BEFORE_PAUSE = 2
_PAUSE_SECONDS = 5.0
_LARGEST_ANSWER = 256 * 1024  # bytes; 60 intents need about 6 KB


@dataclass(frozen=True, slots=True)
class NluResult:
    """Every intent with its probability between 0 and 1, the likeliest first."""

    ranking: Mapping[str, float]


class NluClient(Protocol):
    """What the bot wants of an understanding service."""

    @property
    def available(self) -> bool:
        """Whether the service answered when it was last asked."""

    async def parse(self, text: str) -> NluResult | None:
        """Return what the service makes of `text`, or None while it is away. Never raises for its absence."""

    async def is_healthy(self) -> bool:
        """Ask the service whether it is ready."""


class NullNlu:
    """The understanding service that is never there."""

    @property
    def available(self) -> bool:
        return False

    async def parse(self, text: str) -> NluResult | None:
        return None

    async def is_healthy(self) -> bool:
        return False


class _RankedIntent(BaseModel):
    name: str
    confidence: Annotated[float, Field(ge=0, le=1.0001)]


class _ParseAnswer(BaseModel):
    """Rasa's answer to `POST /model/parse`; what else it holds is not needed."""

    intent_ranking: Annotated[list[_RankedIntent], Field(min_length=1)]


class HttpNlu:
    """The service over HTTP: on a unix socket, or at a loopback address with a token.

    After two failures it is left alone for five seconds, so that a dead service costs a person no waiting.
    """

    def __init__(
        self,
        *,
        socket: Path | None = None,
        url: str | None = None,
        token: str | None = None,
        timeout_seconds: float = 1.5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Give either `socket` or `url`, with `token` for the latter; raises `ValueError` otherwise."""
        if (socket is None) == (url is None):
            raise ValueError("give either the socket or the address of the understanding service")
        self._socket = socket
        self._base = (url or "http://nlu").rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds, connect=min(0.5, timeout_seconds))
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._failures = 0
        self._resume_at = float("-inf")
        self._available = False

    async def __aenter__(self) -> Self:
        connector = aiohttp.UnixConnector(path=str(self._socket)) if self._socket else aiohttp.TCPConnector()
        self._session = aiohttp.ClientSession(
            connector=connector, headers=self._headers, timeout=self._timeout, trust_env=False
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def available(self) -> bool:
        """Whether the service answered when it was last asked."""
        return self._available

    async def parse(self, text: str) -> NluResult | None:
        """Return the ranking of intents for `text`, or None while the service is away or answers nonsense."""
        if self._clock() < self._resume_at:
            return None
        body = await self._ask("POST", "/model/parse", {"text": text})
        if body is None:
            return None
        try:
            answer = _ParseAnswer.model_validate_json(body)
        except ValidationError:
            self._failed("its answer is not of Rasa's shape")
            return None
        self._succeeded()
        ranked = sorted(answer.intent_ranking, key=lambda intent: -intent.confidence)
        return NluResult({intent.name: min(intent.confidence, 1.0) for intent in ranked})

    async def is_healthy(self) -> bool:
        """Ask whether a model is loaded; a yes ends a pause at once."""
        if await self._ask("GET", "/status", None) is None:
            return False
        self._succeeded()
        return True

    async def _ask(self, method: str, path: str, payload: Mapping[str, str] | None) -> bytes | None:
        if self._session is None:
            raise RuntimeError("the client is used outside its `async with`")
        data = json.dumps(payload).encode() if payload is not None else None
        headers = {"Content-Type": "application/json"} if data else {}
        try:
            async with self._session.request(
                method, self._base + path, data=data, headers=headers, allow_redirects=False
            ) as response:
                if response.status != 200:
                    self._failed(f"it answers with status {response.status}")
                    return None
                body = await response.content.read(_LARGEST_ANSWER)
                if not response.content.at_eof():
                    self._failed("its answer is too long")
                    return None
                return body
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            # The error's text may quote the request; its kind never does.
            self._failed(f"it cannot be reached ({type(error).__name__})")
            return None

    def _succeeded(self) -> None:
        if not self._available:
            logger.info("The understanding service answers.")
        self._available = True
        self._failures = 0
        self._resume_at = float("-inf")

    def _failed(self, reason: str) -> None:
        if self._available or self._failures == 0:
            logger.warning("The understanding service is away: %s.", reason)
        self._available = False
        self._failures += 1
        if self._failures >= _FAILURES_BEFORE_PAUSE:
            self._resume_at = self._clock() + _PAUSE_SECONDS
