"""What an account is, and where accounts are found."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from analyst.accounts.errors import AccountRefused, NoSuchAccount
from analyst.accounts.permissions import Permission, Role, permissions_of
from analyst.accounts.tables import AccountRow, PasskeyRow

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}", re.ASCII)
_LONGEST_DISPLAY_NAME: Final = 100


class AccountState(StrEnum):
    """Where an account stands: made but not set up, in use, or shut."""

    INVITED = "invited"
    ACTIVE = "active"
    DISABLED = "disabled"


class AccountSource(StrEnum):
    """Who checks that somebody is who they say: this program, or the agency's own login. Never both."""

    LOCAL = "local"
    SINGLE_SIGN_ON = "single_sign_on"


@dataclass(frozen=True, slots=True)
class Account:
    """A person who may log in, without their secrets."""

    id: uuid.UUID
    name: str
    display_name: str
    roles: frozenset[Role]
    state: AccountState
    source: AccountSource
    has_password: bool
    has_one_time_codes: bool
    passkeys: int
    enrol_until: int | None

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the roles allow, once the account is in use."""
        return permissions_of(self.roles) if self.state is AccountState.ACTIVE else frozenset()

    @property
    def has_second_factor(self) -> bool:
        """Whether there is something to prove besides the password."""
        return self.has_one_time_codes or self.passkeys > 0

    @property
    def owner(self) -> bytes:
        """What sealed secrets are bound to; also the user handle of passkeys."""
        return self.id.bytes


@dataclass(frozen=True, slots=True)
class AccountSecrets:
    """What an account proves itself with."""

    account: Account
    password_hash: str | None = field(repr=False)
    totp_secret: bytes | None = field(repr=False)
    totp_step: int | None


def clean_name(name: str) -> str:
    """Return a name as it is stored; raises `AccountRefused` unless it is a plain one."""
    lowered = name.strip().lower()
    if not _NAME.fullmatch(lowered):
        raise AccountRefused(
            "The name of an account has 2 to 64 characters: letters a to z, digits, and . _ - @ after the first."
        )
    return lowered


def known_name(name: str) -> str:
    """Return the name somebody typed at a login in the form it would be stored in; it may be nobody's."""
    # Half of a surrogate pair cannot be looked up.
    return name[:200].encode("utf-8", "replace").decode().strip().lower()


def clean_display_name(display_name: str, name: str) -> str:
    """Return a display name, or the name if there is none; raises `AccountRefused` if it is long or not printable."""
    stripped = display_name.strip() or name
    if len(stripped) > _LONGEST_DISPLAY_NAME or not stripped.isprintable():
        raise AccountRefused(f"The display name has at most {_LONGEST_DISPLAY_NAME} printable characters.")
    return stripped


_PASSKEYS = (
    select(func.count())
    .select_from(PasskeyRow)
    .where(PasskeyRow.account_id == AccountRow.id)
    .correlate(AccountRow)
    .scalar_subquery()
)
_ACCOUNTS = select(AccountRow.__table__, _PASSKEYS.label("passkeys"))


async def find_secrets(connection: AsyncConnection, name: str) -> AccountSecrets | None:
    """Return an account of that name with what it proves itself with, or None."""
    row = await _one(connection, AccountRow.name == name)
    return None if row is None else _secrets(row)


async def secrets_of(connection: AsyncConnection, account_id: uuid.UUID) -> AccountSecrets:
    """Return an account that is there, with what it proves itself with."""
    row = await _one(connection, AccountRow.id == account_id)
    assert row is not None
    return _secrets(row)


async def find_account(connection: AsyncConnection, name: str) -> Account:
    """Return an account; raises `NoSuchAccount`."""
    row = await _one(connection, AccountRow.name == known_name(name))
    if row is None:
        raise NoSuchAccount("There is no account of this name. `fyren accounts list` shows all.")
    return _account(row)


async def find_signed_on(connection: AsyncConnection, issuer: str, subject: str) -> Account | None:
    """Return the account that a login service's user is tied to, or None."""
    row = await _one(
        connection,
        (AccountRow.source == AccountSource.SINGLE_SIGN_ON)
        & (AccountRow.sign_on_issuer == issuer)
        & (AccountRow.sign_on_subject == subject),
    )
    return None if row is None else _account(row)


async def all_accounts(connection: AsyncConnection) -> tuple[Account, ...]:
    """Return all accounts by name."""
    return tuple(_account(row) for row in await connection.execute(_ACCOUNTS.order_by(AccountRow.name)))


async def _one(connection: AsyncConnection, condition: ColumnElement[bool]) -> Row[Any] | None:
    return (await connection.execute(_ACCOUNTS.where(condition))).one_or_none()


def _account(row: Row[Any]) -> Account:
    return Account(
        id=row.id,
        name=row.name,
        display_name=row.display_name,
        roles=row.roles,
        state=AccountState(row.state),
        source=AccountSource(row.source),
        has_password=row.password_hash is not None,
        has_one_time_codes=row.totp_secret is not None,
        passkeys=row.passkeys,
        enrol_until=row.enrol_until,
    )


def _secrets(row: Row[Any]) -> AccountSecrets:
    return AccountSecrets(_account(row), row.password_hash, row.totp_secret, row.totp_step)
