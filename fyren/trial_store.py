"""A store of one's own for trying things out: keys, secret and database, made on the first start.

In a real deployment the private key is made on the analyst's machine and never comes near the bot's; here both stand on
one machine, in folders of their own.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from intake_store.analysis.keys import KeyFiles, Passphrase, create_key_files
from intake_store.database.versions import upgrade_database
from intake_store.settings import IntakeSettings
from intake_store.submission.store_secrets import create_secret_file


async def prepare_trial_store(public_key: Path, store_secret: Path, database: str, analyst: IntakeSettings) -> bool:
    """Make whatever is missing of keys, secret and database; tell whether keys were made."""
    created = not public_key.exists()
    if created:
        passphrase = Passphrase(secrets.token_urlsafe(24))
        create_key_files(KeyFiles(public_key, analyst.private_key), passphrase)
        _write_private(analyst.private_key.parent / "passphrase", passphrase)
    create_secret_file(store_secret)
    await upgrade_database(database)
    return created


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")
