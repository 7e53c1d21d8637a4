"""A real Chromium and a real server process for the browser tests."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
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

START_SECONDS = 120
"""A server may take, on a machine that is busy with other tests."""

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
    async with _process(str(SCRIPTED_SERVER)) as address:
        yield address


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def assistant_address(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of the real bot's process, with the real content and no understanding service."""
    settings = {
        "FYREN_PORT": "0",
        "FYREN_VAR": str(tmp_path_factory.mktemp("var")),
        "FYREN_RECORD_RESPONSES": "false",
        "FYREN_TURNS_PER_MINUTE": "6000",
        "FYREN_EXIT_URL": ELSEWHERE,
    }
    async with _process("-m", "bot", **settings) as address:
        yield address


@contextlib.asynccontextmanager
async def _process(*arguments: str, **settings: str) -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT), **settings},
    )
    assert process.stdout is not None
    try:
        yield await asyncio.wait_for(_announced(process.stdout), START_SECONDS)
    finally:
        process.terminate()
        await asyncio.wait_for(process.communicate(), 10)


async def _announced(output: asyncio.StreamReader) -> str:
    """The address that a server prints; fails with what it printed instead."""
    lines: list[str] = []
    async for line in output:
        lines.append(line.decode())
        if found := re.search(r"http://[\d.]+:\d+", lines[-1]):
            return found.group()
    pytest.fail("the server did not start:\n" + "".join(lines), pytrace=False)


@dataclass
class Visit:
    """A page in a context of its own, and every address it asked for."""

    page: Page
    context: BrowserContext
    asked: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


Visiting = Callable[..., Awaitable[Visit]]


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, address: str) -> AsyncIterator[Visiting]:
    """Open the first page; arguments are those of a browser context, and `path`."""
    contexts: list[BrowserContext] = []

    async def open_page(path: str = "/", at: str = address, **options: object) -> Visit:
        context = await browser.new_context(**{"locale": "en-GB", "viewport": {"width": 390, "height": 844}} | options)
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = await context.new_page()
        visited = Visit(page, context)
        page.on("request", lambda request: visited.asked.append(request.url))
        page.on("request", lambda request: visited.sent.append(f"{request.method} {request.url}"))
        page.on("console", lambda line: visited.complaints.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: visited.complaints.append(str(error)))

        async def answer_elsewhere(route: Route) -> None:
            await route.fulfill(body="<title>Elsewhere</title><h1>Weather</h1>", content_type="text/html")

        await context.route(f"{ELSEWHERE}**", answer_elsewhere)
        await page.goto(at + path)
        return visited

    yield open_page
    for context in contexts:
        await context.close()
