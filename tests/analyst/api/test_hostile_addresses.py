"""Pages, charts and files under addresses that nobody means well by: never a fault, never anything of the inside told.

A person who is logged in asks for what the router has routes for, with parts that are wrong in every way, and for paths
that lead out of it. Requests go as raw lines, so that nothing is made tidy on the way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from analyst_site import ROLES as PEOPLE
from analyst_site import Site, open_site
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from site_in_a_thread import site_in_a_thread

from analyst.web.access import declared

CASES = 100

NASTY = (
    *(
        "..",
        "../../etc/passwd",
        "..%2f..%2f",
        "%2e%2e",
        "%00",
        "\0",
        "\n",
        "\r\nX-Evil: 1",
        "%",
        "%zz",
        "%ff%fe",
        "%C0%AF",
    ),
    *(
        "A" * 3000,
        "🜁" * 200,
        "\u202e",
        "é",
        "\ud800",
        "' OR 1=1--",
        "<script>alert(1)</script>",
        "{{7*7}}",
        "${x}",
        "{0}",
    ),
    *(
        "0",
        "-1",
        "1e9",
        "NaN",
        "٣",
        "null",
        "true",
        "[]",
        "",
        " ",
        ".",
        "*",
        "newest",
        "2026Q3-1",
        "2026Q3-99",
        "9999Q9",
    ),
    *(
        "needs.needs_selling",
        "needs.needs_selling.px",
        "needs.needs_selling.svg",
        "needs",
        "needs.px.px",
        ".px",
        "a.b.c.d",
    ),
    *("wide", "file", "narrow", "svg", "png", "sv", "en", "2026Q3", "2025", "2026Q5", "needs_by_gender.needs_selling"),
)
NAMES = (
    *(
        "release",
        "quarter",
        "year",
        "period",
        "first",
        "second",
        "from",
        "to",
        "table",
        "name",
        "language",
        "width",
        "by",
    ),
    *(
        "theme",
        "population",
        "number",
        "next",
        "page",
        "before",
        "after",
        "q",
        "series",
        "row",
        "column",
        "group",
        "year[]",
    ),
)

READ = ("release", "table", "first", "second", "width", "county", "need", "variable", "known", "before", "next")
"""What pages read of a query."""

_parts = st.one_of(
    st.sampled_from(NASTY), st.text(max_size=20), st.binary(max_size=12).map(lambda b: b.decode("latin-1"))
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, few_releases: Path) -> Iterator[tuple[int, str, list[str]]]:
    """Yield the port of a site that runs in a thread, the cookies of a person, and the patterns of its pages."""
    folder = tmp_path_factory.mktemp("hostile")

    async def tell(site: Site) -> tuple[int, str, list[str]]:
        await site.person("eva", *(role for roles in PEOPLE.values() for role in roles))
        browser = await site.browser("eva")
        cookies = browser.client.session.cookie_jar.filter_cookies(site.server.make_url("/"))
        header = "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())
        routes = {path for method, path, _ in declared(site.server.app) if method == "GET"}
        # The report as PDF takes seconds, and reads nothing that the page does not.
        pages = sorted(path for path in routes if not path.startswith("/api/") and not path.endswith(".pdf"))
        return int(site.server.port or 0), header, pages

    with site_in_a_thread(lambda: open_site(folder, few_releases), tell) as told:
        yield told


async def ask(port: int, cookies: str, target: bytes) -> tuple[int, bytes]:
    """Return status and body of a request whose first line is sent as it is."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f" HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookies}\r\nConnection: close\r\n\r\n".encode()
    try:
        writer.write(b"GET " + target + head)
        await writer.drain()
        answer = await asyncio.wait_for(reader.read(), 20)
    finally:
        writer.close()
    start, _, body = answer.partition(b"\r\n\r\n")
    return int(start.split(b" ", 2)[1]), body


@st.composite
def targets(draw: st.DrawFn, pages: list[str]) -> bytes:
    """Draw a path with its query: a route with wrong parts, or a path of nothing but them."""

    def encoded(part: str) -> str:
        raw = part.encode("utf-8", "surrogatepass")
        safe = "".join(letter for letter in part if letter.isascii() and letter.isprintable() and letter not in " ?#")
        return draw(st.sampled_from([quote(raw, safe=""), quote(raw), quote_plus(raw), safe]))

    path = draw(st.sampled_from(pages))
    while "{" in path:
        before, _, rest = path.partition("{")
        path = before + encoded(draw(_parts)).replace("{", "%7B") + rest.partition("}")[2]
    if draw(st.integers(0, 9)) == 0:
        path += "/" + encoded(draw(_parts))
    names = draw(st.lists(st.one_of(st.sampled_from(NAMES), _parts), max_size=4))
    query = "&".join(f"{encoded(name)}={encoded(draw(_parts))}" for name in (*names, *names[:1]))
    target = f"{path}?{query}" if query else path
    return target.encode("ascii", "replace").replace(b" ", b"%20").replace(b"\r", b"").replace(b"\n", b"") or b"/"


def test_no_address_breaks_a_page(served: tuple[int, str, list[str]]) -> None:
    port, cookies, pages = served
    asked: dict[int, int] = {}

    @settings(max_examples=CASES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(target=targets(pages))
    def check(target: bytes) -> None:
        status, body = asyncio.run(ask(port, cookies, target))
        asked[status] = asked.get(status, 0) + 1
        assert status < 500, (status, target)
        assert b"Traceback" not in body
        assert b"/site-packages/" not in body
        assert b"root:x:" not in body
        assert b"<script>alert" not in body

    check()
    assert asked.get(200, 0) > CASES // 20, "some addresses lead to a page, or only the router was tried"
    assert asked.get(404, 0) > CASES // 20


@pytest.mark.parametrize("name", READ)
def test_a_query_that_is_wrong_in_every_way_breaks_no_page(served: tuple[int, str, list[str]], name: str) -> None:
    port, cookies, pages = served
    plain = [path for path in pages if "{" not in path] + ["/tables/needs.needs_selling", "/themes/needs"]
    query = "&".join(f"{name}={quote(part.encode('utf-8', 'surrogatepass'), safe='')}" for part in NASTY[:28:4])

    async def all_pages() -> list[tuple[str, int]]:
        return [(path, (await ask(port, cookies, f"{path}?{query}".encode()))[0]) for path in plain]

    assert [(path, status) for path, status in asyncio.run(all_pages()) if status >= 500] == []
