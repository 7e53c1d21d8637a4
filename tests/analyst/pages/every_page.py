"""Every page of the assembled site, found by its routes, and what must hold of each in a browser."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from aiohttp import ClientResponse, web
from analyst_site import PASSWORD, Site
from analyst_site import Browser as Client
from axe_core_python.base import AXE_SCRIPT
from PIL import Image
from playwright.async_api import Browser, ConsoleMessage, Page, Request, Response, Route

from analyst.pages.themes import THEME_PAGES
from analyst.web.access import declared

RULES: Final = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
    "selectors": False,
}
REDIRECTS: Final = (302, 303)
EXPLAINED: Final = (403, 404)
SHOWN_HEADERS: Final = ("Content-Type", "Content-Security-Policy")
NO_PAGE: Final = re.compile(r"^/api/|/assets/|^/static/|\{file\}|\.\w+$|\.\{ending\}$")
"""Routes of files and of programs, which have tests of their own."""

LARGEST: Final = 120_000
"""Bytes of a picture that is kept with the documentation."""

PREVIEWED, UNFINISHED, NEVER = "2025Q4", "2026Q4", "2024"
COMPARED: Final = "/compare?table=needs.needs_selling&first=2025Q1-1&second=2025Q4-1"

FILLED: Final[Mapping[str, Sequence[str]]] = {
    "/themes/{theme}": [f"/themes/{page.name}" for page in THEME_PAGES],
    "/tables/{name}": [
        "/tables/needs.needs_selling",
        "/tables/county.needs_selling",
        "/tables/age_by_gender.needs_selling",
        "/tables/needs_over_time.needs_selling",
        "/tables/funnel_by_channel",
        "/tables/needs.needs_selling?release=2025Q1-1",
        "/tables/there_is_none",
    ],
    "/compare": ["/compare", COMPARED],
    "/desk/releases/{period}": [f"/desk/releases/{period}" for period in (PREVIEWED, UNFINISHED, NEVER)],
    "/desk/releases/{period}/tables/{table}": [
        f"/desk/releases/{PREVIEWED}/tables/{table}" for table in ("needs.needs_selling", "age_by_gender.needs_selling")
    ],
    "/audit": ["/audit", "/audit?what=everything", "/audit?who=nobody", "/audit?from=x"],
    "/audit/check": ["/audit/check", "/audit/check?known=x"],
    "/accounts/{name}/{change}": [
        f"/accounts/anna/{change}" for change in ("roles", "disable", "reset", "end-sessions", "unlock", "rename")
    ],
    "/accounts/{name}": ["/accounts/anna", "/accounts/ada", "/accounts/nobody"],
}
"""What stands in the addresses of the releases and people that the site is opened with."""


def addresses(app: web.Application) -> Iterator[str]:
    """Yield the addresses of every page there is; a route that is new and has a place to fill fails here."""
    for method, route, _ in declared(app):
        if method != "GET" or NO_PAGE.search(route):
            continue
        assert route in FILLED or "{" not in route, f"Say in FILLED which addresses {route} has."
        yield from FILLED.get(route, [route])
    yield "/there/is/nothing"


class Watch:
    """What a page asks for elsewhere or in vain, and what the browser complains of."""

    def __init__(self, origin: str, page: Page) -> None:
        self.origin = origin
        self._found: list[str] = []
        page.on("request", self._asked)
        page.on("response", self._answered)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self._found.append(str(error)))

    def take(self) -> list[str]:
        """Return what was found since the last time."""
        found, self._found = self._found, []
        return found

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((f"{self.origin}/", "data:")):
            self._found.append(f"asked for {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and not response.request.is_navigation_request():
            self._found.append(f"{response.status} of {response.url}")

    def _said(self, line: ConsoleMessage) -> None:
        # A page that explains a problem is answered as one, which the browser notes too.
        if line.type == "error" and "Failed to load resource" not in line.text:
            self._found.append(line.text)


async def client_of(site: Site, who: str, language: str) -> Client:
    """Return a browser without a window where somebody is logged in, or nobody; `waiting` gave the password only."""
    client = await site.browser("" if who == "waiting" else who)
    await client.get(f"/login?language={language}")
    if who == "waiting":
        await client.post("/login", {"name": "anna", "password": PASSWORD})
    return client


async def pages_of(site: Site, client: Client) -> list[str]:
    """Return the addresses that answer with a page; of those that explain the same problem, the first."""
    found: list[str] = []
    explained: set[int] = set()
    for address in addresses(site.server.app):
        answer = await client.get(address)
        if answer.content_type == "text/html" and answer.status not in {*REDIRECTS, *explained}:
            found.append(address)
            explained |= {answer.status} & set(EXPLAINED)
    return found


async def open_page(browser: Browser, site: Site, client: Client, **options: object) -> tuple[Page, Watch]:
    """Return a page in a window of its own, with the cookies of a client, and what watches it."""
    context = await browser.new_context(**options)  # type: ignore[arg-type]
    context.set_default_timeout(30_000)
    origin = f"http://localhost:{site.server.port}"
    jar = client.client.session.cookie_jar
    await context.add_cookies([{"name": one.key, "value": one.value, "url": origin} for one in jar])
    page = await context.new_page()
    return page, Watch(origin, page)


async def show(page: Page, address: str, answer: ClientResponse) -> None:
    """Show what a form was answered with, at an address of the site."""
    body, headers = await answer.text(), {key: value for key, value in answer.headers.items() if key in SHOWN_HEADERS}

    async def fulfil(route: Route) -> None:
        await route.fulfill(body=body, headers=headers)

    await page.route(address, fulfil, times=1)
    await page.goto(address)


async def axe(page: Page) -> list[str]:
    """Return every rule that the page breaks, with the element, and whether the page is wider than its window."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE_SCRIPT)
    found = await page.evaluate("rules => axe.run(rules)", RULES)
    assert found["passes"], "axe-core looked at nothing"
    broken = [f"{rule['id']}: {node['html']}" for rule in found["violations"] for node in rule["nodes"]]
    return broken + await too_wide(page)


async def too_wide(page: Page) -> list[str]:
    fits = await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    return [] if fits else ["the page is wider than its window"]


CONTROLS: Final = """() => {
  const all = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  window.controls = [...document.querySelectorAll(all)].filter(one => one.checkVisibility() && !one.disabled);
  return controls.length;
}"""
FOCUSED: Final = """() => {
  const one = document.activeElement, style = getComputedStyle(one), place = one.getClientRects()[0];
  if (!place) return [controls.indexOf(one), false, one.outerHTML.slice(0, 120)];
  const at = document.elementFromPoint(place.x + Math.min(place.width / 2, 200), place.y + place.height / 2);
  const marked = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return [controls.indexOf(one), marked && (one.contains(at) || at?.contains(one)), one.outerHTML.slice(0, 120)];
}"""


async def tabbed_through(page: Page) -> list[str]:
    """Press Tab until the end of a page; return each control that is skipped, out of order, or not seen to have focus.

    Passing the last control has to lead out of the page: whoever is at a control can always go on.
    """
    wrong = []
    number = await page.evaluate(CONTROLS)
    for place in range(number):
        await page.keyboard.press("Tab")
        found, seen, html = await page.evaluate(FOCUSED)
        if found != place:
            return [*wrong, f"control {place} of {number} expected, but focus is at {found}: {html}"]
        if not seen:
            wrong.append(f"the focus cannot be seen at {html}")
    await page.keyboard.press("Tab")
    left = await page.evaluate("document.activeElement === document.body || document.activeElement === controls[0]")
    return wrong if left else [*wrong, "the page does not let go of the focus"]


def picture_name(address: str) -> str:
    """Return the name of a page's picture."""
    path, _, query = address.partition("?")
    name = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") or "overview"
    return f"{name}-chosen" if query else name


def small(picture: bytes) -> bytes:
    """Return a picture in as many colours as fit into the size that is allowed."""
    for colours in (128, 64, 32, 16):
        content = io.BytesIO()
        Image.open(io.BytesIO(picture)).convert("RGB").quantize(colours, dither=Image.Dither.NONE).save(
            content, "PNG", optimize=True
        )
        if len(content.getvalue()) < LARGEST:
            break
    return content.getvalue()
