from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.directory import Directory, OpenState, open_status
from bot.directory.opening_hours import SWEDEN, status_of
from bot.directory.services import Schedule

EVERY_DAY = "MO,TU,WE,TH,FR,SA,SU"


def hours(opens: str, closes: str, days: str = EVERY_DAY) -> Schedule:
    return Schedule(attending_type="phone", freq="WEEKLY", byday=days, opens_at=opens, closes_at=closes)


def moment(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=SWEDEN)


NIGHT = [hours("21:00", "06:00+1d")]
OFFICE = [hours("08:30", "16:00", "MO,TU,WE,TH,FR")]


@pytest.mark.parametrize(
    ("schedules", "at", "state", "then"),
    [
        (NIGHT, "2026-11-23T20:59", OpenState.CLOSED, "2026-11-23T21:00"),
        (NIGHT, "2026-11-23T21:00", OpenState.OPEN, "2026-11-24T06:00"),
        (NIGHT, "2026-11-24T00:30", OpenState.OPEN, "2026-11-24T06:00"),
        (NIGHT, "2026-11-24T06:00", OpenState.CLOSED, "2026-11-24T21:00"),
        (OFFICE, "2026-11-27T15:59", OpenState.OPEN, "2026-11-27T16:00"),
        (OFFICE, "2026-11-27T16:00", OpenState.CLOSED, "2026-11-30T08:30"),
        (OFFICE, "2026-11-29T12:00", OpenState.CLOSED, "2026-11-30T08:30"),
        ([hours("21:00", "24:00", "SA,SU,MO,TU")], "2026-11-24T23:59", OpenState.OPEN, "2026-11-25T00:00"),
        ([hours("21:00", "24:00", "SA,SU,MO,TU")], "2026-11-25T00:00", OpenState.CLOSED, "2026-11-28T21:00"),
        ([hours("10:00", "12:00"), hours("13:00", "16:00")], "2026-11-24T12:30", OpenState.CLOSED, "2026-11-24T13:00"),
    ],
)
def test_hours_over_midnight_and_the_weekend(schedules: list[Schedule], at: str, state: OpenState, then: str) -> None:
    status = status_of(schedules, moment(at))
    assert status.state is state
    assert (status.until if state is OpenState.OPEN else status.next_opening) == moment(then)


def test_a_night_line_when_the_clocks_change() -> None:
    # 2026-03-29 02:00 becomes 03:00, 2026-10-25 03:00 becomes 02:00: the night is one hour shorter or longer.
    for night, length in (("2026-03-28", 8), ("2026-10-24", 10), ("2026-11-24", 9)):
        opens = moment(f"{night}T21:00")
        status = status_of(NIGHT, opens)
        assert status.until is not None
        assert status.until.strftime("%H:%M") == "06:00"
        assert status.until.astimezone(datetime.UTC) - opens.astimezone(datetime.UTC) == datetime.timedelta(
            hours=length
        )
        last = status.until.astimezone(datetime.UTC) - datetime.timedelta(minutes=1)
        assert status_of(NIGHT, last).state is OpenState.OPEN
        assert status_of(NIGHT, last + datetime.timedelta(minutes=1)).state is OpenState.CLOSED


def test_the_repeated_hour_in_october_is_told_apart() -> None:
    hour = [hours("01:30", "02:30")]
    first = datetime.datetime(2026, 10, 25, 0, 15, tzinfo=datetime.UTC)  # 02:15, summer time
    assert status_of(hour, first).state is OpenState.OPEN
    assert status_of(hour, first + datetime.timedelta(hours=1)).state is OpenState.CLOSED


def test_a_moment_elsewhere_counts_as_swedish_time() -> None:
    assert status_of(OFFICE, datetime.datetime(2026, 7, 1, 6, 31, tzinfo=datetime.UTC)).state is OpenState.OPEN
    assert status_of(OFFICE, datetime.datetime(2026, 12, 1, 6, 31, tzinfo=datetime.UTC)).state is OpenState.CLOSED


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        status_of(OFFICE, datetime.datetime(2026, 7, 1, 12))


def test_real_services(directory: Directory) -> None:
    at = moment("2026-11-22T03:00")
    assert open_status(directory.service("sos112"), at).always
    assert open_status(directory.service("jourhavande_prast"), at).state is OpenState.OPEN
    assert open_status(directory.service("preventell"), at).next_opening == moment("2026-11-23T12:00")
    for unknown in ("mika_goteborg", "brottsofferjouren", "droghjalpen", "talita", "nspm_stodtelefon"):
        assert open_status(directory.service(unknown), at).state is OpenState.UNKNOWN


@given(st.datetimes(datetime.datetime(2026, 1, 1), datetime.datetime(2028, 1, 1), timezones=st.just(datetime.UTC)))
def test_the_end_and_the_next_opening_are_where_the_state_changes(at: datetime.datetime) -> None:
    for schedules in (NIGHT, OFFICE):
        status = status_of(schedules, at)
        change = status.until if status.state is OpenState.OPEN else status.next_opening
        assert change is not None
        assert change > at
        assert status_of(schedules, change).state is not status.state
