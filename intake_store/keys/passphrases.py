"""Passphrases: what private keys and other secrets are locked with."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final, NewType

from intake_store.keys.secret_files import write_new
from intake_store.submission.errors import KeyFileError

Passphrase = NewType("Passphrase", str)
"""What a secret is locked with; never logged, never an argument on a command line."""

SHORTEST_PASSPHRASE: Final = 12


def check_passphrase(passphrase: Passphrase) -> None:
    """Check that nobody can guess a passphrase in an afternoon; raises `KeyFileError` if it is too short."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise KeyFileError(f"The passphrase needs at least {SHORTEST_PASSPHRASE} characters.")


def read_passphrase_file(path: Path) -> Passphrase:
    """Read a passphrase from the first line of a file; raises `KeyFileError` if there is none."""
    return read_passphrases(path)[0]


def read_passphrases(path: Path) -> tuple[Passphrase, ...]:
    """Read the passphrases of a file, one a line; raises `KeyFileError` if the first line has none.

    Private keys of different ages may be locked with different passphrases, an escrow copy always is.
    """
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(f"The passphrase file {path} cannot be read.") from error
    if not lines or not lines[0]:
        raise KeyFileError(f"The passphrase file {path} is empty.")
    return tuple(dict.fromkeys(Passphrase(line) for line in lines if line))


def create_passphrase_file(path: Path) -> Passphrase:
    """Write a random passphrase to a new file that only its owner may read, and return it.

    For trying Fyren out on one machine: a passphrase beside its key protects nothing. Raises `KeyFileError` if the
    file is there.
    """
    passphrase = Passphrase(secrets.token_urlsafe(24))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_new(path, f"{passphrase}\n".encode(), 0o600)
    return passphrase
