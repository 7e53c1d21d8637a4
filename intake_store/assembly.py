"""Puts rooms of the store together from settings, for the commands and for the analyst's place alike."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from intake_store.codebook import Codebook
from intake_store.keys.passphrases import Passphrase, read_passphrases
from intake_store.settings import IntakeSettings
from intake_store.statistics.declarations import TableDeclaration
from intake_store.statistics.releases import ReleaseFolder
from intake_store.statistics.releasing import Releasing
from intake_store.statistics.service_figures import DATASET, figures_of_table
from intake_store.statistics.supply import load_coverage
from intake_store.statistics.tables import ServiceSide
from intake_store.warehouse.warehouse import Warehouse


def releasing(
    settings: IntakeSettings, warehouse: Warehouse, codebook: Codebook, declarations: Sequence[TableDeclaration]
) -> Releasing:
    """Return what makes tables out of a warehouse and the releases there are; raises `ContentError`."""
    coverage = load_coverage(settings.coverage)
    services = ServiceSide(coverage=coverage, figures=figures_of_table(warehouse.dataset(DATASET)))
    return Releasing(warehouse, codebook, declarations, ReleaseFolder(settings.releases), settings.threshold, services)


def stored_passphrases(settings: IntakeSettings, private_key: Path) -> tuple[Passphrase, ...]:
    """Return the passphrases of the file that a setting names, or that stands beside the key; none if there is none.

    Raises `KeyFileError` if the file cannot be read.
    """
    if settings.key_passphrase_file is not None:
        return read_passphrases(settings.key_passphrase_file)
    beside = passphrase_beside(private_key)
    return read_passphrases(beside) if beside.exists() else ()


def passphrase_beside(private_key: Path) -> Path:
    """Return where a passphrase stands beside its key, which is for trials on one machine."""
    return private_key.parent / "passphrase"
