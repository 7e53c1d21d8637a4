"""Asking for a passphrase at a terminal."""

from __future__ import annotations

import sys

import typer

from intake_store.keys.passphrases import Passphrase
from intake_store.submission.errors import IntakeStoreError


def asked_passphrase(text: str) -> Passphrase:
    """Ask for a passphrase that exists; raises `IntakeStoreError` where nobody sits at a terminal."""
    need_terminal()
    answer: str = typer.prompt(text, hide_input=True)
    return Passphrase(answer)


def need_terminal() -> None:
    """Check that somebody can be asked; raises `IntakeStoreError`."""
    if not sys.stdin.isatty():
        raise IntakeStoreError(
            "The passphrase cannot be asked for here. Let FYREN_KEY_PASSPHRASE_FILE name a file that holds it."
        )
