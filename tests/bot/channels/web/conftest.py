"""The web channel on a real socket, with scripted answers."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from scripted_answering import CATALOGUES, ScriptedAnswering
from web_site import Clock, Site

from bot.channels.web.application import create_web_app, serving
from bot.channels.web.settings import WebSettings
from bot.limits.rates import ClientRates, Rates
from bot.limits.senders import ClientSenders
from bot.state.tokens import StateTokens
from bot.translation.catalogues import Catalogues, load_catalogues


@pytest.fixture(scope="session")
def catalogues() -> Catalogues:
    return load_catalogues(CATALOGUES)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings() -> WebSettings:
    return WebSettings(port=0, exit_url="https://elsewhere.example/")


@pytest.fixture
def rates() -> Rates:
    return ClientRates(6000, clock=time.monotonic)


@pytest.fixture
def more_routes() -> list[web.RouteDef]:
    return []


@pytest.fixture
async def site(
    catalogues: Catalogues, clock: Clock, settings: WebSettings, rates: Rates, more_routes: list[web.RouteDef]
) -> AsyncIterator[Site]:
    answering = ScriptedAnswering(catalogues)
    app = create_web_app(
        answering,
        catalogues,
        StateTokens(now=clock),
        rates,
        settings,
        marks=ClientSenders(clock=time.monotonic),
        more_routes=more_routes,
    )
    headers = {"Accept-Language": "en", "User-Agent": "test"}
    async with (
        serving(app, settings) as address,
        aiohttp.ClientSession(headers=headers, cookie_jar=aiohttp.DummyCookieJar()) as client,
    ):
        yield Site(address, client, answering, clock)
