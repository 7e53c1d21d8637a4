"""Exact headers and cookies of every kind of answer."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from analyst_site import CHEAP, Site

from analyst.accounts.assembly import open_accounts
from analyst.accounts.passkeys import RelyingParty
from analyst.assembly import assemble
from analyst.settings import AnalystSettings, SettingsError, read_settings
from analyst.web.keys import ACCOUNTS
from intake_store.settings import IntakeSettings

SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), "
        "microphone=(), payment=(), publickey-credentials-create=(self), publickey-credentials-get=(self), usb=()"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}

FILE = "/releases/2026Q3-1/tables/needs.needs_selling.csv"


HTML = {"Content-Type": "text/html; charset=utf-8", "Vary": "Accept-Language, Cookie", "Content-Language": "sv"}
KEPT_BY_ONE = {
    "Cache-Control": "private, no-cache",
    "Vary": "Accept, Accept-Encoding, Accept-Language, Authorization, Cookie",
}
NEVER_KEPT = {"Cache-Control": "no-store"}
OF_EVERY_CONNECTION = {"Content-Length", "Date", "Set-Cookie", "Etag"}


@pytest.mark.parametrize(
    ("who", "path", "status", "headers"),
    [
        ("", "/login", 200, {**HTML, **NEVER_KEPT}),
        ("", "/account", 303, {**NEVER_KEPT, "Location": "/login?next=/account"}),
        ("", "/nothing", 404, {**HTML, **NEVER_KEPT}),
        (
            "",
            "/api/v1/releases",
            401,
            {
                **NEVER_KEPT,
                "Content-Type": "application/problem+json; charset=utf-8",
                "Content-Language": "sv",
                "WWW-Authenticate": 'Bearer realm="Fyren"',
            },
        ),
        (
            "",
            "/desk/assets/work.css",
            200,
            {"Content-Type": "text/css; charset=utf-8", "Cache-Control": "public, max-age=3600"},
        ),
        ("anna", "/account", 200, {**HTML, **NEVER_KEPT}),
        ("anna", "/codebook", 200, {**HTML, **NEVER_KEPT}),
        ("anna", "/audit", 403, {**HTML, **NEVER_KEPT}),
        ("anna", "/nothing", 404, {**HTML, **NEVER_KEPT}),
        (
            "anna",
            FILE,
            200,
            {
                **KEPT_BY_ONE,
                "Content-Type": "text/csv; charset=utf-8",
                "Content-Disposition": 'attachment; filename="fyren-2026Q3-1-needs-needs_selling.csv"',
                "Content-Encoding": "gzip",
                "Content-Language": "sv",
            },
        ),
        (
            "anna",
            "/api/v1/releases",
            200,
            {
                **KEPT_BY_ONE,
                "Content-Type": "application/json",
                "Content-Language": "sv",
                "Link": ", ".join(f'</api/v1/releases?offset=0&limit=50>; rel="{name}"' for name in ("first", "last")),
                "RateLimit-Limit": "120",
                "RateLimit-Remaining": "119",
                "RateLimit-Reset": "29",
            },
        ),
        (
            "ada",
            "/audit.csv",
            200,
            {
                **NEVER_KEPT,
                "Content-Type": "text/csv; charset=utf-8",
                "Content-Disposition": 'attachment; filename="fyren-audit.csv"',
            },
        ),
    ],
)
async def test_every_answer_has_exactly_these(
    site: Site, who: str, path: str, status: int, headers: dict[str, str]
) -> None:
    answer = await (await site.browser(who)).get(path, headers={"Accept-Language": "sv"})
    assert answer.status == status
    assert others(answer.headers) == {**SECURITY, **headers}


def others(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that the site chose."""
    return {name: value for name, value in headers.items() if name not in OF_EVERY_CONNECTION}


async def test_styles_and_charts_of_the_pages_have_them(site: Site) -> None:
    browser = await site.browser("anna")
    await browser.get("/tables/needs.needs_selling?language=en")
    style = re.search(r'href="(/static/[^"]+\.css)"', browser.text)[1]  # type: ignore[index]
    answer = await browser.get(style)
    assert answer.status == 200
    kept = {"Content-Type": "text/css; charset=utf-8", "Cache-Control": "public, max-age=31536000, immutable"}
    assert others(answer.headers) == {**SECURITY, **kept}
    await browser.get("/themes/needs")
    chart = re.search(r'src="(/charts/[^"]+)"', browser.text)[1]  # type: ignore[index]
    answer = await browser.get(chart)
    assert answer.status == 200, browser.text
    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    # Kept for a day by one browser, which forgets it at the log-out.
    assert answer.headers["Cache-Control"] == "private, max-age=86400, immutable"
    assert others(answer.headers).keys() - SECURITY.keys() <= {
        "Content-Type",
        "Cache-Control",
        "Vary",
        "Content-Language",
    }
    assert SECURITY.items() <= others(answer.headers).items()


async def test_forms_that_went_wrong_have_them_too(site: Site) -> None:
    browser = await site.browser("anna")
    for path, data, more, status in (
        ("/account/password", {"csrf": "wrong"}, {}, 403),
        ("/account/password", b"x", {"Content-Type": "text/plain"}, 415),
        ("/account/password", b"x=" + b"y" * 70_000, {"Content-Type": "application/x-www-form-urlencoded"}, 413),
        ("/nothing", {}, {}, 404),
        ("/account", {}, {}, 405),
        ("/account/sessions/none/end", {"csrf": browser.csrf}, {}, 400),
    ):
        answer = await browser.client.post(path, data=data, headers=more, allow_redirects=False)
        assert answer.status == status, path
        assert SECURITY.items() <= dict(answer.headers).items(), path
        assert answer.headers["Cache-Control"] == "no-store"


async def test_a_log_out_empties_what_the_browser_kept(site: Site) -> None:
    browser = await site.browser("anna")
    answer = await browser.post("/logout")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    [cookie] = answer.headers.getall("Set-Cookie")
    assert cookie.startswith('fyren_analyst="";')
    assert "Max-Age=0" in cookie


async def test_whoever_is_logged_in_keeps_the_menu_where_something_went_wrong(site: Site) -> None:
    browser, stranger = await site.browser("anna"), await site.browser()
    for path, status in (("/nothing", 404), ("/audit", 403), ("/logout", 405), ("/?language=sv&x=" + "y" * 9000, 400)):
        answer = await browser.get(path)
        assert answer.status == status, path
        if status != 400:
            assert 'action="/logout"' in browser.text, path
            assert '<a class="button" href="/">' in browser.text, path
    await stranger.get("/nothing")
    assert 'action="/logout"' not in stranger.text
    assert '<a class="button" href="/login">' in stranger.text
    # A form that was too old leads back to the page it stood on.
    await browser.get("/account")
    await browser.post("/account/password", {"csrf": "0" * 64})
    assert '<a class="button" href="/account">' in browser.text


async def test_what_breaks_is_logged_without_what_was_sent(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("of somebody's secret")

    browser = await site.browser("anna")
    monkeypatch.setattr(site.server.app[ACCOUNTS].api_tokens, "of", broken)
    with caplog.at_level(logging.INFO):
        answer = await browser.get("/account?x=typed-by-somebody")
    assert answer.status == 500
    assert SECURITY.items() <= dict(answer.headers).items()
    assert "secret" not in browser.text
    mine = [record.getMessage() for record in caplog.records if record.name.startswith("analyst")]
    assert len(mine) == 1
    assert "RuntimeError" in mine[0]
    for word in ("secret", "typed", "anna", "/account"):
        assert word not in caplog.text


async def test_pages_hold_nothing_that_their_own_policy_refuses(site: Site) -> None:
    browser = await site.browser("ada")
    for path in ("/account", "/accounts", "/accounts/anna", "/audit", "/account/enrol", "/confirm"):
        assert (await browser.get(path)).status == 200
        assert "<style" not in browser.text
        assert " style=" not in browser.text
        assert "onclick" not in browser.text
        assert "http://" not in browser.text.replace("http://www.w3.org/2000/svg", "")
        assert "https://" not in browser.text


async def test_the_cookie_on_this_machine(site: Site) -> None:
    browser = await site.browser()
    answer = await browser.get("/login")
    [cookie] = answer.headers.getall("Set-Cookie")
    assert cookie.startswith("fyren_analyst=")
    assert cookie.partition("; ")[2] == "HttpOnly; Path=/; SameSite=Strict"


async def test_the_cookie_over_tls(tmp_path: Path) -> None:
    settings = AnalystSettings(var=tmp_path, public_address="https://statistics.example/", trusted_proxies=1)
    party = RelyingParty(settings.public_host, "Fyren", settings.origin)
    async with open_accounts(settings.accounts, party, create=True, hashing=CHEAP):
        pass

    app = assemble(settings, IntakeSettings(var=tmp_path), hashing=CHEAP)
    async with TestClient(TestServer(app)) as client:
        answer = await client.get("/login", headers={"Host": "statistics.example"})
        [cookie] = answer.headers.getall("Set-Cookie")
        assert cookie.startswith("__Host-fyren_analyst=")
        assert cookie.partition("; ")[2] == "HttpOnly; Path=/; SameSite=Strict; Secure"
        for host in ("elsewhere.example", "statistics.example.elsewhere.example", ""):
            assert (await client.get("/login", headers={"Host": host})).status == 421, host


@pytest.mark.parametrize("host", ["elsewhere.example", "127.0.0.1.elsewhere.example:8090"])
async def test_no_other_host_is_answered(site: Site, host: str) -> None:
    browser = await site.browser()
    assert (await browser.get("/login", headers={"Host": host})).status == 421


async def test_a_link_from_elsewhere_does_not_end_a_login(site: Site) -> None:
    browser = await site.browser()
    # The browser keeps a strict cookie back; the answer must not put another in its place.
    answer = await browser.get("/account", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 200
    assert "Set-Cookie" not in answer.headers
    assert 'content="0;url=/account"' in browser.text


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"FYREN_ANALYST_PUBLIC_ADDRESS": "http://statistics.example"}, "has to begin with https://"),
        ({"FYREN_ANALYST_HOST": "0.0.0.0"}, "FYREN_ANALYST_PUBLIC_ADDRESS is needed"),
        ({"FYREN_ANALYST_PORT": "high"}, "FYREN_ANALYST_PORT: "),
        ({"FYREN_ANALYST_SIGN_ON_ISSUER": "https://login.example"}, "FYREN_ANALYST_SIGN_ON_CLIENT_ID is needed"),
    ],
)
def test_settings_that_would_not_be_safe_are_refused(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], told: str
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=told):
        read_settings()
