from __future__ import annotations

import dataclasses
import random
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from intake_store.codebook import Codebook
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.response import NO_ANSWER, UNKNOWN, Answer, ChannelKind, QualityFlag, Response
from intake_store.warehouse.engines import EngineName
from intake_store.warehouse.warehouse import OpenedResponse, Warehouse
from intake_store.warehouse.warehouse_key import WarehouseKey

WEEKS = (IsoWeek(2026, 39), IsoWeek(2026, 40), IsoWeek(2026, 41))
"""The last week of a quarter and the first two of the next."""

OpenWarehouse = Callable[..., Warehouse]


@pytest.fixture(scope="session")
def warehouse_key() -> WarehouseKey:
    return WarehouseKey.generate()


@pytest.fixture
def open_warehouse(tmp_path: Path, codebooks: dict[str, Codebook], warehouse_key: WarehouseKey) -> OpenWarehouse:
    """Return what opens a warehouse; the one in the test's folder when nothing else is said."""

    def opened(
        location: Path | str | None = None,
        key: WarehouseKey = warehouse_key,
        engine: EngineName = EngineName.DUCKDB,
        codebooks: dict[str, Codebook] = codebooks,
    ) -> Warehouse:
        return Warehouse(location or tmp_path / "warehouse", codebooks, key, engine)

    return opened


@pytest.fixture(scope="session")
def varied(codebook: Codebook) -> list[OpenedResponse]:
    """Return responses of two populations and two quarters, with every kind of answer, and some with flags."""
    random_numbers = random.Random(3)
    made = []
    for number in range(120):
        population = codebook.populations[("needs_selling", "needs_buying")[number % 2]]
        answers = {}
        for variable in population.variables:
            codes = [code.code for code in variable.codes if not code.exclusive]
            chosen = random_numbers.sample(codes, random_numbers.randint(1, min(3, variable.max, len(codes))))
            silent = [NO_ANSWER, UNKNOWN] if variable.unknown else [NO_ANSWER]
            answers[variable.name] = random_numbers.choice([Answer.of(*chosen)] * 3 + silent)
        response = Response(
            "1",
            population.name,
            iso_week=WEEKS[number % 3],
            channel=random_numbers.choice([ChannelKind.WEB, ChannelKind.TELEGRAM]),
            language=random_numbers.choice(["sv", "en", "ro"]),
            answers=population.complete(answers),
            synthetic=number % 7 == 0,
        )
        if number % 10 == 0:
            response = dataclasses.replace(response, flags=frozenset({QualityFlag.TOO_FAST, QualityFlag.SAME_CLIENT}))
        made.append(OpenedResponse(uuid.UUID(int=random_numbers.getrandbits(128)), response))
    return made
