"""The commands about keys: made, rotated, kept in escrow, checked and retired."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from intake_store.assembly import passphrase_beside, stored_passphrases
from intake_store.commands.key_rings import asked_new_passphrase, key_ring_files, opened_key_ring
from intake_store.commands.prompts import Database, plain_errors, progress
from intake_store.database.connections import file_is_missing
from intake_store.keys.key_ring import (
    KeyRing,
    KeyRingFiles,
    destroy_key,
    export_key,
    import_key,
    loose_permissions,
    open_key_file,
    rotate,
)
from intake_store.keys.passphrases import (
    Passphrase,
    check_passphrase,
    create_passphrase_file,
    read_passphrase_file,
    read_passphrases,
)
from intake_store.keys.private_keys import KeyFiles, check_key_files, create_key_files
from intake_store.keys.resealing import reseal, round_trip, rows_by_key
from intake_store.prompting import asked_passphrase
from intake_store.settings import IntakeSettings
from intake_store.submission.errors import KeyFileError
from intake_store.submission.sealing import KeyId, PublicKey
from intake_store.submission.store_secrets import create_secret_file

Private = Annotated[
    Path | None,
    typer.Option(help="The newest private key; older ones stand beside it.", show_default="var/analyst/…"),
]
EscrowPassphraseFile = Annotated[
    Path | None, typer.Option(help="A file with the passphrase of the escrow copy; asked for without one.")
]


def keys_app() -> typer.Typer:
    """Return the commands about keys."""
    app = typer.Typer(no_args_is_help=True, help="Make and keep the keys that seal and open responses.")
    app.command("create")(create_keys)
    app.command("rotate")(rotate_keys)
    app.command("reseal")(reseal_rows)
    app.command("retire")(retire_key)
    app.command("export")(export_keys)
    app.command("import")(import_escrow_copy)
    app.command("verify")(verify_keys)
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

    Nothing is ever overwritten; `fyren keys rotate` makes the next pair.
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


def rotate_keys(
    private: Private = None,
    public_out: Annotated[
        Path | None,
        typer.Option(help="Where the new public key goes, if the one in use stands on another machine."),
    ] = None,
    new_passphrase: Annotated[
        bool,
        typer.Option("--new-passphrase", help="Ask for another passphrase; else the new key has that of the old."),
    ] = False,
) -> None:
    """Make a new pair of keys; the old private key is kept, to open what was sealed to it.

    The new public key takes the place of the old one at once, and whoever collects seals to it from the next response
    on, without a restart. The old one is kept beside it under its key id. A rotation that was interrupted is finished
    by the next.
    """
    with plain_errors():
        settings = IntakeSettings()
        files = key_ring_files(settings, private)
        public = public_out or settings.public_key
        if public_out is None and not public.exists():
            raise KeyFileError(
                f"There is no public key {public}. If whoever collects has it on another machine, let --public-out name"
                " a file for the new one, and copy that there."
            )
        ring = opened_key_ring(settings, private)
        passphrase = asked_new_passphrase() if new_passphrase else ring.passphrase
        done = rotate(files, ring, public, passphrase)
        typer.echo(f"Key {done.key.key_id} takes the place of {done.before}.")
        if done.finished_earlier:
            typer.echo("  It was made by a rotation that had been interrupted and is finished now.")
        typer.echo(f"  public   {public}   copy it to where responses are collected, unless it stands there already")
        if done.kept_public is not None:
            typer.echo(f"           {done.kept_public}   the one before")
        typer.echo(f"  private  {files.newest}   make an escrow copy of it now: fyren keys export")
        typer.echo(f"           {done.kept_private}   the one before; keep it until it is retired")
        typer.echo("Next: fyren keys verify, and when rows arrive under the new key, fyren keys reseal.")


def reseal_rows(database: Database = None, private: Private = None) -> None:
    """Open what is sealed to older keys and seal it to the newest, row by row in the intake database.

    Rows keep their ids and receipt codes. It can be stopped and run again at any moment, also while responses come in.
    Make a backup first; keep older private keys until they are retired.
    """
    with plain_errors():
        settings = IntakeSettings()
        ring = opened_key_ring(settings, private)
        newest = ring.newest.public_key.key_id
        with progress() as shown:
            task = shown.add_task("Sealing anew", total=None)
            report = asyncio.run(
                reseal(
                    database or settings.database,
                    ring,
                    lambda done, total: shown.update(task, completed=done, total=total),
                )
            )
        typer.echo(f"{report.resealed} rows were sealed anew, to key {newest}.")
        for key_id, count in report.unreadable.items():
            typer.echo(f"Left as they were: {count} rows of key {key_id}, which is not at hand.", err=True)
        for key_id, count in report.damaged.items():
            typer.echo(f"Left as they were: {count} rows of key {key_id} that do not open.", err=True)


def retire_key(
    key_id: Annotated[str, typer.Argument(help="The id of an old key; `fyren keys verify` lists them.")],
    database: Database = None,
    private: Private = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether this is meant.")] = False,
) -> None:
    """Destroy an old private key that nothing is sealed to any more.

    Refused for the newest key, for the one whose public half is in use, and while rows of the intake database are
    sealed to it. Backups of the database may still need it: wait until the last of them is gone.
    """
    with plain_errors():
        settings = IntakeSettings()
        files = key_ring_files(settings, private)
        ring = opened_key_ring(settings, private)
        if ring.get(key_id) is None:
            known = ", ".join(key.public_key.key_id for key in ring)
            raise KeyFileError(f"There is no private key {key_id} here; there are {known}.")
        if ring.newest.public_key.key_id == key_id:
            raise KeyFileError("This is the newest key. Make another one first, with `fyren keys rotate`.")
        if settings.public_key.exists() and PublicKey.read(settings.public_key).key_id == key_id:
            raise KeyFileError(f"Responses are still sealed to this key: {settings.public_key} is its public half.")
        count = asyncio.run(rows_by_key(database or settings.database)).get(KeyId(key_id), 0)
        if count:
            raise KeyFileError(f"{count} rows are sealed to this key. Run `fyren keys reseal` first.")
        if not yes:
            typer.confirm(f"Destroy private key {key_id}? Backups that are sealed to it never open again", abort=True)
        destroy_key(files.of(KeyId(key_id)))
        typer.echo(f"Private key {key_id} is destroyed. Destroy its escrow copies too.")


def export_keys(
    to: Annotated[Path, typer.Option(help="The folder for the copies, such as one on a memory stick.")],
    private: Private = None,
    key_id: Annotated[str | None, typer.Option("--key", help="Only this key; without it, all of them.")] = None,
    passphrase_file: EscrowPassphraseFile = None,
) -> None:
    """Write escrow copies of the private keys, locked with another passphrase than in daily use.

    Each copy is opened again before it counts. Keep them, and their passphrase, apart from each other and from the
    analyst's machine. `fyren keys import` brings one back.
    """
    with plain_errors():
        settings = IntakeSettings()
        ring = opened_key_ring(settings, private)
        wanted = [key for key in ring if key_id in (None, key.public_key.key_id)]
        if not wanted:
            raise KeyFileError(f"There is no private key {key_id} here.")
        passphrase = asked_new_passphrase() if passphrase_file is None else read_passphrase_file(passphrase_file)
        check_passphrase(passphrase)
        if passphrase == ring.passphrase:
            raise KeyFileError("An escrow copy needs a passphrase of its own: whoever learns one must not have both.")
        for key in wanted:
            typer.echo(f"Key {key.public_key.key_id} is in escrow: {export_key(key, to, passphrase)}")


def import_escrow_copy(
    copy: Annotated[Path, typer.Argument(help="The escrow copy of a private key.")],
    private: Private = None,
    passphrase_file: EscrowPassphraseFile = None,
) -> None:
    """Bring a private key back from escrow, locked with the passphrase of daily use.

    If the private key is lost, its copy takes its place; else it stands with the older keys.
    """
    with plain_errors():
        settings = IntakeSettings()
        files = key_ring_files(settings, private)
        key, _ = open_key_file(copy, _escrow_passphrases(passphrase_file))
        public = PublicKey.read(settings.public_key) if settings.public_key.exists() else None
        stored = stored_passphrases(settings, files.newest)
        if files.newest.exists():
            ring = opened_key_ring(settings, private)
            if ring.get(key.public_key.key_id) is not None:
                raise KeyFileError(
                    f"Private key {key.public_key.key_id} is here already; there is nothing to bring back."
                )
            passphrase = ring.passphrase
        else:
            passphrase = stored[0] if stored else asked_new_passphrase()
        typer.echo(f"Key {key.public_key.key_id} is back: {import_key(key, files, public, passphrase)}")


def verify_keys(
    database: Database = None,
    private: Private = None,
    escrow: Annotated[
        Path | None, typer.Option(help="Check this escrow copy instead of the private keys in daily use.")
    ] = None,
    passphrase_file: EscrowPassphraseFile = None,
) -> None:
    """Check that the private keys open, belong to the public key in use and open what is sealed to it.

    Lists how many rows of the intake database are sealed to each key, and which keys are missing. Something that is
    wrong is said and makes the exit code 1.
    """
    with plain_errors():
        settings = IntakeSettings()
        problems: list[str] = []
        if escrow is not None:
            key, passphrase = open_key_file(escrow, _escrow_passphrases(passphrase_file))
            ring = KeyRing((key,), passphrase)
            typer.echo(f"The escrow copy {escrow} opens.")
        else:
            ring = opened_key_ring(settings, private)
            problems += _permissions(key_ring_files(settings, private))
        problems += _check_pair(ring, settings.public_key)
        problems += _check_rows(ring, database or settings.database, every=escrow is None)
        for problem in problems:
            typer.echo(problem, err=True)
        if problems:
            raise typer.Exit(1)
        typer.echo("All is well.")


def _check_pair(ring: KeyRing, public: Path) -> list[str]:
    for key in ring:
        round_trip(key, key.public_key)
        typer.echo(f"Key {key.public_key.key_id} opens what is sealed to it.")
    if not public.exists():
        typer.echo(f"There is no public key {public} on this machine; compare the key ids where it stands.")
        return []
    in_use = PublicKey.read(public)
    own = ring.get(in_use.key_id)
    if own is None:
        return [f"Responses are sealed to key {in_use.key_id} ({public}), whose private key is not here."]
    round_trip(own, in_use)
    typer.echo(f"Key {in_use.key_id} is in use: {public}")
    if own is not ring.newest:
        return [f"The newest key, {ring.newest.public_key.key_id}, is not in use yet. Run `fyren keys rotate` again."]
    return []


def _check_rows(ring: KeyRing, database: str, *, every: bool) -> list[str]:
    if file_is_missing(database):
        typer.echo(f"There is no intake database {database} on this machine; its rows were not counted.")
        return []
    problems: list[str] = []
    for key_id, count in asyncio.run(rows_by_key(database)).items():
        known = ring.get(key_id) is not None
        typer.echo(f"{count:>9} rows are sealed to key {key_id}{'' if known else ', which is not here'}.")
        if not known and every:
            problems.append(
                f"The private key {key_id} is missing: {count} rows cannot be read. They are kept. Bring it back from"
                " escrow with `fyren keys import`."
            )
    return problems


def _permissions(files: KeyRingFiles) -> list[str]:
    return [
        f"Others may reach {path}. Run: chmod go-rwx {path}"
        for path in dict.fromkeys((files.newest.parent, files.older, *files.paths()))
        if loose_permissions(path)
    ]


def _escrow_passphrases(file: Path | None) -> tuple[Passphrase, ...]:
    return (asked_passphrase("Passphrase of the escrow copy"),) if file is None else read_passphrases(file)


def _new_passphrase(settings: IntakeSettings, files: KeyFiles, generate: bool) -> Passphrase:
    if generate:
        return create_passphrase_file(passphrase_beside(files.private))
    if settings.key_passphrase_file is not None:
        return read_passphrase_file(settings.key_passphrase_file)
    return asked_new_passphrase()
