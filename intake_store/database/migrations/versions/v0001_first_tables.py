"""Sealed responses, and the hashes that keep a submission from being stored twice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sealed_response",
        sa.Column("row_id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("codebook_version", sa.String(16), nullable=False),
        sa.Column("iso_week", sa.String(8), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("receipt_hash", sa.LargeBinary(32), nullable=True),
        sa.PrimaryKeyConstraint("row_id", name="pk_sealed_response"),
        sa.UniqueConstraint("receipt_hash", name="uq_sealed_response_receipt_hash"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "submission",
        sa.Column("key_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("iso_week", sa.String(8), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name="pk_submission"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("submission")
    op.drop_table("sealed_response")
