"""The Python program in the analyst's guide runs as it stands there, against a real server."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
import sys
from pathlib import Path

from analyst_site import Site

GUIDE = Path(__file__).parents[3] / "docs" / "analyst-guide.md"


async def test_the_program_reads_all_pages_of_a_table(site: Site, few_releases: Path, tmp_path: Path) -> None:
    browser = await site.browser("anna")
    await browser.post("/account/tokens", {"label": "guide", "days": "1"})
    found = re.search(r"fyren_[0-9a-f]{16}_[A-Za-z0-9_-]{43}", browser.text)
    assert found
    (program,) = re.findall(r"^```python\n(.+?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    surroundings = {"STATISTICS_ADDRESS": str(site.server.make_url("/")), "STATISTICS_TOKEN": found[0]}
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        cwd=tmp_path,
        env=surroundings,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    written, problems = await asyncio.wait_for(running.communicate(), 60)
    assert running.returncode == 0, problems.decode()

    lines = list(csv.DictReader(io.StringIO(written.decode())))
    expected = []
    for folder, number in (("0003-2026Q3-2", "2026Q3-2"), ("0001-2026Q2-1", "2026Q2-1")):
        table = json.loads((few_releases / folder / "needs.needs_selling.json").read_text(encoding="utf-8"))
        for row in table["rows"]:
            count = row["counts"][0]
            expected.append((number, row["code"], ".." if count is None else str(count)))
    assert sorted((line["release"], line["code"], line["count"]) for line in lines) == sorted(expected)
    assert len({line["release"] for line in lines}) == 2, "the program went on to the second page"
    assert all((line["percent"] == "") == (line["count"] == "..") for line in lines)
