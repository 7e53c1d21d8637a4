"""The page with the real assistant behind it, in every live language."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from axe_core import violations
from playwright.async_api import Page, expect

Visiting = Callable[..., Coroutine[Any, Any, Any]]

DANGER = {"sv": "jag vill dö", "en": "I want to die", "ro": "vreau să mor"}


async def picture(page: Page, request: pytest.FixtureRequest, name: str) -> None:
    folder: Path | None = request.config.getoption("--screenshots")
    if folder:
        await page.screenshot(path=folder / f"assistant-{name}.png")


@pytest.mark.parametrize("language", ["sv", "en", "ro"])
async def test_a_visit(visit: Visiting, assistant_address: str, language: str, request: pytest.FixtureRequest) -> None:
    here = await visit(f"/?language={language}", at=assistant_address, bypass_csp=True, reduced_motion="reduce")
    page = here.page
    await expect(page.locator("html")).to_have_attribute("lang", language)
    await expect(page.locator("#newest")).to_contain_text("112")
    assert await violations(page) == []
    await picture(page, request, f"{language}-first")

    await page.click('button[value="flow:find_service"]')
    await expect(page.locator('button[value="need:sti_test"]')).to_be_visible()
    assert await violations(page) == []
    await picture(page, request, f"{language}-need")

    await page.fill("#text", DANGER[language])
    await page.click("#composer button")
    await expect(page.locator("#newest .crisis .call").first).to_be_visible()
    assert await violations(page) == []
    await picture(page, request, f"{language}-crisis")
    assert [url for url in here.asked if not url.startswith(assistant_address + "/")] == []


async def test_a_visit_without_script(visit: Visiting, assistant_address: str) -> None:
    page = (await visit("/?language=sv", at=assistant_address, java_script_enabled=False)).page
    await page.click('button[value="flow:find_service"]')
    await page.click('button[value="need:sti_test"]')
    await page.fill("#text", "Malmö")
    await page.click("#composer button")
    await expect(page.locator(".service").first).to_be_visible()
    await page.click("#languages summary")
    await page.click('button[name="language"][value="en"]')
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await page.fill("#text", "exit")
    await page.click("#composer button")
    await expect(page).to_have_title("Elsewhere")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
async def test_questions_for_the_young(visit: Visiting, assistant_address: str, script: bool) -> None:
    """What is not met is chosen among what was answered before, and there is somebody to turn to at the end."""
    page = (await visit("/?language=en", at=assistant_address, java_script_enabled=script)).page
    for choice in ("flow:under18", "under18_topic:enough", "flow:needs_questionnaire", "questionnaire_start:yes"):
        await page.click(f'button[value="{choice}"]')
    await page.check('input[value="needs:talk"]')
    await page.check('input[value="needs:protection"]')
    await page.click('button[value="command:done"]')
    await page.click('button[value="needs_met:no"]')
    await expect(page.locator('input[value^="needs_unmet:"]')).to_have_count(2)
    await page.check('input[value="needs_unmet:protection"]')
    await page.click('button[value="command:done"]')
    while not await page.locator('button[value="confirm_answers:send"]').is_visible():
        skip = page.locator('button[value="command:skip"]')
        asked = await page.locator("#newest").inner_text()
        await skip.click()
        await expect(page.locator("#newest")).not_to_have_text(asked, use_inner_text=True)
    await page.click('button[value="confirm_answers:send"]')
    await page.click('button[value="wants_receipt:no"]')
    await expect(page.locator("#newest .crisis")).to_contain_text("Bris")
