"""Geography: where people are, needs against services for one chosen need, and the needs of one chosen county."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from analyst.charts.marks import by_size
from analyst.numerals import number
from analyst.pages.exhibits import Exhibit
from analyst.pages.key_figures import Bar, bars
from analyst.pages.table_index import sorting_key
from analyst.translation import Translator
from intake_store.statistics.declarations import Source
from intake_store.statistics.geography import COUNTY, REGION_OF
from intake_store.statistics.released import ReleasedTable

PAGE: Final = "geography"
_FIRST_COUNTY: Final = "01"
_MOST_NEEDS: Final = 10


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that can be chosen on the page: its code, its name, and whether it is."""

    code: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class CountyNeeds:
    """The needs of a county: those that may be shown, the largest first, and how many are withheld."""

    exhibit: Exhibit
    label: str
    base: str
    bars: tuple[Bar, ...]
    hidden: int
    more: int
    """How many further needs may be shown, which only the whole table has."""


@dataclass(frozen=True, slots=True)
class Geography:
    """What stands on the page: maps of all counties, one need, one county, and what is split by region."""

    maps: tuple[Exhibit, ...]
    needs: tuple[Choice, ...]
    supply: Exhibit | None
    counties: tuple[Choice, ...]
    county: CountyNeeds | None
    others: tuple[Exhibit, ...]

    def __bool__(self) -> bool:
        return bool(self.maps or self.supply or self.county or self.others)


def geography(exhibits: Sequence[Exhibit], query: Mapping[str, str], say: Translator) -> Geography:
    """Return what the page shows of its tables; a need or county that is not there gives the first that is."""
    supplies = {exhibit.table.layer[0]: exhibit for exhibit in exhibits if _is_supply(exhibit) and exhibit.table.layer}
    needs = sorted(supplies, key=lambda code: sorting_key(supplies[code].part))
    need = query.get("need", "") if query.get("need", "") in supplies else next(iter(needs), "")
    crossed = next((exhibit for exhibit in exhibits if _is_by_county(exhibit.table)), None)
    counties = [column for column in crossed.table.columns if column[0] in REGION_OF] if crossed else []
    counties.sort(key=lambda column: sorting_key(column[1]))
    codes = [code for code, _ in counties]
    asked = query.get("county", "")
    county = asked if asked in codes else _FIRST_COUNTY if _FIRST_COUNTY in codes else next(iter(codes), "")
    maps = tuple(exhibit for exhibit in exhibits if exhibit.table.row_variable == COUNTY and not _is_supply(exhibit))
    apart = {*(exhibit.name for exhibit in maps), *(exhibit.name for exhibit in supplies.values())}
    return Geography(
        maps=maps,
        needs=tuple(Choice(code, supplies[code].part, code == need) for code in needs),
        supply=supplies.get(need),
        counties=tuple(Choice(code, label, code == county) for code, label in counties),
        county=_county_needs(crossed, county, say) if crossed is not None and county else None,
        others=tuple(exhibit for exhibit in exhibits if exhibit.name not in apart),
    )


def _county_needs(exhibit: Exhibit, county: str, say: Translator) -> CountyNeeds:
    table = exhibit.table
    column = [code for code, _ in table.columns].index(county)
    drawn = bars(table.model_copy(update={"rows": tuple(by_size(table, column))}), say, column)
    shown = tuple(bar for bar in drawn if bar.length is not None)
    base = table.base.counts[column] if table.base is not None else None
    return CountyNeeds(
        exhibit,
        table.columns[column][1],
        number(base, say),
        shown[:_MOST_NEEDS],
        hidden=len(drawn) - len(shown),
        more=max(0, len(shown) - _MOST_NEEDS),
    )


def _is_supply(exhibit: Exhibit) -> bool:
    return exhibit.table.source is Source.SUPPLY


def _is_by_county(table: ReleasedTable) -> bool:
    return table.source is Source.RESPONSES and table.row_variable == "needs" and table.column_variable == COUNTY
