"""Every page at 360 px, at 200 % with letters twice as large, and on paper: nothing is cut, and no menu is printed."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATHS = (
    "/",
    "/trends",
    "/themes/who",
    "/themes/needs",
    "/themes/experience",
    "/themes/arenas",
    "/themes/buyers",
    "/themes/young",
    "/themes/geography",
    "/themes/use",
    "/tables",
    "/tables?q=zebra",
    "/tables/age_by_gender.needs_selling",
    "/compare",
    "/compare?table=needs.needs_selling&first=2025Q1-1&second=2025Q4-1",
    "/method",
    "/codebook?variable=needs",
    "/releases",
    "/report",
    "/themes/none",
)
TALLEST_MAP_PAGE = 8000
"""Pixels on a phone."""

PRINTED = [path for path in PATHS if not path.startswith("/themes") or path in ("/themes/needs", "/themes/geography")]
"""The pages of themes are made alike."""

SEEN = "wanted => [...document.querySelectorAll(wanted)].filter(element => element.checkVisibility()).length"
BEYOND_PAPER = """() => [...document.querySelectorAll('main table')].filter(
    table => table.checkVisibility() && table.getBoundingClientRect().right > innerWidth + 1
).map(table => table.caption.textContent)"""

CUT = """() => [...document.querySelectorAll('main *, header *')].filter(element => {
    const style = getComputedStyle(element), box = element.getBoundingClientRect();
    if (!box.width || !box.height || element.closest('.scroll, .unseen, svg, table, option')) return false;
    const hides = ['hidden', 'clip'].includes(style.overflowX) && element.scrollWidth > element.clientWidth + 1;
    return hides || box.right > innerWidth + 1;
}).map(element => element.outerHTML.slice(0, 120))"""


async def test_nothing_is_cut_on_a_phone_or_in_large_letters(browser: Browser, address: str) -> None:
    for width, scale, letters in ((360, 1, ""), (640, 2, "html { font-size: 200% !important }")):
        context = await browser.new_context(
            viewport={"width": width, "height": 900}, device_scale_factor=scale, bypass_csp=True
        )
        page = await context.new_page()
        for path in PATHS:
            await page.goto(f"{address}{path}{'&' if '?' in path else '?'}language=sv", wait_until="domcontentloaded")
            if letters:
                await page.add_style_tag(content=letters)
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, width)
            assert await page.evaluate(CUT) == [], (path, width)
            if path == "/themes/geography" and not letters:
                assert await page.evaluate("document.documentElement.scrollHeight") < TALLEST_MAP_PAGE
        # The menu unfolds without a script and leads on.
        await page.locator("nav.folded summary").click()
        await page.locator("nav.folded").get_by_role("link", name="Kodbok").click()
        assert "/codebook" in page.url
        await context.close()


async def test_every_page_prints_without_menus_and_with_whole_tables(browser: Browser, address: str) -> None:
    context = await browser.new_context(viewport={"width": 794, "height": 1123})
    page = await context.new_page()
    await page.emulate_media(media="print")
    for path in PRINTED:
        await page.goto(f"{address}{path}", wait_until="domcontentloaded")
        assert await page.evaluate(SEEN, "nav, form, footer, .skip, .files") == 0, path
        assert await page.evaluate(
            "() => [...document.querySelectorAll('.scroll')].every(e => getComputedStyle(e).overflowX === 'visible')"
        ), path
        assert await page.evaluate(BEYOND_PAPER) == [], path
        paper = await page.pdf(format="A4")
        assert len(re.findall(rb"/Type\s*/Page\b", paper)) > 0, path
    await context.close()


async def test_bars_stay_visible_in_forced_colours(browser: Browser, address: str) -> None:
    context = await browser.new_context(forced_colors="active")
    page = await context.new_page()
    await page.goto(f"{address}/")
    fills = await page.evaluate(
        "() => [...document.querySelectorAll('svg.bar rect')].map(bar => getComputedStyle(bar).fill)"
    )
    assert fills
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") not in fills
    await context.close()
