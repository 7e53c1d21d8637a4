"""Sessions as browsers have them: what ends them, what changes them, and what they look like to their owners."""

from __future__ import annotations

from pathlib import Path

import pytest
from analyst_site import PASSWORD, Browser, Site, open_site

NEW = "four other words there"


def cookie(browser: Browser) -> str:
    kept = browser.client.session.cookie_jar.filter_cookies(browser.client.make_url("/"))
    return kept["fyren_analyst"].value


async def alive(browser: Browser) -> bool:
    return (await browser.get("/account")).status == 200


@pytest.mark.parametrize("lives", [True, False])
async def test_settings_say_when_an_idle_login_ends(tmp_path: Path, lives: bool) -> None:
    async with open_site(tmp_path, idle_minutes=3) as site:
        browser = await site.browser("anna")
        site.clock.turn(3 * 60 - (1 if lives else 0))
        assert await alive(browser) is lives


async def test_settings_say_when_a_busy_login_ends(tmp_path: Path) -> None:
    async with open_site(tmp_path, session_hours=1) as site:
        browser = await site.browser("anna")
        for _ in range(5):
            site.clock.turn(600)
            assert await alive(browser)
        await browser.step_up()
        site.clock.turn(570)
        assert not await alive(browser), "showing the second factor again makes no login longer"


async def test_a_token_that_somebody_planted_is_worth_nothing(site: Site) -> None:
    """Session fixation: what the browser had before a login never becomes the login."""
    attacker, victim = await site.browser(), await site.browser()
    await attacker.get("/login")
    planted = cookie(attacker)
    victim.client.session.cookie_jar.update_cookies({"fyren_analyst": planted}, victim.client.make_url("/"))
    victim.secret = site.secrets["anna"]
    await victim.log_in("anna")
    assert await alive(victim)
    assert cookie(victim) != planted
    assert not await alive(attacker)


async def test_a_new_login_ends_the_one_before_it_in_the_browser(site: Site) -> None:
    browser = await site.browser("anna")
    before = cookie(browser)
    # The page of the login leads on, but its form can still be sent.
    site.clock.turn(31)
    await browser.post("/login", {"name": "anna", "password": PASSWORD})
    stolen = await site.browser()
    stolen.client.session.cookie_jar.update_cookies({"fyren_analyst": before}, stolen.client.make_url("/"))
    assert not await alive(stolen)


async def test_a_changed_password_ends_all_other_logins(site: Site) -> None:
    here, there = await site.browser("anna"), await site.browser("anna")
    await here.step_up()
    await here.get("/account")
    before = cookie(here)
    fields = {"current": PASSWORD, "password": NEW, "again": NEW}
    assert (await here.post("/account/password", {**fields, "current": "wrong"})).status == 400
    assert 'href="#field-current"' in here.text
    assert (await here.post("/account/password", {**fields, "again": "other"})).status == 400
    assert 'href="#field-again"' in here.text
    assert (await here.post("/account/password", fields)).headers["Location"] == "/account?done=password"
    assert await alive(here)
    assert cookie(here) != before
    assert not await alive(there)


async def test_logins_are_listed_and_can_be_ended_from_anywhere(site: Site) -> None:
    here, there, third = [await site.browser("anna") for _ in range(3)]
    await here.get("/account?language=en")
    assert here.text.count('/end"') == 2, "one button for each other login"
    assert "This login" in here.text
    assert "Password and second factor" in here.text
    assert (await here.post("/account/sessions/end-others")).headers["Location"] == "/account?done=sessions"
    assert await alive(here)
    assert not await alive(there)
    assert not await alive(third)


async def test_the_cookie_of_a_logged_out_browser_opens_nothing(site: Site) -> None:
    browser = await site.browser("anna")
    kept = cookie(browser)
    await browser.post("/logout")
    thief = await site.browser()
    thief.client.session.cookie_jar.update_cookies({"fyren_analyst": kept}, thief.client.make_url("/"))
    assert not await alive(thief)


async def test_whoever_logs_in_sees_what_was_tried_under_their_name(site: Site) -> None:
    stranger = await site.browser()
    await stranger.get("/login")
    await stranger.post("/login", {"name": "anna", "password": "not the password"})
    browser = await site.browser("anna")
    await browser.get("/tables")
    await browser.get("/account?language=en")
    assert "Failed to log in" in browser.text
    assert "Opened a page" not in browser.text
    assert "rut" not in browser.text


async def test_how_long_to_wait_is_told(site: Site) -> None:
    browser = await site.browser()
    await browser.get("/login?language=en")
    assert "After 5 wrong attempts you wait 30 seconds" in browser.text
    for _ in range(6):
        answer = await browser.post("/login", {"name": "anna", "password": "not the password"})
    assert answer.status == 429
    assert "Too many attempts failed. Try again in a minute." in browser.text
    for _ in range(3):
        site.clock.turn(int(answer.headers["Retry-After"]))
        await browser.post("/login", {"name": "anna", "password": "not the password"})
        answer = await browser.post("/login", {"name": "anna", "password": "not the password"})
    assert answer.headers["Retry-After"] == "240"
    assert "Try again in 4 minutes." in browser.text
    administrator = await site.browser("ada")
    assert (await administrator.post("/accounts/anna/unlock")).headers["Location"] == "/accounts/anna?done=unlocked"
    browser.secret = site.secrets["anna"]
    assert (await browser.log_in("anna")).headers["Location"] == "/"
