"""The address that Telegram brings updates to."""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Callable
from typing import Any, Final

from aiohttp import web
from pydantic import SecretStr

HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"
MAX_BODY: Final = 262_144
"""Bytes; the longest update there is, of 4,096 characters with formatting on each, is smaller."""

_log = logging.getLogger(__name__)


class Webhook:
    """Takes updates from Telegram alone, and hands each to `take`, which tells whether there was room for it.

    Telegram brings an update again that was not answered with success, so only what may succeed later is refused.
    """

    def __init__(self, secret: SecretStr, take: Callable[[dict[str, Any]], bool]) -> None:
        self._secret = secret.get_secret_value().encode()
        self._take = take

    async def receive(self, request: web.Request) -> web.Response:
        """Answer a request."""
        given = request.headers.get(HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self._secret):
            return _answer(403)
        body = bytearray()
        async for chunk in request.content.iter_chunked(16_384):
            body += chunk
            if len(body) > MAX_BODY:
                return _answer(413)
        try:
            update = json.loads(body)
        except (ValueError, RecursionError):
            return _answer(400)
        if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
            return _answer(400)
        try:
            taken = self._take(update)
        except Exception as error:
            # A kind of update that today's library cannot read; brought again, it would fail again.
            _log.warning("An update of Telegram's could not be read (%s).", type(error).__name__)
            return _answer(200)
        return _answer(200 if taken else 503)


def _answer(status: int) -> web.Response:
    return web.Response(status=status, headers={"Cache-Control": "no-store"})
