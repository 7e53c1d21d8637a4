"""How long the analyst's pages take, the first time and again, at releases of any number of responses.

Every page is found by its route. The real site answers in a process of its own, with accounts, roles and audit log; the
time of its handler stands beside the time to the first byte and to the last. The floor is a page that says that nothing
is there: gate, session, template and nothing else. The first time is that of a site that was just put together.

    uv run python -m benchmarks.analyst_pages --responses 10000000
    uv run python -m benchmarks.analyst_pages --releases var/analyst/releases
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyotp
from aiohttp import web

from analyst.assembly import assemble
from analyst.settings import AnalystSettings
from analyst.web.application import serving
from analyst.web.cookies import cookie_name
from analyst.web.keys import ACCOUNTS, RENDERING
from intake_store.periods import Quarter, Year, parse_period
from intake_store.settings import PROJECT, IntakeSettings
from intake_store.statistics.releases import ReleaseFolder

sys.path[:0] = [str(PROJECT / "tests" / "analyst"), str(PROJECT / "tests" / "analyst" / "pages")]

from analyst_site import CHEAP, PASSWORD, TurnedClock, people, texts  # noqa: E402
from every_page import addresses  # noqa: E402
from published import publish  # noqa: E402

LIMIT_MS = 300
FLOOR = "/there/is/nothing"
FILES = (
    "/charts/{quarter}/needs.needs_selling.svg",
    "/charts/{quarter}/needs.needs_selling.png",
    "/releases/{quarter}/tables/needs.needs_selling.csv",
    "/releases/{quarter}/tables/needs.needs_selling.xlsx",
    "/releases/{quarter}/tables/needs.needs_selling.json",
    "/releases/{quarter}/tables/needs.needs_selling.px",
    "/releases/{newest}.zip",
    "/api/v1/tables",
    "/report.pdf",
)
"""What pages lead to; these are made when they are asked for, and may take longer than pages."""


@dataclass
class Timing:
    """Milliseconds of one address: the first answer of a site, and later ones."""

    address: str
    size: int = 0
    first: float = 0.0
    handler: list[float] = field(default_factory=list)
    byte: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)


def main() -> None:
    """Measure every page and print a table in Markdown."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--responses", type=int, help="make a year of releases of so many responses")
    options.add_argument("--releases", type=Path, help="measure the releases of a folder")
    options.add_argument("--requests", type=int, default=20, help="answers of each page after the first")
    options.add_argument("--files", action="store_true", help="measure charts, files and the report as well")
    options.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.serve:
        asyncio.run(serve(chosen.releases))
        return
    with tempfile.TemporaryDirectory(prefix="fyren-bench-") as name:
        releases = chosen.releases
        if releases is None:
            releases = make_releases(Path(name), chosen.responses or 100_000)
        timings = measure(releases, chosen.requests, chosen.files)
    print_table(timings)


def make_releases(folder: Path, responses: int) -> Path:
    """Release every table of four quarters and of their year."""
    start = time.perf_counter()
    quarters = [Quarter(2025, number) for number in (1, 2, 3, 4)]
    publish(folder / "releases", folder / "warehouse", responses, None, (*quarters, Year(2025)))
    print(f"Releases of {responses:,} responses were made in {time.perf_counter() - start:.0f} s.\n")
    return folder / "releases"


def measure(releases: Path, requests: int, with_files: bool) -> list[Timing]:
    """Return the timings of the floor and of every address that answers."""
    timings = []
    with site(releases) as (process, place):
        found = [FLOOR, *(address for address in place["addresses"] if address != FLOOR)]
        if with_files:
            found += [address.format_map(place) for address in FILES]
        for address in found:
            assert process.stdin is not None
            assert process.stdout is not None
            # Put together anew, so that nothing another page asked for is at hand.
            process.stdin.write("again\n")
            process.stdin.flush()
            place = json.loads(process.stdout.readline())
            if timing := timed(address, place, requests):
                timings.append(timing)
    return timings


def timed(address: str, place: dict[str, Any], requests: int) -> Timing | None:
    """Return the timing of an address, as the first of the people who may see it; None if nobody may."""
    for cookie in place["cookies"]:
        timing = Timing(address)
        connection = http.client.HTTPConnection("localhost", place["port"])
        # The connection is made, and the gate was passed once.
        ask(connection, "/login", cookie)
        for number in range(requests + 1):
            start = time.perf_counter()
            status, handler, byte, size = ask(connection, address, cookie)
            whole = 1000 * (time.perf_counter() - start)
            if status != 200 and address != FLOOR:
                break
            if number == 0:
                timing.first, timing.size = whole, size
            else:
                timing.handler.append(handler)
                timing.byte.append(byte)
                timing.whole.append(whole)
        connection.close()
        if timing.whole:
            return timing
    return None


def ask(connection: http.client.HTTPConnection, address: str, cookie: str) -> tuple[int, float, float, int]:
    """Return status, milliseconds of the handler and to the first byte, and size."""
    start = time.perf_counter()
    connection.request("GET", address, headers={"Cookie": cookie, "Accept-Language": "sv"})
    answer = connection.getresponse()
    byte = 1000 * (time.perf_counter() - start)
    size = len(answer.read())
    return answer.status, float(answer.headers["Server-Timing"].partition("dur=")[2]), byte, size


@contextlib.contextmanager
def site(releases: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Run the site in a process of its own; it answers every line with where it is now."""
    command = [sys.executable, "-m", "benchmarks.analyst_pages", "--serve", "--releases", str(releases.resolve())]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield process, json.loads(process.stdout.readline())
        process.stdin.close()


async def serve(releases: Path) -> None:
    """Serve the site until nothing more is asked, put together anew for every line that comes in."""
    asked = True
    while asked:
        with tempfile.TemporaryDirectory(prefix="fyren-bench-") as name:
            async with serving_site(Path(name), releases) as place:
                print(json.dumps(place), flush=True)
                asked = bool(await asyncio.to_thread(sys.stdin.readline))


@contextlib.asynccontextmanager
async def serving_site(folder: Path, releases: Path) -> Any:
    """Yield the port, the cookies of a releaser and of an administrator, and every address."""
    settings = AnalystSettings(var=folder, port=0)
    everybody = people()
    everybody.copy(settings)
    clock = TurnedClock()
    app = assemble(settings, IntakeSettings(var=folder, releases=releases), hashing=CHEAP, clock=clock, texts=texts())
    app.middlewares.insert(0, handler_time)
    app[RENDERING].compile()
    async with serving(app, settings) as address:
        clock.turn(31)
        cookies = []
        for name in ("rut", "ada"):
            login = app[ACCOUNTS].login
            token = await login.with_password(name, PASSWORD, "127.0.0.1")
            code = pyotp.TOTP(everybody.secrets[name]).at(clock())
            cookies.append(f"{cookie_name(settings)}={await login.confirm(token, code, '127.0.0.1')}")
        made = ReleaseFolder(releases).releases()
        yield {
            "port": int(address.rpartition(":")[2]),
            "cookies": cookies,
            "addresses": list(addresses(app)),
            "newest": made[-1].number,
            "quarter": next(one.number for one in reversed(made) if isinstance(parse_period(one.period), Quarter)),
        }


@web.middleware
async def handler_time(request: web.Request, handler: Any) -> web.StreamResponse:
    """Tell how long the site took, without the time on the wire."""
    start = time.perf_counter()
    response: web.StreamResponse = await handler(request)
    response.headers["Server-Timing"] = f"app;dur={1000 * (time.perf_counter() - start):.3f}"
    return response


def print_table(timings: list[Timing]) -> None:
    """Print what was measured, with ratios to the floor."""
    floor = statistics.median(timings[0].whole)
    print("| page | kB | first | handler p50 | first byte p50 | whole p50 | whole p95 | p50 ÷ floor |")
    print("|:--|--:|--:|--:|--:|--:|--:|--:|")
    for timing in timings:
        middle = statistics.median(timing.whole)
        late = statistics.quantiles(timing.whole, n=20)[-1] if len(timing.whole) > 1 else middle
        mark = " **slow**" if timing.first > LIMIT_MS or late > LIMIT_MS else ""
        print(
            f"| `{timing.address}`{mark} | {timing.size / 1000:.0f} | {timing.first:.0f}"
            f" | {statistics.median(timing.handler):.1f} | {statistics.median(timing.byte):.1f} | {middle:.1f}"
            f" | {late:.1f} | {middle / floor:.1f} |"
        )


if __name__ == "__main__":
    main()
