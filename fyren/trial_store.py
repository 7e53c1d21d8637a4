"""A store of one's own for trying things out: keys, secret and database, made on the first start.

In a real deployment the private key is made on the analyst's machine and never comes near the bot's; here both stand on
one machine, in folders of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from intake_store.analysis.keys import KeyFiles, create_key_files, create_passphrase_file
from intake_store.database.versions import upgrade
from intake_store.submission.store_secrets import create_secret_file


@dataclass(frozen=True, slots=True)
class TrialStore:
    """Where the parts of the store are."""

    public_key: Path
    private_key: Path
    store_secret: Path
    database: str

    def prepare(self) -> bool:
        """Make whatever is missing; tell whether keys were made.

        Raises `IntakeStoreError` if something there is damaged or cannot be written.
        """
        created = not self.public_key.exists()
        if created:
            passphrase = create_passphrase_file(self.private_key.parent / "passphrase")
            create_key_files(KeyFiles(self.public_key, self.private_key), passphrase)
        create_secret_file(self.store_secret)
        upgrade(self.database)
        return created
