"""Accounts as administrators see them: invited, looked at, and changed after a question."""

from __future__ import annotations

import re

from analyst_site import Site

from analyst.accounts.permissions import COMMAND_LINE, Role
from analyst.web.keys import ACCOUNTS
from analyst.web.people_pages import QUESTIONS


async def test_an_invitation_is_shown_once_with_where_to_use_it(site: Site) -> None:
    browser = await site.browser("ada")
    await browser.get("/accounts?language=en")
    await browser.post("/accounts", {"name": "olle", "role": "analyst"})
    code = re.search(r"<code>([0-9a-z-]{29})</code>", browser.text)[1]  # type: ignore[index]
    assert re.search(r">http://localhost:\d+/invitation</a>", browser.text)
    for path in ("/accounts", "/accounts/olle", "/audit?what=everything"):
        await browser.get(path)
        assert code not in browser.text
    stranger = await site.browser()
    await stranger.get("/invitation")
    new = "four plain words here"
    answer = await stranger.post("/invitation", {"code": code, "password": new, "again": new})
    assert answer.headers["Location"] == "/account/enrol"


async def test_the_list_tells_roles_state_and_day_of_the_last_login(site: Site) -> None:
    await site.server.app[ACCOUNTS].people.invite(COMMAND_LINE, "olle", "", {Role.ANALYST, Role.RELEASER})
    browser = await site.browser("ada")
    await browser.get("/accounts?language=en")
    rows = {
        row[0]: [re.sub(r"<[^>]+>", "", cell) for cell in row]
        for row in (
            re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line, re.DOTALL)
            for line in re.findall(r"<tr><th scope=\"row\">.*?</tr>", browser.text, re.DOTALL)
        )
    }
    named = {cells[0]: cells[2:] for cells in rows.values()}
    assert named["ada"] == ["Administrator", "In use", "With a password here", "2026-11-24"]
    assert named["olle"] == ["Analyst, Releaser", "Invited, not set up yet", "With a password here", "Never"]
    assert "There is one active administrator only." in browser.text
    await site.person("eva", Role.ADMINISTRATOR)
    await browser.get("/accounts")
    assert "There is one active administrator only." not in browser.text


async def test_each_change_asks_first_and_tells_afterwards(site: Site) -> None:
    browser = await site.browser("ada")
    told = {
        "unlock": "The person can try again at once.",
        "end-sessions": "All logins of the account were ended.",
        "disable": "The account was shut. Its logins and tokens have ended.",
        "enable": "The account was opened again.",
    }
    for change, done in told.items():
        await browser.get("/accounts/anna?language=en")
        assert f'href="/accounts/anna/{change}"' in browser.text
        assert f'action="/accounts/anna/{change}"' not in browser.text
        assert (await browser.get(f"/accounts/anna/{change}")).status == 200
        assert "anna" in re.search(r"<h1>(.*?)</h1>", browser.text)[1]  # type: ignore[index]
        assert f'action="/accounts/anna/{change}"' in browser.text
        answer = await browser.post(f"/accounts/anna/{change}")
        await browser.get(answer.headers["Location"])
        assert done in browser.text
    await browser.get("/accounts/anna/reset")
    assert (await browser.post("/accounts/anna/reset")).status == 200
    assert re.search(r"<code>[0-9a-z-]{29}</code>", browser.text)
    assert set(QUESTIONS) == {*told, "reset"}
    for path in ("/accounts/anna/roles", "/accounts/anna/nonsense", "/accounts/nobody/disable", "/accounts/nobody"):
        assert (await browser.get(path)).status == 404
    site.clock.turn(301)
    answer = await browser.get("/accounts/anna/disable")
    assert answer.headers["Location"] == "/confirm?next=/accounts/anna/disable"


async def test_nobody_shuts_out_the_last_administrator_or_themselves(site: Site) -> None:
    browser = await site.browser("ada")
    await browser.get("/accounts/ada?language=en")
    assert "This is your own account." in browser.text
    for change in ("disable", "reset", "roles"):
        fields = {"role": "analyst"} if change == "roles" else {}
        assert (await browser.post(f"/accounts/ada/{change}", fields)).status == 400
        assert "This is your own account." in browser.text
    # Two may take each other's role away, but not both.
    await site.person("eva", Role.ADMINISTRATOR)
    other = await site.browser("eva")
    await other.get("/accounts/ada")
    assert (await other.post("/accounts/ada/disable")).status == 303
    assert (await browser.get("/accounts")).status == 303
    people = site.server.app[ACCOUNTS].people
    assert [account.name for account in await people.all(COMMAND_LINE) if account.state == "active"] == [
        "anna",
        "eva",
        "rut",
    ]


async def test_a_wrong_invitation_says_what_is_wrong(site: Site) -> None:
    browser = await site.browser("ada")
    await browser.get("/accounts?language=en")
    assert (await browser.post("/accounts", {"name": "Ö", "role": "analyst"})).status == 400
    assert 'href="#field-name"' in browser.text
    assert 'aria-invalid="true"' in browser.text
    assert (await browser.post("/accounts", {"name": "olle"})).status == 400
    assert "at least one role" in browser.text
    assert 'aria-invalid="true"' not in browser.text
