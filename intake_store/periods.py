"""Quarters: the fixed, non-overlapping periods that tables are released for.

A week belongs to the quarter that its Thursday lies in, as ISO 8601 gives a week to the year of its Thursday. So every
week belongs to exactly one quarter, and a quarter has 12 to 14 weeks.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

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
