"""Sessions: random tokens of which only a hash is kept, with an end after idleness and an end in any case."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NewType

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from analyst.accounts.account import Account, AccountState, secrets_of
from analyst.accounts.audit import AuditEvent, AuditLog
from analyst.accounts.clock import Chance, Clock, moment, seconds
from analyst.accounts.database import AccountsDatabase
from analyst.accounts.errors import SessionEnded
from analyst.accounts.permissions import Actor, Permission
from analyst.accounts.tables import SessionRow

SessionToken = NewType("SessionToken", str)
"""What a browser keeps in its cookie; never stored here, never logged."""

_TOKEN_BYTES: Final = 32
_TOUCH_SECONDS: Final = 30
"""How exact the time of the last request is kept, so that not every request writes."""


class Stage(StrEnum):
    """How far a login has come. Only a complete one may see anything."""

    ENROLLING = "enrolling"
    SECOND_FACTOR = "second_factor"
    COMPLETE = "complete"


class Method(StrEnum):
    """How somebody logged in."""

    PASSWORD = "password"  # noqa: S105 - the name of a method
    PASSKEY = "passkey"
    SINGLE_SIGN_ON = "single_sign_on"


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long sessions last, in seconds."""

    idle: int = 15 * 60
    whole: int = 8 * 3600
    second_factor: int = 5 * 60
    enrolling: int = 30 * 60
    step_up: int = 5 * 60
    failures: int = 5
    """Wrong codes after which a session ends."""


@dataclass(frozen=True, slots=True)
class Session:
    """One login as it stands now; times are UTC."""

    id: uuid.UUID
    account: Account
    stage: Stage
    method: Method
    begun: datetime.datetime
    seen: datetime.datetime
    ends: datetime.datetime
    stepped_up_until: datetime.datetime | None
    stepped_up: bool

    def may(self, permission: Permission) -> bool:
        """Tell whether the roles allow this, a step-up aside."""
        return self.stage is Stage.COMPLETE and permission in self.account.permissions

    @property
    def actor(self) -> Actor:
        """Who acts here; `actor.need(permission)` raises what is missing."""
        permissions = self.account.permissions if self.stage is Stage.COMPLETE else frozenset[Permission]()
        return Actor(self.account.name, permissions, self.stepped_up and self.stage is Stage.COMPLETE)


def new_token(chance: Chance) -> SessionToken:
    """Return a random token; also what a browser without a session is recognised by until it has one."""
    return SessionToken(base64.urlsafe_b64encode(chance(_TOKEN_BYTES)).rstrip(b"=").decode())


def csrf_token(token: str) -> str:
    """Return what forms of this browser carry: it tells nothing of the token, and ends with it."""
    return hmac.new(token.encode("utf-8", "replace"), b"fyren form", hashlib.sha256).hexdigest()


def csrf_fits(token: str, given: str) -> bool:
    """Tell whether a form carried what belongs to the browser's token; no if there is no token at all."""
    expected = csrf_token(token).encode()
    return bool(token) and hmac.compare_digest(expected, given.encode("utf-8", "replace"))


class Sessions:
    """Begins, finds, renews and ends sessions."""

    def __init__(
        self,
        database: AccountsDatabase,
        audit: AuditLog,
        clock: Clock,
        chance: Chance,
        limits: SessionLimits | None = None,
    ) -> None:
        self._database = database
        self._audit = audit
        self._clock = clock
        self._chance = chance
        self.limits = limits or SessionLimits()

    # -- for pages --------------------------------------------------------------------------------------------------

    async def find(self, token: str) -> Session | None:
        """Return the session of a browser that just asked for something, or None if it is over."""
        async with self._database.reading() as connection:
            row = await self._row(connection, token)
            session = None if row is None else await self._session(connection, row)
        if session is None or row is None:
            return None
        now = seconds(self._clock)
        if now - row.seen >= _TOUCH_SECONDS:
            async with self._database.writing() as connection:
                # A clock that was set back does not shorten a session, nor does a slower request.
                touched = update(SessionRow).where(SessionRow.id == row.id, SessionRow.seen < now).values(seen=now)
                await connection.execute(touched)
        return session

    async def log_out(self, token: str) -> None:
        """End a session; nothing happens if it is over already."""
        async with self._database.writing() as connection:
            row = await self._row(connection, token)
            if row is None:
                return
            account = (await secrets_of(connection, row.account_id)).account
            await connection.execute(delete(SessionRow).where(SessionRow.id == row.id))
            await self._audit.append(connection, account.name, AuditEvent.LOGGED_OUT)

    async def of(self, account: Account) -> tuple[Session, ...]:
        """Return the sessions of an account that go on, the newest first."""
        query = (
            select(SessionRow.__table__)
            .where(SessionRow.account_id == account.id)
            .order_by(SessionRow.begun.desc(), SessionRow.id)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
            found = [await self._session(connection, row) for row in rows]
        return tuple(session for session in found if session is not None)

    async def end(self, session: Session, session_id: uuid.UUID) -> bool:
        """End one session of the same account; returns whether there was one."""
        async with self._database.writing() as connection:
            ended = await connection.execute(
                delete(SessionRow).where(SessionRow.id == session_id, SessionRow.account_id == session.account.id)
            )
            if ended.rowcount:
                await self._audit.append(connection, session.account.name, AuditEvent.SESSIONS_ENDED)
        return ended.rowcount > 0

    async def end_others(self, session: Session) -> int:
        """End all sessions of the same account but this one; returns how many."""
        async with self._database.writing() as connection:
            ended = await self.end_all(connection, session.account.id, but=session.id)
            await self._audit.append(connection, session.account.name, AuditEvent.SESSIONS_ENDED)
        return ended

    # -- for the other rooms, inside their transactions -----------------------------------------------------------

    async def begin(
        self,
        connection: AsyncConnection,
        account: Account,
        stage: Stage,
        method: Method,
        *,
        strong_at: int | None = None,
    ) -> SessionToken:
        """Begin a session and return its token; sessions that are over are deleted on the way."""
        now = seconds(self._clock)
        gone = (SessionRow.ends <= now) | (SessionRow.seen <= now - self.limits.idle)
        await connection.execute(delete(SessionRow).where(gone))
        token = new_token(self._chance)
        await connection.execute(
            insert(SessionRow).values(
                id=uuid.UUID(bytes=self._chance(16), version=4),
                token_hash=_hashed(token),
                account_id=account.id,
                stage=stage.value,
                method=method.value,
                begun=now,
                seen=now,
                ends=now + self._lasts(stage),
                strong_at=strong_at,
                failures=0,
            )
        )
        return token

    async def need(self, connection: AsyncConnection, token: str, stages: Iterable[Stage]) -> Session:
        """Return the session of a token; raises `SessionEnded` if it is over or at another stage."""
        row = await self._row(connection, token)
        session = None if row is None else await self._session(connection, row)
        if session is None or session.stage not in stages:
            raise SessionEnded("The session is over. Log in again.")
        return session

    async def renew(
        self, connection: AsyncConnection, session: Session, token: str, *, method: Method | None = None
    ) -> SessionToken:
        """Give a session whose second factor was just shown a new token, and complete it if it was not.

        The old token is worth nothing from then on.
        """
        now = seconds(self._clock)
        fresh = new_token(self._chance)
        values: dict[str, Any] = {"token_hash": _hashed(fresh), "seen": now, "strong_at": now, "failures": 0}
        if session.stage is not Stage.COMPLETE:
            whole = now + self._lasts(Stage.COMPLETE)
            values |= {"stage": Stage.COMPLETE.value, "begun": now, "ends": whole}
        if method is not None:
            values["method"] = method.value
        renewed = await connection.execute(
            update(SessionRow)
            .where(SessionRow.id == session.id, SessionRow.token_hash == _hashed(token))
            .values(**values)
        )
        if renewed.rowcount != 1:
            raise SessionEnded("The session is over. Log in again.")
        return fresh

    async def failed(self, connection: AsyncConnection, session: Session) -> None:
        """Count a wrong code, and end the session after too many."""
        await connection.execute(
            update(SessionRow).where(SessionRow.id == session.id).values(failures=SessionRow.failures + 1)
        )
        await connection.execute(
            delete(SessionRow).where(SessionRow.id == session.id, SessionRow.failures >= self.limits.failures)
        )

    async def end_all(self, connection: AsyncConnection, account_id: uuid.UUID, *, but: uuid.UUID | None = None) -> int:
        """End all sessions of an account, except one; returns how many."""
        query = delete(SessionRow).where(SessionRow.account_id == account_id)
        if but is not None:
            query = query.where(SessionRow.id != but)
        return (await connection.execute(query)).rowcount

    async def _row(self, connection: AsyncConnection, token: str) -> Row[Any] | None:
        query = select(SessionRow.__table__).where(SessionRow.token_hash == _hashed(token))
        return (await connection.execute(query)).one_or_none()

    async def _session(self, connection: AsyncConnection, row: Row[Any]) -> Session | None:
        """Return the session of a row, or None if it is over or its account no longer goes with it."""
        now = seconds(self._clock)
        if now >= row.ends or now - row.seen >= self.limits.idle:
            return None
        account = (await secrets_of(connection, row.account_id)).account
        stage = Stage(row.stage)
        if stage is Stage.ENROLLING:
            fits = (
                account.state is AccountState.INVITED and account.enrol_until is not None and now < account.enrol_until
            )
        else:
            fits = account.state is AccountState.ACTIVE
        if not fits:
            return None
        until = None if row.strong_at is None else row.strong_at + self.limits.step_up
        return Session(
            id=row.id,
            account=account,
            stage=stage,
            method=Method(row.method),
            begun=moment(row.begun),
            seen=moment(row.seen),
            ends=moment(row.ends),
            stepped_up_until=None if until is None else moment(until),
            stepped_up=until is not None and now < until,
        )

    def _lasts(self, stage: Stage) -> int:
        match stage:
            case Stage.SECOND_FACTOR:
                return self.limits.second_factor
            case Stage.ENROLLING:
                return self.limits.enrolling
            case Stage.COMPLETE:
                return self.limits.whole


def _hashed(token: str) -> bytes:
    return hashlib.sha256(b"fyren session\0" + token.encode("utf-8", "replace")).digest()
