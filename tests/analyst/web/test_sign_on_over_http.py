"""The agency's own login from end to end: a login service and the whole site, both over HTTP."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp.test_utils import unused_port
from analyst_site import PASSWORD, Browser, Site, open_site
from login_service import CLIENT_ID, CLIENT_SECRET, LoginService

from analyst import launch
from analyst.accounts.account import AccountSource
from analyst.accounts.audit import UNKNOWN, AuditEvent
from analyst.accounts.permissions import COMMAND_LINE, Role
from analyst.accounts.sign_on import SignOnSettings
from analyst.assembly import sign_on_settings
from analyst.settings import AnalystSettings
from analyst.web.keys import ACCOUNTS

Opened = Callable[..., AbstractAsyncContextManager[tuple[Site, LoginService]]]

CREATING = {"sign_on_creates_accounts": True, "sign_on_roles": {"statistics": Role.ANALYST, "board": Role.RELEASER}}
FAILED = (UNKNOWN, AuditEvent.LOGIN_FAILED, "single_sign_on")


def secret_file(folder: Path, content: str = CLIENT_SECRET) -> Path:
    path = folder / "sign-on.secret"
    path.write_text(f"{content}\n", encoding="utf-8")
    path.chmod(0o600)
    return path


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    @contextlib.asynccontextmanager
    async def open_it(**more: Any) -> AsyncIterator[tuple[Site, LoginService]]:
        port = unused_port()
        redirects = {f"http://localhost:{port}/login/sign-on/return"}
        user = {"sub": "u-7", "preferred_username": "olga"}
        service = LoginService(lambda: site.clock(), user, redirects=redirects)
        async with service.server:
            settings = {
                "sign_on_issuer": service.issuer,
                "sign_on_client_id": CLIENT_ID,
                "sign_on_client_secret_file": secret_file(tmp_path),
                "port": port,
                "language": "en",
            }
            async with open_site(tmp_path, **{**settings, **more}) as site:
                yield site, service

    return open_it


async def led_back(browser: Browser, path: str = "/login/sign-on") -> str:
    """Follow the site to the login service, log in there, and return the address that it leads back to."""
    answer = await browser.get(path)
    assert answer.status == 303, browser.text
    there = await browser.client.session.get(answer.headers["Location"], allow_redirects=False)
    parts = urlsplit(there.headers["Location"])
    return f"{parts.path}?{parts.query}"


async def sign_on(browser: Browser, path: str = "/login/sign-on") -> str:
    """Log in, and return where that led, or nothing if it was refused."""
    answer = await browser.get(await led_back(browser, path))
    return answer.headers.get("Location", "")


def heading(browser: Browser) -> str:
    return re.sub(r"<[^>]+>", "", re.search(r"<h1.*?>(.*?)</h1>", browser.text, re.DOTALL)[1])  # type: ignore[index]


async def test_claims_make_an_account_and_decide_what_it_may(opened: Opened) -> None:
    async with opened(**CREATING, sign_on_display_name_claim="shown_as") as (site, service):
        service.claims = {"groups": ["statistics", "canteen"], "shown_as": "Olga i hamnen"}
        browser = await site.browser()
        assert (await browser.get("/tables")).headers["Location"] == "/login?next=/tables"
        await browser.get("/login?next=/tables")
        assert 'href="/login/sign-on?next=/tables"' in browser.text
        assert await sign_on(browser, "/login/sign-on?next=/tables") == "/tables"
        await browser.get("/account")
        assert "Olga i hamnen (olga)" in browser.text
        assert (await browser.get("/desk/releases")).status == 403
        events = await site.events()
        assert ("login service", AuditEvent.ACCOUNT_CREATED, "olga: analyst") in events
        assert ("olga", AuditEvent.LOGIN_SUCCEEDED, "single_sign_on") in events

        service.claims["groups"] = ["board"]
        again = await site.browser()
        assert await sign_on(again) == "/"
        assert (await again.get("/desk/releases")).status == 200
        assert (await browser.get("/tables")).status == 303, "the login with the old roles is over"
        assert ("login service", AuditEvent.ROLES_CHANGED, "olga: releaser") in await site.events()

        service.claims["groups"] = []
        assert await sign_on(await site.browser()) == ""
        assert (await again.get("/tables")).status == 303


async def test_only_who_was_provided_for_gets_in_where_claims_make_no_accounts(opened: Opened) -> None:
    async with opened() as (site, service):
        people = site.server.app[ACCOUNTS].people
        browser = await site.browser()
        assert await sign_on(browser) == ""
        assert "no access here" in browser.text
        assert heading(browser) == "Log in"
        assert (await site.events())[-1] == FAILED
        await people.provide(COMMAND_LINE, "olga", "", {Role.ANALYST})
        assert await sign_on(browser) == "/"
        assert (await people.find(COMMAND_LINE, "olga")).source is AccountSource.SINGLE_SIGN_ON
        # A local account of that name is nobody's but its owner's.
        service.user = {"sub": "u-8", "preferred_username": "ada"}
        assert await sign_on(await site.browser()) == ""
        await people.disable(COMMAND_LINE, "olga")
        service.user = {"sub": "u-7", "preferred_username": "olga"}
        assert await sign_on(await site.browser()) == ""


async def test_a_wrong_answer_lets_nobody_in(opened: Opened) -> None:
    async with opened(**CREATING) as (site, service):
        good = {"groups": ["statistics"]}
        browser = await site.browser()
        for wrong in (
            {"iss": "https://elsewhere.example"},
            {"aud": "another"},
            {"nonce": "another"},
            {"exp": int(site.clock().timestamp()) - 61},
            {"iat": int(site.clock().timestamp()) + 61},
        ):
            service.claims = {**good, **wrong}
            answer = await browser.get(await led_back(browser))
            assert answer.status == 400, wrong
            assert (await site.events())[-1] == FAILED
            assert (await browser.get("/account")).status == 303
        # Clocks that are a little apart are no reason.
        for skewed in ("iat", "exp"):
            service.claims = {**good, skewed: int(site.clock().timestamp()) + (59 if skewed == "iat" else -59)}
            assert await sign_on(await site.browser()) == "/"
        service.claims = good
        for change in (r"state=[^&]+", r"iss=[^&]+", r"code=[^&]+"):
            back = re.sub(change, change.partition("=")[0] + "=another", await led_back(browser))
            assert (await browser.get(back)).status == 400, change
        assert (await browser.get("/login/sign-on/return")).status == 400
        assert (await browser.get("/login/sign-on/return?error=access_denied&state=x")).status == 400

        back = await led_back(browser)
        stranger = await site.browser()
        await stranger.get("/login")
        assert (await stranger.get(back)).status == 400, "an answer belongs to the browser that began"
        assert (await browser.get(back)).status == 303
        await browser.get("/account")
        await browser.post("/logout")
        assert (await browser.get(back)).status == 400, "and is good once"
        late = await led_back(browser)
        site.clock.turn(61)
        assert (await browser.get(late)).status == 400, "a code is too old"


async def test_many_wrong_answers_have_to_wait(opened: Opened) -> None:
    async with opened() as (site, _):
        browser = await site.browser()
        answers = [await browser.get("/login/sign-on/return?code=1&state=1") for _ in range(21)]
        assert [answer.status for answer in answers] == [400] * 20 + [429]
        assert answers[-1].headers["Retry-After"] == "30"
        assert "Try again in a minute." in browser.text


async def test_new_keys_are_met_without_a_restart(opened: Opened) -> None:
    async with opened(**CREATING) as (site, service):
        service.claims = {"groups": ["statistics"]}
        assert await sign_on(await site.browser()) == "/"
        service.new_keys("second")
        site.clock.turn(61)
        assert await sign_on(await site.browser()) == "/"


async def test_while_the_service_is_away_passwords_still_work(opened: Opened) -> None:
    async with opened() as (site, service):
        browser = await site.browser()
        back = await led_back(browser)
        service.status = 500
        site.clock.turn(3601)
        assert (await browser.get("/login/sign-on")).status == 503
        assert "Try again later." in browser.text
        assert 'id="field-password"' in browser.text
        assert (await browser.get(back)).status == 400, "begun too long ago"
        await service.server.close()
        assert (await browser.get("/login/sign-on")).status == 503
        assert (await browser.get("/logout/sign-on")).status == 503
        browser.secret = site.secrets["anna"]
        assert (await browser.log_in("anna", PASSWORD)).headers["Location"] == "/"


async def test_a_secret_that_the_service_does_not_take_is_told(opened: Opened) -> None:
    async with opened() as (site, service):
        service.secret = "changed over there"
        browser = await site.browser()
        answer = await browser.get(await led_back(browser))
        assert answer.status == 503
        assert "does not accept this site's name or secret" in browser.text
        assert FAILED not in await site.events(), "that is nobody's attempt"


async def test_a_login_has_to_be_strong_enough(opened: Opened) -> None:
    async with opened(**CREATING, sign_on_levels=frozenset({"loa3"})) as (site, service):
        browser = await site.browser()
        for level in (None, "loa2"):
            service.claims = {"groups": ["statistics"], "acr": level}
            assert await sign_on(browser) == ""
            assert "not strong enough" in browser.text
        service.claims["acr"] = "loa3"
        asked = (await browser.get("/login/sign-on")).headers["Location"]
        assert "acr_values=loa3" in asked
        assert await sign_on(browser) == "/"


async def test_the_service_shows_the_second_factor_again(opened: Opened) -> None:
    async with opened(sign_on_roles={"admins": Role.ADMINISTRATOR}, sign_on_creates_accounts=True) as (site, service):
        service.claims = {"groups": ["admins"]}
        service.auth_time_offset = -3600
        browser = await site.browser()
        assert await sign_on(browser) == "/"
        answer = await browser.get("/accounts/anna/disable")
        assert answer.headers["Location"] == "/confirm?next=/accounts/anna/disable"
        await browser.get("/confirm?next=/accounts/anna/disable")
        assert 'href="/confirm/sign-on?next=/accounts/anna/disable"' in browser.text
        assert 'name="code"' not in browser.text, "there are no codes here to ask for"
        confirm = "/confirm/sign-on?next=/accounts/anna/disable"
        assert await sign_on(browser, confirm) == ""
        assert "did not ask you anew" in browser.text
        assert heading(browser) == "Confirm that it is you"
        assert (await site.events())[-1] == ("olga", AuditEvent.SECOND_FACTOR_FAILED, "single_sign_on")
        service.auth_time_offset = 0
        service.user["sub"] = "u-8"
        assert await sign_on(browser, confirm) == ""
        service.user["sub"] = "u-7"
        assert await sign_on(browser, confirm) == "/accounts/anna/disable"
        assert (await browser.get("/accounts/anna/disable")).status == 200
        assert ("olga", AuditEvent.SECOND_FACTOR_SUCCEEDED, "single_sign_on") in await site.events()
        local = await site.browser("ada")
        assert (await local.get("/confirm/sign-on")).status == 404


async def test_logging_out_tells_of_the_login_that_goes_on_there(opened: Opened) -> None:
    async with opened(**CREATING) as (site, service):
        service.claims = {"groups": ["statistics"]}
        browser = await site.browser()
        await sign_on(browser)
        await browser.get("/account")
        assert (await browser.get("/login/sign-on?next=/tables")).headers["Location"] == "/tables"
        assert (await browser.post("/logout")).headers["Location"] == "/login?done=out"
        await browser.get("/login?done=out")
        assert 'href="/logout/sign-on"' in browser.text
        there = (await browser.get("/logout/sign-on")).headers["Location"]
        assert there == f"{service.issuer}/log-out?client_id={CLIENT_ID}"
        service.describes = {"end_session_endpoint": None}
        site.clock.turn(3601)
        assert (await browser.get("/logout/sign-on")).status == 404


# -- settings ---------------------------------------------------------------------------------------------------------

REACHES = {
    "sign_on_issuer": ("issuer", "https://login.example/realm"),
    "sign_on_client_id": ("client_id", "statistics"),
    "sign_on_client_secret_file": ("client_secret", "of the client"),
    "sign_on_name_claim": ("name_claim", "sam_account"),
    "sign_on_display_name_claim": ("display_name_claim", "shown_as"),
    "sign_on_scopes": ("scopes", "openid email groups"),
    "sign_on_roles_claim": ("roles_claim", "memberof"),
    "sign_on_roles": ("roles", {"staff": Role.ANALYST}),
    "sign_on_creates_accounts": ("create", True),
    "sign_on_levels": ("required_acr", frozenset({"loa3"})),
}


def test_every_setting_reaches_the_login_service(tmp_path: Path) -> None:
    assert {name for name in AnalystSettings.model_fields if name.startswith("sign_on_")} == set(REACHES)
    chosen = {name: value for name, (_, value) in REACHES.items()}
    chosen["sign_on_client_secret_file"] = secret_file(tmp_path, "of the client")
    made = sign_on_settings(AnalystSettings(public_address="https://statistics.example", **chosen))
    assert made is not None
    without = SignOnSettings("", "", "")
    for place, value in REACHES.values():
        assert getattr(made, place) == value
        assert value != getattr(without, place), f"{place} is tried with what it would be anyway"
    assert made.redirect_uri == "https://statistics.example/login/sign-on/return"
    assert sign_on_settings(AnalystSettings()) is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"ISSUER": ""}, "FYREN_ANALYST_SIGN_ON_ISSUER is needed"),
        ({"ISSUER": "http://login.example"}, "FYREN_ANALYST_SIGN_ON_ISSUER has to be an address"),
        ({"ISSUER": "login.example"}, "FYREN_ANALYST_SIGN_ON_ISSUER has to be an address"),
        ({"ISSUER": "https://login.example/?realm=a"}, "FYREN_ANALYST_SIGN_ON_ISSUER has to be an address"),
        ({"CLIENT_ID": ""}, "FYREN_ANALYST_SIGN_ON_CLIENT_ID is needed"),
        ({"SCOPES": "profile"}, "FYREN_ANALYST_SIGN_ON_SCOPES has to hold openid"),
        ({"ROLES": "statistics=analyst"}, "FYREN_ANALYST_SIGN_ON_ROLES: has to be written as JSON"),
        ({"ROLES": '{"staff": "king"}'}, "FYREN_ANALYST_SIGN_ON_ROLES: Input should be 'analyst'"),
        ({"LEVELS": "loa3"}, "FYREN_ANALYST_SIGN_ON_LEVELS: has to be written as JSON"),
        ({"CREATES_ACCOUNTS": "perhaps"}, "FYREN_ANALYST_SIGN_ON_CREATES_ACCOUNTS: "),
        ({"CREATES_ACCOUNTS": "true"}, "FYREN_ANALYST_SIGN_ON_ROLES is needed with"),
        ({"CLIENT_SECRET_FILE": "nowhere"}, "FYREN_ANALYST_SIGN_ON_CLIENT_SECRET_FILE: nowhere cannot be read."),
    ],
    ids=str,
)
def test_settings_that_cannot_work_are_told_at_the_start(
    change: dict[str, str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = {"ISSUER": "https://login.example", "CLIENT_ID": CLIENT_ID, "ROLES": "{}", "CREATES_ACCOUNTS": "false"}
    if change.get("ISSUER") != "":
        settings["CLIENT_SECRET_FILE"] = str(secret_file(tmp_path))
    monkeypatch.setenv("FYREN_VAR", str(tmp_path))
    for name, value in {**settings, **change}.items():
        monkeypatch.setenv(f"FYREN_ANALYST_SIGN_ON_{name}", value)
    assert launch.main() == 1
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error
    assert "king" not in error


@pytest.mark.parametrize(
    ("content", "mode", "told"),
    [("secret", 0o644, "chmod 640"), ("", 0o600, "on one line"), ("a\nb", 0o600, "one line")],
)
def test_a_secrets_file_that_will_not_do_is_told(
    content: str,
    mode: int,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = secret_file(tmp_path, content)
    file.chmod(mode)
    monkeypatch.setenv("FYREN_VAR", str(tmp_path))
    monkeypatch.setenv("FYREN_ANALYST_SIGN_ON_ISSUER", "https://login.example")
    monkeypatch.setenv("FYREN_ANALYST_SIGN_ON_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("FYREN_ANALYST_SIGN_ON_CLIENT_SECRET_FILE", str(file))
    assert launch.main() == 1
    error = capsys.readouterr().err
    assert told in error
    assert "secret\n" not in error
