"""Who may open what: every route with every role, and every form with and without what belongs to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from pathlib import Path

import pyotp
import pytest
from aiohttp import web
from analyst_site import PASSWORD, ROLES, Browser, Site, open_site

from analyst.accounts.audit import AuditEvent
from analyst.accounts.permissions import COMMAND_LINE, Role
from analyst.web.access import UndeclaredAccess, declared
from analyst.web.application import create_application
from analyst.web.keys import ACCOUNTS

EVERYBODY = {"", "waiting", "enrolling", "token", "anna", "rut", "ada"}
LOGGED_IN = {"anna", "rut", "ada"}
READERS = {"anna", "rut"}
RELEASERS = {"rut"}
ADMINISTRATORS = {"ada"}
PROGRAMS = {"token"}

VISITORS: dict[str, set[str]] = {
    **{who: {who} for who in EVERYBODY},
    "alma": {"anna", "ada"},
    "rasmus": {"rut", "ada"},
    "anton": {"anna", "rut"},
    "tove": {"anna", "rut", "ada"},
}
"""Who comes, and whom they count as: nobody, half-finished logins, a program's token, each role, and several."""

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
    "POST /logout": {*LOGGED_IN, "waiting", "enrolling"},
    "GET /logout/sign-on": EVERYBODY,
    "GET /account": LOGGED_IN,
    "GET /account/enrol": {*LOGGED_IN, "enrolling"},
    "POST /account/enrol": {*LOGGED_IN, "enrolling"},
    "POST /account/passkeys/options": {*LOGGED_IN, "enrolling"},
    "POST /account/passkeys": {*LOGGED_IN, "enrolling"},
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
    "GET /desk/releases/check": RELEASERS,
    "POST /desk/releases/check/attack": RELEASERS,
    "GET /desk/releases/{period}/tables/{table}": RELEASERS,
    "POST /desk/releases/{period}/preview": RELEASERS,
    "POST /desk/releases/{period}/release": RELEASERS,
    "GET /accounts": ADMINISTRATORS,
    "POST /accounts": ADMINISTRATORS,
    "GET /accounts/{name}": ADMINISTRATORS,
    "GET /accounts/{name}/{change}": ADMINISTRATORS,
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
    "GET /releases/{number}/tables/{file}": READERS | PROGRAMS,
    "GET /releases/{file}": READERS | PROGRAMS,
    "GET /series/{file}": READERS | PROGRAMS,
    "GET /api/v1/openapi.yml": EVERYBODY,
    "GET /api/v1/releases": READERS | PROGRAMS,
    "GET /api/v1/releases/{number}": READERS | PROGRAMS,
    "GET /api/v1/releases/{number}/tables": READERS | PROGRAMS,
    "GET /api/v1/releases/{number}/tables/{id}": READERS | PROGRAMS,
    "GET /api/v1/tables": READERS | PROGRAMS,
    "GET /api/v1/tables/{id}": READERS | PROGRAMS,
    "GET /api/v1/tables/{id}/periods": READERS | PROGRAMS,
    "GET /api/v1/codebook": READERS | PROGRAMS,
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
    "GET /report/charts/{number}/{file}": LOGGED_IN,
}
"""Written by hand, apart from what handlers declare, so that a slip there is noticed here."""

ASSETS = re.compile(r"GET /(static|desk/assets)/.+")
PLACES = {"period": "2026Q3", "id": "00000000-0000-4000-8000-000000000000", "name": "nobody", "file": "none.csv"}


def allowed(route: str) -> Collection[str]:
    return EVERYBODY if ASSETS.fullmatch(route) else TABLE[route]


FORM_PAGES = {"waiting": "/login/code", "enrolling": "/account/enrol", "": "/login", "token": "/login"}


async def opens(browser: Browser, route: str) -> bool:
    """Tell whether a request gets to its handler, with a form that belongs to the browser."""
    method, _, path = route.partition(" ")
    address = re.sub(r"\{(\w+)\}", lambda found: PLACES.get(found[1], "none"), path)
    if method == "GET":
        answer = await browser.get(address)
    else:
        await browser.get(FORM_PAGES.get(browser.name, "/account"))
        answer = await browser.post(address)
    assert answer.status < 500, (route, browser.name, browser.text)
    if answer.status in (401, 403):
        return False
    led = answer.headers.get("Location", "").partition("?")[0]
    # Where whoever may not go on is led to, unless it is the address's own way on.
    if route == "POST /logout":
        return browser.name not in ("", "token")
    if path == "/login/code":
        return led not in ("/", "/login", "/account/enrol")
    return led not in ("/login", "/login/code", "/account/enrol")


async def test_every_route_answers_whom_it_should_and_nobody_else(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    async with open_site(tmp_path, api_requests_per_minute=1000) as site:
        routes = {f"{method} {path}" for method, path, _ in declared(site.server.app) if method != "HEAD"}
        assert {route for route in routes if not ASSETS.fullmatch(route)} == set(TABLE)
        for who, roles in VISITORS.items():
            if len(roles) > 1:
                await site.person(who, *(role for name in roles for role in ROLES[name]))
        wrong, tried = [], 0
        for who, counts_as in VISITORS.items():
            # After a day of silence nobody has to wait for what others did wrong.
            site.clock.turn(25 * 3600)
            browser = await visitor(site, who)
            # What ends a login, or a half of one, comes last.
            for route in sorted(routes, key=lambda route: (route == "POST /logout", route)):
                tried += 1
                if await opens(browser, route) is not bool(counts_as & set(allowed(route))):
                    wrong.append((who, route))
        assert wrong == []
        assert tried == len(routes) * len(VISITORS)
        record_property("routes", len(routes))
        record_property("visitors", len(VISITORS))
        print(f"{len(routes)} routes x {len(VISITORS)} visitors = {tried} requests")


async def visitor(site: Site, who: str) -> Browser:
    """Return the browser of somebody, as far as their login has come, or a program that sends a token."""
    room = site.server.app[ACCOUNTS]
    if who not in FORM_PAGES or not who:
        return await site.browser(who)
    browser = await site.browser()
    browser.name = who
    if who == "token":
        token = await room.login.with_password("anna", PASSWORD, None)
        code = pyotp.TOTP(site.secrets["anna"]).generate_otp(int(site.clock().timestamp()) // 30)
        _, secret = await room.api_tokens.create(await room.login.confirm(token, code, None), "R")
        browser.client.session.headers["Authorization"] = f"Bearer {secret}"
        return browser
    name = "anna"
    if who == "enrolling":
        name = "nils"
        invitation = await room.people.invite(COMMAND_LINE, name, "", {Role.ADMINISTRATOR})
        await room.login.accept_invitation(invitation.code, PASSWORD)
    await browser.get("/login")
    answer = await browser.post("/login", {"name": name, "password": PASSWORD})
    assert answer.headers["Location"] == FORM_PAGES[who]
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


async def test_a_login_form_needs_the_browser_it_was_made_for(site: Site) -> None:
    """Else another site could log somebody in under an account of its own, and see what they do there."""
    victim, attacker = await site.browser(), await site.browser()
    await attacker.get("/login")
    await victim.get("/login")
    fields = {"name": "anna", "password": PASSWORD}
    for csrf in ("", attacker.csrf):
        assert (await victim.post("/login", {**fields, "csrf": csrf})).status == 403
    # Nor does a form without any cookie count, whatever it carries.
    bare = await site.browser()
    assert (await bare.post("/login", {**fields, "csrf": attacker.csrf})).status == 403
    await victim.get("/login")
    assert (await victim.post("/login", fields)).status == 303


async def test_what_was_refused_is_noted(site: Site) -> None:
    browser = await site.browser("anna")
    assert (await browser.get("/accounts/ada?done=roles")).status == 403
    assert (await browser.post("/accounts/ada/disable")).status == 403
    assert (await browser.post("/account/password", {"csrf": "0" * 64})).status == 403
    assert (await browser.get("/nothing")).status == 404
    stranger = await site.browser()
    assert (await stranger.get("/accounts")).status == 303
    assert (await stranger.post("/login", {"csrf": ""})).status == 403
    refused = [(who, about) for who, event, about in await site.events() if event is AuditEvent.DENIED]
    assert refused == [
        ("anna", "GET /accounts/ada"),
        ("anna", "POST /accounts/ada/disable"),
        ("anna", "POST /account/password"),
    ]
