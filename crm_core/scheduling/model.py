"""Slots with their places, and appointments that take them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from crm_core.kernel.ids import AppointmentId, DepartmentId, PatientId, PractitionerId, SlotId


class Channel(StrEnum):
    """By what way an appointment was made."""

    IVR = "ivr"
    SMS = "sms"
    WEB = "web"
    AGENT = "agent"
    API = "api"
    CALL = "call"


class Status(StrEnum):
    """As FHIR's appointment status, as far as we use it."""

    BOOKED = "booked"
    CONFIRMED = "confirmed"
    ARRIVED = "arrived"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    NOSHOW = "noshow"


class SessionKind(StrEnum):
    """What a patient registers for: 普通号 or 专家号."""

    GENERAL = "general"
    EXPERT = "expert"


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingRule:
    """How many appointments one patient may have on one day, and who said so last; `version` counts the changes."""

    most_a_day: int
    version: int
    changed_by: str
    changed_at: datetime | None


Span: TypeAlias = tuple[datetime, datetime]  # begins, and ends before


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A bookable time with a practitioner. `free` of `capacity` places were left when it was read.

    `fee` in fen; None: nobody has said. `is_stopped`: nothing is booked in it any more.
    """

    id: SlotId
    department_id: DepartmentId
    department_name: str
    department_name_en: str
    practitioner_id: PractitionerId
    practitioner_name: str
    practitioner_name_en: str
    practitioner_title: str
    practitioner_title_en: str
    kind: SessionKind
    fee: int | None
    is_stopped: bool
    starts_at: datetime
    ends_at: datetime
    capacity: int
    free: int


@dataclass(frozen=True, slots=True)
class Tally:
    """Places of many slots together: taken, and still to be had."""

    taken: int = 0
    free: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.taken + other.taken, self.free + other.free)


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """One patient's place in a slot. After a move the old one is cancelled and the new names it in `moved_from_id`.

    `is_replaced`: another took its place, by a move or by booking the same time again.
    """

    id: AppointmentId
    patient_id: PatientId
    slot: Slot
    status: Status
    channel: Channel
    booked_by: str
    booked_at: datetime
    confirmed_at: datetime | None
    cancelled_at: datetime | None
    cancelled_by: str | None
    moved_from_id: AppointmentId | None
    is_replaced: bool

    @property
    def is_open(self) -> bool:
        """Whether the patient is still expected."""
        return self.status in OPEN

    def may_return(self, now: datetime) -> bool:
        """Cancelled, and the same time can be booked again."""
        is_gone = self.status is Status.CANCELLED and not self.is_replaced and not self.slot.is_stopped
        return is_gone and self.slot.free > 0 and self.slot.starts_at > now


OPEN = frozenset({Status.BOOKED, Status.CONFIRMED})
