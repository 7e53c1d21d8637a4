from __future__ import annotations

import datetime

import pytest

from intake_store.submission.iso_weeks import IsoWeek


@pytest.mark.parametrize(
    ("day", "week"),
    [("2026-11-22", "2026-W47"), ("2027-01-03", "2026-W53"), ("2024-12-30", "2025-W01"), ("2021-01-03", "2020-W53")],
)
def test_a_day_lies_in_the_week_of_the_standard(day: str, week: str) -> None:
    assert str(IsoWeek.of(datetime.date.fromisoformat(day))) == week
    assert IsoWeek.parse(week).thursday.isocalendar()[:2] == (int(week[:4]), int(week[6:]))


@pytest.mark.parametrize("text", ["2026-W00", "2026-W54", "2025-W53", "2026W47", "2026-47", "", "2026-W47 "])
def test_what_is_no_week_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        IsoWeek.parse(text)


def test_the_week_before_the_first_is_the_last_of_the_year_before() -> None:
    assert IsoWeek.parse("2027-W01").previous() == IsoWeek.parse("2026-W53")
