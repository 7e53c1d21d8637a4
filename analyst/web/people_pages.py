"""Accounts, as administrators see them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from analyst.accounts.account import AccountSource, AccountState
from analyst.accounts.errors import AccountRefused, AccountsError, NoSuchAccount, NotAllowed, StepUpNeeded
from analyst.accounts.people import Invitation
from analyst.accounts.permissions import Permission, Role
from analyst.translation import message
from analyst.web.access import Handler, form_on, requires
from analyst.web.keys import ACCOUNTS, LANGUAGE, SESSION, SETTINGS, TRANSLATORS
from analyst.web.pages import field, page, see_other, told
from analyst.web.problems import NotFound

_LIST: Final = "/accounts"
_ONE: Final = "/accounts/{name}"

_manages = requires(Permission.MANAGE_ACCOUNTS, step_up=True)

ROLE_NAMES: Final = {
    Role.ANALYST: message("Analyst"),
    Role.RELEASER: message("Releaser"),
    Role.ADMINISTRATOR: message("Administrator"),
}

ROLE_LABELS: Final = {
    Role.ANALYST: message("Analyst: reads and exports released tables"),
    Role.RELEASER: message("Releaser: also previews and releases"),
    Role.ADMINISTRATOR: message("Administrator: looks after accounts, and reads the audit log"),
}

STATE_LABELS: Final = {
    AccountState.INVITED: message("Invited, not set up yet"),
    AccountState.ACTIVE: message("In use"),
    AccountState.DISABLED: message("Shut"),
}

SOURCE_LABELS: Final = {
    AccountSource.LOCAL: message("With a password here"),
    AccountSource.SINGLE_SIGN_ON: message("With the agency's login"),
}

_DONE: Final = {
    "roles": message("The roles were changed. Logins and tokens of the account have ended."),
    "disabled": message("The account was shut. Its logins and tokens have ended."),
    "enabled": message("The account was opened again."),
    "unlocked": message("The person can try again at once."),
    "sessions": message("All logins of the account were ended."),
    "renamed": message("The display name was changed."),
    "provided": message("The person can log in with the agency's login."),
}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked before an account is changed: the question, what happens, and the word on the button."""

    title: str
    text: str
    button: str


QUESTIONS: Final = {
    "disable": Question(
        message("Shut the account {name}?"),
        message("Its logins and API tokens end at once, and nobody can log in with it. Nothing is deleted."),
        message("Shut the account"),
    ),
    "enable": Question(
        message("Open the account {name} again?"),
        message("The person can log in again, with the password and the second factor they had."),
        message("Open the account again"),
    ),
    "reset": Question(
        message("Invite {name} anew?"),
        message(
            "Password, second factors, passkeys, recovery codes, logins and API tokens of the account are forgotten,"
            " and you get a new code to give to the person. Be sure that it is them who asks."
        ),
        message("Forget them, and invite anew"),
    ),
    "unlock": Question(
        message("Let {name} try again at once?"),
        message("After too many wrong attempts somebody has to wait. This ends the wait."),
        message("Let the person try again at once"),
    ),
    "end-sessions": Question(
        message("End all logins of {name}?"),
        message("The person has to log in again everywhere. API tokens stay good."),
        message("End all logins"),
    ),
}


def routes() -> list[web.AbstractRouteDef]:
    """Return the routes of accounts."""
    return [
        web.get(_LIST, _accounts),
        web.post(_LIST, _invite),
        web.get(_ONE, _account),
        web.get(f"{_ONE}/{{change}}", _question),
        web.post(f"{_ONE}/rename", _rename),
        web.post(f"{_ONE}/roles", _change_roles),
        web.post(f"{_ONE}/disable", _disable),
        web.post(f"{_ONE}/enable", _enable),
        web.post(f"{_ONE}/reset", _reset),
        web.post(f"{_ONE}/unlock", _unlock),
        web.post(f"{_ONE}/end-sessions", _end_sessions),
    ]


@requires(Permission.MANAGE_ACCOUNTS)
async def _accounts(request: web.Request) -> web.Response:
    return await _list_page(request)


@_manages
@form_on(_LIST)
async def _invite(request: web.Request) -> web.Response:
    form = await request.post()
    people, actor = request.app[ACCOUNTS].people, request[SESSION].actor
    name, display_name, roles = (
        field(form, "name", 200),
        field(form, "display_name", 200),
        _roles(form.getall("role", [])),
    )
    try:
        if field(form, "source") == "single_sign_on":
            await people.provide(actor, name, display_name, roles)
            return see_other(f"{_LIST}?done=provided")
        return _invitation_page(request, await people.invite(actor, name, display_name, roles))
    except AccountRefused as error:
        return await _list_page(request, error, name=name, display_name=display_name, chosen=roles)


@requires(Permission.MANAGE_ACCOUNTS)
async def _account(request: web.Request) -> web.Response:
    return await _account_page(request)


@_manages
async def _question(request: web.Request) -> web.Response:
    change = request.match_info["change"]
    question = QUESTIONS.get(change)
    if question is None:
        raise NotFound
    return await _account_page(request, template="person_change.html", question=question, change=change)


async def _list_page(
    request: web.Request,
    error: AccountsError | None = None,
    *,
    name: str = "",
    display_name: str = "",
    chosen: frozenset[Role] = frozenset(),
) -> web.Response:
    room = request.app[ACCOUNTS]
    accounts = await room.people.all(request[SESSION].actor)
    active = [account for account in accounts if account.state is AccountState.ACTIVE]
    return page(
        request,
        "people.html",
        status=200 if error is None else 400,
        wrong=("name",) if error is not None and chosen else (),
        accounts=accounts,
        administrators=sum(Role.ADMINISTRATOR in account.roles for account in active),
        last_logins=await room.audit.last_logins(),
        name=name,
        display_name=display_name,
        chosen=chosen,
        sign_on=room.sign_on is not None,
        **_told(request, error),
    )


async def _account_page(
    request: web.Request, error: AccountsError | None = None, template: str = "person.html", **more: object
) -> web.Response:
    people, actor = request.app[ACCOUNTS].people, request[SESSION].actor
    try:
        account = await people.find(actor, request.match_info["name"])
    except NoSuchAccount as missing:
        raise NotFound from missing
    return page(
        request,
        template,
        status=200 if error is None else 400,
        account=account,
        last_login=(await request.app[ACCOUNTS].audit.last_logins()).get(account.name),
        is_own=account.name == actor.name,
        **more,
        **_told(request, error),
    )


def _told(request: web.Request, error: AccountsError | None) -> dict[str, object]:
    say = request.app[TRANSLATORS][request[LANGUAGE]]
    return {
        "error": told(request, error),
        "done": say(_DONE.get(request.query.get("done", ""), "")),
        "role_labels": ROLE_LABELS,
        "role_names": ROLE_NAMES,
        "source_labels": SOURCE_LABELS,
        "state_labels": STATE_LABELS,
    }


def _invitation_page(request: web.Request, invitation: Invitation) -> web.Response:
    return page(request, "invited.html", invitation=invitation, address=f"{request.app[SETTINGS].origin}/invitation")


def _roles(names: Sequence[object]) -> frozenset[Role]:
    return frozenset(Role(name) for name in names if isinstance(name, str) and name in set(Role))


# -- one change to one account ----------------------------------------------------------------------------------------


def _change(done: str, change: Callable[[web.Request, str], Awaitable[object]], form_page: str = _ONE) -> Handler:
    """Return a handler that makes a change and leads back to the page of the account."""

    @_manages
    @form_on(form_page)
    async def changed(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        try:
            made = await change(request, name)
        except StepUpNeeded:
            raise
        except NoSuchAccount as error:
            raise NotFound from error
        except (AccountRefused, NotAllowed) as error:
            return await _account_page(request, error)
        if isinstance(made, Invitation):
            return _invitation_page(request, made)
        return see_other(f"{_LIST}/{name}?done={done}")

    return changed


async def _new_name(request: web.Request, name: str) -> None:
    form = await request.post()
    await request.app[ACCOUNTS].people.rename(request[SESSION].actor, name, field(form, "display_name", 200))


async def _new_roles(request: web.Request, name: str) -> None:
    form = await request.post()
    roles = _roles(form.getall("role", []))
    await request.app[ACCOUNTS].people.change_roles(request[SESSION].actor, name, roles)


async def _shut(request: web.Request, name: str) -> None:
    await request.app[ACCOUNTS].people.disable(request[SESSION].actor, name)


async def _open(request: web.Request, name: str) -> None:
    await request.app[ACCOUNTS].people.enable(request[SESSION].actor, name)


async def _invite_anew(request: web.Request, name: str) -> Invitation:
    return await request.app[ACCOUNTS].people.reset(request[SESSION].actor, name)


async def _let_try(request: web.Request, name: str) -> None:
    await request.app[ACCOUNTS].people.unlock(request[SESSION].actor, name)


async def _end_all(request: web.Request, name: str) -> None:
    await request.app[ACCOUNTS].people.end_sessions(request[SESSION].actor, name)


_rename = _change("renamed", _new_name)
_change_roles = _change("roles", _new_roles)
_disable = _change("disabled", _shut, f"{_ONE}/disable")
_enable = _change("enabled", _open, f"{_ONE}/enable")
_reset = _change("reset", _invite_anew, f"{_ONE}/reset")
_unlock = _change("unlocked", _let_try, f"{_ONE}/unlock")
_end_sessions = _change("sessions", _end_all, f"{_ONE}/end-sessions")
