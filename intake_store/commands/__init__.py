"""The store's commands, to be mounted in the `fyren` tool."""

from __future__ import annotations

import typer

from intake_store.commands.database import database_app
from intake_store.commands.demo_data import make_demo_data
from intake_store.commands.figures import figures_app
from intake_store.commands.keys import keys_app
from intake_store.commands.responses import responses_app
from intake_store.commands.tables import tables_app
from intake_store.commands.upkeep import backup_app, retention_app


def create_app() -> typer.Typer:
    """Return the commands of the store; mounted without a name, they stand beside the tool's own."""
    app = typer.Typer(no_args_is_help=True)
    app.add_typer(keys_app(), name="keys")
    app.add_typer(responses_app(), name="responses")
    app.add_typer(tables_app(), name="table")
    app.add_typer(figures_app(), name="figures")
    app.add_typer(database_app(), name="database")
    app.add_typer(backup_app(), name="backup")
    app.add_typer(retention_app(), name="retention")
    app.command("demo-data")(make_demo_data)
    return app
