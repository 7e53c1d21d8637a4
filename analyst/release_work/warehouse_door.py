"""The door to the warehouse: opened for a preview or a release, and closed again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Final

from analyst.release_work.work import OpenStatistics
from analyst.translation import message
from intake_store.assembly import releasing, stored_passphrases
from intake_store.codebook import Codebook, load_codebooks
from intake_store.keys.passphrases import Passphrase
from intake_store.settings import IntakeSettings
from intake_store.statistics.declarations import load_declarations
from intake_store.submission.errors import IntakeStoreError
from intake_store.warehouse.warehouse import Warehouse
from intake_store.warehouse.warehouse_key import WarehouseKey

LOCKED: Final = message(
    "The warehouse is locked. Let FYREN_KEY_PASSPHRASE_FILE name a file with its passphrase, or start with"
    " FYREN_ANALYST_ASKS_PASSPHRASE=true."
)
NO_WAREHOUSE: Final = message(
    "There is no warehouse on this machine yet. Whoever holds the private key runs `fyren responses load`."
)


class WarehouseMissing(IntakeStoreError):
    """There is no warehouse, or nothing that opens it."""


class WarehouseDoor:
    """Opens the warehouse with the passphrases that a file holds, or that were given at the start.

    The key is read each time, so that showing and exporting released tables needs none, and it may come later.
    """

    def __init__(self, settings: IntakeSettings, passphrases: Sequence[Passphrase] = ()) -> None:
        self._settings = settings
        self._passphrases = tuple(passphrases)

    def missing(self) -> str:
        """Return what has to be there before the warehouse opens and is not, or nothing.

        Raises `KeyFileError` if the file with the passphrase cannot be read.
        """
        settings = self._settings
        if not settings.warehouse_key.exists():
            return NO_WAREHOUSE
        return "" if self._passphrases or stored_passphrases(settings, settings.warehouse_key) else LOCKED

    @contextlib.contextmanager
    def open(self) -> Iterator[OpenStatistics]:
        """Yield what makes tables; raises `IntakeStoreError` and `ContentError` if something is missing or broken."""
        settings = self._settings
        if problem := self.missing():
            raise WarehouseMissing(problem)
        passphrases = self._passphrases or stored_passphrases(settings, settings.warehouse_key)
        codebooks = load_codebooks(settings.codebooks)
        codebook = newest_of(codebooks)
        declarations = list(load_declarations(settings.tables, codebook).values())
        key = WarehouseKey.read(settings.warehouse_key, *passphrases)
        with Warehouse(settings.warehouse, codebooks, key, settings.warehouse_engine) as warehouse:
            yield OpenStatistics(
                releasing(settings, warehouse, codebook, declarations),
                {reason.value: count for reason, count in warehouse.quarantined().items()},
                settings.production,
            )


def newest_of(codebooks: dict[str, Codebook]) -> Codebook:
    """Return the newest version of the codebook."""
    return codebooks[max(codebooks, key=int)]
