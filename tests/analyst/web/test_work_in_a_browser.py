"""Work in Chromium: without a script, by keyboard alone, with a passkey, and on a phone."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import unused_port
from analyst_site import PASSWORD, Browser, Site, open_site
from axe_core_python.base import AXE_SCRIPT
from login_service import CLIENT_ID, CLIENT_SECRET, LoginService
from playwright.async_api import Browser as Chromium
from playwright.async_api import BrowserContext, Page, async_playwright
from published import FEWER_TABLES, door

from analyst.accounts.permissions import COMMAND_LINE, Role
from analyst.web.keys import ACCOUNTS
from intake_store.statistics.releases import ReleaseFolder

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
    # The summary has the focus, and leads to the fields; what was typed is kept, but for the password.
    assert await page.evaluate("document.activeElement.id") == "problem"
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    assert await page.get_by_label("Name").get_attribute("aria-describedby") == "problem"
    assert await page.get_by_label("Name").input_value() == "anna"
    for label, purpose in (("Name", "username"), ("Password", "current-password")):
        assert await page.get_by_label(label).get_attribute("autocomplete") == purpose
    assert await page.get_by_text("Passkeys need JavaScript").is_visible()
    assert await page.get_by_role("button", name="Log in with a passkey").count() == 0
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
    assert not await page.get_by_text("Passkeys need JavaScript").is_visible()
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


async def test_a_passkey_is_not_offered_where_it_cannot_work(chromium: Chromium, local: Site) -> None:
    page = await opened(chromium, local, "/nothing")
    # A browser that knows no passkeys, and a site at an address in numbers, to which none can belong.
    await page.add_init_script("delete window.PublicKeyCredential")
    await page.goto(f"http://localhost:{local.server.port}/login")
    assert await page.get_by_text("Passkeys need JavaScript").is_visible()
    assert await page.get_by_role("button", name="Log in with a passkey").count() == 0


async def test_recovery_codes_are_shown_and_saved_without_a_script(chromium: Chromium, local: Site) -> None:
    invitation = await local.server.app[ACCOUNTS].people.invite(COMMAND_LINE, "nils", "", {Role.ANALYST})
    page = await opened(chromium, local, "/invitation", java_script_enabled=False)
    await page.get_by_label("Invitation code").fill(invitation.code)
    await page.get_by_label("New password", exact=True).fill(PASSWORD)
    await page.get_by_label("New password once more").fill(PASSWORD)
    for label in ("New password", "New password once more"):
        assert await page.get_by_label(label, exact=True).get_attribute("autocomplete") == "new-password"
    await page.get_by_role("button", name="Go on").click()
    await page.get_by_role("img", name="QR code").wait_for()
    assert await page.get_by_label("Code", exact=True).get_attribute("autocomplete") == "one-time-code"
    local.secrets["nils"] = (await page.locator("main code").inner_text()).replace(" ", "")
    await page.get_by_label("Code", exact=True).fill("000000")
    await page.get_by_role("button", name="Use this app").click()
    await page.get_by_role("alert").wait_for()
    await page.get_by_label("Code", exact=True).fill(code(local, "nils"))
    await page.get_by_role("button", name="Use this app").click()
    shown = await page.locator(".codes code").all_inner_texts()
    assert len(shown) == 10
    async with page.expect_download() as waited:
        await page.get_by_role("link", name="Save them as a text file").click()
    download = await waited.value
    assert download.suggested_filename == "fyren-recovery-codes.txt"
    assert [line for line in (await download.path()).read_text().splitlines() if line in shown] == shown
    await page.emulate_media(media="print")
    assert await page.locator(".codes code").first.is_visible()
    assert not await page.get_by_role("button", name="Log out").is_visible()


async def test_the_agencys_login_leads_back_across_sites(chromium: Chromium, tmp_path: Path) -> None:
    """The login service is another site, so the browser keeps the strict cookie back when it is led here."""
    port = unused_port()
    service = LoginService(
        lambda: site.clock(),
        {"sub": "u-7", "preferred_username": "olga"},
        {"groups": ["statistics"]},
        redirects={f"http://localhost:{port}/login/sign-on/return"},
        asks=True,
    )
    secret = tmp_path / "sign-on.secret"
    secret.write_text(CLIENT_SECRET, encoding="utf-8")
    secret.chmod(0o600)
    async with service.server:
        settings = {
            "sign_on_issuer": service.issuer,
            "sign_on_client_id": CLIENT_ID,
            "sign_on_client_secret_file": secret,
            "sign_on_roles": {"statistics": Role.ANALYST},
            "sign_on_creates_accounts": True,
        }
        async with open_site(tmp_path, port=port, **settings) as site:
            page = await opened(chromium, site, "/codebook", java_script_enabled=False)
            await page.get_by_role("link", name="Log in with the agency's login").click()
            await page.wait_for_url(f"{service.issuer}/**")
            await page.get_by_role("button", name="Log in there").click()
            await page.wait_for_url(f"http://localhost:{port}/codebook")
            await page.get_by_role("button", name="Log out").click()
            await page.get_by_role("link", name="Log out there too").click()
            await page.wait_for_url(f"{service.issuer}/log-out?client_id={CLIENT_ID}")


async def test_a_releaser_reads_and_releases_on_a_phone(chromium: Chromium, tmp_path: Path, few_releases: Path) -> None:
    """From the list of periods to a revision, with every page free of barriers and nothing cut off."""
    made = shutil.copytree(few_releases.parent, tmp_path / "made")
    folder = ReleaseFolder(made / "releases")
    warehouse = door(made / "releases", made / "warehouse", FEWER_TABLES)
    async with open_site(tmp_path, made / "releases", warehouse, port=unused_port()) as site:
        page = await opened(chromium, site, "/login", viewport={"width": 360, "height": 740}, bypass_csp=True)
        await log_in(page, site, "rut")
        await page.goto(f"http://localhost:{site.server.port}/desk/releases")
        found = {"periods": await whole(page)}
        await page.get_by_role("link", name="(2026Q3)").click()
        found["before"] = await whole(page)
        await page.get_by_role("button", name="Make a preview").click()
        await page.get_by_role("heading", name="The attacker's check").wait_for()
        await page.evaluate("document.querySelectorAll('main details').forEach(details => { details.open = true })")
        found["preview"] = await whole(page)
        # The same declared tables as before: nothing came, and nothing went.
        assert await page.locator("dt", has_text="New tables").locator("+ dd").inner_text() == "none"
        assert await page.locator("dt", has_text="Tables that are gone").locator("+ dd").inner_text() == "none"
        await page.get_by_role("link", name="What people need help with").first.click()
        await page.get_by_text("Not released.").wait_for()
        found["table"] = await whole(page)
        await page.go_back()
        await page.get_by_label("Reason for the revision").fill("A note was missing.")
        await page.get_by_role("button", name="Release 2026Q3 now").click()
        await page.get_by_text("Released as 2026Q3-3.").wait_for()
        found["released"] = await whole(page)
        await page.goto(f"http://localhost:{site.server.port}/desk/releases/check")
        await page.get_by_role("button", name="Make the check").click()
        await page.get_by_text("No withheld figure gives way.").wait_for()
        found["check"] = await whole(page)
        assert {name: problems for name, problems in found.items() if problems} == {}
    assert folder.releases()[-1].reason == "A note was missing."


async def whole(page: Page) -> list[tuple[str, str]]:
    """Return what is cut off or in the way on a page."""
    cut = await page.evaluate(
        """[...document.querySelectorAll('main *')]
            .filter(part => part.checkVisibility() && !part.closest('.scroll') && !part.closest('.unseen, thead'))
            .filter(part => part.getBoundingClientRect().right > innerWidth + 1)
            .map(part => ['cut', part.outerHTML.slice(0, 200)])"""
    )
    return [*map(tuple, cut), *await barriers(page)]


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
