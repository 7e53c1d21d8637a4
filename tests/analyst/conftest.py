from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from analyst_site import Site, open_site
from once_a_run import once_a_run
from published import FEWER_TABLES, publish

from intake_store.periods import Quarter


@pytest.fixture(scope="session")
def few_releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of three releases: two quarters, and a revision of the second; a handful of tables each."""
    quarters = (Quarter(2026, 2), Quarter(2026, 3))

    def make(folder: Path) -> None:
        publish(folder / "releases", folder / "warehouse", 1500, FEWER_TABLES, quarters)

    return once_a_run(tmp_path_factory, "few-releases", make) / "releases"


@pytest.fixture
async def site(tmp_path: Path, few_releases: Path) -> AsyncIterator[Site]:
    async with open_site(tmp_path, few_releases) as opened:
        yield opened
