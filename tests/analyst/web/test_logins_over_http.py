"""Logging in, setting up and showing a second factor again, over real HTTP and without a script."""

from __future__ import annotations

from analyst_site import Site

from analyst.accounts.audit import AuditEvent


async def test_somebody_logs_in_and_out(site: Site) -> None:
    browser = await site.browser()
    answer = await browser.get("/account")
    assert (answer.status, answer.headers["Location"]) == (303, "/login?next=/account")
    answer = await (signed := await site.browser("anna")).get("/account")
    assert answer.status == 200
    assert "anna" in signed.text
    before = signed.client.session.cookie_jar.filter_cookies(signed.client.make_url("/"))["fyren_analyst"].value
    assert (await signed.post("/logout")).headers["Location"] == "/login"
    assert (await signed.get("/account")).status == 303
    stolen = await site.browser()
    assert (await stolen.get("/account", cookies={"fyren_analyst": before})).status == 303
    assert ("anna", AuditEvent.LOGGED_OUT, "") in await site.events()
