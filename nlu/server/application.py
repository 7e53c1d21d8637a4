"""Rasa's HTTP shapes: POST /model/parse, GET /status; and GET /health, which answers before the model is loaded."""

from __future__ import annotations

import dataclasses
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from server.batching import Batcher, Busy, NotUnderstood
from server.model_slot import ModelSlot

RASA_VERSION = "3.6.21"
SLOT = web.AppKey("slot", ModelSlot)
BATCHER = web.AppKey("batcher", Batcher)


@dataclasses.dataclass(frozen=True)
class Limits:
    """What the server accepts; sizes in characters, bytes and numbers of texts."""

    text_characters: int = 2000
    body_bytes: int = 16 * 1024
    batch: int = 32
    waiting: int = 256


class Refusal(Exception):
    """A request that is answered with an error of Rasa's shape; the message is written here, never by the sender."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        """`code` is the HTTP status, `reason` one word for programs, `message` a sentence for people."""
        super().__init__(reason)
        self.code, self.reason, self.message = code, reason, message

    def response(self) -> web.Response:
        """Return the error as Rasa would."""
        body = {
            "version": RASA_VERSION,
            "status": "failure",
            "reason": self.reason,
            "message": self.message,
            "code": self.code,
        }
        headers = {"Retry-After": "1"} if self.code == 503 else {}
        return web.json_response(body, status=self.code, headers=headers)


@web.middleware
async def errors_without_texts(request: web.Request, handler: Any) -> web.StreamResponse:
    """Turn every failure into an error of Rasa's shape that quotes nothing of the request."""
    try:
        return await handler(request)
    except Refusal as refusal:
        return refusal.response()
    except web.HTTPNotFound:
        return Refusal(404, "NotFound", "There is nothing here. See POST /model/parse and GET /status.").response()
    except web.HTTPMethodNotAllowed:
        return Refusal(405, "MethodNotAllowed", "This address wants another method.").response()
    except web.HTTPException as problem:
        return Refusal(problem.status, "HTTPError", "The request was not accepted.").response()
    except Exception:
        return Refusal(500, "InternalError", "Something went wrong here. The text was not kept.").response()


def token_check(token: str) -> Any:
    """Return a middleware that wants `Authorization: Bearer <token>` for everything but /health."""
    expected = f"Bearer {token}".encode()

    @web.middleware
    async def check(request: web.Request, handler: Any) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, expected) and request.path != "/health":
            raise Refusal(401, "NotAuthenticated", "The token is missing or wrong.")
        return await handler(request)

    return check


async def health(request: web.Request) -> web.Response:
    """Say whether the model is loaded."""
    return web.json_response({"status": "loading" if request.app[SLOT].model is None else "ready"})


async def status(request: web.Request) -> web.Response:
    """Name the loaded model."""
    model = request.app[SLOT].model
    if model is None:
        raise Refusal(503, "Loading", "The model is still being loaded.")
    return web.json_response(
        {
            "model_file": model.model_file,
            "fingerprint": model.model_file.replace(".tar.gz", "").rpartition("-")[2],
            "model_id": model.model_id,
            "num_active_training_jobs": 0,
        }
    )


def read_text(body: bytes, limits: Limits) -> str:
    """Return the text of a parse request; raise `Refusal` where there is none or it is too long."""
    try:
        request: dict[str, Any] = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Refusal(400, "BadRequest", "The body must be JSON in UTF-8.") from None
    if not isinstance(request, dict) or not isinstance(request.get("text"), str):
        raise Refusal(400, "BadRequest", 'The body must be an object with "text", a string.')
    text = request["text"].strip()
    if not text:
        raise Refusal(400, "BadRequest", '"text" must not be blank.')
    if len(text) > limits.text_characters:
        message = f'"text" must not be longer than {limits.text_characters} characters.'
        raise Refusal(413, "TextTooLong", message)
    return text


def make_application(slot: ModelSlot, *, limits: Limits = Limits(), token: str | None = None) -> web.Application:
    """Return the server's application; with `token`, only who knows it gets answers."""

    async def parse(request: web.Request) -> web.Response:
        if slot.model is None:
            raise Refusal(503, "Loading", "The model is still being loaded.")
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            message = f"The body must not be larger than {limits.body_bytes} bytes."
            raise Refusal(413, "BodyTooLarge", message) from None
        text = read_text(body, limits)
        try:
            return web.json_response(await request.app[BATCHER].submit(text))
        except Busy:
            raise Refusal(503, "Busy", "Too many texts are waiting. Try again in a moment.") from None
        except NotUnderstood:
            raise Refusal(500, "ParsingError", "The model failed on this text. The text was not kept.") from None

    def parse_with_model(texts: list) -> list:
        assert slot.model is not None
        return slot.model.parse(texts)

    async def batching(app: web.Application) -> AsyncIterator[None]:
        async with Batcher(parse_with_model, largest=limits.batch, waiting=limits.waiting).running() as batcher:
            app[BATCHER] = batcher
            yield

    middlewares = [errors_without_texts] + ([token_check(token)] if token is not None else [])
    application = web.Application(middlewares=middlewares, client_max_size=limits.body_bytes)
    application[SLOT] = slot
    application.cleanup_ctx.append(batching)
    application.router.add_get("/health", health)
    application.router.add_get("/status", status)
    application.router.add_post("/model/parse", parse)
    return application
