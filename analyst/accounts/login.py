"""Logging in with a password and a second factor, setting up an account, and showing the second factor again."""

from __future__ import annotations

from sqlalchemy import delete, select, update

from analyst.accounts.account import Account, AccountSource, AccountState, find_secrets, known_name, secrets_of
from analyst.accounts.audit import UNKNOWN, AuditEvent, AuditLog
from analyst.accounts.clock import Clock, seconds
from analyst.accounts.codes import code_hash
from analyst.accounts.database import AccountsDatabase
from analyst.accounts.errors import CodeRefused, LoginRefused, SessionEnded
from analyst.accounts.lockout import Attempt, Lockout
from analyst.accounts.passwords import Passwords
from analyst.accounts.people import INVITATION_PURPOSE
from analyst.accounts.second_factors import SecondFactors, need_step_up
from analyst.accounts.sessions import Method, Sessions, SessionToken, Stage
from analyst.accounts.tables import AccountRow, InvitationRow

_REFUSED = "Name or password are wrong."


class Login:
    """The ways in by password. Whether a name is somebody's shows neither in answers nor in the work they take."""

    def __init__(
        self,
        database: AccountsDatabase,
        audit: AuditLog,
        sessions: Sessions,
        passwords: Passwords,
        second_factors: SecondFactors,
        lockout: Lockout,
        clock: Clock,
    ) -> None:
        self._database = database
        self._audit = audit
        self._sessions = sessions
        self._passwords = passwords
        self._second_factors = second_factors
        self._lockout = lockout
        self._clock = clock

    async def with_password(self, name: str, password: str, address: str | None) -> SessionToken:
        """Begin a session that waits for the second factor, or for its enrolment; `Sessions.find` tells which.

        `address` is only counted, under a keyed hash in memory. Raises `LoginRefused` with one message for whatever is
        wrong, `LockedOut` after too many attempts.
        """
        name = known_name(name)
        self._lockout.begin(Attempt.PASSWORD, name, address)
        async with self._database.reading() as connection:
            found = await find_secrets(connection, name)
        stored = found.password_hash if found is not None and _has_local_login(found.account) else None
        fits = await self._passwords.fits(stored, password)
        renewed = (
            await self._passwords.hash(password) if fits and stored and self._passwords.is_outdated(stored) else None
        )
        token: SessionToken | None = None
        async with self._database.writing() as connection:
            # Much can happen while a hash is made: the account may have been shut or reset.
            now_found = await find_secrets(connection, name)
            stage = None
            if fits and now_found is not None and now_found.password_hash == stored:
                stage = self._stage_after_password(now_found.account)
            if now_found is not None and stage is not None:
                account = now_found.account
                if renewed is not None:
                    changed = update(AccountRow).where(AccountRow.id == account.id).values(password_hash=renewed)
                    await connection.execute(changed)
                token = await self._sessions.begin(connection, account, stage, Method.PASSWORD)
            else:
                who = UNKNOWN if now_found is None else now_found.account.name
                await self._audit.append(connection, who, AuditEvent.LOGIN_FAILED, Method.PASSWORD.value)
        if token is None:
            raise LoginRefused(_REFUSED)
        self._lockout.succeeded(Attempt.PASSWORD, name, address)
        return token

    async def confirm(self, token: str, code: str, address: str | None) -> SessionToken:
        """Take a one-time or recovery code: it completes a login, or renews the step-up of a session; new token.

        Raises `CodeRefused`, after which the token still holds for a few more attempts, `LockedOut`, `SessionEnded`.
        """
        stages = (Stage.SECOND_FACTOR, Stage.COMPLETE)
        async with self._database.reading() as connection:
            name = (await self._sessions.need(connection, token, stages)).account.name
        self._lockout.begin(Attempt.SECOND_FACTOR, name, address)
        renewed: SessionToken | None = None
        async with self._database.writing() as connection:
            session = await self._sessions.need(connection, token, stages)
            accepted = await self._second_factors.accept(connection, session.account, code)
            if accepted is None:
                await self._sessions.failed(connection, session)
                await self._audit.append(connection, name, AuditEvent.SECOND_FACTOR_FAILED, session.stage.value)
            else:
                renewed = await self._sessions.renew(connection, session, token)
                await self._audit.append(connection, name, accepted, session.stage.value)
                if session.stage is Stage.SECOND_FACTOR:
                    await self._audit.append(connection, name, AuditEvent.LOGIN_SUCCEEDED, session.method.value)
        if renewed is None:
            raise CodeRefused("The code does not fit, or was used already. Wait for the next one.")
        self._lockout.succeeded(Attempt.SECOND_FACTOR, name, address)
        return renewed

    async def invited(self, code: str) -> Account:
        """Return whose invitation a code is, without spending it; raises `CodeRefused`."""
        query = select(InvitationRow.account_id).where(
            InvitationRow.code_hash == code_hash(INVITATION_PURPOSE, code), InvitationRow.expires > seconds(self._clock)
        )
        async with self._database.reading() as connection:
            account_id = (await connection.execute(query)).scalar_one_or_none()
            if account_id is None:
                raise CodeRefused("The invitation is wrong, was used already, or is too old. Ask for another one.")
            return (await secrets_of(connection, account_id)).account

    async def accept_invitation(self, code: str, password: str) -> SessionToken:
        """Spend an invitation, set the password, and begin a session that may only enrol a second factor.

        Raises `CodeRefused`, and `PasswordRefused`, which leaves the invitation as it is.
        """
        account = await self.invited(code)
        self._passwords.check(password, account.name, account.display_name)
        hashed = await self._passwords.hash(password)
        now = seconds(self._clock)
        async with self._database.writing() as connection:
            spent = delete(InvitationRow).where(
                InvitationRow.code_hash == code_hash(INVITATION_PURPOSE, code),
                InvitationRow.account_id == account.id,
                InvitationRow.expires > now,
            )
            expires = (await connection.execute(spent.returning(InvitationRow.expires))).scalar_one_or_none()
            if expires is None:
                raise CodeRefused("The invitation was used already, or is too old. Ask for another one.")
            await connection.execute(
                update(AccountRow).where(AccountRow.id == account.id).values(password_hash=hashed, enrol_until=expires)
            )
            await self._audit.append(connection, account.name, AuditEvent.INVITATION_ACCEPTED)
            account = (await secrets_of(connection, account.id)).account
            return await self._sessions.begin(connection, account, Stage.ENROLLING, Method.PASSWORD)

    async def change_password(self, token: str, current: str, new: str, address: str | None) -> SessionToken:
        """Change the password; other sessions of the account end, this one gets a new token.

        Raises `StepUpNeeded`, `LoginRefused` if the current password is wrong, `PasswordRefused`, `LockedOut`.
        """
        async with self._database.reading() as connection:
            session = await self._sessions.need(connection, token, (Stage.COMPLETE,))
            need_step_up(session)
            stored = (await secrets_of(connection, session.account.id)).password_hash
        account = session.account
        self._passwords.check(new, account.name, account.display_name)
        self._lockout.begin(Attempt.PASSWORD, account.name, address)
        if not await self._passwords.fits(stored, current):
            await self._audit.record(account.name, AuditEvent.LOGIN_FAILED, "password to be changed")
            raise LoginRefused("The current password is wrong.")
        self._lockout.succeeded(Attempt.PASSWORD, account.name, address)
        hashed = await self._passwords.hash(new)
        async with self._database.writing() as connection:
            session = await self._sessions.need(connection, token, (Stage.COMPLETE,))
            changed = await connection.execute(
                update(AccountRow)
                .where(AccountRow.id == account.id, AccountRow.password_hash == stored)
                .values(password_hash=hashed)
            )
            if changed.rowcount != 1:
                raise SessionEnded("The password was changed meanwhile. Log in again.")
            await self._sessions.end_all(connection, account.id, but=session.id)
            await self._audit.append(connection, account.name, AuditEvent.PASSWORD_CHANGED)
            return await self._sessions.renew(connection, session, token)

    def _stage_after_password(self, account: Account) -> Stage | None:
        """Return what comes after the right password, or None if nothing does."""
        if not _has_local_login(account):
            return None
        if account.state is AccountState.ACTIVE and account.has_second_factor:
            return Stage.SECOND_FACTOR
        if account.state is AccountState.INVITED and account.enrol_until is not None:
            return Stage.ENROLLING if seconds(self._clock) < account.enrol_until else None
        return None


def _has_local_login(account: Account) -> bool:
    return account.source is AccountSource.LOCAL and account.state is not AccountState.DISABLED
