"""A store of one's own for trying things out: keys, secret and database, made on the first start.

In a real deployment the private key is made on the analyst's machine and never comes near the bot's; here both stand on
one machine, in folders of their own. `python -m fyren.trial_store` makes what is missing; it is a process of its own,
so that the page of a second start does not wait for the analyst's side to be loaded.
"""

from __future__ import annotations

import sys

from bot.settings import BotSettings
from intake_store.database.versions import upgrade
from intake_store.keys.passphrases import create_passphrase_file
from intake_store.keys.private_keys import KeyFiles, create_key_files
from intake_store.settings import IntakeSettings
from intake_store.submission.errors import IntakeStoreError
from intake_store.submission.store_secrets import create_secret_file


def prepare(settings: BotSettings, analyst: IntakeSettings) -> None:
    """Make whatever is missing of keys, secret and database.

    Raises `IntakeStoreError` if something there is damaged or cannot be written.
    """
    if not settings.public_key_path.exists():
        # Keys first: should they be refused, no stray passphrase is left behind.
        passphrase_file = analyst.private_key.parent / "passphrase"
        passphrase = create_passphrase_file(passphrase_file)
        try:
            create_key_files(KeyFiles(settings.public_key_path, analyst.private_key), passphrase)
        except IntakeStoreError:
            passphrase_file.unlink()
            raise
    create_secret_file(settings.store_secret_path)
    upgrade(settings.database_location)


def main() -> int:
    """Prepare the store that the settings name; returns an exit code."""
    try:
        prepare(BotSettings(), IntakeSettings())
    except IntakeStoreError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
