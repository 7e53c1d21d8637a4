"""Answers: pages out of templates, problems, and ways back."""

from __future__ import annotations

import json
import math
from typing import Any, Final
from urllib.parse import quote, urlsplit

from aiohttp import hdrs, web

from analyst.accounts.errors import AccountsError, LockedOut
from analyst.accounts.permissions import Permission
from analyst.accounts.sessions import Stage, csrf_token
from analyst.translation import Translator, message
from analyst.web.access import form_page_of
from analyst.web.keys import LANGUAGE, NEW_TOKEN, RENDERING, SESSION, SETTINGS, TOKEN, TRANSLATORS
from analyst.web.problems import FormTooOld, TooManyRequests, WebProblem

PROBLEM_TYPE: Final = "application/problem+json"
WAITING_ROOMS: Final = {Stage.SECOND_FACTOR: "/login/code", Stage.ENROLLING: "/account/enrol"}
"""Where a login goes on that is not complete."""

_LONGEST_NEXT: Final = 500
_NO_PAGES: Final = ("//", "/login", "/logout", "/confirm", "/api/")


def page(request: web.Request, template: str, *, status: int = 200, **context: Any) -> web.Response:
    """Return a page; templates find `session`, `permissions`, `path` and `csrf` besides their context."""
    language = request[LANGUAGE]
    token = request.get(NEW_TOKEN) or request.get(TOKEN, "")
    session = request.get(SESSION)
    shared = {
        "session": session,
        "permissions": {permission.value for permission in Permission if session and session.may(permission)},
        # Where a language leads to: a form's answer has no address of its own.
        "path": request.path if request.method == hdrs.METH_GET else form_page_of(request),
        "csrf": csrf_token(token),
        "has_passkeys": request.app[SETTINGS].has_passkeys,
    }
    text = request.app[RENDERING].page(template, language, {**shared, **context})
    return web.Response(
        text=text,
        status=status,
        content_type="text/html",
        charset="utf-8",
        headers={hdrs.CONTENT_LANGUAGE: language, hdrs.VARY: "Accept-Language, Cookie"},
    )


def problem_page(request: web.Request, problem: WebProblem) -> web.Response:
    """Return what explains a problem: a page to a person, a problem document (RFC 9457) to a program."""
    language = request[LANGUAGE]
    say = request.app[TRANSLATORS][language]
    text = say.finished(problem.text)
    if request.path.startswith("/api/"):
        document = {
            "type": f"urn:fyren:problem:{problem.code}",
            "title": problem.code,
            "status": problem.status,
            "detail": text,
        }
        response = web.Response(
            text=json.dumps(document, ensure_ascii=False),
            status=problem.status,
            content_type=PROBLEM_TYPE,
            headers={hdrs.CONTENT_LANGUAGE: language},
        )
    else:
        response = page(
            request,
            "problem.html",
            status=problem.status,
            heading=say(problem.title),
            text=text,
            wait=waiting(say, problem.seconds) if isinstance(problem, TooManyRequests) else "",
            way=_way_on(request, problem),
        )
    response.headers.update(problem.headers())
    return response


def told(request: web.Request, error: AccountsError | None) -> str:
    """Return what the accounts room refused, in the language of the page, or nothing."""
    say = request.app[TRANSLATORS][request[LANGUAGE]]
    if error is None:
        return ""
    if isinstance(error, LockedOut):
        return " ".join((say(message("Too many attempts failed.")), waiting(say, error.wait)))
    return say.finished(str(error))


def waiting(say: Translator, seconds: int) -> str:
    """Return how long to wait, as a sentence."""
    if seconds <= 60:
        return say(message("Try again in a minute."))
    return say(message("Try again in {minutes} minutes.")).format(minutes=math.ceil(seconds / 60))


def _way_on(request: web.Request, problem: WebProblem) -> tuple[str, str]:
    """Return an address and what it is called, where somebody goes on from a problem."""
    session = request.get(SESSION)
    if isinstance(problem, FormTooOld):
        return form_page_of(request), message("Open the page again")
    if session is None:
        return "/login", message("Log in")
    return WAITING_ROOMS.get(session.stage, "/"), message("To the first page")


def see_other(address: str) -> web.Response:
    """Return what leads a browser on after a form, so that loading the page anew repeats nothing."""
    return web.Response(status=303, headers={hdrs.LOCATION: address})


def safe_next(address: str) -> str:
    """Return where to go on after a login: a page of this site, or the first page."""
    if len(address) > _LONGEST_NEXT or not address.isprintable() or "\\" in address:
        return "/"
    if not address.startswith("/") or address.startswith(_NO_PAGES):
        return "/"
    parts = urlsplit(address)
    return "/" if parts.scheme or parts.netloc else address


def with_next(address: str, next_page: str) -> str:
    """Return an address that leads on to a page of this site afterwards."""
    return address if next_page == "/" else f"{address}?next={quote(next_page, safe='/')}"


def field(form: Any, name: str, longest: int = 2000) -> str:
    """Return a field of a form as text; what is missing, or too long, is empty."""
    value = form.get(name, "")
    return value if isinstance(value, str) and len(value) <= longest else ""
