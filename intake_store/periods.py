"""Quarters and years: the fixed periods that tables are released for, non-overlapping within their kind.

A week belongs to the quarter that its Thursday lies in, as ISO 8601 gives a week to the year of its Thursday. So every
week belongs to exactly one quarter, and a quarter has 12 to 14 weeks.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import TypeAlias

from intake_store.submission.iso_weeks import IsoWeek

_PATTERN = re.compile(r"(\d{4})Q([1-4])")


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """A quarter of a year, written `2026Q4`."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Quarter:
        """Read `2026Q4`; raises `ValueError` for anything else."""
        match = _PATTERN.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a quarter such as 2026Q4")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, week: IsoWeek) -> Quarter:
        """Return the quarter that a week belongs to."""
        thursday = week.thursday
        return cls(thursday.year, (thursday.month + 2) // 3)

    @property
    def quarters(self) -> tuple[Quarter, ...]:
        """The quarter itself, so that every period says which quarters it is made of."""
        return (self,)

    @property
    def year_of(self) -> Year:
        """The year the quarter belongs to."""
        return Year(self.year)

    def before(self, number: int) -> Quarter:
        """Return the quarter that lies `number` quarters earlier."""
        year, index = divmod(4 * self.year + self.number - 1 - number, 4)
        return Quarter(year, index + 1)

    @property
    def weeks(self) -> tuple[IsoWeek, ...]:
        """The weeks of the quarter in order, 12 to 14."""
        first = datetime.date(self.year, 3 * self.number - 2, 1)
        thursday = first + datetime.timedelta(days=(3 - first.weekday()) % 7)
        weeks = []
        while Quarter.of(week := IsoWeek.of(thursday)) == self:
            weeks.append(week)
            thursday += datetime.timedelta(weeks=1)
        return tuple(weeks)

    def has_ended(self, current_week: IsoWeek) -> bool:
        """Tell whether the last week of the quarter lies before the current one."""
        return self.weeks[-1] < current_week

    def __str__(self) -> str:
        return f"{self.year:04d}Q{self.number}"


@dataclass(frozen=True, slots=True, order=True)
class Year:
    """The four quarters of a year, written `2026`; its weeks are those of the ISO year."""

    year: int

    @classmethod
    def parse(cls, text: str) -> Year:
        """Read `2026`; raises `ValueError` for anything else."""
        if re.fullmatch(r"[0-9]{4}", text) is None:
            raise ValueError(f"{text!r} is not a year such as 2026")
        return cls(int(text))

    @property
    def quarters(self) -> tuple[Quarter, ...]:
        """The four quarters in order."""
        return tuple(Quarter(self.year, number) for number in (1, 2, 3, 4))

    @property
    def weeks(self) -> tuple[IsoWeek, ...]:
        """The weeks of the year in order, 52 or 53."""
        return tuple(week for quarter in self.quarters for week in quarter.weeks)

    def has_ended(self, current_week: IsoWeek) -> bool:
        """Tell whether the last week of the year lies before the current one."""
        return self.weeks[-1] < current_week

    def __str__(self) -> str:
        return f"{self.year:04d}"


Period: TypeAlias = Quarter | Year
"""What a table is released for. Periods of one kind never overlap; a year is its four quarters and nothing else."""


def parse_period(text: str) -> Period:
    """Read a quarter such as `2026Q4` or a year such as `2026`; raises `ValueError` for anything else."""
    for kind in (Quarter, Year):
        try:
            return kind.parse(text)
        except ValueError:
            continue
    raise ValueError(f"{text!r} is neither a quarter such as 2026Q4 nor a year such as 2026")
