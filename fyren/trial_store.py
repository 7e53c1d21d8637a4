"""A store of one's own for trying things out: keys, secret and database, made on the first start.

In a real deployment the private key is made on the analyst's machine and never comes near the bot's; here both stand on
one machine, in folders of their own. `python -m fyren.trial_store` makes what is missing; it is a process of its own,
so that the page of a second start does not wait for the analyst's side to be loaded.
"""

from __future__ import annotations

import sys

from bot.settings import BotSettings
from intake_store.database.versions import upgrade
from intake_store.keys.passphrases import create_passphrase_file, read_passphrase_file
from intake_store.keys.private_keys import KeyFiles, create_key_files, read_private_key
from intake_store.keys.secret_files import write_new
from intake_store.settings import IntakeSettings
from intake_store.submission.errors import IntakeStoreError
from intake_store.submission.store_secrets import create_secret_file


def prepare(settings: BotSettings, analyst: IntakeSettings) -> None:
    """Make whatever is missing of keys, secret and database, also where an earlier start was stopped half-way.

    Raises `IntakeStoreError` if something there is damaged or cannot be written.
    """
    if not settings.public_key_path.exists():
        _make_keys(KeyFiles(settings.public_key_path, analyst.private_key))
    create_secret_file(settings.store_secret_path)
    upgrade(settings.database_location)


def _make_keys(files: KeyFiles) -> None:
    passphrase_file = files.private.parent / "passphrase"
    if passphrase_file.exists() and files.private.exists():
        # Stopped between the two halves of the pair: the public one follows from the private one.
        key = read_private_key(files.private, read_passphrase_file(passphrase_file))
        files.public.parent.mkdir(parents=True, exist_ok=True)
        write_new(files.public, key.public_key.to_pem(), 0o644)
        return
    left_over = passphrase_file.exists()
    passphrase = read_passphrase_file(passphrase_file) if left_over else create_passphrase_file(passphrase_file)
    try:
        create_key_files(files, passphrase)
    except IntakeStoreError:
        # Should the keys be refused, no stray passphrase is left behind.
        if not left_over:
            passphrase_file.unlink()
        raise


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
