"""Which releases a page shows: a quarter and a year, the newest unless others are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from intake_store.periods import Quarter, Year, parse_period
from intake_store.statistics.releases import Release


@dataclass(frozen=True, slots=True)
class Selection:
    """The releases of quarters and of years, newest first, and the chosen one of each; None where there is none."""

    quarters: tuple[Release, ...]
    years: tuple[Release, ...]
    quarter: Release | None
    year: Release | None
    query: str

    @property
    def chosen(self) -> tuple[Release, ...]:
        """The chosen releases."""
        return tuple(release for release in (self.quarter, self.year) if release is not None)

    @property
    def synthetic(self) -> bool:
        """Whether made-up responses are among those counted in a chosen release."""
        return any(release.synthetic for release in self.chosen)

    def before(self, release: Release) -> Release | None:
        """Return the newest release of the quarter or year just before this one's; None if it was not released."""
        period = parse_period(release.period)
        wanted = period.before(1) if isinstance(period, Quarter) else Year(period.year - 1)
        return next((entry for entry in (*self.quarters, *self.years) if entry.period == str(wanted)), None)

    @property
    def replaced(self) -> tuple[Release, ...]:
        """Which of the chosen ones a revision has replaced."""
        newer = {release.replaces for release in (*self.quarters, *self.years)}
        return tuple(release for release in self.chosen if release.number in newer)


def select(releases: Sequence[Release], query: Mapping[str, str]) -> Selection | None:
    """Return what a query chooses; None if it names a release that there is not."""
    found = sorted(releases, key=lambda release: (release.period, release.revision), reverse=True)
    quarters = tuple(release for release in found if is_quarter(release))
    years = tuple(release for release in found if not is_quarter(release))
    chosen = []
    asked = {}
    for name, offered in (("quarter", quarters), ("year", years)):
        number = query.get(name, "")
        if number:
            matching = next((release for release in offered if number in (release.number, release.period)), None)
            if matching is None:
                return None
            asked[name] = number
        else:
            matching = offered[0] if offered else None
        chosen.append(matching)
    return Selection(quarters, years, chosen[0], chosen[1], f"?{urlencode(asked)}" if asked else "")


def is_quarter(release: Release) -> bool:
    """Tell whether a release is of a quarter and not of a year."""
    return isinstance(parse_period(release.period), Quarter)
