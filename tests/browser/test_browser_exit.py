"""Leaving: fast, from anywhere, and with nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from playwright.async_api import Page, expect

Visiting = Callable[..., Coroutine[Any, Any, Any]]

TELLING = "I sell or have sold sex"


async def _nothing_behind(page: Page) -> None:
    """The way back shows nothing of the conversation."""
    await page.go_back()
    await page.wait_for_timeout(200)
    assert TELLING not in await page.content()


async def test_the_button_replaces_the_page(visit: Visiting) -> None:
    page = (await visit()).page
    await page.click('button[value="flow:single"]')
    await expect(page.locator(".said p")).to_have_text(TELLING)
    length = await page.evaluate("history.length")
    await page.click("#exit")
    await expect(page).to_have_title("Elsewhere")
    assert await page.evaluate("history.length") == length
    await _nothing_behind(page)
    assert page.url == "about:blank"


async def test_shift_three_times_replaces_the_page(visit: Visiting) -> None:
    page = (await visit()).page
    await page.focus("#text")
    for _ in range(3):
        await page.keyboard.press("Shift")
    await expect(page).to_have_title("Elsewhere")
    await _nothing_behind(page)
    assert page.url == "about:blank"


async def test_capital_letters_do_not_leave(visit: Visiting) -> None:
    page = (await visit()).page
    await page.focus("#text")
    for letter in ("A", "B", "C", "D"):
        await page.keyboard.press(f"Shift+{letter}")
    await page.keyboard.press("Shift")
    await page.keyboard.press("Shift")
    await page.wait_for_timeout(200)
    await expect(page.locator("#text")).to_have_value("ABCD")


async def test_slow_presses_do_not_leave(visit: Visiting) -> None:
    page = (await visit()).page
    for _ in range(3):
        await page.keyboard.press("Shift")
        await page.wait_for_timeout(1100)
    assert await page.title() == "Fyren"


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
async def test_the_word_leaves(visit: Visiting, script: bool) -> None:
    page = (await visit(java_script_enabled=script)).page
    await page.fill("#text", "exit")
    await page.click("#composer button")
    await expect(page).to_have_title("Elsewhere")


async def test_the_screen_is_clear_before_the_other_page_is_asked_for(visit: Visiting) -> None:
    here = await visit()
    # While the other page is under way Chromium answers no more questions about this one, so it has to tell by itself.
    await here.page.evaluate(
        """addEventListener("beforeunload", () => console.error(`left ${document.body.childNodes.length} nodes`))"""
    )
    await here.page.click("#exit")
    await expect(here.page).to_have_title("Elsewhere")
    assert here.complaints == ["left 0 nodes"]


async def test_an_answer_that_comes_late_shows_nothing(visit: Visiting) -> None:
    page = (await visit()).page
    await page.fill("#text", "slow")
    await page.click("#composer button")
    await page.click("#exit")
    await expect(page).to_have_title("Elsewhere")
    await page.wait_for_timeout(1200)
    await expect(page).to_have_title("Elsewhere")


async def test_without_script_it_is_a_link_and_no_answer_is_kept_for_the_way_back(visit: Visiting) -> None:
    """The browser keeps no page; it can only send the form again, which it asks a person about first."""
    here = await visit(java_script_enabled=False)
    await here.page.click('button[value="flow:single"]')
    await here.page.click("#exit")
    await expect(here.page).to_have_title("Elsewhere")
    here.sent.clear()
    await here.page.go_back()
    assert here.sent[0].startswith("POST ")


async def test_no_address_tells_the_other_page_where_somebody_came_from(visit: Visiting) -> None:
    here = await visit()
    async with here.page.expect_request("https://elsewhere.example/") as asked:
        await here.page.click("#exit")
    assert "referer" not in await (await asked.value).all_headers()


async def test_the_exit_stays_in_sight(visit: Visiting) -> None:
    for size in ({"width": 320, "height": 256}, {"width": 390, "height": 844}):
        page = (await visit(viewport=size, reduced_motion="reduce")).page
        await page.click('button[value="flow:services"]')
        await expect(page.locator("#newest .service")).to_have_count(2)
        for position in (0, 300, 100_000):
            await page.evaluate("position => scrollTo(0, position)", position)
            await expect(page.locator("#exit")).to_be_in_viewport(ratio=1)
        await page.click("#exit")
        await expect(page).to_have_title("Elsewhere")


async def test_it_says_honestly_what_remains(visit: Visiting) -> None:
    page = (await visit()).page
    await page.click("#bottom summary")
    await expect(page.locator("#bottom")).to_contain_text("Your browser’s history may still show that you were here.")
    await expect(page.locator("#bottom .scripted")).to_be_visible()
    page = (await visit(java_script_enabled=False)).page
    await page.click("#bottom summary")
    await expect(page.locator("#bottom .scripted")).to_be_hidden()


async def test_nothing_goes_to_paper(visit: Visiting) -> None:
    page = (await visit()).page
    await page.emulate_media(media="print")
    await expect(page.locator("body")).to_be_hidden()
