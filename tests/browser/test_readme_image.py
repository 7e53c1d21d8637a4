"""The picture in the README is the real first page.

`pytest tests/browser/test_readme_image.py --screenshots docs/images` takes it again.
"""

from __future__ import annotations

import asyncio
import os
import struct
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

PROJECT = Path(__file__).resolve().parents[2]
IMAGE = Path("docs/images/first-page.png")
WIDTH, HEIGHT = 900, 970
ADDRESS = "Fyren is at "


@pytest_asyncio.fixture(loop_scope="session")
async def real_bot(tmp_path: Path) -> AsyncIterator[str]:
    """The address of the real bot, which records nothing and has no understanding service."""
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("FYREN_")}
    bot = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        cwd=PROJECT,
        env=surroundings | {"FYREN_PORT": "0", "FYREN_VAR": str(tmp_path), "FYREN_RECORD_RESPONSES": "false"},
        stderr=asyncio.subprocess.PIPE,
    )
    assert bot.stderr is not None
    try:
        line = (await asyncio.wait_for(bot.stderr.readline(), 60)).decode()
        assert ADDRESS in line, line + (await bot.stderr.read()).decode()
        yield line.split(ADDRESS)[1].strip().rstrip(".")
    finally:
        if bot.returncode is None:
            bot.terminate()
        await asyncio.wait_for(bot.wait(), 30)


async def test_the_first_page_looks_as_in_the_readme(
    browser: Browser, real_bot: str, request: pytest.FixtureRequest
) -> None:
    context = await browser.new_context(locale="en-GB", viewport={"width": WIDTH, "height": HEIGHT})
    try:
        page = await context.new_page()
        await page.goto(real_bot)
        picture = await page.screenshot(animations="disabled")
        height = await page.evaluate("document.documentElement.scrollHeight")
    finally:
        await context.close()
    if folder := request.config.getoption("--screenshots", default=None):
        (folder / IMAGE.name).write_bytes(picture)
    assert _size((PROJECT / IMAGE).read_bytes()) == _size(picture) == (WIDTH, HEIGHT)
    assert f"]({IMAGE.as_posix()})" in (PROJECT / "README.md").read_text(encoding="utf-8")
    assert height <= HEIGHT * 1.5, "the first page has become much longer than its picture"


def _size(picture: bytes) -> tuple[int, int]:
    """Return width and height of a PNG, which stand in its first chunk."""
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", picture[16:24])
    return width, height
