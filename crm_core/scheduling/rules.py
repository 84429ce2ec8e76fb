"""How a schedule is cut into slots, and what may still be done with an appointment. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from crm_core.kernel.errors import InvalidInputError
from crm_core.scheduling.errors import AppointmentNotOpenError, AppointmentOverError
from crm_core.scheduling.model import Appointment

LONGEST_SCHEDULE = timedelta(hours=24)


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
