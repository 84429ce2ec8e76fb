"""What a patient is told about an appointment that somebody else made or gave up for them, and whether at all. Pure."""

from datetime import datetime, timedelta

from crm_core.scheduling.model import Appointment, Status
from sms.model import SmsState

GRACE = timedelta(minutes=1)  # what is undone within it is never told
NOT_TOLD = frozenset({SmsState.FAILED, SmsState.EXPIRED, SmsState.SUPPRESSED})


def news(appointment: Appointment, told: SmsState | None, now: datetime) -> str:
    """`booked`, `moved` or `cancelled`, as the texts are called; nothing when there is nothing to say.

    `told`: how far the text that it was booked has come.
    """
    if appointment.slot.starts_at <= now:
        return ""
    if appointment.is_open:
        return "moved" if appointment.moved_from_id else "booked"
    is_lost = appointment.status is Status.CANCELLED and not appointment.is_replaced
    return "cancelled" if is_lost and _knows(appointment, told) else ""


def _knows(appointment: Appointment, told: SmsState | None) -> bool:
    """Whether the patient has ever heard of it. One that was moved has been heard of as it was before."""
    if appointment.moved_from_id or appointment.cancelled_at is None:
        return True
    if told is not None:
        return told not in NOT_TOLD
    return appointment.cancelled_at - appointment.booked_at >= GRACE
