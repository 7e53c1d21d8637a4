"""Exact headers and cookies of every kind of answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from analyst_site import CHEAP, Site
from multidict import CIMultiDictProxy

from analyst.accounts.assembly import open_accounts
from analyst.accounts.passkeys import RelyingParty
from analyst.assembly import assemble
from analyst.settings import AnalystSettings, SettingsError, read_settings
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


def named(headers: CIMultiDictProxy[str], names: dict[str, str]) -> dict[str, str]:
    return {name: headers.get(name, "") for name in names}


@pytest.mark.parametrize(
    ("who", "path", "status", "cache"),
    [
        ("", "/login", 200, "no-store"),
        ("", "/account", 303, "no-store"),
        ("", "/nothing", 404, "no-store"),
        ("", "/api/v1/releases", 401, "no-store"),
        ("", "/desk/assets/work.css", 200, "public, max-age=3600"),
        ("anna", "/account", 200, "no-store"),
        ("anna", "/audit", 403, "no-store"),
        ("anna", FILE, 200, "private, no-cache"),
        ("anna", "/api/v1/releases", 200, "private, no-cache"),
    ],
)
async def test_every_answer_has_exactly_these(site: Site, who: str, path: str, status: int, cache: str) -> None:
    answer = await (await site.browser(who)).get(path)
    assert answer.status == status
    assert named(answer.headers, SECURITY) == SECURITY
    assert answer.headers["Cache-Control"] == cache
    assert "Server" not in answer.headers
    assert "Strict-Transport-Security" not in answer.headers


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
