"""Opening the warehouse at a prompt: where it stands, and its key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from intake_store.assembly import stored_passphrases
from intake_store.codebook import Codebook
from intake_store.keys.key_ring import KeyRing
from intake_store.prompting import asked_passphrase
from intake_store.settings import IntakeSettings
from intake_store.submission.errors import IntakeStoreError
from intake_store.warehouse.segments import MANIFEST
from intake_store.warehouse.warehouse import Warehouse, is_database
from intake_store.warehouse.warehouse_key import WarehouseKey


def open_warehouse(
    settings: IntakeSettings, codebooks: Mapping[str, Codebook], location: str | None = None
) -> Warehouse:
    """Open the warehouse that an option or the settings name; asks for its passphrase unless a file holds it.

    Raises `IntakeStoreError` if there is none yet.
    """
    place, key_file = location or settings.warehouse, settings.warehouse_key
    if not key_file.exists():
        _refuse_to_replace_key(key_file, place)
        raise IntakeStoreError(f"There is no warehouse {place} yet. Run `fyren responses load`.")
    passphrases = stored_passphrases(settings, key_file) or (asked_passphrase("Passphrase of the warehouse"),)
    key = WarehouseKey.read(key_file, *passphrases)
    return Warehouse(place, codebooks, key, settings.warehouse_engine)


def open_or_make_warehouse(
    settings: IntakeSettings, codebooks: Mapping[str, Codebook], location: str | None, ring: KeyRing
) -> Warehouse:
    """Open the warehouse with the passphrase of the private key, or make it and its key if there is none yet."""
    place, key_file = location or settings.warehouse, settings.warehouse_key
    if key_file.exists():
        known = (ring.passphrase, *stored_passphrases(settings, key_file))
        key = WarehouseKey.read(key_file, *dict.fromkeys(known))
    else:
        _refuse_to_replace_key(key_file, place)
        key = WarehouseKey.create(key_file, ring.passphrase)
    return Warehouse(place, codebooks, key, settings.warehouse_engine)


def _refuse_to_replace_key(key_file: Path, place: str) -> None:
    if not is_database(place) and (Path(place) / MANIFEST).exists():
        raise IntakeStoreError(
            f"The key {key_file} of the warehouse is missing. Bring it back from its backup; or delete the folder"
            f" {place} and load everything anew with `fyren responses load`."
        )
