"""The dashboard in Chromium: by keyboard, without scripts, strangers and releases."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page

pytestmark = pytest.mark.asyncio(loop_scope="session")

DESK = 1280


async def opened(browser: Browser, width: int, **options: object) -> Page:
    context = await browser.new_context(viewport={"width": width, "height": 900}, **options)  # type: ignore[arg-type]
    return await context.new_page()


async def test_pages_work_without_scripts_and_ask_nobody_else(browser: Browser, address: str) -> None:
    page = await opened(browser, DESK, java_script_enabled=False)
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    await page.goto(f"{address}/themes/needs")
    await page.wait_for_load_state("networkidle")
    await page.get_by_label("Quarter", exact=True).select_option("2025Q2-1")
    await page.get_by_role("button", name="Show").click()
    await page.wait_for_load_state("networkidle")
    assert "quarter=2025Q2-1" in page.url
    assert any("/charts/2025Q2-1/needs.needs_selling.svg" in url for url in asked)
    assert all(url.startswith(address) for url in asked)
    assert complaints == []
    await page.context.close()


async def test_the_keyboard_reaches_the_figures(browser: Browser, address: str) -> None:
    page = await opened(browser, DESK)
    await page.goto(f"{address}/themes/needs")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "content"
    summary = page.locator(".exhibit summary").first
    await summary.focus()
    await page.keyboard.press("Enter")
    assert await page.locator(".exhibit table").first.is_visible()
    await page.context.close()


@pytest.mark.parametrize("path", ["/", "/themes/needs", "/tables", "/releases", "/report", "/compare"])
async def test_a_place_without_releases_says_what_to_do(browser: Browser, empty_address: str, path: str) -> None:
    page = await opened(browser, DESK)
    await page.goto(f"{empty_address}{path}")
    assert await page.get_by_text("Nothing has been released yet.").is_visible()
    await page.context.close()
