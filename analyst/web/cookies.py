"""The one cookie, which holds what a browser is recognised by, and the one that holds its language."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from analyst.settings import AnalystSettings

_NAME: Final = "fyren_analyst"
_LANGUAGE: Final = "fyren_language"
_LONGEST: Final = 200
_YEAR: Final = 365 * 24 * 3600


def cookie_name(settings: AnalystSettings) -> str:
    """Return the name of the cookie; over TLS one that browsers take from this host alone, and only secured."""
    return f"__Host-{_NAME}" if settings.is_secure else _NAME


def read_token(request: web.Request, settings: AnalystSettings) -> str:
    """Return what the browser is recognised by, or nothing."""
    token = request.cookies.get(cookie_name(settings), "")
    return token if len(token) <= _LONGEST and token.isascii() else ""


def set_token(response: web.StreamResponse, settings: AnalystSettings, token: str) -> None:
    """Give the browser another token; an empty one takes it away."""
    # An age of nought takes a cookie away; without an age it ends with the browser.
    response.set_cookie(
        cookie_name(settings),
        token,
        max_age=None if token else 0,
        path="/",
        secure=settings.is_secure,
        httponly=True,
        samesite="Strict",
    )


def read_language(request: web.Request) -> str:
    """Return the language that was chosen in this browser, or nothing."""
    return request.cookies.get(_LANGUAGE, "")


def set_language(response: web.StreamResponse, settings: AnalystSettings, language: str) -> None:
    """Keep the language that was chosen."""
    response.set_cookie(
        _LANGUAGE, language, path="/", max_age=_YEAR, secure=settings.is_secure, httponly=True, samesite="Strict"
    )
