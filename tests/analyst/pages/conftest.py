"""Releases of made-up responses, the dashboard on them, and Chromium."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import unused_port
from analyst_site import Site, open_site
from dashboard_site import dashboard_site
from once_a_run import once_a_run
from playwright.async_api import Browser, async_playwright
from published import door, publish

from analyst.release_work.work import OpenWarehouse
from intake_store.periods import Quarter, Year

TABLES = frozenset(
    [
        "needs",
        "needs_over_time",
        "age_by_gender",
        "county",
        "needs_met_by_gender",
        "treatment_by_gender",
        "young_needs_by_gender",
        "funnel_by_channel",
        "cost_per_person",
    ]
)
PERIODS = (*(Quarter(2025, number) for number in (1, 2, 3, 4)), Year(2025))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--analyst-screenshots", type=Path, default=None, help="folder to write the dashboard's pages to")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only takes pictures, unless somebody wants them."""
    if config.getoption("--analyst-screenshots", default=None) is None:
        left_out = [item for item in items if item.get_closest_marker("takes_pictures")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def make(folder: Path) -> None:
        publish(folder / "releases", folder / "warehouse", 8_000, TABLES, PERIODS)

    return once_a_run(tmp_path_factory, "published", make) / "releases"


@pytest.fixture(scope="session")
def open_published(released: Path) -> OpenWarehouse:
    """Return what opens the warehouse that the releases were made of, for previews of the same tables."""
    return door(released, released.parent / "warehouse", TABLES)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def every_site(
    tmp_path_factory: pytest.TempPathFactory, released: Path, open_published: OpenWarehouse
) -> AsyncIterator[Site]:
    """Yield the whole site, with releases, and a preview of one period."""
    folder = tmp_path_factory.mktemp("site")
    async with open_site(folder, released, open_published, port=unused_port()) as site:
        browser = await site.browser("rut")
        await browser.get("/desk/releases/2025Q4")
        assert (await browser.post("/desk/releases/2025Q4/preview")).status == 303
        for _ in range(600):
            await browser.get("/desk/releases/2025Q4")
            if 'http-equiv="refresh"' not in browser.text:
                break
            await asyncio.sleep(0.1)
        yield site


async def _served(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def address(released: Path) -> AsyncIterator[str]:
    async for found in _served(dashboard_site(released)):
        yield found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def empty_address(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async for found in _served(dashboard_site(tmp_path_factory.mktemp("nothing"))):
        yield found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = os.environ.get("FYREN_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.fail("The browser tests need Chromium. Install it, or set FYREN_CHROMIUM to its path.", pytrace=False)
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        await opened.close()
        await asyncio.sleep(0)
