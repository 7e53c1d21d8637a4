"""The pages of work in Chromium: without a script, by keyboard alone, with a passkey, and under axe-core."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import unused_port
from analyst_site import PASSWORD, Browser, Site, open_site
from axe_core_python.base import AXE_SCRIPT
from playwright.async_api import Browser as Chromium
from playwright.async_api import BrowserContext, Page, async_playwright

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture
async def chromium() -> AsyncIterator[Chromium]:
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("The browser tests need Chromium. Install it (Debian: apt-get install chromium).", pytrace=False)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        await browser.close()


@pytest.fixture
async def local(tmp_path: Path, few_releases: Path) -> AsyncIterator[Site]:
    """A site at the name that passkeys belong to; its clock is the one of the browser's device as well."""
    async with open_site(tmp_path, few_releases, port=unused_port()) as opened:
        yield opened


async def opened(chromium: Chromium, site: Site, path: str, **options: object) -> Page:
    context: BrowserContext = await chromium.new_context(locale="en-GB", **options)  # type: ignore[arg-type]
    context.set_default_timeout(20_000)
    page = await context.new_page()
    await page.goto(f"http://localhost:{site.server.port}{path}")
    return page


def code(site: Site, name: str) -> str:
    browser = Browser(None, site.clock)  # type: ignore[arg-type]
    browser.secret = site.secrets[name]
    site.clock.turn(31)
    return browser.code()


async def test_somebody_logs_in_by_keyboard_without_a_script(chromium: Chromium, local: Site) -> None:
    page = await opened(chromium, local, "/account", java_script_enabled=False)
    assert page.url.endswith("/login?next=/account")
    await page.get_by_label("Name").focus()
    await page.keyboard.type("anna")
    await page.keyboard.press("Tab")
    await page.keyboard.type("not this one")
    await page.keyboard.press("Enter")
    await page.get_by_role("alert").wait_for()
    assert await page.get_by_label("Name").input_value() == "anna"
    await page.get_by_label("Password").focus()
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.get_by_label("Code").focus()
    await page.keyboard.type(code(local, "anna"))
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/account")
    await page.get_by_role("button", name="Log out").press("Enter")
    await page.wait_for_url("**/login?done=out")


async def test_a_passkey_is_added_and_logs_in(chromium: Chromium, local: Site) -> None:
    page = await opened(chromium, local, "/login")
    device = await page.context.new_cdp_session(page)
    await device.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    await device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    await log_in(page, local, "ada")
    await page.goto(f"http://localhost:{local.server.port}/account")
    await page.get_by_role("button", name="Add a passkey").click()
    await page.wait_for_url("**/account?done=enrolled")
    await page.get_by_role("button", name="Log out").click()
    await page.wait_for_url("**/login?done=out")
    await page.get_by_role("button", name="Log in with a passkey").click()
    await page.get_by_role("link", name="Accounts").wait_for()
    await page.goto(f"http://localhost:{local.server.port}/confirm?next=/accounts")
    await page.get_by_role("button", name="Confirm with a passkey").click()
    await page.wait_for_url("**/accounts")


async def test_pages_of_work_have_no_barriers(chromium: Chromium, local: Site) -> None:
    page = await opened(chromium, local, "/login", viewport={"width": 360, "height": 740}, bypass_csp=True)
    found = {"/login": await barriers(page)}
    await page.goto(f"http://localhost:{local.server.port}/invitation")
    found["/invitation"] = await barriers(page)
    for name, paths in {
        "rut": ("/account", "/confirm", "/account/enrol", "/desk/releases", "/desk/releases/2026Q3", "/nothing"),
        "ada": ("/accounts", "/accounts/anna", "/audit", "/audit/check"),
    }.items():
        await page.context.clear_cookies()
        await page.goto(f"http://localhost:{local.server.port}/login")
        await log_in(page, local, name)
        for path in paths:
            await page.goto(f"http://localhost:{local.server.port}{path}")
            found[path] = await barriers(page)
            width = await page.evaluate("document.documentElement.scrollWidth")
            assert width <= 360, path
    assert {path: breaches for path, breaches in found.items() if breaches} == {}


async def log_in(page: Page, site: Site, name: str) -> None:
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in", exact=True).click()
    await page.get_by_label("Code").fill(code(site, name))
    await page.get_by_role("button", name="Confirm", exact=True).click()
    await page.get_by_role("button", name="Log out").wait_for()


async def barriers(page: Page) -> list[tuple[str, str]]:
    await page.evaluate(AXE_SCRIPT)
    found = await page.evaluate("rules => axe.run(rules)", RULES)
    assert found["passes"], "axe-core looked at nothing"
    return [(rule["id"], node["html"]) for rule in found["violations"] for node in rule["nodes"]]
