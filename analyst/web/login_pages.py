"""Logging in: password and second factor, passkey, the agency's own login, an invitation; and logging out."""

from __future__ import annotations

import json
from typing import Any, Final

from aiohttp import hdrs, web

from analyst.accounts.account import AccountSource
from analyst.accounts.errors import (
    AccountsError,
    CeremonyRefused,
    CodeRefused,
    LockedOut,
    LoginRefused,
    PasswordRefused,
)
from analyst.accounts.lockout import FIRST_DELAY, FREE_BY_NAME, LONGEST_DELAY
from analyst.accounts.sessions import SessionToken, Stage
from analyst.accounts.sign_on import SignOnUnreachable, SingleSignOn
from analyst.translation import message
from analyst.web.access import at_stage, own_account, public
from analyst.web.clients import address_of
from analyst.web.keys import ACCOUNTS, LANGUAGE, NEW_TOKEN, SESSION, TOKEN, TRANSLATORS
from analyst.web.pages import field, page, safe_next, see_other, told, with_next
from analyst.web.problems import MalformedRequest, NotFound

_LONGEST_PASSWORD: Final = 1000
NOT_THE_SAME: Final = message("The two passwords are not the same.")

CLEAR_SITE_DATA: Final = "Clear-Site-Data"
_CLEARED: Final = '"cache", "storage"'
"""What a browser forgets at a log-out, besides the cookie: that of the language may stay."""

_DONE: Final = {
    "out": message("You are logged out."),
    "ended": message("The login has ended. Log in again."),
}


def routes() -> list[web.AbstractRouteDef]:
    """Return the routes of logins."""
    return [
        web.get("/login", _login),
        web.post("/login", _with_password),
        web.get("/login/code", _code),
        web.post("/login/code", _confirm_code),
        web.post("/login/passkey/options", _passkey_options),
        web.post("/login/passkey", _with_passkey),
        web.get("/login/sign-on", _sign_on),
        web.get("/login/sign-on/return", _signed_on),
        web.get("/invitation", _invitation),
        web.post("/invitation", _accept_invitation),
        web.get("/confirm", _confirm),
        web.post("/confirm", _confirm_again),
        web.get("/confirm/sign-on", _confirm_sign_on),
        web.post("/confirm/passkey/options", _confirmation_options),
        web.post("/confirm/passkey", _confirm_with_passkey),
        web.post("/logout", _log_out),
        web.get("/logout/sign-on", _log_out_of_service),
    ]


# -- password and second factor ---------------------------------------------------------------------------------------


@public
async def _login(request: web.Request) -> web.Response:
    session = request.get(SESSION)
    if session is not None and session.stage is Stage.COMPLETE:
        return see_other(safe_next(request.query.get("next", "")))
    return _login_page(request, next_page=request.query.get("next", ""))


@public
async def _with_password(request: web.Request) -> web.Response:
    form = await request.post()
    name, next_page = field(form, "name", 200), field(form, "next")
    password = field(form, "password", _LONGEST_PASSWORD)
    try:
        token = await request.app[ACCOUNTS].login.with_password(name, password, address_of(request))
    except LoginRefused as error:
        return _login_page(request, error, name=name, next_page=next_page)
    await _begin(request, token)
    session = await request.app[ACCOUNTS].sessions.find(token)
    if session is not None and session.stage is Stage.ENROLLING:
        return see_other("/account/enrol")
    return see_other(with_next("/login/code", safe_next(next_page)))


def _login_page(
    request: web.Request, error: AccountsError | None = None, *, name: str = "", next_page: str = ""
) -> web.Response:
    return _with_error(
        page(
            request,
            "login.html",
            error=told(request, error),
            wrong=("name", "password") if isinstance(error, LoginRefused) else (),
            done=request.app[TRANSLATORS][request[LANGUAGE]](_DONE.get(request.query.get("done", ""), "")),
            is_out=request.query.get("done") == "out",
            name=name,
            next_page=safe_next(next_page),
            sign_on=request.app[ACCOUNTS].sign_on is not None,
            free_attempts=FREE_BY_NAME,
            first_seconds=int(FIRST_DELAY),
            most_minutes=int(LONGEST_DELAY / 60),
        ),
        error,
    )


async def _begin(request: web.Request, token: SessionToken) -> None:
    """Give the browser its new login; one that it had before ends, and is not left open behind it."""
    if SESSION in request:
        await request.app[ACCOUNTS].sessions.log_out(request[TOKEN])
    request[NEW_TOKEN] = token


@at_stage(Stage.SECOND_FACTOR)
async def _code(request: web.Request) -> web.Response:
    return _code_page(request, next_page=request.query.get("next", ""))


@at_stage(Stage.SECOND_FACTOR)
async def _confirm_code(request: web.Request) -> web.Response:
    return await _take_code(request)


@own_account
async def _confirm(request: web.Request) -> web.Response:
    return _code_page(request, next_page=request.query.get("next", ""), step_up=True)


@own_account
async def _confirm_again(request: web.Request) -> web.Response:
    return await _take_code(request, step_up=True)


async def _take_code(request: web.Request, *, step_up: bool = False) -> web.Response:
    form = await request.post()
    next_page = field(form, "next")
    try:
        token = await request.app[ACCOUNTS].login.confirm(request[TOKEN], field(form, "code", 100), address_of(request))
    except (CodeRefused, LockedOut) as error:
        # After too many wrong codes the session itself is over, and the next step is the login again.
        if await request.app[ACCOUNTS].sessions.find(request[TOKEN]) is None:
            request[NEW_TOKEN] = ""
            return see_other("/login?done=ended")
        return _code_page(request, error, next_page=next_page, step_up=step_up)
    request[NEW_TOKEN] = token
    return see_other(safe_next(next_page))


def _code_page(
    request: web.Request, error: AccountsError | None = None, *, next_page: str, step_up: bool = False
) -> web.Response:
    return _with_error(
        page(
            request,
            "confirm.html",
            error=told(request, error),
            wrong=("code",) if isinstance(error, CodeRefused) else (),
            next_page=safe_next(next_page),
            step_up=step_up,
            account=request[SESSION].account,
        ),
        error,
    )


@at_stage(*Stage)
async def _log_out(request: web.Request) -> web.Response:
    await request.app[ACCOUNTS].sessions.log_out(request[TOKEN])
    request[NEW_TOKEN] = ""
    response = see_other("/login?done=out")
    response.headers[CLEAR_SITE_DATA] = _CLEARED
    return response


# -- invitation -------------------------------------------------------------------------------------------------------


@public
async def _invitation(request: web.Request) -> web.Response:
    return _invitation_page(request)


@public
async def _accept_invitation(request: web.Request) -> web.Response:
    form = await request.post()
    code, password = field(form, "code", 100), field(form, "password", _LONGEST_PASSWORD)
    if password != field(form, "again", _LONGEST_PASSWORD):
        return _invitation_page(request, PasswordRefused(NOT_THE_SAME), code=code)
    try:
        await _begin(request, await request.app[ACCOUNTS].login.accept_invitation(code, password))
    except (CodeRefused, PasswordRefused) as error:
        return _invitation_page(request, error, code=code)
    return see_other("/account/enrol")


def _invitation_page(request: web.Request, error: AccountsError | None = None, *, code: str = "") -> web.Response:
    wrong = ("code",) if isinstance(error, CodeRefused) else ("password", "again") if error is not None else ()
    return _with_error(page(request, "invitation.html", error=told(request, error), wrong=wrong, code=code), error)


# -- passkeys ---------------------------------------------------------------------------------------------------------


@public
async def _passkey_options(request: web.Request) -> web.Response:
    return web.json_response(request.app[ACCOUNTS].passkeys.begin_login(request[TOKEN]))


@public
async def _with_passkey(request: web.Request) -> web.Response:
    answer, next_page = await _passkey_answer(request)
    try:
        token = await request.app[ACCOUNTS].passkeys.finish_login(request[TOKEN], answer, address_of(request))
    except (CeremonyRefused, LoginRefused) as error:
        return refused_passkey(request, error)
    await _begin(request, token)
    return web.json_response({"next": safe_next(next_page)})


@at_stage(Stage.SECOND_FACTOR, Stage.COMPLETE)
async def _confirmation_options(request: web.Request) -> web.Response:
    return web.json_response(await request.app[ACCOUNTS].passkeys.begin_confirmation(request[TOKEN]))


@at_stage(Stage.SECOND_FACTOR, Stage.COMPLETE)
async def _confirm_with_passkey(request: web.Request) -> web.Response:
    answer, next_page = await _passkey_answer(request)
    try:
        request[NEW_TOKEN] = await request.app[ACCOUNTS].passkeys.finish_confirmation(request[TOKEN], answer)
    except CeremonyRefused as error:
        return refused_passkey(request, error)
    return web.json_response({"next": safe_next(next_page)})


async def _passkey_answer(request: web.Request) -> tuple[str, str]:
    content = await json_object(request)
    next_page = content.get("next", "")
    return json.dumps(content.get("answer")), next_page if isinstance(next_page, str) else ""


async def json_object(request: web.Request) -> dict[str, Any]:
    """Return the JSON object that a script of ours sent; raises `MalformedRequest`."""
    try:
        content = await request.json()
    except (ValueError, RecursionError) as error:
        raise MalformedRequest from error
    if not isinstance(content, dict):
        raise MalformedRequest
    return content


def refused_passkey(request: web.Request, error: AccountsError) -> web.Response:
    """Return what the script shows when a passkey was not accepted."""
    return _with_error(web.json_response({"message": told(request, error)}, status=400), error)


# -- the agency's own login -------------------------------------------------------------------------------------------


@public
async def _sign_on(request: web.Request) -> web.Response:
    service = _service(request)
    next_page = safe_next(request.query.get("next", ""))
    session = request.get(SESSION)
    if session is not None and session.stage is Stage.COMPLETE:
        return see_other(next_page)
    try:
        return see_other(await service.begin(request[TOKEN], next_page))
    except SignOnUnreachable as error:
        return _login_page(request, error, next_page=next_page)


@own_account
async def _confirm_sign_on(request: web.Request) -> web.Response:
    service = _service(request)
    next_page = safe_next(request.query.get("next", ""))
    if request[SESSION].account.source is not AccountSource.SINGLE_SIGN_ON:
        raise NotFound
    try:
        return see_other(await service.begin_step_up(request[TOKEN], next_page))
    except SignOnUnreachable as error:
        return _code_page(request, error, next_page=next_page, step_up=True)


@public
async def _signed_on(request: web.Request) -> web.Response:
    service = _service(request)
    session = request.get(SESSION)
    if session is not None and session.stage is Stage.COMPLETE:
        try:
            confirmed = await service.finish_step_up(request[TOKEN], request.query)
        except CeremonyRefused as error:
            return _code_page(request, error, next_page="/", step_up=True)
        request[NEW_TOKEN] = confirmed.token
        return see_other(confirmed.next_page)
    try:
        signed_on = await service.finish(request[TOKEN], request.query, address_of(request))
    except (CeremonyRefused, LoginRefused) as error:
        return _login_page(request, error)
    await _begin(request, signed_on.token)
    return see_other(signed_on.next_page)


@public
async def _log_out_of_service(request: web.Request) -> web.Response:
    service = _service(request)
    try:
        address = await service.log_out_address()
    except SignOnUnreachable as error:
        return _login_page(request, error)
    if address is None:
        raise NotFound(message("The agency's login has no page for logging out. Close all windows of the browser."))
    return see_other(address)


def _service(request: web.Request) -> SingleSignOn:
    service = request.app[ACCOUNTS].sign_on
    if service is None:
        raise NotFound
    return service


# -- what they share --------------------------------------------------------------------------------------------------


def _with_error(response: web.Response, error: AccountsError | None) -> web.Response:
    if isinstance(error, LockedOut):
        response.set_status(429)
        response.headers[hdrs.RETRY_AFTER] = str(error.wait)
    elif isinstance(error, SignOnUnreachable):
        response.set_status(503)
    elif error is not None:
        response.set_status(400)
    return response
