"""Coverage: what the directory has for each need in each county, for tables that set needs against services.

A service counts where it serves a municipality or the whole of a county. Services for the whole of Sweden do not count:
they are reached by phone or on the web and say nothing about who can visit whom. So three levels can be told apart,
within the municipality, within the county, and none.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bot.directory.directory import Directory
from bot.directory.services import Existence, Need, Service

COVERAGE_COLUMNS: Final = ("county", "need", "services", "municipalities_covered", "municipalities")


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many services a county has for a need, and in how many of its municipalities somebody can turn to one."""

    county: str
    need: Need
    services: int
    municipalities_covered: int
    municipalities: int


def coverage_of(directory: Directory) -> Iterator[Coverage]:
    """Yield the coverage of every county and need, in the order of the codes."""
    counted = [s for s in directory.services if s.existence is Existence.CONFIRMED and s.first_contact and s.reachable]
    for county in directory.counties:
        inside = {code for code, place in directory.municipalities.items() if place.county_code == county}
        for need in Need:
            served = [_served(service, county, inside) for service in counted if need in service.needs]
            local = [places for places in served if places]
            covered = set[str]().union(*local)
            yield Coverage(county, need, len(local), len(covered), len(inside))


def coverage_csv(directory: Directory) -> str:
    """Return the coverage as CSV with `COVERAGE_COLUMNS`."""
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(COVERAGE_COLUMNS)
    for entry in coverage_of(directory):
        figures = (entry.services, entry.municipalities_covered, entry.municipalities)
        writer.writerow((entry.county, entry.need.value, *figures))
    return output.getvalue()


def _served(service: Service, county: str, inside: set[str]) -> set[str]:
    """Return the municipalities of a county that a service is for, unless it is for the whole country."""
    places: set[str] = set()
    for area in service.service_areas:
        if area.extent_type == "county" and area.extent == county:
            places |= inside
        elif area.extent_type == "municipality" and area.extent in inside:
            places.add(area.extent)
    return places
