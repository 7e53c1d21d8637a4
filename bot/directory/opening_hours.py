"""Whether a service is open, and when it opens next, in Swedish local time.

Public holidays are not known: a service that is closed on one is told as open.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from bot.directory.services import Schedule, Service

SWEDEN = ZoneInfo("Europe/Stockholm")
_ONE_DAY = datetime.timedelta(days=1)
_LOOK_AHEAD = datetime.timedelta(days=8)


class OpenState(StrEnum):
    """Whether a service can be reached now."""

    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class OpenStatus:
    """Whether a service is open at a moment.

    `until` is when it closes (None if it never does), `next_opening` when it opens next if it is closed; both carry the
    time zone of Sweden. `always` is true for a service that never closes.
    """

    state: OpenState
    until: datetime.datetime | None = None
    next_opening: datetime.datetime | None = None
    always: bool = False


def open_status(service: Service, at: datetime.datetime) -> OpenStatus:
    """Return whether `service` is open at `at`, by any of its channels; unknown if no confirmed hours are there.

    Raises `ValueError` if `at` has no time zone.
    """
    return status_of(service.shown_schedules, at)


def status_of(schedules: Iterable[Schedule], at: datetime.datetime) -> OpenStatus:
    """Return whether any of `schedules` is open at `at`.

    Raises `ValueError` if `at` has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("the moment needs a time zone")
    hours = tuple(schedules)
    if not hours:
        return OpenStatus(OpenState.UNKNOWN)
    # Two moments of one zone would be compared by their wall clocks, wrongly on the days these change; hence UTC.
    now = at.astimezone(datetime.UTC)
    spells = _joined(spell for schedule in hours for spell in _spells(schedule, at.astimezone(SWEDEN).date()))
    for opens, closes in spells:
        if opens <= now < closes:
            if closes - now > _LOOK_AHEAD - _ONE_DAY:
                return OpenStatus(OpenState.OPEN, always=True)
            return OpenStatus(OpenState.OPEN, until=closes.astimezone(SWEDEN))
    upcoming = [opens for opens, _ in spells if opens > now]
    return OpenStatus(OpenState.CLOSED, next_opening=min(upcoming).astimezone(SWEDEN) if upcoming else None)


def _spells(schedule: Schedule, today: datetime.date) -> Iterator[tuple[datetime.datetime, datetime.datetime]]:
    """Yield begin and end, in UTC, of the times open from yesterday (they may reach into today) to the week after."""
    start = datetime.datetime.combine(today, datetime.time()) - _ONE_DAY
    rule = rrulestr(schedule.rrule, dtstart=start)
    for midnight in rule.between(start, start + _LOOK_AHEAD + _ONE_DAY, inc=True):
        yield _utc(midnight + schedule.opens), _utc(midnight + schedule.closes)


def _utc(wall_clock: datetime.datetime) -> datetime.datetime:
    return wall_clock.replace(tzinfo=SWEDEN).astimezone(datetime.UTC)


def _joined(
    spells: Iterable[tuple[datetime.datetime, datetime.datetime]],
) -> list[tuple[datetime.datetime, datetime.datetime]]:
    """Join times that touch or overlap, so that a service that is open day and night has one."""
    joined: list[tuple[datetime.datetime, datetime.datetime]] = []
    for opens, closes in sorted(spells):
        if joined and opens <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(closes, joined[-1][1]))
        else:
            joined.append((opens, closes))
    return joined
