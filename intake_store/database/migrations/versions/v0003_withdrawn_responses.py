"""Ids of withdrawn responses, so that restoring an older backup does not bring them back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "withdrawn_response",
        sa.Column("row_id", sa.Uuid(), nullable=False),
        sa.Column("iso_week", sa.String(8), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name="pk_withdrawn_response"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("withdrawn_response")
