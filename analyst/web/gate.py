"""The gate before all handlers: whose site, who asks, what they may, and whether a form is of this browser."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web

from analyst.accounts.account import Account
from analyst.accounts.api_tokens import ApiCaller, Scope
from analyst.accounts.audit import AuditEvent
from analyst.accounts.clock import chance
from analyst.accounts.errors import (
    AccountRefused,
    AccountsError,
    CeremonyRefused,
    CodeRefused,
    LockedOut,
    LoginRefused,
    NotAllowed,
    PasswordRefused,
    SessionEnded,
    StepUpNeeded,
)
from analyst.accounts.permissions import Permission
from analyst.accounts.sessions import Session, csrf_fits, new_token
from analyst.translation import LANGUAGES
from analyst.web.access import Access, Handler, access_of, form_page_of
from analyst.web.clients import comes_from_elsewhere, is_our_host
from analyst.web.cookies import read_language, read_token, set_language, set_token
from analyst.web.keys import ACCOUNTS, CALLER, LANGUAGE, NEW_TOKEN, SESSION, SETTINGS, TOKEN
from analyst.web.pages import WAITING_ROOMS, page, problem_page, with_next
from analyst.web.problems import (
    Forbidden,
    FormTooOld,
    InternalProblem,
    LoginNeeded,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    TooLarge,
    TooManyRequests,
    Unavailable,
    UnsupportedMediaType,
    WebProblem,
    WrongHost,
)
from intake_store.submission.errors import IntakeStoreError

API: Final = "/api/"
LOGIN: Final = "/login"
CONFIRM: Final = "/confirm"
_FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = "application/json"
_READ: Final = frozenset({"text/html", "application/pdf"})
CSRF_FIELD: Final = "csrf"
CSRF_HEADER: Final = "X-CSRF-Token"

_log = logging.getLogger(__name__)


@web.middleware
async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request through to its handler if it may, and explain to whoever asks if it may not."""
    request[LANGUAGE] = _language(request)
    try:
        response = await _answered(request, handler)
    except WebProblem as problem:
        response = problem_page(request, problem)
    except web.HTTPException as redirected:
        failed = redirected.status >= 400
        response = problem_page(request, _of_http(redirected)) if failed else redirected
    except Exception as error:
        # The message of an exception may quote what a person typed; its type and place do not.
        _log.error("Answering broke with %s at %s", type(error).__name__, _places(error))
        response = problem_page(request, InternalProblem())
    if (token := request.get(NEW_TOKEN)) is not None:
        set_token(response, request.app[SETTINGS], token)
    if (chosen := request.query.get("language")) in LANGUAGES and not request.path.startswith(API):
        set_language(response, request.app[SETTINGS], chosen or "")
    return response


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    if not is_our_host(request):
        raise WrongHost
    if (missing := request.match_info.http_exception) is not None:
        # Whoever is logged in keeps the menu.
        await _recognise(request)
        raise missing
    try:
        return await _let_in(request, handler)
    except (Forbidden, FormTooOld):
        if (account := _account_of(request)) is not None:
            subject = f"{request.method} {request.path}"
            await request.app[ACCOUNTS].audit.record(account.name, AuditEvent.DENIED, subject)
        raise


async def _let_in(request: web.Request, handler: Handler) -> web.StreamResponse:
    access = access_of(request.match_info.handler)
    if access.by_token and hdrs.AUTHORIZATION in request.headers:
        await _admit_program(request, access)
    else:
        bounced = await _admit_browser(request, access)
        if bounced is not None:
            return bounced
    try:
        response = await handler(request)
    except StepUpNeeded:
        return _to_step_up(request)
    except SessionEnded as error:
        request[NEW_TOKEN] = ""
        if request.path.startswith(API):
            raise LoginNeeded from error
        return web.Response(status=303, headers={hdrs.LOCATION: LOGIN})
    except (AccountsError, IntakeStoreError) as error:
        raise _explained(error) from error
    await _note(request, access, response)
    return response


async def _admit_program(request: web.Request, access: Access) -> None:
    scheme, _, given = request.headers[hdrs.AUTHORIZATION].partition(" ")
    caller = await request.app[ACCOUNTS].api_tokens.authenticate(given.strip()) if scheme.lower() == "bearer" else None
    if caller is None or not caller.may(Scope.READ):
        raise LoginNeeded
    request[CALLER] = caller
    if access.permissions and not access.permissions & caller.account.permissions:
        raise Forbidden


async def _admit_browser(request: web.Request, access: Access) -> web.StreamResponse | None:
    token = read_token(request, request.app[SETTINGS])
    if not token and _is_page(request) and request.headers.get("Sec-Fetch-Site") == "cross-site":
        # The browser keeps its cookie back where another site leads here; asked from here once more, it sends it.
        return page(request, "bounce.html", address=request.rel_url)
    await _recognise(request)
    if request.method not in (hdrs.METH_GET, hdrs.METH_HEAD):
        await _check_form(request, token)
    elif not token and access.is_public and _is_page(request):
        request[TOKEN] = request[NEW_TOKEN] = new_token(chance)
    return _refused(request, access, request.get(SESSION))


async def _recognise(request: web.Request) -> None:
    """Note what the browser is recognised by, and its login, as far as there are any."""
    token = read_token(request, request.app[SETTINGS])
    if token:
        request[TOKEN] = token
        session = await request.app[ACCOUNTS].sessions.find(token)
        if session is not None:
            request[SESSION] = session


def _refused(request: web.Request, access: Access, session: Session | None) -> web.StreamResponse | None:
    """Return where somebody is led who may not go on, or None; raises what is explained instead."""
    if access.is_public:
        return None
    if session is None:
        if not _is_page(request):
            raise LoginNeeded
        return web.Response(status=303, headers={hdrs.LOCATION: _with_next(LOGIN, request)})
    if session.stage not in access.stages:
        if not _is_page(request):
            raise LoginNeeded
        return web.Response(status=303, headers={hdrs.LOCATION: WAITING_ROOMS.get(session.stage, "/")})
    if access.permissions and not any(session.may(permission) for permission in access.permissions):
        raise Forbidden
    if access.step_up and not session.stepped_up:
        return _to_step_up(request)
    return None


async def _check_form(request: web.Request, token: str) -> None:
    """Check that a page of this site sent the form, from the browser it was made for."""
    if comes_from_elsewhere(request):
        raise FormTooOld
    if request.content_type == _FORM:
        given = (await request.post()).get(CSRF_FIELD, "")
    elif request.content_type == _JSON:
        given = request.headers.get(CSRF_HEADER, "")
    else:
        raise UnsupportedMediaType
    if not isinstance(given, str) or not csrf_fits(token, given):
        raise FormTooOld


def _to_step_up(request: web.Request) -> web.StreamResponse:
    return web.Response(status=303, headers={hdrs.LOCATION: _with_next(CONFIRM, request)})


def _with_next(address: str, request: web.Request) -> str:
    """Return an address that leads back to the page afterwards; a form leads back to the page it stood on."""
    is_page = request.method in (hdrs.METH_GET, hdrs.METH_HEAD)
    back = request.path_qs if is_page else form_page_of(request)
    return with_next(address, back)


def _is_page(request: web.Request) -> bool:
    return not request.path.startswith(API)


async def _note(request: web.Request, access: Access, response: web.StreamResponse) -> None:
    """Write into the audit log that tables were looked at or taken along."""
    if response.status != 200 or request.method != hdrs.METH_GET:
        return
    if Permission.EXPORT in access.permissions:
        event = AuditEvent.EXPORTED
    elif Permission.VIEW_TABLES in access.permissions and response.content_type in _READ:
        event = AuditEvent.TABLE_VIEWED
    else:
        return
    if (account := _account_of(request)) is not None:
        await request.app[ACCOUNTS].audit.record(account.name, event, request.path)


def _account_of(request: web.Request) -> Account | None:
    """Return who asks, or whose program does."""
    caller: ApiCaller | None = request.get(CALLER)
    session: Session | None = request.get(SESSION)
    if caller is not None:
        return caller.account
    return session.account if session is not None else None


def _explained(error: AccountsError | IntakeStoreError) -> WebProblem:
    match error:
        case LockedOut():
            return TooManyRequests(error.wait, str(error))
        case NotAllowed():
            return Forbidden(str(error))
        case LoginRefused() | CodeRefused() | PasswordRefused() | CeremonyRefused() | AccountRefused():
            return MalformedRequest(str(error))
        case _:
            return Unavailable(str(error))


def _of_http(error: web.HTTPException) -> WebProblem:
    match error:
        case web.HTTPNotFound():
            return NotFound()
        case web.HTTPMethodNotAllowed():
            return MethodNotAllowed(tuple(error.allowed_methods))
        case web.HTTPRequestEntityTooLarge():
            return TooLarge()
        case _:
            return MalformedRequest()


def _language(request: web.Request) -> str:
    for wanted in (request.query.get("language", ""), read_language(request)):
        if wanted in LANGUAGES:
            return wanted
    for entry in request.headers.get(hdrs.ACCEPT_LANGUAGE, "")[:200].split(","):
        wanted = entry.split(";")[0].strip().lower()[:2]
        if wanted in LANGUAGES:
            return wanted
    return request.app[SETTINGS].language


def _places(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
