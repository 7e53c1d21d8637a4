"""One's own account: second factors, passkeys, recovery codes, password, sessions, API tokens."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from aiohttp import web
from markupsafe import Markup

from analyst.accounts.api_tokens import MOST_DAYS
from analyst.accounts.audit import AuditFilter
from analyst.accounts.errors import (
    AccountRefused,
    AccountsError,
    CeremonyRefused,
    CodeRefused,
    LockedOut,
    LoginRefused,
    PasswordRefused,
)
from analyst.accounts.permissions import Permission
from analyst.accounts.sessions import Method, Stage
from analyst.translation import Translator, message
from analyst.web.access import at_stage, form_on, own_account, requires
from analyst.web.audit_words import GROUPS, WORDS, EventGroup
from analyst.web.clients import address_of
from analyst.web.keys import ACCOUNTS, LANGUAGE, NEW_TOKEN, SESSION, TOKEN, TRANSLATORS
from analyst.web.login_pages import NOT_THE_SAME, json_object, refused_passkey
from analyst.web.pages import field, page, see_other, told
from analyst.web.problems import MalformedRequest

_PAGE: Final = "/account"
_DEFAULT_DAYS: Final = 90

_HAPPENED: Final = 10
"""How many records of the account its owner sees."""

_OF_THE_ACCOUNT: Final = GROUPS[EventGroup.LOGINS] | GROUPS[EventGroup.ACCOUNTS] | GROUPS[EventGroup.REFUSED]

METHOD_LABELS: Final = {
    Method.PASSWORD: message("Password and second factor"),
    Method.PASSKEY: message("Passkey"),
    Method.SINGLE_SIGN_ON: message("The agency's login"),
}

_DONE: Final = {
    "password": message("The password was changed. Other logins of this account have ended."),
    "passkey": message("The passkey was removed."),
    "codes": message("One-time codes were removed."),
    "session": message("The login was ended."),
    "sessions": message("All other logins were ended."),
    "token": message("The token was revoked."),
    "enrolled": message("The second factor was added."),
}


def routes() -> list[web.AbstractRouteDef]:
    """Return the routes of one's own account."""
    return [
        web.get(_PAGE, _account),
        web.get("/account/enrol", _enrol),
        web.post("/account/enrol", _take_code),
        web.post("/account/passkeys/options", _passkey_options),
        web.post("/account/passkeys", _add_passkey),
        web.post("/account/passkeys/{id}/remove", _remove_passkey),
        web.post("/account/one-time-codes/remove", _remove_codes),
        web.post("/account/recovery-codes", _new_recovery_codes),
        web.post("/account/password", _change_password),
        web.post("/account/sessions/end-others", _end_others),
        web.post("/account/sessions/{id}/end", _end_session),
        web.post("/account/tokens", _create_token),
        web.post("/account/tokens/{id}/revoke", _revoke_token),
    ]


@own_account
async def _account(request: web.Request) -> web.Response:
    return await _account_page(request)


async def _account_page(
    request: web.Request, error: AccountsError | None = None, secret: str = "", wrong: tuple[str, ...] = ()
) -> web.Response:
    room, session = request.app[ACCOUNTS], request[SESSION]
    account = session.account
    response = page(
        request,
        "account.html",
        error=told(request, error),
        wrong=wrong,
        done=request.app[TRANSLATORS][request[LANGUAGE]](_DONE.get(request.query.get("done", ""), "")),
        account=account,
        passkeys=await room.passkeys.of(account),
        codes_left=await room.second_factors.recovery_codes_left(account),
        sessions=await room.sessions.of(account),
        tokens=await room.api_tokens.of(account),
        method_labels=METHOD_LABELS,
        happened=await room.audit.newest(_HAPPENED, wanted=AuditFilter(account.name, _OF_THE_ACCOUNT)),
        words=WORDS,
        secret=secret,
        most_days=MOST_DAYS,
        default_days=_DEFAULT_DAYS,
    )
    if error is not None:
        response.set_status(429 if isinstance(error, LockedOut) else 400)
    return response


# -- second factors ---------------------------------------------------------------------------------------------------


@at_stage(Stage.ENROLLING, Stage.COMPLETE)
async def _enrol(request: web.Request) -> web.Response:
    return await _enrol_page(request)


@at_stage(Stage.ENROLLING, Stage.COMPLETE)
@form_on("/account/enrol")
async def _take_code(request: web.Request) -> web.Response:
    code = field(await request.post(), "code", 100)
    try:
        enrolled = await request.app[ACCOUNTS].second_factors.enrol(request[TOKEN], code)
    except (CodeRefused, CeremonyRefused) as error:
        if await request.app[ACCOUNTS].sessions.find(request[TOKEN]) is None:
            request[NEW_TOKEN] = ""
            return see_other("/login?done=ended")
        return await _enrol_page(request, error)
    request[NEW_TOKEN] = enrolled.token
    if enrolled.recovery_codes:
        return _recovery_codes_page(request, enrolled.recovery_codes)
    return see_other(f"{_PAGE}?done=enrolled")


async def _enrol_page(request: web.Request, error: AccountsError | None = None) -> web.Response:
    offer = await request.app[ACCOUNTS].second_factors.offer(request[TOKEN])
    return page(
        request,
        "enrol.html",
        status=200 if error is None else 400,
        error=told(request, error),
        wrong=("code",) if error is not None else (),
        secret=offer.secret,
        qr_svg=Markup(offer.qr_svg),  # noqa: S704 - drawn here, of nothing that anybody typed
    )


@at_stage(Stage.ENROLLING, Stage.COMPLETE)
@form_on(_PAGE)
async def _passkey_options(request: web.Request) -> web.Response:
    return web.json_response(await request.app[ACCOUNTS].passkeys.begin_registration(request[TOKEN]))


@at_stage(Stage.ENROLLING, Stage.COMPLETE)
@form_on(_PAGE)
async def _add_passkey(request: web.Request) -> web.Response:
    content = await json_object(request)
    label = content.get("label", "")
    try:
        enrolled = await request.app[ACCOUNTS].passkeys.finish_registration(
            request[TOKEN], label if isinstance(label, str) else "", json.dumps(content.get("answer"))
        )
    except (AccountRefused, CeremonyRefused) as error:
        return refused_passkey(request, error)
    request[NEW_TOKEN] = enrolled.token
    say = request.app[TRANSLATORS][request[LANGUAGE]]
    answer: dict[str, Any] = {"next": f"{_PAGE}?done=enrolled", "codes": list(enrolled.recovery_codes)}
    if enrolled.recovery_codes:
        answer |= {
            "next": "/",
            "title": say(message("Your recovery codes")),
            "text": say(
                message(
                    "Each code lets you in once, should you lose your telephone or passkey. They are shown only now:"
                    " print them, or write them down, and keep them apart from your password."
                )
            ),
            "link": say(message("I have kept them; go on")),
            "file": recovery_codes_file(say, request[SESSION].account.name, enrolled.recovery_codes),
            "fileText": say(message("Save them as a text file")),
        }
    return web.json_response(answer)


@own_account
@form_on(_PAGE)
async def _remove_passkey(request: web.Request) -> web.Response:
    try:
        request[NEW_TOKEN] = await request.app[ACCOUNTS].passkeys.remove(request[TOKEN], _id(request))
    except AccountRefused as error:
        return await _account_page(request, error)
    return see_other(f"{_PAGE}?done=passkey")


@own_account
@form_on(_PAGE)
async def _remove_codes(request: web.Request) -> web.Response:
    try:
        request[NEW_TOKEN] = await request.app[ACCOUNTS].second_factors.remove_one_time_codes(request[TOKEN])
    except CodeRefused as error:
        return await _account_page(request, error)
    return see_other(f"{_PAGE}?done=codes")


@own_account
@form_on(_PAGE)
async def _new_recovery_codes(request: web.Request) -> web.Response:
    codes = await request.app[ACCOUNTS].second_factors.new_recovery_codes(request[TOKEN])
    return _recovery_codes_page(request, codes)


def _recovery_codes_page(request: web.Request, codes: Sequence[str]) -> web.Response:
    file = recovery_codes_file(request.app[TRANSLATORS][request[LANGUAGE]], request[SESSION].account.name, codes)
    return page(request, "recovery_codes.html", codes=codes, file=file)


def recovery_codes_file(say: Translator, name: str, codes: Sequence[str]) -> str:
    """Return a text file of recovery codes as the address of a link: they are kept nowhere to be fetched from."""
    lines = (
        say(message("Recovery codes for {name} at Fyren, statistics")).format(name=name),
        "",
        say(message("Each lets you in once. Keep them apart from your password.")),
        "",
        *codes,
        "",
    )
    return "data:text/plain;charset=utf-8," + quote("\r\n".join(lines))


# -- password and sessions --------------------------------------------------------------------------------------------


@own_account
@form_on(_PAGE)
async def _change_password(request: web.Request) -> web.Response:
    form = await request.post()
    current, new = field(form, "current"), field(form, "password")
    try:
        if new != field(form, "again"):
            raise PasswordRefused(NOT_THE_SAME)
        request[NEW_TOKEN] = await request.app[ACCOUNTS].login.change_password(
            request[TOKEN], current, new, address_of(request)
        )
    except (LoginRefused, PasswordRefused) as error:
        wrong = ("current",) if isinstance(error, LoginRefused) else ("password", "again")
        return await _account_page(request, error, wrong=wrong)
    return see_other(f"{_PAGE}?done=password")


@own_account
@form_on(_PAGE)
async def _end_session(request: web.Request) -> web.Response:
    await request.app[ACCOUNTS].sessions.end(request[SESSION], _id(request))
    return see_other(f"{_PAGE}?done=session")


@own_account
@form_on(_PAGE)
async def _end_others(request: web.Request) -> web.Response:
    await request.app[ACCOUNTS].sessions.end_others(request[SESSION])
    return see_other(f"{_PAGE}?done=sessions")


# -- API tokens -------------------------------------------------------------------------------------------------------


@requires(Permission.USE_API)
@form_on(_PAGE)
async def _create_token(request: web.Request) -> web.Response:
    form = await request.post()
    days = field(form, "days", 4)
    try:
        if not days.isascii() or not days.isdecimal():
            raise AccountRefused(f"A token is good for 1 to {MOST_DAYS} days.")
        _, secret = await request.app[ACCOUNTS].api_tokens.create(request[TOKEN], field(form, "label", 200), int(days))
    except AccountRefused as error:
        return await _account_page(request, error, wrong=("days",))
    return await _account_page(request, secret=secret)


@requires(Permission.USE_API)
@form_on(_PAGE)
async def _revoke_token(request: web.Request) -> web.Response:
    await request.app[ACCOUNTS].api_tokens.revoke(request[TOKEN], request.match_info["id"][:64])
    return see_other(f"{_PAGE}?done=token")


def _id(request: web.Request) -> uuid.UUID:
    try:
        return uuid.UUID(request.match_info["id"])
    except ValueError as error:
        raise MalformedRequest from error
