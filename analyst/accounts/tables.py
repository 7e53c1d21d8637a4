"""The tables of the accounts database. What stands here is all that is kept of the people who work with figures."""

from __future__ import annotations

import uuid
from typing import Any, Final

from sqlalchemy import (
    DDL,
    CheckConstraint,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    UniqueConstraint,
    Uuid,
    event,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from analyst.accounts.permissions import Role


class RoleSet(TypeDecorator[frozenset[Role]]):
    """A set of roles, stored as their names in alphabetical order."""

    impl = String(64)
    cache_ok = True

    def process_bind_param(self, value: frozenset[Role] | None, dialect: Dialect) -> str | None:
        """Return the names, joined by spaces."""
        return None if value is None else " ".join(sorted(value))

    def process_result_value(self, value: Any, dialect: Dialect) -> frozenset[Role] | None:
        """Return the roles; raises `ValueError` for a name that is none."""
        return None if value is None else frozenset(Role(name) for name in str(value).split())


class AccountsTable(DeclarativeBase):
    """The parent of all tables."""

    metadata = MetaData()


class SchemaVersionRow(AccountsTable):
    """Which version of these tables the file has."""

    __tablename__ = "schema_version"

    version: Mapped[int] = mapped_column(primary_key=True)


class AccountRow(AccountsTable):
    """One person who may log in, or might have been."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("state IN ('invited', 'active', 'disabled')"),
        UniqueConstraint("sign_on_issuer", "sign_on_subject"),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid(), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    display_name: Mapped[str] = mapped_column(String(100))
    roles: Mapped[frozenset[Role]] = mapped_column(RoleSet())
    state: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(16))
    sign_on_issuer: Mapped[str | None] = mapped_column(String(512))
    sign_on_subject: Mapped[str | None] = mapped_column(String(255))
    password_hash: Mapped[str | None] = mapped_column(String(255))
    enrol_until: Mapped[int | None] = mapped_column(Integer())
    """Until when, in seconds since 1970, somebody without a second factor may enrol one."""
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary())
    totp_step: Mapped[int | None] = mapped_column(Integer())
    """The newest time step whose code was accepted; neither it nor an earlier one is accepted again."""


class InvitationRow(AccountsTable):
    """The one-time code with which somebody sets their first password."""

    __tablename__ = "invitation"

    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), unique=True)
    expires: Mapped[int] = mapped_column(Integer())


class RecoveryCodeRow(AccountsTable):
    """A recovery code that has not been used; used ones are deleted."""

    __tablename__ = "recovery_code"

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)


class PasskeyRow(AccountsTable):
    """A passkey of an account."""

    __tablename__ = "passkey"

    id: Mapped[uuid.UUID] = mapped_column(Uuid(), primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary())
    sign_count: Mapped[int] = mapped_column(Integer())
    label: Mapped[str] = mapped_column(String(64))
    added_on: Mapped[str] = mapped_column(String(10))


class SessionRow(AccountsTable):
    """A login that goes on. The token itself is only in the browser."""

    __tablename__ = "session"

    id: Mapped[uuid.UUID] = mapped_column(Uuid(), primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    stage: Mapped[str] = mapped_column(String(16))
    method: Mapped[str] = mapped_column(String(16))
    begun: Mapped[int] = mapped_column(Integer())
    seen: Mapped[int] = mapped_column(Integer())
    ends: Mapped[int] = mapped_column(Integer())
    strong_at: Mapped[int | None] = mapped_column(Integer())
    failures: Mapped[int] = mapped_column(Integer())


class ApiTokenRow(AccountsTable):
    """A token with which a program reads released tables."""

    __tablename__ = "api_token"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    label: Mapped[str] = mapped_column(String(64))
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    scopes: Mapped[str] = mapped_column(String(64))
    expires_on: Mapped[str] = mapped_column(String(10))
    last_used_on: Mapped[str | None] = mapped_column(String(10))


class AuditRow(AccountsTable):
    """One thing that somebody did. Rows are never changed and never deleted."""

    __tablename__ = "audit_record"

    number: Mapped[int] = mapped_column(Integer(), primary_key=True)
    at: Mapped[str] = mapped_column(String(20))
    actor: Mapped[str] = mapped_column(String(64))
    event: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(200))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))


# The last one also refuses INSERT OR REPLACE, which would delete a row without asking the second.
_APPEND_ONLY: Final = (
    "CREATE TRIGGER audit_record_never_changed BEFORE UPDATE ON audit_record "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
    "CREATE TRIGGER audit_record_never_deleted BEFORE DELETE ON audit_record "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
    "CREATE TRIGGER audit_record_in_order BEFORE INSERT ON audit_record "
    "WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM audit_record) "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
)
for _statement in _APPEND_ONLY:
    event.listen(AuditRow.__table__, "after_create", DDL(_statement))  # type: ignore[no-untyped-call]
