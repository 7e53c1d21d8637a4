"""The pictures in the analyst's guide are the real pages.

`pytest tests/analyst/pages/test_guide_pictures.py --update-docs` takes them again.
"""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from aiohttp.test_utils import unused_port
from analyst_site import PASSWORD, open_site
from analyst_site import Browser as Client
from every_page import small
from playwright.async_api import Browser, Page

from analyst.accounts.permissions import Role
from analyst.release_work.work import OpenWarehouse

pytestmark = pytest.mark.asyncio(loop_scope="session")

DOCS = Path(__file__).parents[3] / "docs"
WIDTH, HEIGHT = 1000, 760
LONG = 1500
"""How much of a page of release work is shown, from its heading on."""
LARGEST = 150_000


async def test_the_pages_look_as_in_the_guide(
    browser: Browser, released: Path, open_published: OpenWarehouse, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with open_site(tmp_path, released, open_published, port=unused_port()) as site:
        await site.person("maria", Role.ANALYST, Role.RELEASER)
        context = await browser.new_context(locale="en-GB", viewport={"width": WIDTH, "height": HEIGHT})
        context.set_default_timeout(60_000)
        page = await context.new_page()
        at = f"http://localhost:{site.server.port}"
        pictures = {}
        try:
            await page.goto(f"{at}/login")
            pictures["login"] = await taken(page)
            await page.get_by_label("Name").fill("maria")
            await page.get_by_label("Password").fill(PASSWORD)
            await page.get_by_role("button", name="Log in", exact=True).click()
            app = Client(None, site.clock)  # type: ignore[arg-type]
            app.secret = site.secrets["maria"]
            site.clock.turn(31)
            await page.get_by_label("Code").fill(app.code())
            await page.get_by_role("button", name="Confirm", exact=True).click()
            await page.get_by_role("button", name="Log out").wait_for()
            await page.goto(f"{at}/")
            pictures["overview"] = await taken(page)
            await page.goto(f"{at}/tables/needs.needs_selling")
            pictures["needs"] = await taken(page)
            await page.goto(f"{at}/desk/releases/2025Q4")
            await page.get_by_role("button", name="Make a preview").click()
            await page.get_by_role("heading", name="The attacker's check").wait_for()
            pictures["preview"] = await taken(page, LONG)
        finally:
            await context.close()

    guide = (DOCS / "analyst-guide.md").read_text(encoding="utf-8")
    for name, picture in pictures.items():
        file = DOCS / "analyst" / f"{name}.png"
        if request.config.getoption("--update-docs"):
            file.write_bytes(picture)
        kept = file.read_bytes()
        assert size(kept) == size(picture) == (WIDTH, LONG if name == "preview" else HEIGHT), name
        assert len(kept) < LARGEST, name
        assert f"](analyst/{name}.png)" in guide


async def taken(page: Page, height: int = HEIGHT) -> bytes:
    """Return a picture of the window, or of more of the page from its main heading on."""
    await page.evaluate("document.querySelectorAll('img').forEach(image => image.loading = 'eager')")
    await page.wait_for_load_state("networkidle")
    top = 0 if height == HEIGHT else await page.evaluate("document.querySelector('main').offsetTop")
    clip = {"x": 0, "y": top, "width": WIDTH, "height": height}
    return small(await page.screenshot(full_page=True, clip=clip, animations="disabled"))  # type: ignore[arg-type]


def size(picture: bytes) -> tuple[int, int]:
    """Return width and height of a PNG, which stand in its first chunk."""
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", picture[16:24])
    return width, height
