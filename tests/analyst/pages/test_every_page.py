"""Every page of the site, as everybody who may see it: no barriers, no strangers, nothing that needs a script.

`pytest tests/analyst/pages/test_every_page.py -k pictures --analyst-screenshots docs/analyst/pages` takes a picture
of each.
"""

from __future__ import annotations

import re
from pathlib import Path

import pyotp
import pytest
from aiohttp import ClientResponse
from analyst_site import PASSWORD, Site
from every_page import (
    PREVIEWED,
    axe,
    client_of,
    open_page,
    pages_of,
    picture_name,
    show,
    small,
    tabbed_through,
    too_wide,
)
from playwright.async_api import Browser

pytestmark = pytest.mark.asyncio(loop_scope="session")

PHONE, ZOOMED, DESK = 360, 640, 1280
"""CSS pixels; 640 is what is left of 1280 at 200 %."""
HEIGHT = 900
FIGURES = ("/themes", "/trends", "/tables/", "/compare", "/codebook", "/method", "/report")

TALLEST = {PHONE: 1600, DESK: 1400}
ON_A_PHONE = ("overview", "themes-needs", "tables", "tables-needs-needs-selling", "desk-releases-2025q4", "login")


@pytest.mark.parametrize(
    ("who", "language", "widths"),
    [
        ("", "sv", (PHONE,)),
        ("", "en", (DESK,)),
        ("waiting", "sv", (PHONE,)),
        ("waiting", "en", (DESK,)),
        ("anna", "en", (PHONE,)),
        ("rut", "sv", (PHONE,)),
        ("rut", "en", (DESK,)),
        ("ada", "sv", (DESK,)),
        ("ada", "en", (PHONE,)),
    ],
)
async def test_no_page_has_barriers(
    browser: Browser, every_site: Site, who: str, language: str, widths: tuple[int, ...]
) -> None:
    client = await client_of(every_site, who, language)
    page, watch = await open_page(browser, every_site, client)
    found = {}
    pages = await pages_of(every_site, client)
    assert pages
    if who in ("anna", "ada"):
        # Pages of figures are the same to every role but for the menu.
        pages = [address for address in pages if not address.startswith(FIGURES)]
    for address in pages:
        await page.set_viewport_size({"width": ZOOMED, "height": HEIGHT})
        await page.goto(watch.origin + address)
        assert await page.get_attribute("html", "lang") == language
        found[address, ZOOMED] = await too_wide(page)
        for width in (PHONE, DESK):
            await page.set_viewport_size({"width": width, "height": HEIGHT})
            found[address, width] = await (axe if width in widths else too_wide)(page)
        found[address, 0] = watch.take()
    await page.context.close()
    assert {where: breaches for where, breaches in found.items() if breaches} == {}


@pytest.mark.parametrize("language", ["sv", "en"])
async def test_what_forms_lead_to_has_no_barriers(browser: Browser, every_site: Site, language: str) -> None:
    nobody = await client_of(every_site, "", language)
    page, watch = await open_page(browser, every_site, nobody, viewport={"width": PHONE, "height": HEIGHT})
    found = {}

    async def look(name: str, answer: ClientResponse) -> None:
        await show(page, f"{watch.origin}/{name}", answer)
        found[name] = [*await axe(page), *watch.take()]
        assert await page.get_attribute("html", "lang") == language, name

    name = f"nils.{language}"
    await look("refused", await nobody.post("/login", {"name": name, "password": "not this one"}))
    await look("too-old", await nobody.client.post("/login", data={"csrf": "0" * 64}))
    ada = await client_of(every_site, "ada", language)
    await ada.get("/accounts")
    await look("invited", await ada.post("/accounts", {"name": name, "display_name": "", "role": "analyst"}))
    code = _found(r"<code>([^<]+)</code>", ada.text)
    await look("no-account", await ada.post("/accounts", {"name": "", "display_name": "", "role": "analyst"}))
    invited = await client_of(every_site, "", language)
    await invited.get("/invitation")
    two = {"password": PASSWORD, "again": "another one"}
    await look("two-passwords", await invited.post("/invitation", {"code": code, **two}))
    answer = await invited.post("/invitation", {"code": code, "password": PASSWORD, "again": PASSWORD})
    assert answer.headers["Location"] == "/account/enrol", invited.text
    await look("enrol", await invited.get("/account/enrol"))
    await look("wrong-code", await invited.post("/account/enrol", {"code": "000000"}))
    secret = _found(r"<code>((?:[A-Z2-7]{4} ?){8})</code>", invited.text).replace(" ", "")
    code = pyotp.TOTP(secret).at(every_site.clock())
    await look("recovery-codes", await invited.post("/account/enrol", {"code": code}))
    await invited.get("/account")
    await look("token", await invited.post("/account/tokens", {"label": "R", "days": "30"}))
    assert "fyren_" in invited.text
    await look(
        "old-password", await invited.post("/account/password", {"current": "no", "password": "a", "again": "a"})
    )
    await page.context.close()
    assert {where: breaches for where, breaches in found.items() if breaches} == {}


@pytest.mark.parametrize("who", ["", "rut", "ada"])
async def test_every_page_works_without_scripts(browser: Browser, every_site: Site, who: str) -> None:
    client = await client_of(every_site, who, "sv")
    window = {"width": DESK, "height": HEIGHT}
    page, watch = await open_page(browser, every_site, client, viewport=window, java_script_enabled=False)
    found = {}
    for address in await pages_of(every_site, client):
        await page.goto(watch.origin + address)
        assert await page.locator("main h1").is_visible(), address
        dead = page.locator(
            "button:visible:not(form[action] button[type=submit], form[method=get] button[type=submit])"
        )
        found[address] = [*await dead.all_inner_texts(), *watch.take()]
    await page.context.close()
    assert {where: breaches for where, breaches in found.items() if breaches} == {}


async def test_everything_is_reached_and_done_by_keyboard(browser: Browser, every_site: Site) -> None:
    nobody = await client_of(every_site, "", "en")
    page, watch = await open_page(browser, every_site, nobody, viewport={"width": DESK, "height": HEIGHT})
    found = {}

    async def look(address: str = "") -> None:
        if address:
            await page.goto(watch.origin + address)
        found[page.url] = await tabbed_through(page)

    await look("/login")
    await page.goto(f"{watch.origin}/login")
    await page.get_by_label("Name").focus()
    await page.keyboard.type("rut")
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/login/code**")
    await look()
    every_site.clock.turn(31)
    await page.get_by_label("Code").focus()
    await page.keyboard.type(pyotp.TOTP(every_site.secrets["rut"]).at(every_site.clock()))
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{watch.origin}/")
    await look("/")
    await page.goto(f"{watch.origin}/tables")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "content"
    await page.locator("a[href^='/tables/needs.needs_selling']").first.press("Enter")
    await page.wait_for_url("**/tables/needs.needs_selling*")
    await look()
    for summary in await page.locator("main summary").all():
        closed = await summary.evaluate("element => !element.parentElement.open")
        await summary.press("Enter")
        assert await summary.evaluate("element => element.parentElement.open") is closed
    for summary in await page.locator("main details:not([open]) > summary").all():
        await summary.press("Space")
    async with page.expect_download() as download:
        await page.locator("a[href*='.xlsx']").first.press("Enter")
    assert (await download.value).suggested_filename.endswith(".xlsx")
    await look(f"/desk/releases/{PREVIEWED}")
    preview = page.locator("form[action$='/preview'] button")
    await preview.press("Space")
    await page.wait_for_load_state()
    await preview.wait_for()
    await page.context.close()
    assert {where: breaches for where, breaches in found.items() if breaches} == {}


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> Path:
    found: Path = request.config.getoption("--analyst-screenshots")
    found.mkdir(parents=True, exist_ok=True)
    return found


@pytest.mark.takes_pictures
async def test_pictures_of_every_page(browser: Browser, every_site: Site, folder: Path) -> None:
    taken: set[str] = set()
    for who in ("", "waiting", "rut", "ada"):
        client = await client_of(every_site, who, "en")
        page, watch = await open_page(browser, every_site, client, locale="en-GB")
        for address in await pages_of(every_site, client):
            name = picture_name(address)
            answer = await page.goto(watch.origin + address)
            # Who may not see a page gets another one, which others take.
            if name in taken or answer is None or not answer.ok:
                continue
            taken.add(name)
            for width in (DESK, PHONE) if name in ON_A_PHONE else (DESK,):
                await page.set_viewport_size({"width": width, "height": HEIGHT})
                await page.goto(watch.origin + address)
                await page.evaluate("document.querySelectorAll('img').forEach(image => image.loading = 'eager')")
                await page.wait_for_load_state("networkidle")
                tall = await page.evaluate("document.documentElement.scrollHeight")
                clip = {"x": 0, "y": 0, "width": width, "height": min(tall, TALLEST[width])}
                picture = await page.screenshot(full_page=True, clip=clip, animations="disabled")  # type: ignore[arg-type]
                (folder / f"{name}-{width}.png").write_bytes(small(picture))
        await page.context.close()


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, text
    return found[1]
