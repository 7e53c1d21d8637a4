"""The analyst's place as one aiohttp application, made of its rooms in one place."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Iterable

from aiohttp import web

from analyst.settings import AnalystSettings
from analyst.web import account_pages, assets, audit_pages, export_files, login_pages, people_pages, release_pages
from analyst.web.access import declared
from analyst.web.gate import gate
from analyst.web.headers import add_security_headers

_BODY_SIZE = 64 * 1024


def create_application(more_routes: Iterable[web.AbstractRouteDef] = ()) -> web.Application:
    """Return the application with its own routes and `more_routes`; the keys of `analyst.web.keys` have to be filled.

    It does not start if a handler does not declare who may open it.
    """
    app = web.Application(middlewares=[gate], client_max_size=_BODY_SIZE)
    for room in (login_pages, account_pages, release_pages, people_pages, audit_pages, export_files, assets):
        app.add_routes(room.routes())
    app.add_routes(more_routes)
    app.on_response_prepare.append(add_security_headers)
    app.on_startup.append(_check_access)
    return app


@contextlib.asynccontextmanager
async def serving(app: web.Application, settings: AnalystSettings) -> AsyncIterator[str]:
    """Serve `app` and yield its address; no access log, and no log of aiohttp's own, which would name addresses."""
    runner = web.AppRunner(app, access_log=None, logger=_silent_logger(), handle_signals=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
        port = runner.addresses[0][1]
        yield settings.origin if settings.port else f"http://{settings.host}:{port}"
    finally:
        await runner.cleanup()


async def _check_access(app: web.Application) -> None:
    for _ in declared(app):
        pass


def _silent_logger() -> logging.Logger:
    logger = logging.Logger("analyst.web.http", level=logging.CRITICAL + 1)
    logger.addHandler(logging.NullHandler())
    return logger
