"""The quarterly report as PDF, made of the same page that the browser shows."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from weasyprint import CSS, HTML  # type: ignore[import-untyped]
from weasyprint.text.fonts import FontConfiguration  # type: ignore[import-untyped]
from weasyprint.urls import URLFetcher, URLFetcherResponse  # type: ignore[import-untyped]

from analyst.pages.themes import REPORT
from analyst.web.publications import table_id
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.releases import Release

STYLE: Final = Path(__file__).with_name("report.css")
_ADDRESS: Final = "report:"
_MOST_KEPT: Final = 4


class Report:
    """Makes PDF files, one at a time, and keeps the last few."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._making = asyncio.Lock()

    async def pdf(self, page: str, pictures: Mapping[str, bytes], key: str) -> bytes:
        """Return a page as PDF; `key` names its releases and language, which decide what stands in it."""
        async with self._making:
            if key not in self._kept:
                self._kept[key] = await asyncio.to_thread(pdf, page, pictures)
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
            return self._kept[key]


def pdf(page: str, pictures: Mapping[str, bytes]) -> bytes:
    """Return a page as PDF for A4, with `pictures` in the place of the addresses they are named by.

    Nothing else is loaded, neither from this machine nor from any other.
    """
    fonts = FontConfiguration()
    style = CSS(string=STYLE.read_text(encoding="utf-8"), font_config=fonts)
    for address in pictures:
        escaped = address.replace("&", "&amp;")
        page = page.replace(f'src="{escaped}"', f'src="{_ADDRESS}{escaped}"')
    document = HTML(string=page, base_url=_ADDRESS, url_fetcher=_Pictures(pictures), media_type="print")
    written = document.write_pdf(stylesheets=[style], font_config=fonts, pdf_tags=True)
    return bytes(written or b"")


class _Pictures(URLFetcher):  # type: ignore[misc]  # the library is untyped
    """Gives the pictures of a report, and refuses whatever else a page asks for."""

    def __init__(self, pictures: Mapping[str, bytes]) -> None:
        super().__init__(allowed_protocols=())
        self._known = {_ADDRESS + address: content for address, content in pictures.items()}

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        if url not in self._known:
            raise ValueError(f"The report may not load {url}.")
        return URLFetcherResponse(url, self._known[url], {"Content-Type": "image/svg+xml"})


def report_tables(tables: Iterable[tuple[ReleasedTable, Release]]) -> list[tuple[ReleasedTable, Release]]:
    """Return the tables of a report in its order, with their releases."""
    found = {table_id(table): (table, release) for table, release in tables}
    return [found[name] for name in REPORT if name in found]
