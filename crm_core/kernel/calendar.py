"""When the hospital works: Chinese public holidays with their exchanged working days (调休), opening hours, lunch.

Pure: the moment asked about is an argument, aware, in any time zone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import cache

import chinese_calendar
import holidays

SATURDAY = 5
FARTHEST_OPENING_DAYS = 30


@dataclass(frozen=True, slots=True)
class DayKind:
    """`holiday` is its English name or ''. `is_provisional`: the State Council has not yet published that year,
    so exchanged working days are unknown and the holiday may be longer."""

    is_working: bool
    holiday: str
    is_provisional: bool


@dataclass(frozen=True, slots=True, order=True)
class Hours:
    """One stretch of being open, `ends` not included, both on the same day in the hospital's time zone."""

    begins: time
    ends: time


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """Stretches in order; the gap between two of them is lunch. Days off without stretches are closed."""

    working_day: tuple[Hours, ...]
    day_off: tuple[Hours, ...] = ()


USUAL_HOURS = OpeningHours(working_day=(Hours(time(8), time(12)), Hours(time(13, 30), time(17, 30))))


class Opening(StrEnum):
    """Why the hospital can or cannot be reached in person at a moment."""

    OPEN = "open"
    LUNCH = "lunch"
    CLOSED = "closed"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"


@cache
def day_kind(day: date) -> DayKind:
    """Published years from the official lists, other years from the rules for holidays (then provisional)."""
    try:
        is_off, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        return _provisional(day)
    return DayKind(is_working=not is_off, holiday=name or "" if is_off else "", is_provisional=False)


def is_working_day(day: date) -> bool:
    """Whether people in offices work, exchanged weekends included."""
    return day_kind(day).is_working


def opening(hours: OpeningHours, at: datetime, zone: tzinfo) -> Opening:
    """What a caller at this moment is told. Raises ValueError for a time without a zone."""
    local = _local(at, zone)
    stretches = stretches_of(hours, local.date())
    clock = local.time()
    if any(stretch.begins <= clock < stretch.ends for stretch in stretches):
        return Opening.OPEN
    if stretches and stretches[0].begins <= clock < stretches[-1].ends:
        return Opening.LUNCH
    kind = day_kind(local.date())
    if stretches or kind.is_working:
        return Opening.CLOSED
    return Opening.HOLIDAY if kind.holiday else Opening.WEEKEND


def next_opening(hours: OpeningHours, at: datetime, zone: tzinfo) -> datetime | None:
    """The next moment the doors open, `at` itself when they are open; None when not within 30 days."""
    local = _local(at, zone)
    for days in range(FARTHEST_OPENING_DAYS + 1):
        day = local.date() + timedelta(days=days)
        for stretch in stretches_of(hours, day):
            if datetime.combine(day, stretch.ends, tzinfo=zone) > local:
                return max(local, datetime.combine(day, stretch.begins, tzinfo=zone))
    return None


def day_start(at: datetime, zone: tzinfo) -> datetime:
    """When the hospital's day began. Raises ValueError for a time without a zone."""
    return datetime.combine(_local(at, zone).date(), time(), zone)


def stretches_of(hours: OpeningHours, day: date) -> Sequence[Hours]:
    """The stretches that hold on this day."""
    return hours.working_day if is_working_day(day) else hours.day_off


def _local(at: datetime, zone: tzinfo) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a time without a time zone")
    return at.astimezone(zone)


def _provisional(day: date) -> DayKind:
    name = _holidays_of(day.year).get(day, "")
    return DayKind(is_working=not name and day.weekday() < SATURDAY, holiday=name, is_provisional=True)


@cache
def _holidays_of(year: int) -> dict[date, str]:
    return dict(holidays.country_holidays("CN", years=year, language="en_US"))
