"""ISO 8601 weeks: the finest time that is ever stored with a response."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

_PATTERN = re.compile(r"(\d{4})-W(\d{2})")


@dataclass(frozen=True, slots=True, order=True)
class IsoWeek:
    """A week of the ISO 8601 calendar, written `2026-W47`.

    The year is the one that the week's Thursday lies in, as the standard has it. Raises `ValueError` for a week that
    the year does not have.
    """

    year: int
    week: int

    def __post_init__(self) -> None:
        datetime.date.fromisocalendar(self.year, self.week, 4)

    @classmethod
    def of(cls, day: datetime.date) -> IsoWeek:
        """Return the week that `day` lies in."""
        year, week, _ = day.isocalendar()
        return cls(year, week)

    @classmethod
    def parse(cls, text: str) -> IsoWeek:
        """Read `2026-W47`; raises `ValueError` for anything else."""
        match = _PATTERN.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not an ISO week such as 2026-W47")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def current(cls) -> IsoWeek:
        """Return this week, in UTC."""
        return cls.of(datetime.datetime.now(datetime.UTC).date())

    @property
    def thursday(self) -> datetime.date:
        """The day that decides which year and quarter the week belongs to."""
        return datetime.date.fromisocalendar(self.year, self.week, 4)

    def previous(self) -> IsoWeek:
        """Return the week before this one."""
        return self.before(1)

    def before(self, weeks: int) -> IsoWeek:
        """Return the week that is so many weeks before this one."""
        return self.of(self.thursday - datetime.timedelta(weeks=weeks))

    def __str__(self) -> str:
        return f"{self.year:04d}-W{self.week:02d}"
