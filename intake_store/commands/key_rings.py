"""Opening private keys at a prompt: where they stand, and their passphrases from files or from whoever sits there."""

from __future__ import annotations

from pathlib import Path

import typer

from intake_store.assembly import stored_passphrases
from intake_store.keys.key_ring import KeyRing, KeyRingFiles
from intake_store.keys.locked_files import WrongPassphrase
from intake_store.keys.passphrases import SHORTEST_PASSPHRASE, Passphrase
from intake_store.prompting import asked_passphrase, need_terminal
from intake_store.settings import IntakeSettings
from intake_store.submission.errors import KeyFileError

_MOST_ASKED = 5


def key_ring_files(settings: IntakeSettings, private_key: Path | None = None) -> KeyRingFiles:
    """Return where private keys stand; older ones beside a newest key that an option names."""
    if private_key is None:
        return KeyRingFiles(settings.private_key, settings.private_keys)
    return KeyRingFiles(private_key, private_key.parent)


def opened_key_ring(settings: IntakeSettings, private_key: Path | None = None) -> KeyRing:
    """Open all private keys; asks for each passphrase unless a file holds them."""
    files = key_ring_files(settings, private_key)
    if not files.newest.exists():
        raise KeyFileError(
            f"There is no private key {files.newest}. Is this the analyst's machine? If the key was lost, bring it"
            " back from escrow with `fyren keys import`."
        )
    if stored := stored_passphrases(settings, files.newest):
        return KeyRing.read(files, stored)
    asked: list[Passphrase] = []
    while True:
        asked.append(asked_passphrase("Passphrase"))
        try:
            return KeyRing.read(files, asked)
        except WrongPassphrase as error:
            if len(asked) == _MOST_ASKED:
                raise
            typer.echo(str(error), err=True)


def asked_new_passphrase() -> Passphrase:
    """Ask for a passphrase that somebody thinks up now, twice."""
    need_terminal()
    typer.echo(f"The passphrase needs at least {SHORTEST_PASSPHRASE} characters. Several random words are good.")
    answer: str = typer.prompt("New passphrase", hide_input=True, confirmation_prompt=True)
    return Passphrase(answer)
