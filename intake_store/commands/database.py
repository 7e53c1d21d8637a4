"""The commands that look after the intake database."""

from __future__ import annotations

import asyncio

import typer

from intake_store.commands.prompts import Database, plain_errors
from intake_store.database.newest import NEWEST_REVISION
from intake_store.database.versions import upgrade
from intake_store.settings import IntakeSettings
from intake_store.upkeep.tidying import tidy_database


def database_app() -> typer.Typer:
    """Return the commands that look after the intake database."""
    app = typer.Typer(no_args_is_help=True, help="Look after the intake database.")
    app.command("upgrade")(upgrade_intake_database)
    app.command("tidy")(tidy_intake_database)
    return app


def upgrade_intake_database(database: Database = None) -> None:
    """Create the intake database, or bring its tables to the newest version."""
    with plain_errors():
        location = database or IntakeSettings().database
        upgrade(location)
        typer.echo(f"The intake database is at version {NEWEST_REVISION}.")


def tidy_intake_database(database: Database = None) -> None:
    """Put the rows of the intake database into random order, and erase what deleted rows left.

    In between, the order in which responses came can be seen by whoever has the files or, with PostgreSQL, looks at the
    hidden columns of the tables. So run this every night; nobody can write while it runs. `fyren
    retention run` does it too.
    """
    with plain_errors():
        for sentence in asyncio.run(tidy_database(database or IntakeSettings().database)):
            typer.echo(sentence, err=True)
        typer.echo("The intake database is tidy.")
