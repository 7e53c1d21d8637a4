"""The programs in the analyst's guide run as they stand there, against a real server."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from analyst_site import Site

GUIDE = Path(__file__).parents[3] / "docs" / "analyst-guide.md"
RELEASED = (("0003-2026Q3-2", "2026Q3-2"), ("0001-2026Q2-1", "2026Q2-1"))
"""What holds of the releases: the folder and the number of each."""


async def ran(site: Site, folder: Path, language: str, *command: str) -> str:
    """Return what the guide's program in a language writes; `command` runs a program whose file stands at its end."""
    browser = await site.browser("anna")
    await browser.post("/account/tokens", {"label": "guide", "days": "1"})
    found = re.search(r"fyren_[0-9a-f]{16}_[A-Za-z0-9_-]{43}", browser.text)
    assert found
    written = GUIDE.read_text(encoding="utf-8")
    (program,) = re.findall(rf"^```{language}\n(.+?)^```$", written, re.MULTILINE | re.DOTALL)
    (folder / "program").write_text(program, encoding="utf-8")
    surroundings = {
        "PATH": os.environ["PATH"],
        "LC_ALL": "C.UTF-8",
        "STATISTICS_ADDRESS": str(site.server.make_url("/")),
        "STATISTICS_TOKEN": found[0],
    }
    running = await asyncio.create_subprocess_exec(
        *command,
        "program",
        cwd=folder,
        env=surroundings,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, problems = await asyncio.wait_for(running.communicate(), 60)
    assert running.returncode == 0, problems.decode()
    return output.decode()


async def test_the_python_program_reads_every_period_of_a_table(site: Site, few_releases: Path, tmp_path: Path) -> None:
    lines = list(csv.DictReader(io.StringIO(await ran(site, tmp_path, "python", sys.executable))))
    expected = []
    for folder, number in RELEASED:
        for population in ("needs_selling", "needs_buying"):
            table = json.loads((few_releases / folder / f"needs.{population}.json").read_text(encoding="utf-8"))
            for row in table["rows"]:
                count = row["counts"][0]
                expected.append((population, number, row["code"], ".." if count is None else str(count)))
    found = [(line["population"], line["release"], line["code"], line["count"]) for line in lines]
    assert sorted(found) == sorted(expected)
    assert all((line["percent"] == "") == (line["count"] == "..") for line in lines)


async def test_the_r_program_reads_a_table_and_draws_a_need(site: Site, few_releases: Path, tmp_path: Path) -> None:
    program = shutil.which("Rscript")
    if program is None:
        pytest.skip("R is not installed; tests/install-debian-packages.sh installs it.")
    written = await ran(site, tmp_path, "r", program, "--vanilla")
    for folder, number in RELEASED:
        table = json.loads((few_releases / folder / "needs.needs_selling.json").read_text(encoding="utf-8"))
        [count] = next(row["counts"] for row in table["rows"] if row["code"] == "housing")
        percent = round(100 * count / table["base"]["counts"][0], 1)
        assert re.search(rf"^ *{table['period']} +{number} +{count} +{percent:g}$", written, re.MULTILINE), written
    assert (tmp_path / "housing.png").read_bytes().startswith(b"\x89PNG")
