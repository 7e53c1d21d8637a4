"""Who may open what: every route with every role, and every form with and without what belongs to it."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

import pytest
from aiohttp import web
from analyst_site import Browser, Site, open_site

from analyst.web.access import UndeclaredAccess, declared
from analyst.web.application import create_application

EVERYBODY = {"", "waiting", "anna", "rut", "ada"}
LOGGED_IN = {"anna", "rut", "ada"}
READERS = {"anna", "rut"}
RELEASERS = {"rut"}
ADMINISTRATORS = {"ada"}

TABLE: dict[str, Collection[str]] = {
    "GET /login": EVERYBODY,
    "POST /login": EVERYBODY,
    "GET /login/code": {"waiting"},
    "POST /login/code": {"waiting"},
    "POST /login/passkey/options": EVERYBODY,
    "POST /login/passkey": EVERYBODY,
    "GET /login/sign-on": EVERYBODY,
    "GET /login/sign-on/return": EVERYBODY,
    "GET /invitation": EVERYBODY,
    "POST /invitation": EVERYBODY,
    "GET /confirm": LOGGED_IN,
    "POST /confirm": LOGGED_IN,
    "GET /confirm/sign-on": LOGGED_IN,
    "POST /confirm/passkey/options": {*LOGGED_IN, "waiting"},
    "POST /confirm/passkey": {*LOGGED_IN, "waiting"},
    "POST /logout": {*LOGGED_IN, "waiting"},
    "GET /account": LOGGED_IN,
    "GET /account/enrol": LOGGED_IN,
    "POST /account/enrol": LOGGED_IN,
    "POST /account/passkeys/options": LOGGED_IN,
    "POST /account/passkeys": LOGGED_IN,
    "POST /account/passkeys/{id}/remove": LOGGED_IN,
    "POST /account/one-time-codes/remove": LOGGED_IN,
    "POST /account/recovery-codes": LOGGED_IN,
    "POST /account/password": LOGGED_IN,
    "POST /account/sessions/end-others": LOGGED_IN,
    "POST /account/sessions/{id}/end": LOGGED_IN,
    "POST /account/tokens": READERS,
    "POST /account/tokens/{id}/revoke": READERS,
    "GET /desk/releases": RELEASERS,
    "GET /desk/releases/{period}": RELEASERS,
    "POST /desk/releases/{period}/preview": RELEASERS,
    "POST /desk/releases/{period}/release": RELEASERS,
    "GET /accounts": ADMINISTRATORS,
    "POST /accounts": ADMINISTRATORS,
    "GET /accounts/{name}": ADMINISTRATORS,
    "POST /accounts/{name}/rename": ADMINISTRATORS,
    "POST /accounts/{name}/roles": ADMINISTRATORS,
    "POST /accounts/{name}/disable": ADMINISTRATORS,
    "POST /accounts/{name}/enable": ADMINISTRATORS,
    "POST /accounts/{name}/reset": ADMINISTRATORS,
    "POST /accounts/{name}/unlock": ADMINISTRATORS,
    "POST /accounts/{name}/end-sessions": ADMINISTRATORS,
    "GET /audit": ADMINISTRATORS,
    "GET /audit/check": ADMINISTRATORS,
    "GET /audit.csv": ADMINISTRATORS,
    "GET /audit.jsonl": ADMINISTRATORS,
    "GET /releases/{number}/tables/{file}": READERS,
    "GET /releases/{file}": READERS,
    "GET /api/v1/openapi.yml": EVERYBODY,
    "GET /api/v1/releases": READERS,
    "GET /api/v1/releases/{number}": READERS,
    "GET /api/v1/releases/{number}/tables": READERS,
    "GET /api/v1/releases/{number}/tables/{id}": READERS,
    "GET /api/v1/tables": READERS,
    "GET /api/v1/tables/{id}": READERS,
    "GET /api/v1/codebook": READERS,
    # The dashboard shows released tables to everybody who is logged in.
    "GET /": LOGGED_IN,
    "GET /themes/{theme}": LOGGED_IN,
    "GET /trends": LOGGED_IN,
    "GET /tables": LOGGED_IN,
    "GET /tables/{name}": LOGGED_IN,
    "GET /compare": LOGGED_IN,
    "GET /compare/chart.{ending}": LOGGED_IN,
    "GET /charts/{number}/{file}": LOGGED_IN,
    "GET /method": LOGGED_IN,
    "GET /codebook": LOGGED_IN,
    "GET /releases": LOGGED_IN,
    "GET /report": LOGGED_IN,
    "GET /report.pdf": LOGGED_IN,
}
"""Written by hand, apart from what handlers declare, so that a slip there is noticed here."""

ASSETS = re.compile(r"GET /(static|desk/assets)/.+")
PLACES = {"period": "2026Q3", "id": "00000000-0000-4000-8000-000000000000", "name": "nobody", "file": "none.csv"}


def allowed(route: str) -> Collection[str]:
    return EVERYBODY if ASSETS.fullmatch(route) else TABLE[route]


async def opens(browser: Browser, route: str) -> bool:
    """Tell whether a request gets to its handler, with a form that belongs to the browser."""
    method, _, path = route.partition(" ")
    address = re.sub(r"\{(\w+)\}", lambda found: PLACES.get(found[1], "none"), path)
    if method == "GET":
        answer = await browser.get(address)
    else:
        await browser.get("/login/code" if browser.waiting else "/account" if browser.name else "/login")
        answer = await browser.post(address)
    assert answer.status < 500, (route, browser.name, browser.text)
    if answer.status in (401, 403):
        return False
    led = answer.headers.get("Location", "").partition("?")[0]
    if path == "/login/code" and led == "/":
        return False
    # After their own forms these lead there too; then the handler was reached.
    if route in ("POST /login/code", "POST /logout"):
        return led != "/login" or bool(browser.name) or browser.waiting
    return not (led == "/login" or (led == "/login/code" and route != "POST /login"))


async def test_every_route_answers_whom_it_should_and_nobody_else(tmp_path: Path) -> None:
    async with open_site(tmp_path, api_requests_per_minute=1000) as site:
        routes = {f"{method} {path}" for method, path, _ in declared(site.server.app) if method != "HEAD"}
        assert {route for route in routes if not ASSETS.fullmatch(route)} == set(TABLE)
        wrong = []
        for who in sorted(EVERYBODY):
            browser = await visitor(site, who)
            for route in sorted(routes, key=lambda route: (route == "POST /logout", route)):
                if who == "waiting" and route in ("POST /login", "POST /login/code"):
                    browser = await visitor(site, who)
                if await opens(browser, route) is not (who in allowed(route)):
                    wrong.append((who, route))
        assert wrong == []


async def visitor(site: Site, who: str) -> Browser:
    if who != "waiting":
        return await site.browser(who)
    browser = await site.browser()
    await browser.get("/login")
    answer = await browser.post("/login", {"name": "anna", "password": "four plain words here"})
    assert answer.headers["Location"] == "/login/code"
    browser.waiting = True
    return browser


async def test_no_form_is_taken_that_is_not_of_this_browser(site: Site) -> None:
    browser = await site.browser("ada")
    stranger = await site.browser()
    await stranger.get("/login")
    forms = [path for method, path, _ in declared(site.server.app) if method == "POST"]
    assert len(forms) > 20
    for path in forms:
        address = re.sub(r"\{(\w+)\}", lambda found: PLACES.get(found[1], "none"), path)
        for csrf in ("", "0" * 64, stranger.csrf):
            answer = await browser.client.post(address, data={"csrf": csrf}, allow_redirects=False)
            assert answer.status == 403, address
        good = {"csrf": browser.csrf}
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "https://elsewhere.example"},
            {"Origin": "null"},
        ):
            answer = await browser.client.post(address, data=good, headers=headers, allow_redirects=False)
            assert answer.status == 403, (address, headers)
        answer = await browser.client.post(address, data=b"x", headers={"Content-Type": "text/plain"})
        assert answer.status == 415, address
    assert (await browser.get("/account")).status == 200


async def test_an_application_with_an_undeclared_handler_does_not_start() -> None:
    async def forgotten(request: web.Request) -> web.Response:
        return web.Response(text="secret")

    app = create_application([web.get("/forgotten", forgotten)])
    with pytest.raises(UndeclaredAccess, match="forgotten"):
        await web.AppRunner(app).setup()
