from __future__ import annotations

import datetime

import pytest

from intake_store.periods import Quarter, Year, parse_period
from intake_store.submission.iso_weeks import IsoWeek


@pytest.mark.parametrize(
    ("week", "quarter"),
    [
        ("2026-W47", "2026Q4"),
        ("2026-W01", "2026Q1"),  # begins on 29 December 2025; its Thursday is 1 January
        ("2026-W53", "2026Q4"),  # ends on 3 January 2027; its Thursday is 31 December
        ("2026-W14", "2026Q2"),  # begins on 30 March; its Thursday is 2 April
        ("2026-W27", "2026Q3"),  # begins on 29 June; its Thursday is 2 July
        ("2025-W01", "2025Q1"),
    ],
)
def test_a_week_belongs_to_the_quarter_of_its_thursday(week: str, quarter: str) -> None:
    assert str(Quarter.of(IsoWeek.parse(week))) == quarter


def test_every_week_belongs_to_exactly_one_quarter() -> None:
    listed = [week for year in range(2020, 2035) for n in (1, 2, 3, 4) for week in Quarter(year, n).weeks]
    first, last = datetime.date(2020, 1, 2), datetime.date(2034, 12, 28)
    days = (last - first).days // 7 + 1
    assert listed == [IsoWeek.of(first + datetime.timedelta(weeks=number)) for number in range(days)]
    assert {len(Quarter(year, n).weeks) for year in range(2020, 2035) for n in (1, 2, 3, 4)} <= {12, 13, 14}


def test_a_quarter_has_ended_after_its_last_week() -> None:
    quarter = Quarter.parse("2026Q4")
    assert not quarter.has_ended(IsoWeek.parse("2026-W53"))
    assert quarter.has_ended(IsoWeek.parse("2027-W01"))


@pytest.mark.parametrize("text", ["2026", "2026Q5", "2026-Q4", "2026q4", "26Q4", ""])
def test_what_is_no_quarter_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a quarter"):
        Quarter.parse(text)


@pytest.mark.parametrize("number", [2020, 2025, 2026])
def test_a_year_is_its_four_quarters(number: int) -> None:
    year = Year.parse(str(number))
    assert year.weeks == tuple(week for quarter in year.quarters for week in quarter.weeks)
    assert {week.year for week in year.weeks} == {number}
    assert not year.has_ended(year.weeks[-1])
    assert year.has_ended(IsoWeek.of(year.weeks[-1].thursday + datetime.timedelta(weeks=1)))


def test_periods_are_read_as_they_are_written() -> None:
    for text in ("2026", "2026Q3"):
        assert str(parse_period(text)) == text
    with pytest.raises(ValueError, match="neither a quarter"):
        parse_period("2026-07")


def test_earlier_quarters_are_counted_across_the_year() -> None:
    quarter = Quarter.parse("2026Q2")
    assert [str(quarter.before(number)) for number in range(4)] == ["2026Q2", "2026Q1", "2025Q4", "2025Q3"]
