"""Regions: the level between county and country that tables can be made for.

Sweden's *riksområden* are the regions of level 2 of the EU's nomenclature of territorial units for statistics
(NUTS 2; Commission Delegated Regulation (EU) 2023/674 and Eurostat's correspondence tables). Each is made of whole
counties, so the count of a region is the sum of the counts of its counties, and everybody knows that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from intake_store.codebook import Code, Population, Variable

COUNTY: Final = "county"
REGION: Final = "region"
"""A variable that no questionnaire has: the region of the county that was answered."""

ABROAD: Final = "abroad"


@dataclass(frozen=True, slots=True)
class Region:
    """A NUTS 2 region, by Eurostat's code, and the codes of its counties."""

    code: str
    label: str
    counties: tuple[str, ...]


REGIONS: Final = (
    Region("SE11", "Stockholm", ("01",)),
    Region("SE12", "East Middle Sweden", ("03", "04", "05", "18", "19")),
    Region("SE21", "Småland and the islands", ("06", "07", "08", "09")),
    Region("SE22", "South Sweden", ("10", "12")),
    Region("SE23", "West Sweden", ("13", "14")),
    Region("SE31", "North Middle Sweden", ("17", "20", "21")),
    Region("SE32", "Middle Norrland", ("22", "23")),
    Region("SE33", "Upper Norrland", ("24", "25")),
)

REGION_OF: Final[Mapping[str, str]] = {county: region.code for region in REGIONS for county in region.counties}


def region_variable(county: Variable) -> Variable:
    """Return the variable `region` for a population that is asked its county."""
    offered = {code.code: code for code in county.codes}
    codes = [Code(region.code, region.label) for region in REGIONS if not offered.keys().isdisjoint(region.counties)]
    codes += [code for name, code in offered.items() if name not in REGION_OF]
    return Variable(
        name=REGION,
        label="Region",
        question=county.question,
        type=county.type,
        max=1,
        codes=tuple(codes),
        unknown=county.unknown,
        ask_if=county.ask_if,
        definition="The NUTS 2 region that the county belongs to.",
        source="Eurostat, NUTS 2",
    )


def table_variable(population: Population, name: str) -> Variable:
    """Return a variable of a population, or the region; raises `KeyError` if the population has none."""
    return region_variable(population.variable(COUNTY)) if name == REGION else population.variable(name)
