"""How a schedule is cut into slots, what a patient may have, and what may still be done with an appointment. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta, tzinfo

from crm_core.kernel.errors import InvalidInputError
from crm_core.scheduling.errors import (
    AppointmentAheadError,
    AppointmentNotOpenError,
    AppointmentOverError,
    OverlapsError,
    TooManyADayError,
)
from crm_core.scheduling.model import Appointment, Span, Status

LONGEST_SCHEDULE = timedelta(hours=24)
DAY = timedelta(days=1)


def slot_times(start: datetime, end: datetime, slot_minutes: int) -> list[tuple[datetime, datetime]]:
    """Back to back from `start`; what is left at the end and too short for one slot stays unused."""
    if slot_minutes <= 0 or not timedelta(0) < end - start <= LONGEST_SCHEDULE:
        raise InvalidInputError("a schedule lasts up to a day and its slots some minutes", field="schedule")
    length = timedelta(minutes=slot_minutes)
    return [(start + length * n, start + length * (n + 1)) for n in range((end - start) // length)]


def free_place(capacity: int, taken: Iterable[int]) -> int | None:
    """The lowest place nobody has, None when the slot is full."""
    used = set(taken)
    return next((place for place in range(1, capacity + 1) if place not in used), None)


def ensure_open(appointment: Appointment, now: datetime) -> None:
    """It can still be confirmed, moved or cancelled. Raises AppointmentNotOpenError, AppointmentOverError."""
    if not appointment.is_open:
        raise AppointmentNotOpenError("the appointment is not open any more")
    if appointment.slot.starts_at <= now:
        raise AppointmentOverError("the appointment's time has begun")


SETTLED = frozenset({Status.ARRIVED, Status.NOSHOW})


def settled(appointment: Appointment, wanted: Status, now: datetime, zone: tzinfo) -> Status:
    """What it becomes when somebody says so: who is early has come, but nobody has missed what has not begun.

    Raises InvalidInputError, AppointmentAheadError, AppointmentNotOpenError.
    """
    if wanted not in SETTLED | {Status.BOOKED}:
        raise InvalidInputError("arrived, noshow or booked", field="status")
    if not (appointment.is_open or appointment.status in SETTLED):
        raise AppointmentNotOpenError("the appointment is not open any more")
    starts_at = appointment.slot.starts_at
    if starts_at.astimezone(zone).date() > now.astimezone(zone).date():
        raise AppointmentAheadError("the appointment's day has not come")
    if wanted is Status.NOSHOW and starts_at > now:
        raise AppointmentAheadError("the appointment has not begun")
    if wanted is Status.BOOKED:
        return Status.CONFIRMED if appointment.confirmed_at else Status.BOOKED
    return wanted


def ensure_fits(held: Sequence[Span], wanted: Span, *, most: int, zone: tzinfo) -> None:
    """One person is in one place at a time, and does not take a whole clinic for a day.

    `held`: the patient's own. Raises OverlapsError, TooManyADayError.
    """
    if any(overlap(one, wanted) for one in held):
        raise OverlapsError("this patient has another appointment at that time")
    if _day(wanted, zone) in full_days(held, most=most, zone=zone):
        raise TooManyADayError("this patient has enough appointments on that day")


def overlap(one: Span, other: Span) -> bool:
    """Whether they have a moment in common; one may begin when the other ends."""
    return one[0] < other[1] and other[0] < one[1]


def full_days(held: Iterable[Span], *, most: int, zone: tzinfo) -> list[date]:
    """Days of the hospital on which this patient may have no further appointment."""
    return sorted(day for day, count in Counter(_day(one, zone) for one in held).items() if count >= most)


def closed_times(held: Sequence[Span], *, most: int, zone: tzinfo) -> list[Span]:
    """What not to offer to who has these: `ensure_fits` would refuse it."""
    days = [datetime.combine(day, time(), zone) for day in full_days(held, most=most, zone=zone)]
    return [*held, *((start, start + DAY) for start in days)]


def _day(span: Span, zone: tzinfo) -> date:
    return span[0].astimezone(zone).date()
