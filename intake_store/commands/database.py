"""The commands that look after the intake database."""

from __future__ import annotations

import typer

from intake_store.commands.prompts import Database, plain_errors
from intake_store.database.newest import NEWEST_REVISION
from intake_store.database.versions import upgrade
from intake_store.settings import IntakeSettings


def database_app() -> typer.Typer:
    """Return the commands that look after the intake database."""
    app = typer.Typer(no_args_is_help=True, help="Look after the intake database.")
    app.command("upgrade")(upgrade_intake_database)
    return app


def upgrade_intake_database(database: Database = None) -> None:
    """Create the intake database, or bring its tables to the newest version."""
    with plain_errors():
        location = database or IntakeSettings().database
        upgrade(location)
        typer.echo(f"The intake database is at version {NEWEST_REVISION}.")
