"""Runs migrations on the connection that `intake_store.database.versions` hands over."""

from __future__ import annotations

from alembic import context

from intake_store.database.tables import IntakeTable

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=IntakeTable.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
