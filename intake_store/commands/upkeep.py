"""The commands that make and restore backups, and those that forget what is old."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from intake_store.commands.prompts import Database, plain_errors
from intake_store.settings import IntakeSettings
from intake_store.submission.errors import IntakeStoreError
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.upkeep.backup_files import BackupError
from intake_store.upkeep.backups import create_backup, forget_in_backups, restore_backup
from intake_store.upkeep.retention import RetentionRules, run_retention
from intake_store.upkeep.withdrawals import LIST_NAME, read_withdrawals, write_withdrawals

_TABLES = {
    "sealed_response": "sealed responses",
    "usage_count": "usage counts",
    "submission": "submission keys",
    "withdrawn_response": "ids of withdrawn responses",
}


def backup_app() -> typer.Typer:
    """Return the commands that make and restore backups."""
    app = typer.Typer(no_args_is_help=True, help="Back up the intake database, and restore it.")
    app.command("create")(create)
    app.command("withdrawals")(list_withdrawals)
    app.command("forget")(forget)
    app.command("restore")(restore)
    return app


def retention_app() -> typer.Typer:
    """Return the commands that forget what is old."""
    app = typer.Typer(no_args_is_help=True, help="Forget what is older than the settings say.")
    app.command("run")(run)
    return app


def create(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not be there yet.")],
    database: Database = None,
) -> None:
    """Write a backup of the intake database into one file.

    Others go on writing and reading meanwhile. The file can be restored into SQLite and PostgreSQL alike. It appears
    once it is whole and has been read back. Beside it, the list of withdrawn responses is brought up to date.

    What was sealed stays sealed in it. It does not hold the store's secret, which receipt codes depend on.
    """
    with plain_errors():
        settings = IntakeSettings()
        location = database or settings.database
        counts = asyncio.run(create_backup(location, file))
        listed = asyncio.run(_list(settings, location, file.parent / LIST_NAME))
        typer.echo(f"{file} holds {_listing(counts)}.")
        typer.echo(f"{file.parent / LIST_NAME} names {listed} withdrawn responses.")


def list_withdrawals(
    folder: Annotated[Path, typer.Argument(help="The folder of the backups.")],
    database: Database = None,
) -> None:
    """Bring the list of withdrawn responses beside the backups up to date.

    Restoring a backup leaves out what the list names. The list is small, so run this often, such as every ten minutes:
    a withdrawal that is in no list comes undone if an older backup has to be restored.
    """
    with plain_errors():
        settings = IntakeSettings()
        listed = asyncio.run(_list(settings, database or settings.database, folder / LIST_NAME))
        typer.echo(f"{folder / LIST_NAME} names {listed} withdrawn responses.")


def forget(folder: Annotated[Path, typer.Argument(help="The folder of the backups.")]) -> None:
    """Take withdrawn and expired responses out of the backups in a folder.

    A withdrawn response is one that the list beside the backups names. Each backup that holds one is checked, written
    anew without it, and replaced. Backups that cannot be written to, or lie elsewhere, keep it until they are deleted.
    """
    with plain_errors():
        path = folder / LIST_NAME
        listed = read_withdrawals(path)
        report = asyncio.run(forget_in_backups(folder, listed, _rules(IntakeSettings()), IsoWeek.current()))
        errors = [str(result) for result in report.values() if isinstance(result, BackupError)]
        for name, result in report.items():
            if isinstance(result, int):
                typer.echo(f"{folder / name}: {result} responses taken out.")
        if errors:
            raise BackupError("\n".join(errors))


def restore(
    file: Annotated[Path, typer.Argument(help="The backup.")],
    database: Database = None,
    withdrawals: Annotated[
        Path | None,
        typer.Option(help="The list of withdrawn responses.", show_default=f"{LIST_NAME} beside the backup"),
    ] = None,
    without_withdrawals: Annotated[
        bool,
        typer.Option("--without-withdrawals", help="Restore although the list is lost; later withdrawals come undone."),
    ] = False,
) -> None:
    """Restore a backup into an empty intake database, which is made if need be.

    Every row of the backup is checked first, and everything that was written is read back before it is kept.
    Responses that were withdrawn since stay away, and so does what retention would delete. A backup of an older version
    is brought to the newest one on the way.
    """
    with plain_errors():
        settings = IntakeSettings()
        path = withdrawals or file.parent / LIST_NAME
        if not file.is_file():
            raise IntakeStoreError(f"There is no backup {file}.")
        if not without_withdrawals and not path.exists():
            raise IntakeStoreError(
                f"There is no list of withdrawn responses {path}, so some might come back. Name it with --withdrawals,"
                " or say --without-withdrawals if it is lost."
            )
        listed = {} if without_withdrawals else read_withdrawals(path)
        report = asyncio.run(
            restore_backup(file, database or settings.database, listed, _rules(settings), IsoWeek.current())
        )
        typer.echo(f"Restored and compared: {_listing(report.restored)}.")
        typer.echo(f"Left out: {report.withdrawn} withdrawn and {report.expired} expired responses.")


def run(
    database: Database = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and delete nothing.")] = False,
    even_all: Annotated[bool, typer.Option("--even-all", help="Go on even if every response is to go.")] = False,
) -> None:
    """Delete from the intake database what is older than the settings say, and erase its remains.

    FYREN_INTAKE_RETENTION_WEEKS is for responses, FYREN_INTAKE_USAGE_RETENTION_WEEKS for usage counts and
    FYREN_INTAKE_BACKUP_WEEKS for the ids of withdrawn responses; keys of submissions are kept for one week. The rows
    that stay are put into random order, as `fyren database tidy` does, and nobody can write meanwhile. The warehouse
    follows at its next load.
    """
    with plain_errors():
        settings = IntakeSettings()
        report = asyncio.run(
            run_retention(
                database or settings.database, _rules(settings), IsoWeek.current(), dry_run=dry_run, even_all=even_all
            )
        )
        typer.echo(f"{'Would be deleted' if dry_run else 'Deleted'}: {_listing(report.deleted)}.")
        for sentence in report.remains:
            typer.echo(sentence, err=True)


def _rules(settings: IntakeSettings) -> RetentionRules:
    return RetentionRules(
        responses=settings.retention_weeks,
        usage_counts=settings.usage_retention_weeks,
        withdrawals=settings.backup_weeks,
    )


async def _list(settings: IntakeSettings, location: str, path: Path) -> int:
    return await write_withdrawals(location, path, IsoWeek.current().before(settings.backup_weeks))


def _listing(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts[table]} {words}" for table, words in _TABLES.items() if table in counts)
