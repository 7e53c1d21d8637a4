"""The tables of the intake database. What stands here is all that is kept of submissions and of use."""

from __future__ import annotations

import uuid
from typing import Final

from sqlalchemy import BigInteger, LargeBinary, MetaData, String, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class IntakeTable(DeclarativeBase):
    """The parent of all tables; constraint names are fixed so that migrations can find them."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        }
    )


_WITHOUT_ROW_NUMBER: Final = {"sqlite_with_rowid": False}


class SealedRow(IntakeTable):
    """One sealed response.

    The table has no row number in SQLite, which would be the order in which people answered. What the place of a row in
    the files still tells of it, in SQLite and far more in PostgreSQL, goes when the database is tidied.
    """

    __tablename__ = "sealed_response"
    __table_args__ = _WITHOUT_ROW_NUMBER

    row_id: Mapped[uuid.UUID] = mapped_column(Uuid(), primary_key=True)
    key_id: Mapped[str] = mapped_column(String(16))
    purpose: Mapped[str] = mapped_column(String(32))
    codebook_version: Mapped[str] = mapped_column(String(16))
    iso_week: Mapped[str] = mapped_column(String(8))
    sealed: Mapped[bytes] = mapped_column(LargeBinary())
    receipt_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    """Only when the person asked for a receipt code."""


class SubmissionRow(IntakeTable):
    """The keyed hash of an idempotency key, kept through the following ISO week and without a link to its response."""

    __tablename__ = "submission"
    __table_args__ = _WITHOUT_ROW_NUMBER

    key_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    iso_week: Mapped[str] = mapped_column(String(8))


class UsageCountRow(IntakeTable):
    """How often something happened in an ISO week, over all conversations; no row belongs to a person.

    The key is all that is counted by. A part that an event is not counted by is an empty text.
    """

    __tablename__ = "usage_count"
    __table_args__ = _WITHOUT_ROW_NUMBER

    iso_week: Mapped[str] = mapped_column(String(8), primary_key=True)
    channel: Mapped[str] = mapped_column(String(16), primary_key=True)
    language: Mapped[str] = mapped_column(String(16), primary_key=True)
    event: Mapped[str] = mapped_column(String(32), primary_key=True)
    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    county: Mapped[str] = mapped_column(String(8), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger())


class WithdrawnRow(IntakeTable):
    """The random id of a response that was withdrawn, and the week in which that happened.

    The id points to nobody and, once the response is gone, to nothing, except in backups that were made before; a
    restored backup leaves these out. Kept for as long as backups are.
    """

    __tablename__ = "withdrawn_response"
    __table_args__ = _WITHOUT_ROW_NUMBER

    row_id: Mapped[uuid.UUID] = mapped_column(Uuid(), primary_key=True)
    iso_week: Mapped[str] = mapped_column(String(8))
