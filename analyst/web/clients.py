"""Where a request comes from, also behind reverse proxies."""

from __future__ import annotations

from typing import Final

from aiohttp import hdrs, web

from analyst.settings import is_loopback
from analyst.web.keys import SETTINGS

SAME_SITE: Final = ("same-origin", "none")
"""What browsers write of requests that a page of this site, or a person by hand, made."""


def address_of(request: web.Request) -> str | None:
    """Return the address of the client, as the last trusted proxy saw it."""
    proxies = request.app[SETTINGS].trusted_proxies
    if proxies == 0:
        return request.remote
    forwarded = [part.strip() for line in request.headers.getall(hdrs.X_FORWARDED_FOR, []) for part in line.split(",")]
    return forwarded[-proxies] if len(forwarded) >= proxies else request.remote


def is_our_host(request: web.Request) -> bool:
    """Tell whether a request names this site: one that names another was sent by a name that was bent to us."""
    settings = request.app[SETTINGS]
    try:
        host = request.url.host or ""
    except ValueError:
        return False
    return host == settings.public_host or (is_loopback(settings.host) and is_loopback(host))


def comes_from_elsewhere(request: web.Request) -> bool:
    """Tell whether another site's page made the request, as far as the browser says so."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in SAME_SITE
    origin = request.headers.get(hdrs.ORIGIN)
    return origin is not None and origin.partition("://")[2] != request.host
