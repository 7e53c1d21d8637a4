"""Starting the analyst's process: settings are read, the passphrase is asked for, and what is wrong is told plainly."""

from __future__ import annotations

import asyncio
import logging
import sys

import typer
from pydantic import ValidationError

from analyst.accounts.errors import AccountsError
from analyst.process import run
from analyst.settings import SettingsError, read_settings
from content_files import ContentError
from intake_store.assembly import stored_passphrases
from intake_store.keys.passphrases import Passphrase
from intake_store.prompting import asked_passphrase
from intake_store.settings import IntakeSettings
from intake_store.submission.errors import IntakeStoreError
from intake_store.warehouse.warehouse_key import WarehouseKey


def main() -> int:
    """Serve until told to end; returns an exit code, with what is wrong on standard error."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        settings, intake = read_settings(), IntakeSettings()
        passphrases = _asked(intake) if settings.asks_passphrase else ()
        asyncio.run(run(settings, intake, passphrases))
    except (SettingsError, AccountsError, ContentError, IntakeStoreError) as error:
        return _refused(str(error))
    except ValidationError as error:
        return _refused("\n".join(str(entry["msg"]) for entry in error.errors(include_input=False)))
    except OSError as error:
        return _refused(f"The analyst's place cannot start: {error.strerror or error}.")
    return 0


def _asked(intake: IntakeSettings) -> tuple[Passphrase, ...]:
    """Ask for the passphrase of the warehouse, unless a file holds it, and try it at once."""
    if not intake.warehouse_key.exists() or stored_passphrases(intake, intake.warehouse_key):
        return ()
    passphrase = asked_passphrase("Passphrase of the warehouse")
    WarehouseKey.read(intake.warehouse_key, passphrase)
    return (passphrase,)


def _refused(text: str) -> int:
    typer.echo(text, err=True)
    return 1
