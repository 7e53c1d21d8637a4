from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from analyst_site import Site, open_site
from published import publish

from intake_store.periods import Quarter


@pytest.fixture(scope="session")
def few_releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of three releases: two quarters, and a revision of the second; a handful of tables each."""
    folder = tmp_path_factory.mktemp("releases")
    names = {"needs", "needs_by_gender", "arenas", "young_needs_met", "staff_asking"}
    quarters = (Quarter(2026, 2), Quarter(2026, 3))
    publish(folder / "releases", tmp_path_factory.mktemp("warehouse"), 1500, names, quarters)
    return folder / "releases"


@pytest.fixture
async def site(tmp_path: Path, few_releases: Path) -> AsyncIterator[Site]:
    async with open_site(tmp_path, few_releases) as opened:
        yield opened
