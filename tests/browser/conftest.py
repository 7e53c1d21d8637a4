"""A real Chromium and a real server process for the browser tests."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Route, async_playwright

PROJECT = Path(__file__).resolve().parents[2]
SCRIPTED_SERVER = PROJECT / "tests" / "bot" / "channels" / "web" / "scripted_server.py"
ELSEWHERE = "https://elsewhere.example/"

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", type=Path, default=None, help="folder to write screenshots of the page to")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One browser serves all browser tests, so they share one event loop."""
    for item in items:
        if item.path.parent == Path(__file__).parent and isinstance(item, pytest.Function):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


def find_chromium() -> str:
    named = os.environ.get("FYREN_CHROMIUM")
    found = next(filter(None, map(shutil.which, [named] if named else CHROMIUM_NAMES)), None)
    if found is None:
        pytest.fail(
            "The browser tests need Chromium. Install it (Debian: apt-get install chromium), "
            "or set FYREN_CHROMIUM to its path.",
            pytrace=False,
        )
    return found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = find_chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_ARGUMENTS))
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def address() -> AsyncIterator[str]:
    """The address of a server process that answers by the script."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SCRIPTED_SERVER),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 30)
    assert line, "the server did not start"
    yield line.decode().strip()
    process.stdin.close()
    await asyncio.wait_for(process.wait(), 10)


@dataclass
class Visit:
    """A page in a context of its own, and every address it asked for."""

    page: Page
    context: BrowserContext
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


Visiting = Callable[..., Awaitable[Visit]]


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, address: str) -> AsyncIterator[Visiting]:
    """Open the first page; arguments are those of a browser context, and `path`."""
    contexts: list[BrowserContext] = []

    async def open_page(path: str = "/", **options: object) -> Visit:
        context = await browser.new_context(**{"locale": "en-GB", "viewport": {"width": 390, "height": 844}} | options)
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = await context.new_page()
        visited = Visit(page, context)
        page.on("request", lambda request: visited.asked.append(request.url))
        page.on("console", lambda line: visited.complaints.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: visited.complaints.append(str(error)))

        async def answer_elsewhere(route: Route) -> None:
            await route.fulfill(body="<title>Elsewhere</title><h1>Weather</h1>", content_type="text/html")

        await context.route(f"{ELSEWHERE}**", answer_elsewhere)
        await page.goto(address + path)
        return visited

    yield open_page
    for context in contexts:
        await context.close()
