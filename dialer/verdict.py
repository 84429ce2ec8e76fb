"""May this attempt be dialled at this very moment? Pure; asked when it is planned and again at Originate."""

from dataclasses import dataclass
from datetime import datetime

from crm_core.consent.model import Permission
from crm_core.scheduling.model import Appointment


@dataclass(frozen=True, slots=True)
class Dial:
    """Yes, now."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Not before then."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Suppress:
    """Not at all, and why."""

    rule: str


Verdict = Dial | Wait | Suppress


def judge(appointment: Appointment, permission: Permission, *, has_number: bool, now: datetime) -> Verdict:
    """First what the call is about, then the number, then the patient's will, then the hour."""
    starts_at = appointment.slot.starts_at
    if not appointment.is_open:
        return Suppress("appointment_not_open")
    if starts_at <= now:
        return Suppress("appointment_over")
    if not has_number:
        return Suppress("number_changed")
    if permission.allowed:
        return Dial()
    if permission.not_before is None:
        return Suppress(permission.rule)
    return Wait(permission.not_before) if permission.not_before < starts_at else Suppress("too_late")
