"""Working days 2026-2028, opening hours, lunch."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from crm_core.kernel.calendar import (
    USUAL_HOURS,
    Hours,
    Opening,
    OpeningHours,
    day_kind,
    is_working_day,
    next_opening,
    opening,
)

pytestmark = pytest.mark.unit

SHANGHAI = ZoneInfo("Asia/Shanghai")
ADJUSTED_2026 = ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"]


@pytest.mark.parametrize("day", ADJUSTED_2026)
def test_weekends_exchanged_for_a_holiday_are_worked_in_2026(day: str) -> None:
    when = date.fromisoformat(day)
    assert when.weekday() >= 5
    assert is_working_day(when)
    assert opening(USUAL_HOURS, datetime.combine(when, time(9), SHANGHAI), SHANGHAI) is Opening.OPEN


@pytest.mark.parametrize(
    ("day", "name"),
    [
        ("2026-01-01", "New Year's Day"),
        ("2026-01-02", "New Year's Day"),
        ("2026-02-17", "Spring Festival"),
        ("2026-02-23", "Spring Festival"),
        ("2026-04-06", "Tomb-sweeping Day"),
        ("2026-05-05", "Labour Day"),
        ("2026-06-19", "Dragon Boat Festival"),
        ("2026-09-25", "Mid-autumn Festival"),
        ("2026-10-07", "National Day"),
    ],
)
def test_published_holidays_of_2026_are_free(day: str, name: str) -> None:
    kind = day_kind(date.fromisoformat(day))
    assert not kind.is_working
    assert not kind.is_provisional
    assert kind.holiday == name


@pytest.mark.parametrize(
    "day",
    ["2027-01-01", "2027-02-06", "2027-02-08", "2027-05-03", "2027-06-09", "2027-10-01", "2028-01-26", "2028-10-02"],
)
def test_years_not_yet_published_use_the_rules_and_say_so(day: str) -> None:
    kind = day_kind(date.fromisoformat(day))
    assert not kind.is_working
    assert kind.holiday
    assert kind.is_provisional


def test_every_day_from_2026_to_2028_has_an_answer() -> None:
    first, last = date(2026, 1, 1), date(2028, 12, 31)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    working = [day for day in days if is_working_day(day)]
    assert 730 <= len(working) <= 770
    assert all(day_kind(day).is_provisional == (day.year > 2026) for day in days)
    assert all(day.weekday() < 5 for day in working if day.year > 2026)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-23T07:59:59", Opening.CLOSED),
        ("2026-11-23T08:00:00", Opening.OPEN),
        ("2026-11-23T11:59:59", Opening.OPEN),
        ("2026-11-23T12:00:00", Opening.LUNCH),
        ("2026-11-23T13:30:00", Opening.OPEN),
        ("2026-11-23T17:30:00", Opening.CLOSED),
        ("2026-11-22T09:00:00", Opening.WEEKEND),
        ("2026-10-01T09:00:00", Opening.HOLIDAY),
        ("2026-10-10T09:00:00", Opening.OPEN),
        ("2027-02-08T09:00:00", Opening.HOLIDAY),
        ("2028-03-01T09:00:00", Opening.OPEN),
    ],
)
def test_a_caller_at_any_time_gets_the_right_branch(moment: str, expected: Opening) -> None:
    assert opening(USUAL_HOURS, datetime.fromisoformat(moment).replace(tzinfo=SHANGHAI), SHANGHAI) is expected


def test_opening_hours_are_the_hospitals_not_the_servers() -> None:
    assert opening(USUAL_HOURS, datetime(2026, 11, 23, 0, 30, tzinfo=UTC), SHANGHAI) is Opening.OPEN
    with pytest.raises(ValueError, match="time zone"):
        opening(USUAL_HOURS, datetime(2026, 11, 23, 9, tzinfo=UTC).replace(tzinfo=None), SHANGHAI)


def test_a_hospital_may_be_open_on_days_off() -> None:
    hours = OpeningHours(working_day=USUAL_HOURS.working_day, day_off=(Hours(time(9), time(11)),))
    sunday = datetime(2026, 11, 22, 9, 30, tzinfo=SHANGHAI)
    assert opening(hours, sunday, SHANGHAI) is Opening.OPEN
    assert opening(hours, sunday.replace(hour=15), SHANGHAI) is Opening.CLOSED


def test_the_next_opening_skips_a_long_holiday_and_honours_the_exchanged_sunday() -> None:
    eve = datetime(2026, 9, 30, 18, 0, tzinfo=SHANGHAI)
    assert next_opening(USUAL_HOURS, eve, SHANGHAI) == datetime(2026, 10, 8, 8, 0, tzinfo=SHANGHAI)
    friday = datetime(2026, 9, 18, 20, 0, tzinfo=SHANGHAI)
    assert next_opening(USUAL_HOURS, friday, SHANGHAI) == datetime(2026, 9, 20, 8, 0, tzinfo=SHANGHAI)
    noon = datetime(2026, 11, 23, 12, 30, tzinfo=SHANGHAI)
    assert next_opening(USUAL_HOURS, noon, SHANGHAI) == datetime(2026, 11, 23, 13, 30, tzinfo=SHANGHAI)
    assert next_opening(OpeningHours(working_day=()), noon, SHANGHAI) is None
