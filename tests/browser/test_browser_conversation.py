"""A conversation in a real browser: with and without the page's script, by keyboard, and away from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

Visiting = Callable[..., Coroutine[Any, Any, Any]]


def choice(value: str) -> str:
    return f'button[name="choice"][value="{value}"]'


async def write(page: Page, text: str) -> None:
    await page.fill("#text", text)
    await page.click("#composer button")


async def stored(page: Page) -> object:
    return await page.evaluate(
        """async () => [document.cookie, localStorage.length, sessionStorage.length,
            (await indexedDB.databases()).length, (await caches.keys()).length,
            (await navigator.serviceWorker.getRegistrations()).length]"""
    )


async def test_a_turn_needs_no_reload(visit: Visiting) -> None:
    here = await visit()
    page = here.page
    await page.evaluate("window.same = true")
    length = await page.evaluate("history.length")
    await page.click(choice("flow:single"))
    await expect(page.locator("#newest .asked")).to_have_text("How is it for you now?")
    await write(page, "I am not sure")
    await expect(page.locator("#newest")).to_contain_text("Thank you. I will try to understand.")
    assert await page.locator(".said p").all_text_contents() == ["I sell or have sold sex", "I am not sure"]
    assert await page.evaluate("window.same") is True
    assert await page.evaluate("history.length") == length
    assert await page.locator(".turn").count() == 3
    assert await page.locator(".turn:not(#newest) button").count() == 0
    assert here.complaints == []


async def test_nothing_is_asked_of_or_kept_by_anybody_else(visit: Visiting, address: str) -> None:
    here = await visit()
    for step in ("flow:single", "now:ongoing", "flow:welcome", "flow:services", "flow:welcome", "flow:crisis"):
        await here.page.click(choice(step))
        await expect(here.page.locator(".writing")).to_have_count(0)
        await here.page.wait_for_function("document.querySelector('#newest')")
    assert here.asked
    assert [url for url in here.asked if not url.startswith(address + "/")] == []
    assert await here.context.cookies() == []
    assert await stored(here.page) == ["", 0, 0, 0, 0, 0]
    assert here.complaints == []


async def test_the_token_is_only_in_memory(visit: Visiting) -> None:
    page = (await visit()).page
    await page.click(choice("flow:single"))
    await expect(page.locator("#newest .asked")).to_have_text("How is it for you now?")
    assert await page.locator('input[name="state"]').count() == 0
    assert not re.search(r"gAAAA", await page.content())


async def test_several_answers_go_with_one_button(visit: Visiting) -> None:
    page = (await visit()).page
    await page.click(choice("flow:multiple"))
    await page.check('input[value="needs:money"]')
    await page.check('input[value="needs:home"]')
    await page.click(choice("command:done"))
    await expect(page.locator(".said p").last).to_have_text("Help with money and A place to live")
    await expect(page.locator("#newest dl")).to_be_visible()


async def test_ticked_boxes_do_not_go_along_with_a_way_past(visit: Visiting) -> None:
    page = (await visit()).page
    await page.click(choice("flow:multiple"))
    await page.check('input[value="needs:money"]')
    await page.check('input[value="needs:home"]')
    await page.click(choice("flow:single"))
    await expect(page.locator("#newest .asked")).to_have_text("How is it for you now?")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
async def test_the_language_keeps_the_place(visit: Visiting, script: bool) -> None:
    page = (await visit(java_script_enabled=script)).page
    await page.click(choice("flow:single"))
    await expect(page.locator("#newest .asked")).to_have_text("How is it for you now?")
    if script:
        await page.fill("#text", "a draft")
    await page.click("#languages summary")
    await page.click('button[value="sv"]')
    await expect(page.locator("#newest .asked")).to_have_text("Hur är det för dig nu?")
    await expect(page.locator("html")).to_have_attribute("lang", "sv")
    await expect(page.locator("#exit")).to_have_text("Lämna sidan")
    await expect(page.locator("#composer button")).to_have_text("Skicka")
    await expect(page.locator("#review")).to_be_visible()
    if script:
        await expect(page.locator("#text")).to_have_value("a draft")
    await page.click("#languages summary")
    await page.click('button[value="ar"]')
    await expect(page.locator("html")).to_have_attribute("dir", "rtl")
    await page.click(choice("flow:welcome"))
    await expect(page.locator("html")).to_have_attribute("lang", "ar")


async def test_a_conversation_without_script(visit: Visiting, address: str) -> None:
    here = await visit(java_script_enabled=False)
    page = here.page
    await page.click(choice("flow:multiple"))
    await expect(page.locator(".progress span")).to_have_text("Question 4 of 9")
    await page.check('input[value="needs:money"]')
    await page.check('input[value="needs:home"]')
    await page.click(choice("command:done"))
    await expect(page.locator("#newest dl")).to_be_visible()
    await write(page, "danger")
    await expect(page.locator('a[href="tel:112"]')).to_have_text("Call 112")
    await write(page, "exit")
    await expect(page).to_have_title("Elsewhere")
    assert [url for url in here.asked if not url.startswith((address + "/", "https://elsewhere.example/"))] == []


async def test_the_keyboard_is_enough(visit: Visiting) -> None:
    page = (await visit()).page

    async def reach(selector: str) -> None:
        for _ in range(30):
            await page.keyboard.press("Tab")
            if await page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        pytest.fail(f"the keyboard does not reach {selector}")

    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "skip"
    await reach(choice("flow:multiple"))
    await page.keyboard.press("Enter")
    await expect(page.locator("#newest")).to_be_focused()
    await reach('input[value="needs:home"]')
    await page.keyboard.press("Space")
    await reach(choice("command:done"))
    await page.keyboard.press("Enter")
    await expect(page.locator("#newest")).to_be_focused()
    await expect(page.locator("#newest dl")).to_be_visible()
    await reach("#text")
    await page.keyboard.type("hello")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("there")
    await page.keyboard.press("Enter")
    await expect(page.locator(".said p").last).to_have_text("hello\nthere")
    await expect(page.locator("#newest .text")).to_be_visible()
    await expect(page.locator("#text")).to_be_focused()


async def test_every_focused_control_can_be_seen(visit: Visiting) -> None:
    """Nothing that has the focus is hidden by the bar above or the box below (WCAG 2.2, 2.4.11)."""
    for size in ({"width": 390, "height": 844}, {"width": 320, "height": 256}, {"width": 1280, "height": 800}):
        page = (await visit(viewport=size, reduced_motion="reduce")).page
        await page.click(choice("flow:services"))
        await expect(page.locator("#newest .service")).to_have_count(2)
        for _ in range(14):
            await page.keyboard.press("Tab")
            await page.wait_for_timeout(30)
            seen = await page.evaluate(
                """() => {
                    const focused = document.activeElement, box = focused.getBoundingClientRect();
                    if (focused === document.body || focused.matches(".skip")) return true;
                    const points = [0.1, 0.5, 0.9].map((part) => [box.x + box.width / 2, box.y + box.height * part]);
                    return points.some(([x, y]) => focused.contains(document.elementFromPoint(x, y)));
                }"""
            )
            assert seen, (size, await page.evaluate("document.activeElement.outerHTML"))


async def test_the_focus_is_not_taken_from_somebody_who_writes(visit: Visiting) -> None:
    page = (await visit()).page
    await write(page, "slow")
    await expect(page.locator(".writing")).to_be_visible()
    await page.focus("#text")
    await page.keyboard.type("another thou")
    await expect(page.locator("#newest")).to_contain_text("Thank you. I will try to understand.")
    await page.keyboard.type("ght")
    await expect(page.locator("#text")).to_be_focused()
    await expect(page.locator("#text")).to_have_value("another thought")
    await expect(page.locator(".writing")).to_have_count(0)


async def test_a_lost_connection_loses_nothing(visit: Visiting, address: str) -> None:
    here = await visit()
    page = here.page
    await here.context.set_offline(True)
    await write(page, "are you there")
    await expect(page.locator(".failed p")).to_contain_text("cannot be reached just now")
    await expect(page.locator("#text")).to_have_value("are you there")
    await expect(page.locator(choice("flow:single"))).to_be_visible()
    await here.context.set_offline(False)
    await page.click(".failed button")
    await expect(page.locator("#newest")).to_contain_text("Thank you. I will try to understand.")
    await expect(page.locator(".failed")).to_have_count(0)
    assert await page.locator(".said p").all_text_contents() == ["are you there"]
    await expect(page.locator("#text")).to_have_value("")


async def test_a_problem_is_told_where_the_conversation_is(visit: Visiting) -> None:
    page = (await visit()).page
    await write(page, "break")
    await expect(page.locator(".failed p")).to_contain_text("Something went wrong here.")
    await page.fill("#text", "")
    await page.click(choice("flow:single"))
    await expect(page.locator("#newest .asked")).to_have_text("How is it for you now?")
    await expect(page.locator(".failed")).to_have_count(0)
    assert await page.locator(".said p").all_text_contents() == ["I sell or have sold sex"]


async def test_what_is_no_answer_of_ours_is_taken_as_a_lost_connection(visit: Visiting) -> None:
    here = await visit()

    async def gateway(route: Route) -> None:
        await route.fulfill(status=502, body="<h1>Bad Gateway</h1>")

    await here.context.route("**/api/turn", gateway)
    await write(here.page, "hello")
    await expect(here.page.locator(".failed p")).to_contain_text("cannot be reached just now")


async def test_what_is_said_is_never_markup(visit: Visiting) -> None:
    page = (await visit()).page
    await write(page, "markup")
    await expect(page.locator("#newest .asked")).to_contain_text("<b>bold</b>")
    await write(page, "<img src=x onerror=alert(1)>")
    await expect(page.locator(".said p").last).to_have_text("<img src=x onerror=alert(1)>")
    assert await page.title() == "Fyren"
    assert await page.locator("#log img, #log script, #log b").count() == 0


async def test_the_newest_answer_is_brought_into_sight(visit: Visiting) -> None:
    page = (await visit(reduced_motion="reduce")).page
    for step in ("flow:services", "flow:welcome", "flow:summary"):
        await page.click(choice(step))
        await expect(page.locator("#newest")).to_be_focused()
    await expect(page.locator(".said").last).to_be_in_viewport()
