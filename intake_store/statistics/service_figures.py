"""The services' own yearly figures: reading them from a CSV, and what a person reached costs by kind of service.

Sums of money are protected as official statistics protect magnitudes: a sum is withheld when it has too few
contributors, or when one of them could work out another's figure too closely from it (the p% rule; A. Hundepool et al.,
*Statistical Disclosure Control*, Wiley 2012, section 4.2.2).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import pyarrow as pa

from content_files import ContentError, ContentProblem
from intake_store.codebook import Codebook
from intake_store.periods import Year
from intake_store.statistics.declarations import Method, Source, TableDeclaration
from intake_store.statistics.released import Figure, ReleasedRow, ReleasedTable
from intake_store.statistics.wording import ALL_SERVICES, COUNTED_SERVICES, NO_SHARES, title_of

DATASET: Final = "service_figures"
"""The name under which the warehouse keeps the figures."""

FEWEST_SERVICES: Final = 3
"""A sum over fewer services is withheld: each of two knows its own figure and so the other's."""

P_PERCENT: Final = 10
"""Nobody may come closer to a service's figure than this share of it, in percent."""

SERVICE_KIND: Final = "service_kind"

_COLUMNS: Final = ("year", "service", "service_kind", "annual_cost_sek", "clients", "contacts", "staff_fte")
_MORE_COLUMNS: Final = ("funding_source", "has_evaluation", "synthetic")
_SCHEMA: Final = pa.schema(
    [
        ("year", pa.int64()),
        ("service", pa.string()),
        ("service_kind", pa.string()),
        ("annual_cost_sek", pa.int64()),
        ("clients", pa.int64()),
        ("contacts", pa.int64()),
        ("staff_fte", pa.float64()),
        ("funding_source", pa.string()),
        ("has_evaluation", pa.bool_()),
        ("synthetic", pa.bool_()),
    ]
)
_FIGURES: Final = (
    ("services", "Services"),
    ("annual_cost_sek", "Cost in kronor"),
    ("clients", "People reached"),
    ("cost_per_client", "Cost per person in kronor"),
)


class FundingSource(StrEnum):
    """Who pays for most of a service."""

    STATE = "state"
    REGION = "region"
    MUNICIPALITY = "municipality"
    NGO = "ngo"


@dataclass(frozen=True, slots=True)
class ServiceFigures:
    """What one service reported of one year; `clients` are the people it reached, `contacts` how often.

    `synthetic` figures are made up for trying out; a table with any of them says so.
    """

    year: int
    service: str
    service_kind: str
    annual_cost_sek: int
    clients: int
    contacts: int | None
    staff_fte: float | None
    funding_source: FundingSource | None
    has_evaluation: bool | None
    synthetic: bool = False


def read_service_figures(path: Path, codebook: Codebook) -> list[ServiceFigures]:
    """Read a CSV with one line for each service and year.

    `year`, `service`, `service_kind`, `annual_cost_sek` and `clients` are needed; `contacts`, `staff_fte`,
    `funding_source`, `has_evaluation` and `synthetic` (yes or no) may be empty or left out. Raises `ContentError` with
    every line that does not fit; then nothing was read.
    """
    kinds = {code.code for code in codebook.variables[SERVICE_KIND].codes}
    problems: list[ContentProblem] = []
    found: dict[tuple[int, str], ServiceFigures] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            names = tuple(reader.fieldnames or ())
            missing = [name for name in _COLUMNS[:5] if name not in names]
            strange = [name for name in names if name not in (*_COLUMNS, *_MORE_COLUMNS)]
            if missing or strange:
                needed = f"must have the columns {', '.join(_COLUMNS[:5])}"
                raise ContentError(
                    [ContentProblem(path, 1, "", f"{needed}; {', '.join(strange) or 'no other'} is not known")]
                )
            for row in reader:
                try:
                    if None in row or None in row.values():
                        raise ValueError("has not as many fields as the first line")
                    figures = _figures({name: (value or "").strip() for name, value in row.items()}, kinds)
                    if (figures.year, figures.service) in found:
                        raise ValueError("gives the same service and year a second time")
                except ValueError as error:
                    problems.append(ContentProblem(path, reader.line_num, "", str(error)))
                else:
                    found[figures.year, figures.service] = figures
    except OSError as error:
        raise ContentError([ContentProblem(path, 0, "", f"cannot be read: {error.strerror}")]) from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise ContentError([ContentProblem(path, 0, "", f"is not CSV in UTF-8: {error}")]) from error
    if not found and not problems:
        problems.append(ContentProblem(path, 0, "", "has no line with figures"))
    if problems:
        raise ContentError(problems)
    return list(found.values())


def figures_to_table(figures: Iterable[ServiceFigures]) -> pa.Table:
    """Return the figures as the warehouse keeps them, under `DATASET`."""
    listed = list(figures)
    return pa.table({name: [getattr(entry, name) for entry in listed] for name in _SCHEMA.names}, schema=_SCHEMA)


def figures_of_table(table: pa.Table | None) -> list[ServiceFigures]:
    """Return the figures that the warehouse keeps; none if it keeps none."""
    rows = [] if table is None else table.to_pylist()
    return [
        ServiceFigures(**row | {"funding_source": FundingSource(source) if (source := row["funding_source"]) else None})
        for row in rows
    ]


def figure_tables(
    declarations: Iterable[TableDeclaration],
    figures: Sequence[ServiceFigures],
    codebook: Codebook,
    year: Year,
    *,
    provisional: bool,
    threshold: int,
) -> list[ReleasedTable]:
    """Make the declared tables of the services' figures of a year.

    No total over the kinds is published, so nothing that is withheld can be worked out from the others.
    """
    of_year = [entry for entry in figures if entry.year == year.year]
    synthetic = any(entry.synthetic for entry in of_year)
    kinds = {code.code: code.label for code in codebook.variables[SERVICE_KIND].codes}
    by_kind: Mapping[str, list[ServiceFigures]] = {
        kind: [entry for entry in of_year if entry.service_kind == kind] for kind in kinds
    }
    return [
        ReleasedTable(
            name=declaration.name,
            title=title_of(declaration.title, synthetic),
            theme=declaration.theme,
            source=declaration.source,
            population="",
            population_label=ALL_SERVICES,
            period=str(year),
            period_kind=declaration.period,
            provisional=provisional,
            synthetic=synthetic,
            threshold=threshold,
            unit=COUNTED_SERVICES,
            base_text=declaration.base or NO_SHARES,
            method=Method.SUPPRESSION,
            method_text=(
                f"Sums of what the services reported. They are withheld, shown as two dots, for fewer than"
                f" {FEWEST_SERVICES} services, for fewer than {threshold} people, and where a service could work out"
                f" the figure of another to within {P_PERCENT} percent."
            ),
            row_variable=SERVICE_KIND,
            row_label=codebook.variables[SERVICE_KIND].label,
            column_variable="figure",
            column_label="Figure",
            columns=_FIGURES,
            rows=tuple(
                ReleasedRow(code=kind, label=label, counts=_released(by_kind[kind], threshold))
                for kind, label in kinds.items()
                if by_kind[kind]
            ),
            notes=declaration.notes,
            withheld=len(of_year) < FEWEST_SERVICES,
        )
        for declaration in declarations
        if declaration.source is Source.SERVICE_FIGURES
    ]


def is_dominated(values: Sequence[int]) -> bool:
    """Tell whether the p% rule withholds a sum: its second contributor could work out the first one's too closely.

    The second knows the sum and its own figure; what is left, less the first, is all that hides the first.
    """
    first, second = sorted((*values, 0, 0), reverse=True)[:2]
    return (sum(values) - first - second) * 100 < P_PERCENT * first


def _released(entries: Sequence[ServiceFigures], threshold: int) -> tuple[Figure, ...]:
    costs, clients = [entry.annual_cost_sek for entry in entries], [entry.clients for entry in entries]
    few = len(entries) < FEWEST_SERVICES or sum(clients) < threshold
    if few or is_dominated(costs) or is_dominated(clients):
        return (None,) * len(_FIGURES)
    return len(entries), sum(costs), sum(clients), round(sum(costs) / sum(clients), 2)


def _figures(fields: Mapping[str, str], kinds: Iterable[str]) -> ServiceFigures:
    year = _whole(fields, "year")
    if not 2000 <= year <= 2100:
        raise ValueError(f"year {year} is not a year between 2000 and 2100")
    if not fields["service"]:
        raise ValueError("names no service")
    if fields["service_kind"] not in kinds:
        raise ValueError(f"service_kind {fields['service_kind']!r} is not in the codebook")
    staff = fields.get("staff_fte", "")
    try:
        staff_fte = float(staff) if staff else None
    except ValueError:
        raise ValueError(f"staff_fte {staff!r} is not a number such as 4.5") from None
    if staff_fte is not None and not 0 <= staff_fte <= 100_000:
        raise ValueError(f"staff_fte {staff!r} is not a number of full-time posts")
    funding = fields.get("funding_source", "")
    if funding and funding not in {source.value for source in FundingSource}:
        raise ValueError(f"funding_source {funding!r} is none of {', '.join(FundingSource)}")
    return ServiceFigures(
        year=year,
        service=fields["service"],
        service_kind=fields["service_kind"],
        annual_cost_sek=_whole(fields, "annual_cost_sek"),
        clients=_whole(fields, "clients"),
        contacts=_whole(fields, "contacts") if fields.get("contacts") else None,
        staff_fte=staff_fte,
        funding_source=FundingSource(funding) if funding else None,
        has_evaluation=_yes_or_no(fields, "has_evaluation"),
        synthetic=_yes_or_no(fields, "synthetic") or False,
    )


def _yes_or_no(fields: Mapping[str, str], name: str) -> bool | None:
    text = fields.get(name, "")
    if text not in ("", "yes", "no"):
        raise ValueError(f"{name} {text!r} is neither yes nor no")
    return text == "yes" if text else None


def _whole(fields: Mapping[str, str], name: str) -> int:
    text = fields[name]
    if not (text.isascii() and text.isdecimal()) or len(text) > 12:
        raise ValueError(f"{name} {text!r} is not a whole number such as 1200000")
    return int(text)
