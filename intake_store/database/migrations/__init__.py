"""Alembic's environment for the intake database."""
