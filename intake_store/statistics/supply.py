"""Supply: what services there are for each need in each county, set against the needs that people named."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from content_files import ContentError, ContentProblem
from intake_store.codebook import Codebook
from intake_store.statistics.declarations import Source, TableDeclaration
from intake_store.statistics.geography import COUNTY, REGION_OF
from intake_store.statistics.released import Figure, ReleasedRow, ReleasedTable
from intake_store.statistics.wording import COUNTED_RESPONSES, title_of

_COLUMNS: Final = ("county", "need", "services", "municipalities_covered", "municipalities")
_FIGURES: Final = (
    ("responses", "Responses naming the need"),
    ("services", "Services in the county"),
    ("municipalities_covered", "Municipalities with a service"),
    ("municipalities", "Municipalities"),
)
_NEEDS: Final = "needs"


@dataclass(frozen=True, slots=True)
class Supply:
    """How many services a county has for a need of the directory, and in how many of its municipalities."""

    services: int
    municipalities_covered: int
    municipalities: int


Coverage = Mapping[tuple[str, str], Supply]
"""The supply by county and need of the directory."""


def load_coverage(path: Path) -> Coverage:
    """Read the coverage that `fyren directory coverage` wrote.

    Raises `ContentError` with the line of every mistake.
    """
    problems: list[ContentProblem] = []
    found: dict[tuple[str, str], Supply] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            if tuple(reader.fieldnames or ()) != _COLUMNS:
                raise ContentError([ContentProblem(path, 1, "", f"must have the columns {','.join(_COLUMNS)}")])
            for row in reader:
                place = (row["county"], row["need"])
                figures = [row[name] for name in _COLUMNS[2:]]
                if None in row or not all((figure or "").isdecimal() for figure in figures):
                    problems.append(ContentProblem(path, reader.line_num, "", "has a figure that is no whole number"))
                elif place[0] not in REGION_OF or place in found:
                    problems.append(ContentProblem(path, reader.line_num, "", "names no county, or is there twice"))
                else:
                    found[place] = Supply(*map(int, figures))
    except (OSError, csv.Error, UnicodeDecodeError) as error:
        raise ContentError(
            [ContentProblem(path, 0, "", "cannot be read. Run `fyren directory coverage` to write it anew.")]
        ) from error
    if problems:
        raise ContentError(problems)
    return found


def supply_tables(
    declarations: Iterable[TableDeclaration], released: Sequence[ReleasedTable], codebook: Codebook, coverage: Coverage
) -> Iterator[ReleasedTable]:
    """Yield a table for each need of each supply declaration.

    The counts of responses are those of the released table of needs by county, withheld where it withholds them, so
    that nothing new is said about responses. Where there is no such table they are all withheld.
    """
    for declaration in declarations:
        if declaration.source is not Source.SUPPLY:
            continue
        for population in declaration.populations:
            crossed = [t for t in released if t.population == population and t.row_variable == _NEEDS]
            crossed = [t for t in crossed if t.source is Source.RESPONSES and t.period_kind is declaration.period]
            # Any table of the period tells who was counted and when; only the one by county has the counts.
            if about := next((t for t in crossed if t.column_variable == COUNTY), next(iter(crossed), None)):
                for need, kinds in declaration.needs.items():
                    yield _table(declaration, about, codebook, (need, kinds), coverage)


def _table(
    declaration: TableDeclaration,
    needs: ReleasedTable,
    codebook: Codebook,
    need: tuple[str, tuple[str, ...]],
    coverage: Coverage,
) -> ReleasedTable:
    variables = codebook.populations[needs.population].variable
    county = variables(COUNTY)
    code, kinds = need

    def supplied(place: str) -> Sequence[Figure]:
        found = [coverage[place, kind] for kind in kinds if (place, kind) in coverage]
        if not found:
            return (None, None, None)
        # One service can answer to two needs, so the largest is what is certain.
        return (
            max(supply.services for supply in found),
            max(supply.municipalities_covered for supply in found),
            found[0].municipalities,
        )

    return needs.model_copy(
        update={
            "name": declaration.name,
            "title": title_of(declaration.title, needs.synthetic),
            "theme": declaration.theme,
            "source": Source.SUPPLY,
            "layer": (code, variables(_NEEDS).label_of(code)),
            "unit": f"{COUNTED_RESPONSES} Beside them, services and municipalities.",
            "base_text": declaration.base or "Each figure stands for itself.",
            "row_variable": COUNTY,
            "row_label": county.label,
            "column_variable": "figure",
            "column_label": "Figure",
            "columns": _FIGURES,
            "rows": tuple(
                ReleasedRow(
                    code=entry.code,
                    label=entry.label,
                    counts=(_named(needs, code, entry.code), *supplied(entry.code)),
                )
                for entry in county.codes
                if entry.code in REGION_OF
            ),
            "base": None,
            "means": None,
            "non_response": (),
            "responses": None,
            "notes": declaration.notes,
            "withheld": False,
            "split_withheld": False,
        }
    )


def _named(needs: ReleasedTable, need: str, county: str) -> Figure:
    """Return how many responses of a county named a need, as the released table has it."""
    if needs.column_variable != COUNTY:
        return None
    place = next((index for index, (code, _) in enumerate(needs.columns) if code == county), None)
    row = next((row for row in needs.rows if row.code == need), None)
    return None if place is None or row is None else row.counts[place]
