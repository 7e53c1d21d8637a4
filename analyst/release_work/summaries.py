"""What a releaser looks at before releasing: each table, why its figures are withheld, what changed, and the attack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from intake_store.statistics.changes import Changes, TableChange, changes, key_of, responses_of
from intake_store.statistics.declarations import Source
from intake_store.statistics.outsider import Findings
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.releases import Release
from intake_store.statistics.releasing import Preview
from intake_store.statistics.withheld import WithheldFigures, repeats

_MOST_NARROW_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class TableSummary:
    """A table of a preview: how many of its figures are withheld and why, and how it differs from the one before."""

    id: str
    table: ReleasedTable
    told: WithheldFigures
    change: TableChange | None

    @property
    def is_new(self) -> bool:
        """Whether the release that is compared with does not have it."""
        return self.change is None


@dataclass(frozen=True, slots=True)
class PopulationSummary:
    """The tables of a population together; `responses` is None where they are too few to be told.

    Figures of tables that only repeat others are not counted again in `told`.
    """

    population: str
    responses: int | None
    told: WithheldFigures
    tables: tuple[TableSummary, ...]


@dataclass(frozen=True, slots=True)
class AttackSummary:
    """What the attacker came to; `narrow` names the counts that give way, the first of them."""

    attacked: int
    unpublished: int
    least_width: float
    required_width: int
    narrow: tuple[str, ...]
    narrow_in_all: int

    @property
    def is_safe(self) -> bool:
        """Whether no withheld figure can be worked out too closely."""
        return not self.narrow_in_all


@dataclass(frozen=True, slots=True)
class PreviewSummary:
    """What a releaser looks at; `seen` is the number of the newest release of the period, or empty."""

    populations: tuple[PopulationSummary, ...]
    attack: AttackSummary
    threshold: int
    synthetic: bool
    provisional: bool
    seen: str
    changes: Changes | None
    digest: str

    @property
    def tables(self) -> tuple[TableSummary, ...]:
        """All tables."""
        return tuple(table for population in self.populations for table in population.tables)

    @property
    def told(self) -> WithheldFigures:
        """All figures together."""
        return sum((population.told for population in self.populations), WithheldFigures())

    @property
    def is_empty(self) -> bool:
        """Whether no population has enough responses for a single table."""
        return all(summary.table.withheld for summary in self.tables if summary.table.source is Source.RESPONSES)

    def find(self, table_id: str) -> TableSummary | None:
        """Return a table by its id, or None."""
        return next((summary for summary in self.tables if summary.id == table_id), None)


@dataclass(frozen=True, slots=True)
class PublishedSummary:
    """What an attacker comes to who reads everything that is published."""

    releases: int
    tables: int
    attack: AttackSummary


def summarised(preview: Preview, against: Release | None, before: Sequence[ReleasedTable], seen: str) -> PreviewSummary:
    """Return what a releaser looks at, of a preview and the release it is compared with."""
    changed = None
    if against is not None:
        changed = changes(against, before, preview.tables, preview.codebook_version, preview.threshold)
    responses = responses_of(preview.tables)
    groups: dict[str, list[TableSummary]] = {}
    for made in preview.made:
        key = key_of(made.table)
        change = changed.tables.get(key) if changed is not None else None
        summary = TableSummary(".".join(filter(None, key)), made.table, made.withheld, change)
        groups.setdefault(made.table.population_label, []).append(summary)
    return PreviewSummary(
        populations=tuple(
            PopulationSummary(
                population,
                responses.get(population),
                sum((summary.told for summary in tables if not repeats(summary.table)), WithheldFigures()),
                tuple(tables),
            )
            for population, tables in groups.items()
        ),
        attack=attack_summary(preview.findings, preview.threshold),
        threshold=preview.threshold,
        synthetic=any(table.synthetic for table in preview.tables),
        provisional=any(table.provisional for table in preview.tables),
        seen=seen,
        changes=changed,
        digest=preview.digest,
    )


def attack_summary(findings: Findings, width: int) -> AttackSummary:
    """Return what an attacker came to, who must not know a withheld count to within less than `width`."""
    return AttackSummary(
        attacked=findings.withheld,
        unpublished=findings.unpublished,
        least_width=findings.least_width,
        required_width=width,
        narrow=tuple(_narrow(findings)),
        narrow_in_all=len(findings.narrow),
    )


def _narrow(findings: Findings) -> Iterator[str]:
    for found in findings.narrow[:_MOST_NARROW_SHOWN]:
        lowest, highest = found.interval.lowest, found.interval.highest
        yield f"{' '.join(found.cell)}: {lowest:g}–{highest:g}"
