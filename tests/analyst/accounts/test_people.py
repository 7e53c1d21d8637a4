"""Accounts are changed by those who may, never by people for themselves, and an administrator is always left."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from accounts_place import ADDRESS, PASSWORD, Place

from analyst.accounts.account import AccountSource, AccountState
from analyst.accounts.audit import AuditEvent
from analyst.accounts.errors import (
    AccountRefused,
    LoginRefused,
    NoSuchAccount,
    NotAllowed,
    PasswordRefused,
    StepUpNeeded,
)
from analyst.accounts.people import People
from analyst.accounts.permissions import (
    COMMAND_LINE,
    PERMISSIONS,
    STEP_UP,
    Actor,
    Permission,
    Role,
    permissions_of,
)

CHANGES: dict[str, Callable[[People, Actor], Awaitable[object]]] = {
    "invite": lambda people, actor: people.invite(actor, "new", "", [Role.ANALYST]),
    "create_with_password": lambda people, actor: people.create_with_password(
        actor, "new", "", [Role.ANALYST], PASSWORD
    ),
    "provide": lambda people, actor: people.provide(actor, "new", "", [Role.ANALYST]),
    "rename": lambda people, actor: people.rename(actor, "anna", "Anna"),
    "change_roles": lambda people, actor: people.change_roles(actor, "anna", [Role.RELEASER]),
    "disable": lambda people, actor: people.disable(actor, "anna"),
    "enable": lambda people, actor: people.enable(actor, "shut"),
    "reset": lambda people, actor: people.reset(actor, "anna"),
    "unlock": lambda people, actor: people.unlock(actor, "anna"),
    "end_sessions": lambda people, actor: people.end_sessions(actor, "anna"),
}


def test_roles_and_what_they_may_are_these() -> None:
    assert {role.value: sorted(PERMISSIONS[role]) for role in Role} == {
        "analyst": ["export", "use_api", "view_tables"],
        "releaser": ["export", "preview", "release", "use_api", "view_tables"],
        "administrator": ["manage_accounts", "read_audit_log", "view_tables"],
    }
    assert permissions_of(Role) == frozenset(Permission)
    assert {Permission.RELEASE, Permission.MANAGE_ACCOUNTS} == STEP_UP


@pytest.mark.parametrize("change", CHANGES)
async def test_every_change_needs_an_administrator_with_a_fresh_second_factor(place: Place, change: str) -> None:
    await place.person("anna")
    await place.person("shut")
    await place.room.people.disable(COMMAND_LINE, "shut")
    administrator = await place.person("adam", Role.ADMINISTRATOR)
    before = await place.events()
    for role in (Role.ANALYST, Role.RELEASER):
        actor = Actor("somebody", permissions_of([role]), stepped_up=True)
        with pytest.raises(NotAllowed):
            await CHANGES[change](place.room.people, actor)
    stale = Actor("adam", permissions_of([Role.ADMINISTRATOR]), stepped_up=False)
    with pytest.raises(StepUpNeeded):
        await CHANGES[change](place.room.people, stale)
    assert await place.events() == before
    await CHANGES[change](place.room.people, (await place.session(administrator.token)).actor)
    added = (await place.events())[len(before) :]
    assert [actor for actor, _, _ in added] == ["adam"]


@pytest.mark.parametrize("change", ["change_roles", "disable", "reset"])
async def test_nobody_changes_their_own_account(place: Place, change: str) -> None:
    person = await place.person("anna", Role.ADMINISTRATOR)
    await place.person("bodil", Role.ADMINISTRATOR)
    with pytest.raises(NotAllowed):
        await CHANGES[change](place.room.people, (await place.session(person.token)).actor)


@pytest.mark.parametrize("change", ["change_roles", "disable"])
async def test_the_last_administrator_stays(place: Place, change: str) -> None:
    await place.person("anna", Role.ADMINISTRATOR)
    with pytest.raises(AccountRefused):
        await CHANGES[change](place.room.people, COMMAND_LINE)
    await place.person("bodil", Role.ADMINISTRATOR)
    await CHANGES[change](place.room.people, COMMAND_LINE)


async def test_roles_count_at_once_and_end_what_the_old_ones_opened(place: Place) -> None:
    person = await place.person("anna", Role.RELEASER)
    _, secret = await place.room.api_tokens.create(person.token, "R")
    await place.room.people.change_roles(COMMAND_LINE, "anna", [Role.ANALYST])
    assert await place.room.sessions.find(person.token) is None
    assert await place.room.api_tokens.authenticate(secret) is None
    session = await place.session(await place.log_in(person))
    assert not session.may(Permission.RELEASE)
    assert session.may(Permission.EXPORT)
    assert (await place.account("anna")).roles == {Role.ANALYST}


async def test_disabling_shuts_everything_and_enabling_opens_the_login_alone(place: Place) -> None:
    person = await place.person("anna")
    _, secret = await place.room.api_tokens.create(person.token, "R")
    await place.room.people.disable(COMMAND_LINE, "anna")
    assert await place.room.sessions.find(person.token) is None
    await place.room.people.enable(COMMAND_LINE, "anna")
    assert await place.room.sessions.find(person.token) is None
    assert await place.room.api_tokens.authenticate(secret) is None
    await place.log_in(person)
    with pytest.raises(AccountRefused):
        await place.room.people.enable(COMMAND_LINE, "anna")


async def test_an_account_that_was_never_set_up_is_not_enabled(place: Place) -> None:
    await place.room.people.create_with_password(COMMAND_LINE, "anna", "", [Role.ANALYST], PASSWORD)
    await place.room.people.disable(COMMAND_LINE, "anna")
    with pytest.raises(AccountRefused, match="Reset"):
        await place.room.people.enable(COMMAND_LINE, "anna")
    with pytest.raises(LoginRefused):
        await place.room.login.with_password("anna", PASSWORD, ADDRESS)


@pytest.mark.parametrize(
    "name", ["", "a", "a b", "-anna", "anna\n", "ånna", "a" * 65, "an/na", "command line", "Anna\x00"]
)
async def test_names_are_plain(place: Place, name: str) -> None:
    if name == "anna\n":
        await place.room.people.invite(COMMAND_LINE, name, "", [Role.ANALYST])
        assert (await place.account("anna")).name == "anna"
        return
    with pytest.raises(AccountRefused):
        await place.room.people.invite(COMMAND_LINE, name, "", [Role.ANALYST])
    assert await place.room.people.all(COMMAND_LINE) == ()


async def test_a_name_is_given_once(place: Place) -> None:
    await place.room.people.invite(COMMAND_LINE, "Anna", "Anna Å", [Role.ANALYST, Role.RELEASER])
    account = await place.account("anna")
    assert (account.display_name, account.state, account.source) == (
        "Anna Å",
        AccountState.INVITED,
        AccountSource.LOCAL,
    )
    with pytest.raises(AccountRefused):
        await place.room.people.invite(COMMAND_LINE, "ANNA", "", [Role.ANALYST])
    with pytest.raises(AccountRefused):
        await place.room.people.invite(COMMAND_LINE, "bodil", "", [])
    with pytest.raises(AccountRefused):
        await place.room.people.invite(COMMAND_LINE, "bodil", "B\u202eodil", [Role.ANALYST])
    with pytest.raises(PasswordRefused):
        await place.room.people.create_with_password(COMMAND_LINE, "bodil", "", [Role.ANALYST], "short")
    with pytest.raises(NoSuchAccount):
        await place.account("bodil")
    assert [event for _, event, _ in await place.events()] == [AuditEvent.ACCOUNT_CREATED]


async def test_looking_at_accounts_needs_the_role_but_no_step_up(place: Place) -> None:
    await place.person("anna")
    stale = Actor("adam", permissions_of([Role.ADMINISTRATOR]), stepped_up=False)
    assert [account.name for account in await place.room.people.all(stale)] == ["anna"]
    releaser = Actor("rut", permissions_of([Role.RELEASER]), stepped_up=True)
    with pytest.raises(NotAllowed):
        await place.room.people.all(releaser)
    with pytest.raises(NotAllowed):
        await place.room.people.find(releaser, "anna")
