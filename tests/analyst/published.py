"""Releases of made-up responses, as they would lie in the folder: seven quarters, a year, and a revision."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np

from analyst.release_work.work import OpenStatistics, OpenWarehouse
from intake_store.codebook import load_codebooks
from intake_store.periods import Period, Quarter, Year
from intake_store.settings import PROJECT
from intake_store.statistics.declarations import DECLARATIONS_FOLDER, TableDeclaration, load_declarations
from intake_store.statistics.releases import ReleaseFolder
from intake_store.statistics.releasing import Occasion, Releasing
from intake_store.statistics.service_figures import ServiceFigures
from intake_store.statistics.supply import load_coverage
from intake_store.statistics.tables import ServiceSide
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.synthetic import synthetic_tables
from intake_store.usage.events import Occurrence, UsageCount, UsageEvent
from intake_store.warehouse.warehouse import Warehouse
from intake_store.warehouse.warehouse_key import WarehouseKey

CODEBOOKS = PROJECT / "flows" / "codebook"
COVERAGE = PROJECT / "flows" / "directory" / "coverage.csv"
AFTERWARDS = IsoWeek(2026, 45)

FEW_TABLES = frozenset(
    [
        "needs",
        "needs_by_county",
        "needs_by_age",
        "needs_by_region",
        "needs_over_time",
        "needs_met_by_gender",
        "barriers",
        "arenas",
        "arenas_over_time",
        "county",
        "forms",
        "age_by_gender",
        "treatment_by_service",
        "treatment_over_time",
        "service_kind",
        "supply_by_county",
        "young_needs_by_gender",
        "young_treatment",
        "young_needs_over_time",
        "buyers_arenas_by_age",
        "funnel_by_channel",
        "staff_asking",
        "citizenship_country",
        "cost_per_person",
    ]
)
"""One table of every kind there is to draw."""

FEWER_TABLES = frozenset({"needs", "needs_by_gender", "arenas", "young_needs_met", "staff_asking"})
"""A handful, for tests that are not about tables."""

_KEY = WarehouseKey(bytes(range(32)))

_SHARES = {
    "conversation_started": 1.0,
    "flow_entered": 1.4,
    "flow_completed": 0.8,
    "questionnaire_started": 0.35,
    "questionnaire_completed": 0.22,
    "questionnaire_left": 0.08,
    "crisis_card_shown": 0.02,
    "understanding_failed": 0.11,
}


def publish(
    folder: Path,
    warehouse: Path,
    responses: int,
    names: Collection[str] | None = FEW_TABLES,
    periods: Collection[Period] = (
        *(Quarter(2025, number) for number in (1, 2, 3, 4)),
        Year(2025),
        *(Quarter(2026, number) for number in (1, 2, 3)),
    ),
) -> ReleaseFolder:
    """Release the named tables, or all, of made-up responses spread over the quarters; then revise the last one."""
    codebooks = load_codebooks(CODEBOOKS)
    codebook = codebooks["1"]
    declared = load_declarations(DECLARATIONS_FOLDER, codebook)
    declarations: list[TableDeclaration] = [d for name, d in declared.items() if names is None or name in names]
    quarters = sorted({quarter for period in periods for quarter in period.quarters})
    weeks = [week for quarter in quarters for week in quarter.weeks]
    releases = ReleaseFolder(folder)
    with Warehouse(warehouse, codebooks, _KEY) as opened:
        for batch in synthetic_tables(codebook, weeks, responses, seed=11):
            opened.add_columns(batch, {})
        opened.replace_usage(_usage(quarters))
        services = ServiceSide(coverage=load_coverage(COVERAGE), figures=tuple(_figures()))
        made = Releasing(opened, codebook, declarations, releases, 10, services)
        for period in periods:
            released_on = period.quarters[-1].weeks[-1].thursday + datetime.timedelta(days=20)
            made.release(period, AFTERWARDS, Occasion(released_on=released_on, program="1.0.0", note="Made for tests."))
        last = list(periods)[-1]
        made.release(
            last,
            AFTERWARDS,
            Occasion(released_on=datetime.date(2026, 10, 30), program="1.0.0", reason="A title was wrong."),
        )
    return releases


def door(folder: Path, warehouse: Path, names: Collection[str] | None = FEW_TABLES) -> OpenWarehouse:
    """Return what opens a warehouse for previews and releases of the same tables that `publish` made of it."""
    codebooks = load_codebooks(CODEBOOKS)
    declared = load_declarations(DECLARATIONS_FOLDER, codebooks["1"])
    declarations = [declaration for name, declaration in declared.items() if names is None or name in names]

    @contextlib.contextmanager
    def opened() -> Iterator[OpenStatistics]:
        services = ServiceSide(coverage=load_coverage(COVERAGE), figures=tuple(_figures()))
        with Warehouse(warehouse, codebooks, _KEY) as found:
            made = Releasing(found, codebooks["1"], declarations, ReleaseFolder(folder), 10, services)
            yield OpenStatistics(made, {}, production=False)

    return opened


def _usage(quarters: Collection[Quarter]) -> Iterator[UsageCount]:
    chance = np.random.default_rng(3)
    for quarter in quarters:
        week = quarter.weeks[0]
        for channel, size in (("web", 4000), ("telegram", 900), ("sms", 30)):
            for language, part in (("sv", 0.6), ("en", 0.2), ("ro", 0.15), ("uk", 0.05)):
                for event, share in _SHARES.items():
                    count = int(chance.poisson(size * part * share))
                    yield UsageCount(week, Occurrence(UsageEvent(event), channel, language), count)


def _figures() -> Iterator[ServiceFigures]:
    kinds = (("social_services", 5, 2_400_000, 60), ("specialised_clinic", 4, 3_900_000, 180), ("kast", 4, 900_000, 95))
    for kind, number, cost, clients in kinds:
        for place in range(number):
            yield ServiceFigures(
                2025, f"{kind} {place}", kind, cost + 210_000 * place, clients + 13 * place, None, None, None, None
            )
