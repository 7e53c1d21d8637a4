"""Released tables as requests name them: a release by its number, a table by its name, population and layer."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final

from intake_store.periods import Quarter, parse_period
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.releases import FilesState, Release, ReleaseFolder, TableFile

_KEPT: Final = 24
NEWEST: Final = "newest"


class ReleasedTables:
    """Reads releases, and keeps the tables of some: what was released never changes, and each file is checked."""

    def __init__(self, folder: ReleaseFolder) -> None:
        self._folder = folder
        self._tables: OrderedDict[tuple[int, str], tuple[FilesState, list[ReleasedTable]]] = OrderedDict()

    async def releases(self) -> list[Release]:
        """Return all releases, the newest last; raises `ReleaseError`."""
        return await asyncio.to_thread(self._folder.releases)

    async def find(self, number: str) -> Release | None:
        """Return a release, or `newest` of all; None if there is none. Raises `ReleaseError`."""
        releases = await self.releases()
        if number == NEWEST:
            return releases[-1] if releases else None
        return next((release for release in releases if release.number == number), None)

    async def holding(self) -> list[Release]:
        """Return the releases that hold today, the newest revision of each period, the newest period first.

        A year is not taken for newer than its last quarter. Raises `ReleaseError`.
        """
        newest = {release.period: release for release in await self.releases()}
        return sorted(newest.values(), key=_recency, reverse=True)

    async def holding_table(self, name: str) -> list[tuple[Release, ReleasedTable]]:
        """Return a table by its id as it holds today, from every release that has it, the newest period first.

        Periods are all of the kind that the newest is of. Raises `ReleaseError`.
        """
        having = [release for release in await self.holding() if name in map(entry_id, release.tables)]
        found = [
            (release, table) for release in having for table in await self.tables(release) if table_id(table) == name
        ]
        return [(release, table) for release, table in found if table.period_kind is found[0][1].period_kind]

    async def tables(self, release: Release) -> list[ReleasedTable]:
        """Return the tables of a release; raises `ReleaseError`."""
        key = (release.sequence, release.number)
        # A file that anybody wrote to since is read again, and refused if it is not what was released.
        state = await asyncio.to_thread(self._folder.state, release)
        if key not in self._tables or self._tables[key][0] != state:
            self._tables.pop(key, None)
            self._tables[key] = (state, await asyncio.to_thread(self._folder.tables, release))
            while len(self._tables) > _KEPT:
                self._tables.popitem(last=False)
        return self._tables[key][1]


def entry_id(entry: TableFile) -> str:
    """Return what names a table within its release, by what the release says of it."""
    return ".".join(filter(None, [entry.name, entry.population, entry.layer]))


def table_id(table: ReleasedTable) -> str:
    """Return what names a table within its release, such as `needs.needs_selling`."""
    return ".".join([table.name, *filter(None, [table.population, table.layer[0] if table.layer else ""])])


def _recency(release: Release) -> tuple[Quarter, bool]:
    period = parse_period(release.period)
    return period.quarters[-1], isinstance(period, Quarter)
