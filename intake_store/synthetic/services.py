"""Synthetic yearly figures of services, as lines of the file that such figures are read from, each marked."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

_COLUMNS: Final = (
    "year", "service", "service_kind", "annual_cost_sek", "clients", "contacts", "staff_fte", "funding_source",
    "has_evaluation", "synthetic",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Kind:
    """Services of one kind: how many, whom a typical one reaches, what a person costs in kronor, and who pays."""

    services: int
    clients: int
    cost: int
    funding: str


KINDS: Final[Mapping[str, _Kind]] = {
    "social_services": _Kind(14, 60, 31_000, "municipality"),
    "specialised_clinic": _Kind(5, 260, 14_000, "region"),
    "kast": _Kind(11, 45, 17_000, "municipality"),
    "psychiatry": _Kind(8, 70, 38_000, "region"),
    "bup": _Kind(6, 40, 41_000, "region"),
    "sti_clinic": _Kind(7, 320, 2_400, "region"),
    "youth_clinic": _Kind(9, 150, 3_100, "region"),
    "ngo_shelter": _Kind(6, 55, 72_000, "municipality"),
    "ngo_other": _Kind(7, 90, 11_000, "ngo"),
    "helpline": _Kind(3, 900, 1_900, "state"),
    "police": _Kind(2, 120, 24_000, "state"),
}
"""Invented, like everything here; the last kind has too few services to be shown."""


def synthetic_service_figures(year: int, seed: int) -> str:
    """Return made-up figures of a year as a CSV that `fyren figures import` reads; the same seed gives the same ones.

    Every line says that it is synthetic, and so does every table that is made of any of them.
    """
    chance = np.random.default_rng([seed, year])
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\n")
    lines.writerow(_COLUMNS)
    number = 0
    for name, kind in KINDS.items():
        for _ in range(kind.services):
            number += 1
            clients = max(5, round(kind.clients * float(chance.uniform(0.6, 1.5))))
            cost = round(clients * kind.cost * float(chance.uniform(0.75, 1.3)), -3)
            staff = max(0.5, round(cost / 850_000, 1))
            contacts = clients * int(chance.integers(2, 9))
            evaluated = "yes" if chance.random() < 0.3 else "no"
            made = (year, f"Made-up service {number}", name, int(cost), clients, contacts, staff, kind.funding)
            lines.writerow((*made, evaluated, "yes"))
    return written.getvalue()
