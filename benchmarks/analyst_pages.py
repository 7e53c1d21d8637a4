"""How long the analyst's pages take, at a folder of releases: the first time and again.

python benchmarks/analyst_pages.py var/analyst/releases
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from aiohttp.test_utils import TestClient, TestServer

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "analyst"))

from dashboard_site import dashboard_site

PATHS = (
    "/",
    "/trends",
    "/themes/who",
    "/themes/needs",
    "/themes/experience",
    "/themes/geography",
    "/tables",
    "/tables/needs.needs_selling",
    "/compare",
    "/codebook",
    "/releases",
    "/report",
)


async def measure(releases: Path) -> None:
    """Print the milliseconds of each page, for the first reader after a start and for the next."""
    async with TestClient(TestServer(dashboard_site(releases))) as client:
        for path in PATHS:
            times = []
            for _ in range(2):
                before = time.perf_counter()
                async with client.get(path) as response:
                    size = len(await response.read())
                times.append(1000 * (time.perf_counter() - before))
            print(f"{path:32} {size:>8} bytes {times[0]:7.0f} ms, again {times[1]:5.0f} ms")


if __name__ == "__main__":
    asyncio.run(measure(Path(sys.argv[1])))
