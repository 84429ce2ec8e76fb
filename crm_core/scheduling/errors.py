"""Why an appointment cannot be made, confirmed, moved or cancelled."""

from crm_core.kernel.errors import ConflictError, NotFoundError
from crm_core.kernel.ids import AppointmentId


class SlotNotFoundError(NotFoundError):
    """There is no such slot."""

    code = "slot_not_found"


class SlotFullError(ConflictError):
    """Every place of the slot is taken."""

    code = "slot_full"


class SlotOverError(ConflictError):
    """The slot has begun; nobody books the past."""

    code = "slot_over"


class AlreadyBookedError(ConflictError):
    """This patient has a place in this slot; `appointment_id` says which."""

    code = "already_booked"

    def __init__(self, appointment_id: AppointmentId) -> None:
        super().__init__("this patient already has a place in this slot")
        self.appointment_id = appointment_id


class OverlapsError(ConflictError):
    """This patient is expected elsewhere at that time."""

    code = "appointments_overlap"


class TooManyADayError(ConflictError):
    """This patient has as many appointments on that day as one person may have."""

    code = "too_many_that_day"


class ScheduleOverlapsError(ConflictError):
    """The practitioner is at work elsewhere in a part of that time."""

    code = "schedule_overlaps"


class AppointmentNotFoundError(NotFoundError):
    """There is no such appointment."""

    code = "appointment_not_found"


class AppointmentOverError(ConflictError):
    """Its time has begun."""

    code = "appointment_over"


class AppointmentAheadError(ConflictError):
    """Its day has not come, so nobody came or missed it."""

    code = "appointment_ahead"


class AppointmentNotOpenError(ConflictError):
    """Cancelled, or the patient has come already or did not come."""

    code = "appointment_not_open"
