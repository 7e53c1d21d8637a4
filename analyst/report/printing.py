"""A report as PDF, made in a process of its own: `python -m analyst.report.printing`.

It reads a `PrintOrder` from its input and writes the PDF to its output. It has no settings and no keys, and it may load
nothing, neither from this machine nor from any other.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping
from typing import Any, Final

from weasyprint import CSS, HTML  # type: ignore[import-untyped]
from weasyprint.text.fonts import FontConfiguration  # type: ignore[import-untyped]
from weasyprint.urls import URLFetcher, URLFetcherResponse  # type: ignore[import-untyped]

from analyst.report.order import PrintOrder

VARIANT: Final = "pdf/ua-1"
"""What the file says it is: tagged, with language, title and texts for pictures (ISO 14289-1)."""

_ADDRESS: Final = "report:"


def pdf(order: PrintOrder) -> bytes:
    """Return a page as PDF for A4, with the pictures in the place of the addresses they are named by."""
    fonts = FontConfiguration()
    fetcher = _Pictures(order.pictures)
    style = CSS(string=order.style, font_config=fonts, base_url=_ADDRESS, url_fetcher=fetcher)
    page = order.page
    for address in order.pictures:
        escaped = address.replace("&", "&amp;")
        page = page.replace(f'src="{escaped}"', f'src="{_ADDRESS}{escaped}"')
    document = HTML(string=page, base_url=_ADDRESS, url_fetcher=fetcher, media_type="print")
    written = document.write_pdf(stylesheets=[style], font_config=fonts, pdf_variant=VARIANT)
    return bytes(written or b"")


class _Pictures(URLFetcher):  # type: ignore[misc]  # the library is untyped
    """Gives the pictures of a report, and refuses whatever else a page asks for."""

    def __init__(self, pictures: Mapping[str, str]) -> None:
        super().__init__(allowed_protocols=())
        self._known = {_ADDRESS + address: content.encode() for address, content in pictures.items()}

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        if url not in self._known:
            raise ValueError(f"The report may not load {url}.")
        return URLFetcherResponse(url, self._known[url], {"Content-Type": "image/svg+xml"})


def main() -> int:
    """Print what stands in the input, and return the exit status."""
    # The process ends with the report, so nothing has to be tidied up on the way.
    gc.disable()
    sys.stdout.buffer.write(pdf(PrintOrder.from_json(sys.stdin.buffer.read())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
