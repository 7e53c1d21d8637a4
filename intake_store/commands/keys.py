"""The commands about keys."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from intake_store.commands.prompts import need_terminal, passphrase_beside, plain_errors
from intake_store.keys.passphrases import (
    SHORTEST_PASSPHRASE,
    Passphrase,
    create_passphrase_file,
    read_passphrase_file,
)
from intake_store.keys.private_keys import KeyFiles, check_key_files, create_key_files
from intake_store.settings import IntakeSettings
from intake_store.submission.store_secrets import create_secret_file


def keys_app() -> typer.Typer:
    """Return the commands about keys."""
    app = typer.Typer(no_args_is_help=True, help="Make the keys that seal and open responses.")
    app.command("create")(create_keys)
    return app


def create_keys(
    public: Annotated[
        Path | None,
        typer.Option(help="Where the public key goes; whoever collects needs it.", show_default="var/keys/…"),
    ] = None,
    private: Annotated[
        Path | None,
        typer.Option(help="Where the private key goes; only the analyst has it.", show_default="var/analyst/…"),
    ] = None,
    generate_passphrase: Annotated[
        bool,
        typer.Option(
            "--generate-passphrase",
            help="Write a random passphrase beside the private key instead of asking for one. Only for trying Fyren"
            " out on one machine: it protects nothing there.",
        ),
    ] = False,
) -> None:
    """Make a pair of keys and, unless it is there, the store's secret.

    Responses are sealed with the public key. Only the private key opens them, so keep it on the analyst's machine and
    in a safe place beside: if it is lost, so are the responses. It is locked with a passphrase of at least 12
    characters, which is asked for, or read from the file that FYREN_KEY_PASSPHRASE_FILE names.

    Nothing is ever overwritten.
    """
    with plain_errors():
        settings = IntakeSettings()
        files = KeyFiles(public or settings.public_key, private or settings.private_key)
        secret = files.public.parent / settings.store_secret.name if public else settings.store_secret
        check_key_files(files)
        passphrase = _new_passphrase(settings, files, generate_passphrase)
        key = create_key_files(files, passphrase)
        made = create_secret_file(secret)
        typer.echo(f"Key {key.key_id}")
        typer.echo(f"  public   {files.public}   for whoever collects responses")
        typer.echo(f"  private  {files.private}   for the analyst only; keep a copy in a safe place")
        typer.echo(f"  secret   {secret}   {'new' if made else 'kept as it was'}; receipt codes depend on it")


def _new_passphrase(settings: IntakeSettings, files: KeyFiles, generate: bool) -> Passphrase:
    if generate:
        return create_passphrase_file(passphrase_beside(files.private))
    if settings.key_passphrase_file is not None:
        return read_passphrase_file(settings.key_passphrase_file)
    need_terminal()
    typer.echo(f"The passphrase needs at least {SHORTEST_PASSPHRASE} characters. Several random words are good.")
    return Passphrase(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=True))
