"""Making, changing and shutting accounts; every change is in the audit log."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from analyst.accounts.account import (
    Account,
    AccountSource,
    AccountState,
    all_accounts,
    clean_display_name,
    clean_name,
    find_account,
    find_secrets,
)
from analyst.accounts.audit import AuditEvent, AuditLog
from analyst.accounts.clock import Chance, Clock, moment, seconds
from analyst.accounts.codes import code_hash, make_code
from analyst.accounts.database import AccountsDatabase
from analyst.accounts.errors import AccountRefused, NotAllowed
from analyst.accounts.lockout import Lockout
from analyst.accounts.passwords import Passwords
from analyst.accounts.permissions import COMMAND_LINE, Actor, Permission, Role
from analyst.accounts.sessions import Sessions
from analyst.accounts.tables import AccountRow, ApiTokenRow, InvitationRow, PasskeyRow, RecoveryCodeRow

INVITATION_PURPOSE: Final = "invitation"
INVITATION_HOURS: Final = 72
_CODE_CHARACTERS: Final = 25
"""125 bits."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """What an administrator gives to the person, by another way than a public one; shown once, never stored."""

    name: str
    code: str = field(repr=False)
    expires: datetime.datetime


class People:
    """The accounts as an administrator sees them.

    Every method that changes something asks its actor for `Permission.MANAGE_ACCOUNTS` with a fresh second factor, and
    raises `NotAllowed` or `StepUpNeeded`; a name that is nobody's raises `NoSuchAccount`.
    """

    def __init__(
        self,
        database: AccountsDatabase,
        audit: AuditLog,
        sessions: Sessions,
        passwords: Passwords,
        lockout: Lockout,
        clock: Clock,
        chance: Chance,
    ) -> None:
        self._database = database
        self._audit = audit
        self._sessions = sessions
        self._passwords = passwords
        self._lockout = lockout
        self._clock = clock
        self._chance = chance

    async def all(self, actor: Actor) -> tuple[Account, ...]:
        """Return all accounts by name."""
        _may_look(actor)
        async with self._database.reading() as connection:
            return await all_accounts(connection)

    async def find(self, actor: Actor, name: str) -> Account:
        """Return one account."""
        _may_look(actor)
        async with self._database.reading() as connection:
            return await find_account(connection, name)

    async def invite(self, actor: Actor, name: str, display_name: str, roles: Iterable[Role]) -> Invitation:
        """Make an account and an invitation to it; raises `AccountRefused` if the name is taken or not a plain one."""
        actor.need(Permission.MANAGE_ACCOUNTS)
        async with self._database.writing() as connection:
            account_id, plain = await self._create(
                connection, actor, name, display_name, frozenset(roles), AccountSource.LOCAL, AccountState.INVITED
            )
            return await self._invite(connection, account_id, plain)

    async def create_with_password(
        self, actor: Actor, name: str, display_name: str, roles: Iterable[Role], password: str
    ) -> datetime.datetime:
        """Make an account that has a password already; returns until when its second factor has to be enrolled.

        Raises `AccountRefused` and `PasswordRefused`.
        """
        actor.need(Permission.MANAGE_ACCOUNTS)
        self._passwords.check(password, name, display_name)
        hashed = await self._passwords.hash(password)
        until = seconds(self._clock) + INVITATION_HOURS * 3600
        async with self._database.writing() as connection:
            account_id, _ = await self._create(
                connection, actor, name, display_name, frozenset(roles), AccountSource.LOCAL, AccountState.INVITED
            )
            await _set(connection, account_id, password_hash=hashed, enrol_until=until)
        return moment(until)

    async def provide(self, actor: Actor, name: str, display_name: str, roles: Iterable[Role]) -> None:
        """Make an account for somebody who logs in at the agency's own login service under this name."""
        actor.need(Permission.MANAGE_ACCOUNTS)
        async with self._database.writing() as connection:
            await self._create(
                connection,
                actor,
                name,
                display_name,
                frozenset(roles),
                AccountSource.SINGLE_SIGN_ON,
                AccountState.INVITED,
            )

    async def rename(self, actor: Actor, name: str, display_name: str) -> None:
        """Change how an account is shown; its name stays, so that the audit log stays readable."""
        actor.need(Permission.MANAGE_ACCOUNTS)
        async with self._database.writing() as connection:
            account = await find_account(connection, name)
            await _set(connection, account.id, display_name=clean_display_name(display_name, account.name))
            await self._audit.append(connection, actor.name, AuditEvent.ACCOUNT_RENAMED, account.name)

    async def change_roles(self, actor: Actor, name: str, roles: Iterable[Role]) -> None:
        """Give an account these roles and no others; its sessions and API tokens end.

        Raises `NotAllowed` for one's own account, `AccountRefused` if no administrator would be left.
        """
        actor.need(Permission.MANAGE_ACCOUNTS)
        wanted = _some_role(frozenset(roles))
        async with self._database.writing() as connection:
            account = await find_account(connection, name)
            _not_oneself(actor, account)
            if Role.ADMINISTRATOR not in wanted:
                await _keep_an_administrator(connection, account)
            await _set(connection, account.id, roles=wanted)
            await self._end_access(connection, account)
            subject = f"{account.name}: {', '.join(sorted(wanted))}"
            await self._audit.append(connection, actor.name, AuditEvent.ROLES_CHANGED, subject)

    async def disable(self, actor: Actor, name: str) -> None:
        """Shut an account: sessions, API tokens and invitation end at once.

        Raises `NotAllowed` for one's own account, `AccountRefused` if no administrator would be left.
        """
        actor.need(Permission.MANAGE_ACCOUNTS)
        async with self._database.writing() as connection:
            account = await find_account(connection, name)
            _not_oneself(actor, account)
            await _keep_an_administrator(connection, account)
            await _set(connection, account.id, state=AccountState.DISABLED.value, enrol_until=None)
            await connection.execute(delete(InvitationRow).where(InvitationRow.account_id == account.id))
            await self._end_access(connection, account)
            await self._audit.append(connection, actor.name, AuditEvent.ACCOUNT_DISABLED, account.name)

    async def enable(self, actor: Actor, name: str) -> None:
        """Open an account that was shut, with the password and second factors it had.

        Raises `AccountRefused` if it is not shut, or had not been set up: it then needs a reset.
        """
        actor.need(Permission.MANAGE_ACCOUNTS)
        async with self._database.writing() as connection:
            account = await find_account(connection, name)
            _not_oneself(actor, account)
            if account.state is not AccountState.DISABLED:
                raise AccountRefused("The account is not disabled.")
            if account.source is AccountSource.LOCAL and not (account.has_password and account.has_second_factor):
                raise AccountRefused("The account was never set up. Reset it, and give the person the new code.")
            await _set(connection, account.id, state=AccountState.ACTIVE.value)
            await self._audit.append(connection, actor.name, AuditEvent.ACCOUNT_ENABLED, account.name)

    async def reset(self, actor: Actor, name: str) -> Invitation:
        """Forget password, second factors, passkeys, sessions and tokens of an account, and invite it anew.

        For somebody who lost their telephone or password. Raises `NotAllowed` for one's own account, and
        `AccountRefused` for an account that logs in elsewhere.
        """
        actor.need(Permission.MANAGE_ACCOUNTS)
        async with self._database.writing() as connection:
            account = await find_account(connection, name)
            _not_oneself(actor, account)
            if account.source is not AccountSource.LOCAL:
                raise AccountRefused("This account logs in at the agency's login service, which has its password.")
            await _set(
                connection,
                account.id,
                state=AccountState.INVITED.value,
                password_hash=None,
                totp_secret=None,
                totp_step=None,
                enrol_until=None,
            )
            for table in (PasskeyRow, RecoveryCodeRow, InvitationRow):
                await connection.execute(delete(table).where(table.account_id == account.id))
            await self._end_access(connection, account)
            await self._audit.append(connection, actor.name, AuditEvent.ACCOUNT_RESET, account.name)
            invitation = await self._invite(connection, account.id, account.name)
        self._lockout.unlock(account.name)
        return invitation

    async def unlock(self, actor: Actor, name: str) -> None:
        """Let somebody try again at once whose attempts failed too often."""
        actor.need(Permission.MANAGE_ACCOUNTS)
        async with self._database.writing() as connection:
            account = await find_account(connection, name)
            await self._audit.append(connection, actor.name, AuditEvent.ACCOUNT_UNLOCKED, account.name)
        self._lockout.unlock(account.name)

    async def end_sessions(self, actor: Actor, name: str) -> int:
        """End all sessions of an account; returns how many."""
        actor.need(Permission.MANAGE_ACCOUNTS)
        async with self._database.writing() as connection:
            account = await find_account(connection, name)
            ended = await self._sessions.end_all(connection, account.id)
            await self._audit.append(connection, actor.name, AuditEvent.SESSIONS_ENDED, account.name)
        return ended

    async def _create(
        self,
        connection: AsyncConnection,
        actor: Actor,
        name: str,
        display_name: str,
        roles: frozenset[Role],
        source: AccountSource,
        state: AccountState,
    ) -> tuple[uuid.UUID, str]:
        plain = clean_name(name)
        if await find_secrets(connection, plain) is not None:
            raise AccountRefused("There is an account of this name already. Names are never given to somebody else.")
        account_id = uuid.UUID(bytes=self._chance(16), version=4)
        await connection.execute(
            insert(AccountRow).values(
                id=account_id,
                name=plain,
                display_name=clean_display_name(display_name, plain),
                roles=_some_role(roles),
                state=state.value,
                source=source.value,
            )
        )
        subject = f"{plain}: {', '.join(sorted(roles))}"
        await self._audit.append(connection, actor.name, AuditEvent.ACCOUNT_CREATED, subject)
        return account_id, plain

    async def _invite(self, connection: AsyncConnection, account_id: uuid.UUID, name: str) -> Invitation:
        code = make_code(_CODE_CHARACTERS, 5, self._chance)
        expires = seconds(self._clock) + INVITATION_HOURS * 3600
        await connection.execute(
            insert(InvitationRow).values(
                code_hash=code_hash(INVITATION_PURPOSE, code), account_id=account_id, expires=expires
            )
        )
        return Invitation(name, code, moment(expires))

    async def _end_access(self, connection: AsyncConnection, account: Account) -> None:
        await self._sessions.end_all(connection, account.id)
        await connection.execute(delete(ApiTokenRow).where(ApiTokenRow.account_id == account.id))


def _may_look(actor: Actor) -> None:
    if Permission.MANAGE_ACCOUNTS not in actor.permissions:
        raise NotAllowed("Your roles do not allow this. Ask an administrator.")


def _some_role(roles: frozenset[Role]) -> frozenset[Role]:
    if not roles:
        raise AccountRefused("An account needs at least one role: analyst, releaser or administrator.")
    return roles


def _not_oneself(actor: Actor, account: Account) -> None:
    if actor.name == account.name:
        raise NotAllowed("This is your own account. Ask another administrator, or use `fyren accounts` on the machine.")


async def _keep_an_administrator(connection: AsyncConnection, account: Account) -> None:
    def administers(other: Account) -> bool:
        return other.state is AccountState.ACTIVE and Role.ADMINISTRATOR in other.roles

    if administers(account) and sum(map(administers, await all_accounts(connection))) == 1:
        raise AccountRefused("This is the last active administrator. Make another one first.")


async def _set(connection: AsyncConnection, account_id: uuid.UUID, **values: Any) -> None:
    await connection.execute(update(AccountRow).where(AccountRow.id == account_id).values(**values))


__all__ = ["COMMAND_LINE", "INVITATION_HOURS", "INVITATION_PURPOSE", "Invitation", "People"]
