"""Counts of what happens in conversations, by ISO week; no row belongs to a person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEY = ("iso_week", "channel", "language", "event", "subject", "county")


def upgrade() -> None:
    op.create_table(
        "usage_count",
        sa.Column("iso_week", sa.String(8), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("language", sa.String(16), nullable=False),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("county", sa.String(8), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(*_KEY, name="pk_usage_count"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("usage_count")
