"""The key ring: the private keys of a store over time, the newest and those that it took the place of.

One key seals at a time; every key that something is still sealed to must be kept to open it. The newest private key
stands in a file of its own, older ones beside it (or in a folder of their own), each under its key id.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from intake_store.keys.locked_files import SCRYPT_COST, WrongPassphrase
from intake_store.keys.passphrases import Passphrase, check_passphrase
from intake_store.keys.private_keys import PrivateKey
from intake_store.keys.secret_files import replace, write_new
from intake_store.submission.errors import KeyFileError
from intake_store.submission.sealing import KeyId, PublicKey


@dataclass(frozen=True, slots=True)
class KeyRingFiles:
    """Where private keys stand: the newest in a file, older ones in a folder, named after it and their key ids."""

    newest: Path
    older: Path

    def of(self, key_id: KeyId) -> Path:
        """Return where an older key stands."""
        return self.older / f"{self.newest.stem}-{key_id}.json"

    def paths(self) -> tuple[Path, ...]:
        """Return all files of private keys, the newest first."""
        found = sorted(self.older.glob(f"{self.newest.stem}-*.json"))
        return (self.newest, *(path for path in found if path != self.newest))


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Opened private keys, the newest first."""

    keys: tuple[PrivateKey, ...]
    passphrase: Passphrase = field(repr=False)
    """What the newest key is locked with."""

    @property
    def newest(self) -> PrivateKey:
        """The key that everything is to be sealed to."""
        return self.keys[0]

    def get(self, key_id: str) -> PrivateKey | None:
        """Return the key of an id, or None if it is not at hand."""
        return next((key for key in self.keys if key.public_key.key_id == key_id), None)

    def __iter__(self) -> Iterator[PrivateKey]:
        return iter(self.keys)

    @classmethod
    def read(cls, files: KeyRingFiles, passphrases: Sequence[Passphrase]) -> KeyRing:
        """Open every key with whichever passphrase fits.

        Raises `WrongPassphrase`, with the name of the file, if none does, and `KeyFileError` if a file is missing or
        damaged: a key that silently stayed out would make responses look unreadable.
        """
        opened: dict[KeyId, PrivateKey] = {}
        fitting: list[Passphrase] = []
        for path in files.paths():
            key, passphrase = open_key_file(path, passphrases)
            opened.setdefault(key.public_key.key_id, key)
            fitting.append(passphrase)
        return cls(tuple(opened.values()), fitting[0])


def open_key_file(path: Path, passphrases: Iterable[Passphrase]) -> tuple[PrivateKey, Passphrase]:
    """Open a private key file with whichever passphrase fits, and return that too.

    Raises `WrongPassphrase` if none does, and `KeyFileError` if the file cannot be read or is damaged.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise KeyFileError(f"The private key {path} cannot be read ({error.strerror}).") from error
    for passphrase in passphrases:
        try:
            return PrivateKey.unlock(content, passphrase), passphrase
        except WrongPassphrase:
            continue
        except KeyFileError as error:
            raise KeyFileError(f"{path}: {error}") from error
    raise WrongPassphrase(f"{path} does not open: the passphrase is wrong, or the file was changed.")


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did; `kept_public` is where the public key before stands now, if it was at hand."""

    before: KeyId
    key: PublicKey
    kept_private: Path
    kept_public: Path | None
    finished_earlier: bool
    """Whether the new key was there already, from a rotation that had been interrupted."""


def rotate(
    files: KeyRingFiles, ring: KeyRing, public: Path, passphrase: Passphrase, cost: int = SCRYPT_COST
) -> Rotation:
    """Make a new key, keep the private one before for opening, and put the new public key in place of the old.

    Nothing that opens a response is ever without a copy: the old private key is written under its id before the new
    one takes its place, and the public key comes last. If that was interrupted, the next rotation finishes it.
    Raises `KeyFileError` if a file cannot be written, if both halves would stand in one folder, or if the public key
    that is there belongs to none of the private ones.
    """
    check_passphrase(passphrase)
    if public.resolve().parent in (files.newest.resolve().parent, files.older.resolve()):
        raise KeyFileError("The public key must stand apart from the private ones, in another folder.")
    in_use = PublicKey.read(public) if public.exists() else None
    if in_use is not None and ring.get(in_use.key_id) is None:
        raise KeyFileError(
            f"The public key {public} ({in_use.key_id}) belongs to none of the private keys here. Is this the right"
            " store? If its private key was lost, bring it back first with `fyren keys import`."
        )
    before = in_use.key_id if in_use is not None else ring.newest.public_key.key_id
    finished_earlier = before != ring.newest.public_key.key_id
    key = ring.newest
    if not finished_earlier:
        key = PrivateKey.generate()
        content = key.lock(passphrase, cost)
        files.older.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not files.of(before).exists():
            write_new(files.of(before), files.newest.read_bytes(), 0o600)
        PrivateKey.unlock(content, passphrase)
        replace(files.newest, content, 0o600)
    return Rotation(before, key.public_key, files.of(before), publish_key(public, key.public_key), finished_earlier)


def publish_key(public: Path, key: PublicKey) -> Path | None:
    """Put a public key into its place at once, and return where the one before was kept, if there was one.

    Raises `KeyFileError` if what stands there is no public key, or cannot be written.
    """
    public.parent.mkdir(parents=True, exist_ok=True)
    if not public.exists():
        write_new(public, key.to_pem(), 0o644)
        return None
    before = PublicKey.read(public)
    if before.key_id == key.key_id:
        return None
    kept = public.with_name(f"{public.stem}-{before.key_id}{public.suffix}")
    if not kept.exists():
        write_new(kept, before.to_pem(), 0o644)
    replace(public, key.to_pem(), 0o644)
    return kept


def export_key(key: PrivateKey, folder: Path, passphrase: Passphrase, cost: int = SCRYPT_COST) -> Path:
    """Write an escrow copy of a private key into a folder, locked with a passphrase of its own; return its path.

    It is a private key file like any other. Raises `KeyFileError` if there is one already or it cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"intake-private-{key.public_key.key_id}.json"
    write_new(path, key.lock(passphrase, cost), 0o600)
    open_key_file(path, [passphrase])
    return path


def import_key(
    key: PrivateKey, files: KeyRingFiles, public: PublicKey | None, passphrase: Passphrase, cost: int = SCRYPT_COST
) -> Path:
    """Put a private key that came out of escrow into the key ring, locked with `passphrase`; return its path.

    It becomes the newest if none is there, unless the public key in use, if known, is another one's. Raises
    `KeyFileError` if it is there already or cannot be written.
    """
    key_id = key.public_key.key_id
    is_newest = not files.newest.exists() and (public is None or public.key_id == key_id)
    path = files.newest if is_newest else files.of(key_id)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_new(path, key.lock(passphrase, cost), 0o600)
    return path


def destroy_key(path: Path) -> None:
    """Overwrite a private key file and delete it; raises `KeyFileError` if that cannot be done.

    Disks and backups may keep what was overwritten; without its passphrase that opens nothing.
    """
    try:
        with path.open("r+b") as file:
            file.write(b"\0" * path.stat().st_size)
            file.flush()
            with contextlib.suppress(OSError):
                file.truncate()
        path.unlink()
    except OSError as error:
        raise KeyFileError(f"{path} cannot be destroyed ({error.strerror}).") from error


def loose_permissions(path: Path) -> bool:
    """Tell whether others than its owner may read or change a file."""
    return bool(path.stat().st_mode & 0o077)
