"""Releases of made-up responses, the dashboard on them, and Chromium."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import unused_port
from analyst_site import Site, open_site
from dashboard_site import dashboard_site
from once_a_run import once_a_run
from playwright.async_api import Browser, async_playwright
from published import CODEBOOKS, COVERAGE, publish

from analyst.release_work.work import OpenStatistics, OpenWarehouse
from intake_store.codebook import load_codebooks
from intake_store.periods import Quarter, Year
from intake_store.statistics.declarations import DECLARATIONS_FOLDER, load_declarations
from intake_store.statistics.releases import ReleaseFolder
from intake_store.statistics.releasing import Releasing
from intake_store.statistics.supply import load_coverage
from intake_store.statistics.tables import ServiceSide
from intake_store.warehouse.warehouse import Warehouse
from intake_store.warehouse.warehouse_key import WarehouseKey

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
PREVIEWED_TABLES = ("needs", "county", "age_by_gender", "needs_met_by_gender")
PERIODS = (*(Quarter(2025, number) for number in (1, 2, 3, 4)), Year(2025))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--analyst-screenshots", type=Path, default=None, help="folder to write the dashboard's pages to")


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def make(folder: Path) -> None:
        publish(folder / "releases", folder / "warehouse", 8_000, TABLES, PERIODS)

    return once_a_run(tmp_path_factory, "published", make) / "releases"


@pytest.fixture(scope="session")
def open_published(released: Path) -> OpenWarehouse:
    """Return what opens the warehouse that the releases were made of, for previews of a few tables."""

    @contextlib.contextmanager
    def opened() -> Iterator[OpenStatistics]:
        codebooks = load_codebooks(CODEBOOKS)
        declared = load_declarations(DECLARATIONS_FOLDER, codebooks["1"])
        services = ServiceSide(coverage=load_coverage(COVERAGE), figures=())
        with Warehouse(released.parent / "warehouse", codebooks, WarehouseKey(bytes(range(32)))) as warehouse:
            chosen = [declared[name] for name in PREVIEWED_TABLES]
            made = Releasing(warehouse, codebooks["1"], chosen, ReleaseFolder(released), 10, services)
            yield OpenStatistics(made, {}, production=False)

    return opened


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
