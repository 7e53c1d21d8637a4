"""The web channel as one aiohttp application, made of its parts in one place."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web

from bot.channels.web.assets import Assets, takes_gzip
from bot.channels.web.headers import add_security_headers
from bot.channels.web.languages import asked_language
from bot.channels.web.pages import Pages
from bot.channels.web.problems import (
    InternalProblemError,
    MethodNotAllowedError,
    NotFoundError,
    TooLargeError,
    TooManyRequestsError,
    UnsupportedMediaTypeError,
    WebProblem,
)
from bot.channels.web.settings import WebSettings
from bot.channels.web.turns import PageForm, TurnAnswer, WebTurns, form_from_body, request_from_json
from bot.conversation.answering import Answering
from bot.limits.clients import client_address
from bot.limits.rates import Rates
from bot.limits.senders import Marks, NoMarks
from bot.state.tokens import StateTokens
from bot.translation.catalogues import Catalogues

CATALOGUES: Final = web.AppKey("catalogues", Catalogues)
PAGES: Final = web.AppKey("pages", Pages)
MARKS: Final = web.AppKey("marks", Marks)
RATES: Final = web.AppKey("rates", Rates)
SETTINGS: Final = web.AppKey("settings", WebSettings)
TURNS: Final = web.AppKey("turns", WebTurns)

API: Final = "/api/"
OPENAPI_FILE: Final = Path(__file__).parent / "openapi.yml"

_FORGET_EVERY: Final = 60
"""Seconds between two rounds of forgetting clients."""

_FORM: Final = web.RequestKey("form", PageForm)
"""What the page's form held, for the page that explains a problem."""

_SMALLEST_COMPRESSED: Final = 512
"""Bytes; below this gzip gains nothing."""

_log = logging.getLogger(__name__)


def create_web_app(
    answering: Answering,
    catalogues: Catalogues,
    tokens: StateTokens,
    rates: Rates,
    settings: WebSettings,
    *,
    marks: Marks | None = None,
    more_routes: Iterable[web.AbstractRouteDef] = (),
) -> web.Application:
    """Return the application that serves the page, the turn API and `more_routes`, such as a messenger's webhook.

    `marks` gives clients marks by which it is counted how much they send; without, nobody is counted.

    There is no defence against cross-site request forgery because there is nothing to forge: no cookie and no login
    goes with a request, so a foreign site can only hold a conversation of its own. For the same reason answers may be
    compressed: nothing secret of a person stands in an answer to a request that somebody else made.
    """
    app = web.Application(middlewares=[_explain_problems], client_max_size=settings.body_size)
    assets = Assets()
    app[CATALOGUES] = catalogues
    app[PAGES] = Pages(catalogues, assets, settings)
    app[MARKS] = NoMarks() if marks is None else marks
    app[RATES] = rates
    app[SETTINGS] = settings
    app[TURNS] = WebTurns(answering, catalogues, tokens, text_length=settings.text_length)
    app.add_routes(
        [
            web.get("/", _first_page),
            web.post("/", _next_page),
            web.post("/api/turn", _turn),
            web.get("/api/openapi.yml", _openapi),
            *assets.routes(),
            *more_routes,
        ]
    )
    app.on_response_prepare.append(add_security_headers)
    app.cleanup_ctx.append(_forgetting)
    return app


@contextlib.asynccontextmanager
async def serving(app: web.Application, settings: WebSettings) -> AsyncIterator[str]:
    """Serve `app` and yield its address; no access log, and no log of aiohttp's own, which would name addresses."""
    runner = web.AppRunner(app, access_log=None, logger=_silent_logger(), handle_signals=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
        port = runner.addresses[0][1]
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


# -- handlers ---------------------------------------------------------------------------------------------------------


async def _first_page(request: web.Request) -> web.Response:
    _count(request)
    answer = await request.app[TURNS].begin(_shown(request, request.query.get("language")))
    return _page(request, request.app[PAGES].conversation(answer, first=True), answer.language)


async def _next_page(request: web.Request) -> web.Response:
    if request.content_type != "application/x-www-form-urlencoded":
        raise UnsupportedMediaTypeError
    form = form_from_body(await request.read())
    request[_FORM] = form
    _count(request)
    answer = await request.app[TURNS].take(form.request(), _shown(request, form.shown), _sender(request))
    return _page(request, request.app[PAGES].conversation(answer), answer.language)


async def _turn(request: web.Request) -> web.Response:
    _count(request)
    if request.content_type != "application/json":
        raise UnsupportedMediaTypeError
    asked = request_from_json(await request.read())
    answer = await request.app[TURNS].take(asked, _shown(request, None), _sender(request))
    if _wants_page(request):
        return _page(request, request.app[PAGES].conversation(answer), answer.language)
    return _answer(request, answer)


async def _openapi(request: web.Request) -> web.Response:
    return web.Response(text=OPENAPI_FILE.read_text("utf-8"), content_type="application/yaml")


# -- limits, languages, problems --------------------------------------------------------------------------------------


def _count(request: web.Request) -> None:
    seconds = request.app[RATES].wait(_address(request))
    if seconds:
        raise TooManyRequestsError(seconds)


def _sender(request: web.Request) -> str | None:
    return request.app[MARKS].mark(_address(request))


def _address(request: web.Request) -> str | None:
    forwarded = request.headers.getall(hdrs.X_FORWARDED_FOR, [])
    return client_address(request.remote, forwarded, request.app[SETTINGS].trusted_proxies)


def _shown(request: web.Request, named: str | None) -> str:
    return asked_language(request.app[CATALOGUES], named, request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))


def _wants_page(request: web.Request) -> bool:
    return "text/html" in request.headers.get(hdrs.ACCEPT, "")


@web.middleware
async def _explain_problems(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except WebProblem as caught:
        problem = caught
    except web.HTTPRequestEntityTooLarge:
        problem = TooLargeError()
    except web.HTTPNotFound:
        problem = NotFoundError()
    except web.HTTPMethodNotAllowed as refused:
        problem = MethodNotAllowedError(tuple(refused.allowed_methods))
    except web.HTTPException:
        raise
    except Exception as error:
        # The message of an exception may quote what a person wrote; its type and place do not.
        _log.error("Answering broke with %s at %s", type(error).__name__, _places(error))
        problem = InternalProblemError()
    form = request.get(_FORM)
    language = _shown(request, form.shown if form else request.query.get("language"))
    if request.path.startswith(API):
        response = _told(request, problem, language)
    else:
        response = _page(request, request.app[PAGES].problem(problem, language, form), language)
    response.set_status(problem.status)
    response.headers.update(problem.headers())
    return response


def _places(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))


# -- answers ----------------------------------------------------------------------------------------------------------


def _page(request: web.Request, text: str, language: str) -> web.Response:
    return _compressed(request, text.encode(), "text/html", language)


def _answer(request: web.Request, answer: TurnAnswer) -> web.Response:
    return _compressed(request, answer.model_dump_json().encode(), "application/json", answer.language)


def _told(request: web.Request, problem: WebProblem, language: str) -> web.Response:
    message = request.app[CATALOGUES][language].translate(problem.text)
    return web.json_response({"error": problem.code, "message": message}, headers={hdrs.CONTENT_LANGUAGE: language})


def _compressed(request: web.Request, body: bytes, content_type: str, language: str) -> web.Response:
    headers = {
        hdrs.CONTENT_LANGUAGE: language,
        hdrs.VARY: f"{hdrs.ACCEPT}, {hdrs.ACCEPT_ENCODING}, {hdrs.ACCEPT_LANGUAGE}",
    }
    if takes_gzip(request) and len(body) >= _SMALLEST_COMPRESSED:
        headers[hdrs.CONTENT_ENCODING] = "gzip"
        body = gzip.compress(body, 6, mtime=0)
    return web.Response(
        body=body,
        content_type=content_type,
        charset=None if content_type == "application/json" else "utf-8",
        headers=headers,
    )


# -- life of the application ------------------------------------------------------------------------------------------


async def _forgetting(app: web.Application) -> AsyncIterator[None]:
    async def forget() -> None:
        while True:
            await asyncio.sleep(_FORGET_EVERY)
            app[RATES].forget()
            app[MARKS].forget()

    task = asyncio.create_task(forget())
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _silent_logger() -> logging.Logger:
    logger = logging.Logger("bot.channels.web.http", level=logging.CRITICAL + 1)
    logger.addHandler(logging.NullHandler())
    return logger
