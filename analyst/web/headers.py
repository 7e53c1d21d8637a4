"""Headers that every answer carries. HTTPS for ever (HSTS) is for the proxy to promise, which has the certificate."""

from __future__ import annotations

from typing import Final

from aiohttp import hdrs, web

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), "
        "microphone=(), payment=(), publickey-credentials-create=(self), publickey-credentials-get=(self), usb=()"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}

NEVER_STORED: Final = "no-store"
"""For whatever belongs to a login."""

ALWAYS_ASKED: Final = "private, no-cache"
"""For what may be kept by one program, if it asks each time whether it still holds."""


async def add_security_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Set the headers of an answer that is about to be sent, and take out what tells which software runs."""
    response.headers.update(SECURITY_HEADERS)
    response.headers.setdefault(hdrs.CACHE_CONTROL, NEVER_STORED)
    response.headers.popall(hdrs.SERVER, None)
