"""Tokens with which programs read released tables in the name of an account."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NewType

from sqlalchemy import Row, delete, func, insert, select, update

from analyst.accounts.account import Account, secrets_of
from analyst.accounts.audit import AuditEvent, AuditLog
from analyst.accounts.clock import Chance, Clock
from analyst.accounts.database import AccountsDatabase
from analyst.accounts.errors import AccountRefused, NotAllowed
from analyst.accounts.permissions import Permission
from analyst.accounts.second_factors import need_step_up
from analyst.accounts.sessions import Sessions, Stage
from analyst.accounts.tables import ApiTokenRow

ApiSecret = NewType("ApiSecret", str)
"""The whole token as a program sends it; shown once, never stored, never logged."""

MOST_DAYS: Final = 366
_MOST_TOKENS: Final = 20
_FORM: Final = re.compile(r"fyren_([0-9a-f]{16})_([A-Za-z0-9_-]{43})", re.ASCII)
_LONGEST_LABEL: Final = 64


class Scope(StrEnum):
    """What a token is good for; nothing that changes anything."""

    READ = "read"


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token as its owner sees it; `last_used_on` is a date, and the token is good through `expires_on`, in UTC."""

    id: str
    label: str
    scopes: frozenset[Scope]
    expires_on: datetime.date
    last_used_on: datetime.date | None


@dataclass(frozen=True, slots=True)
class ApiCaller:
    """Whose program asks, and what its token is good for."""

    account: Account
    token_id: str
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        """Tell whether the token has a scope."""
        return scope in self.scopes


class ApiTokens:
    """Makes, checks and revokes tokens."""

    def __init__(
        self, database: AccountsDatabase, audit: AuditLog, sessions: Sessions, clock: Clock, chance: Chance
    ) -> None:
        self._database = database
        self._audit = audit
        self._sessions = sessions
        self._clock = clock
        self._chance = chance

    async def create(self, session_token: str, label: str, days: int = 90) -> tuple[ApiToken, ApiSecret]:
        """Make a token that is good for `days` days; its secret is returned once.

        Raises `NotAllowed` or `StepUpNeeded`, and `AccountRefused` for a wrong number of days or too many tokens.
        """
        if not 1 <= days <= MOST_DAYS:
            raise AccountRefused(f"A token is good for 1 to {MOST_DAYS} days.")
        async with self._database.writing() as connection:
            session = await self._sessions.need(connection, session_token, (Stage.COMPLETE,))
            need_step_up(session)
            account = session.account
            if Permission.USE_API not in account.permissions:
                raise NotAllowed("Your roles do not allow this. Ask an administrator.")
            today = self._today()
            expired = (ApiTokenRow.account_id == account.id) & (ApiTokenRow.expires_on < today.isoformat())
            await connection.execute(delete(ApiTokenRow).where(expired))
            counted = select(func.count()).select_from(ApiTokenRow).where(ApiTokenRow.account_id == account.id)
            if (await connection.execute(counted)).scalar_one() >= _MOST_TOKENS:
                raise AccountRefused("The account has many tokens. Revoke one first.")
            token = ApiToken(
                id=self._chance(8).hex(),
                label=_clean_label(label),
                scopes=frozenset({Scope.READ}),
                expires_on=today + datetime.timedelta(days=days),
                last_used_on=None,
            )
            secret = base64.urlsafe_b64encode(self._chance(32)).rstrip(b"=").decode()
            await connection.execute(
                insert(ApiTokenRow).values(
                    id=token.id,
                    account_id=account.id,
                    label=token.label,
                    secret_hash=_hashed(secret),
                    scopes=" ".join(sorted(token.scopes)),
                    expires_on=token.expires_on.isoformat(),
                )
            )
            await self._audit.append(connection, account.name, AuditEvent.TOKEN_CREATED, token.id)
        return token, ApiSecret(f"fyren_{token.id}_{secret}")

    async def authenticate(self, given: str) -> ApiCaller | None:
        """Return whose program sent a token, or None if the token, or what its account may do, is not good.

        The first use of a day is noted in the audit log and as the date of the last use.
        """
        form = _FORM.fullmatch(given)
        if form is None:
            return None
        today = self._today().isoformat()
        query = select(ApiTokenRow.__table__).where(ApiTokenRow.id == form[1])
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
            if row is None or not hmac.compare_digest(row.secret_hash, _hashed(form[2])) or row.expires_on < today:
                return None
            account = (await secrets_of(connection, row.account_id)).account
        if Permission.USE_API not in account.permissions:
            return None
        if row.last_used_on is None or row.last_used_on < today:
            first = (
                update(ApiTokenRow)
                .where(
                    ApiTokenRow.id == row.id,
                    ApiTokenRow.last_used_on.is_(None) | (ApiTokenRow.last_used_on < today),
                )
                .values(last_used_on=today)
            )
            async with self._database.writing() as connection:
                if (await connection.execute(first)).rowcount == 1:
                    await self._audit.append(connection, account.name, AuditEvent.TOKEN_USED, row.id)
        return ApiCaller(account, row.id, _token(row).scopes)

    async def of(self, account: Account) -> tuple[ApiToken, ...]:
        """Return the tokens of an account, those that expire first at the beginning."""
        query = (
            select(ApiTokenRow.__table__)
            .where(ApiTokenRow.account_id == account.id)
            .order_by(ApiTokenRow.expires_on, ApiTokenRow.id)
        )
        async with self._database.reading() as connection:
            return tuple(_token(row) for row in await connection.execute(query))

    async def revoke(self, session_token: str, token_id: str) -> bool:
        """Delete a token of one's own account; returns whether there was one. It needs no step-up."""
        async with self._database.writing() as connection:
            session = await self._sessions.need(connection, session_token, (Stage.COMPLETE,))
            revoked = await connection.execute(
                delete(ApiTokenRow).where(ApiTokenRow.id == token_id, ApiTokenRow.account_id == session.account.id)
            )
            if revoked.rowcount:
                await self._audit.append(connection, session.account.name, AuditEvent.TOKEN_REVOKED, token_id)
        return revoked.rowcount > 0

    def _today(self) -> datetime.date:
        return self._clock().astimezone(datetime.UTC).date()


def _token(row: Row[Any]) -> ApiToken:
    return ApiToken(
        id=row.id,
        label=row.label,
        scopes=frozenset(Scope(name) for name in row.scopes.split()),
        expires_on=datetime.date.fromisoformat(row.expires_on),
        last_used_on=None if row.last_used_on is None else datetime.date.fromisoformat(row.last_used_on),
    )


def _hashed(secret: str) -> bytes:
    return hashlib.sha256(b"fyren api token\0" + secret.encode()).digest()


def _clean_label(label: str) -> str:
    printable = "".join(letter for letter in label if letter.isprintable()).strip()
    return printable[:_LONGEST_LABEL] or "token"
