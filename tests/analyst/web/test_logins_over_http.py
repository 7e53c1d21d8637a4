"""Logging in, setting up and showing a second factor again, over real HTTP and without a script."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from analyst_site import PASSWORD, Site, open_site

from analyst.accounts.audit import AuditEvent
from analyst.accounts.permissions import COMMAND_LINE, Role
from analyst.web.keys import ACCOUNTS


async def test_somebody_logs_in_and_out(site: Site) -> None:
    browser = await site.browser()
    answer = await browser.get("/account")
    assert (answer.status, answer.headers["Location"]) == (303, "/login?next=/account")
    answer = await (signed := await site.browser("anna")).get("/account")
    assert answer.status == 200
    assert "anna" in signed.text
    before = signed.client.session.cookie_jar.filter_cookies(signed.client.make_url("/"))["fyren_analyst"].value
    assert (await signed.post("/logout")).headers["Location"] == "/login?done=out"
    assert (await signed.get("/account")).status == 303
    stolen = await site.browser()
    assert (await stolen.get("/account", cookies={"fyren_analyst": before})).status == 303
    assert ("anna", AuditEvent.LOGGED_OUT, "") in await site.events()


async def test_an_invitation_becomes_an_account_without_a_script(site: Site) -> None:
    invitation = await site.server.app[ACCOUNTS].people.invite(COMMAND_LINE, "nils", "Nils", {Role.ANALYST})
    browser = await site.browser()
    await browser.get("/invitation")
    fields = {"code": invitation.code, "password": PASSWORD, "again": PASSWORD + "x"}
    assert (await browser.post("/invitation", fields)).status == 400
    assert (await browser.post("/invitation", {**fields, "password": "short", "again": "short"})).status == 400
    answer = await browser.post("/invitation", {**fields, "again": PASSWORD})
    assert answer.headers["Location"] == "/account/enrol"
    # Nothing else opens before there is a second factor.
    assert (await browser.get("/account")).headers["Location"] == "/account/enrol"
    await browser.get("/account/enrol")
    assert "<svg" in browser.text
    browser.secret = re.search(r"<code>((?:[A-Z2-7]{4} ?){8})</code>", browser.text)[1].replace(" ", "")  # type: ignore[index]
    assert (await browser.post("/account/enrol", {"code": "000000"})).status == 400
    answer = await browser.post("/account/enrol", {"code": browser.code()})
    assert answer.status == 200
    codes = re.findall(r"<li><code>([^<]+)</code>", browser.text)
    assert len(codes) == 10
    assert (await browser.get("/account")).status == 200
    site.secrets["nils"] = browser.secret
    again = await site.browser()
    await again.get("/login")
    await again.post("/login", {"name": "nils", "password": PASSWORD})
    await again.get("/login/code")
    assert (await again.post("/login/code", {"code": codes[0]})).status == 303
    assert (await again.get("/account")).status == 200


async def test_a_login_leads_on_to_the_page_that_was_asked_for_and_never_elsewhere(site: Site) -> None:
    for asked, led in (
        ("/desk/releases?language=en", "/desk/releases?language=en"),
        ("https://elsewhere.example/", "/"),
        ("//elsewhere.example/", "/"),
        ("/\\elsewhere.example", "/"),
        ("/\telsewhere", "/"),
        ("javascript:alert(1)", "/"),
    ):
        browser = await site.browser()
        browser.secret = site.secrets["rut"]
        site.clock.turn(31)
        await browser.get("/login", params={"next": asked})
        answer = await browser.post("/login", {"name": "rut", "password": PASSWORD, "next": asked})
        await browser.get(answer.headers["Location"])
        answer = await browser.post("/login/code", {"code": browser.code(), "next": asked})
        assert answer.headers["Location"] == led


async def test_a_name_that_is_nobodys_looks_like_a_wrong_password(site: Site) -> None:
    """Also where it locks: the same answers, in the same order, with the same headers."""
    await site.person("qwx1", Role.ANALYST)
    answers: dict[str, list[tuple[int, str, str]]] = {}
    for name in ("qwx1", "qwx2"):
        browser = await site.browser()
        await browser.get("/login")
        answers[name] = []
        for _ in range(7):
            answer = await browser.post("/login", {"name": name, "password": "not the password"})
            text = re.sub(r"\b[0-9a-f]{64}\b", "", browser.text).replace(name, "NAME")
            answers[name].append((answer.status, answer.headers.get("Retry-After", ""), text))
    assert answers["qwx1"] == answers["qwx2"]
    assert [status for status, _, _ in answers["qwx1"]] == [400] * 5 + [429] * 2


async def test_too_many_wrong_codes_end_the_login(site: Site) -> None:
    browser = await site.browser()
    await browser.get("/login")
    await browser.post("/login", {"name": "anna", "password": PASSWORD})
    await browser.get("/login/code")
    answers = [await browser.post("/login/code", {"code": "000000"}) for _ in range(5)]
    assert [answer.status for answer in answers] == [400] * 4 + [303]
    assert answers[-1].headers["Location"] == "/login?done=ended"
    assert (await browser.get("/login/code")).headers["Location"].startswith("/login")


async def test_whoever_waits_for_the_second_factor_sees_nothing_yet(site: Site) -> None:
    browser = await site.browser()
    await browser.get("/login")
    await browser.post("/login", {"name": "ada", "password": PASSWORD})
    for path in ("/account", "/accounts", "/audit", "/audit.csv"):
        assert (await browser.get(path)).headers["Location"] == "/login/code"
    assert (await browser.get("/api/v1/releases")).status == 401


async def test_the_token_changes_at_every_step(site: Site) -> None:
    browser = await site.browser()
    seen = []

    def token() -> str:
        return browser.client.session.cookie_jar.filter_cookies(browser.client.make_url("/"))["fyren_analyst"].value

    await browser.get("/login")
    seen.append(token())
    await browser.post("/login", {"name": "anna", "password": PASSWORD})
    seen.append(token())
    await browser.get("/login/code")
    browser.secret = site.secrets["anna"]
    site.clock.turn(31)
    await browser.post("/login/code", {"code": browser.code()})
    seen.append(token())
    await browser.get("/account")
    await browser.step_up()
    seen.append(token())
    assert len(set(seen)) == 4
    for old in seen[:-1]:
        stranger = await site.browser()
        assert (await stranger.get("/account", cookies={"fyren_analyst": old})).status == 303


async def test_an_account_is_invited_changed_and_shut(site: Site) -> None:
    browser = await site.browser("ada")
    await browser.get("/accounts")
    fields = {"name": "olle", "display_name": "=Olle", "role": "analyst"}
    assert (await browser.post("/accounts", fields)).status == 200
    assert "olle" in browser.text
    assert re.search(r"<code>[^<]{25,}</code>", browser.text)
    assert (await browser.post("/accounts", fields)).status == 400, "a name is given once"
    answer = await browser.post("/accounts/olle/roles", {"role": "releaser"})
    assert answer.headers["Location"] == "/accounts/olle?done=roles"
    assert (await browser.post("/accounts/ada/disable")).status == 400, "nobody shuts themselves out"
    assert (await browser.post("/accounts/olle/disable")).headers["Location"] == "/accounts/olle?done=disabled"
    site.clock.turn(600)
    await browser.get("/accounts/olle")
    answer = await browser.post("/accounts/olle/reset")
    assert answer.headers["Location"] == "/confirm?next=/accounts/olle/reset"
    await browser.get("/audit?language=en")
    for event in ("Made an account", "Changed roles", "Shut an account"):
        assert event in browser.text
    answer = await browser.client.get("/audit.csv")
    assert "ada,roles_changed,olle: releaser" in await answer.text()
    await browser.get("/audit/check")
    assert 'class="done"' in browser.text


async def test_no_passkeys_at_an_address_in_numbers(tmp_path: Path) -> None:
    """Browsers give passkeys to names only, so none is spoken of where people open the pages at an address."""
    async with open_site(tmp_path, public_address="http://127.0.0.1:8090") as site:
        browser = await site.browser()
        await browser.get("/login?language=en")
        assert "asskey" not in browser.text
        browser = await site.browser("anna")
        for path in ("/account", "/account/enrol", "/confirm"):
            assert (await browser.get(path)).status == 200
            assert "data-passkey" not in browser.text
            assert "passkeys.js" not in browser.text


async def test_what_is_missing_is_told_and_the_menu_stays(tmp_path: Path, few_releases: Path) -> None:
    copied = shutil.copytree(few_releases, tmp_path / "releases")
    async with open_site(tmp_path, copied) as site:
        browser = await site.browser("anna")
        for file in copied.rglob("*.json*"):
            file.write_text("{", encoding="utf-8")
        answer = await browser.get("/tables?language=en")
        assert answer.status == 503, browser.text
        assert "Something is missing" in browser.text
        assert 'action="/logout"' in browser.text
        assert (await browser.get("/account")).status == 200


async def test_views_and_files_are_noted(site: Site) -> None:
    browser = await site.browser("anna")
    path = "/releases/2026Q3-1/tables/needs.needs_selling.xlsx"
    assert (await browser.get(path)).status == 200
    assert ("anna", AuditEvent.EXPORTED, path) in await site.events()
    assert (await browser.get("/codebook")).status == 200
    assert ("anna", AuditEvent.TABLE_VIEWED, "/codebook") in await site.events()
