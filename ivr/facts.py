"""What a flow knows of the hospital: values it is given, never looks up. Times are in the hospital's time zone."""

from dataclasses import dataclass, field
from datetime import datetime

from crm_core.kernel.calendar import Opening
from crm_core.kernel.ids import AppointmentId, DepartmentId, Msisdn, PatientId, SlotId
from ivr.prompt import Language, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A patient, as far as a call needs to know them."""

    id: PatientId
    name: str = field(repr=False)
    language: Language = "zh_CN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """A department as it is named in both languages."""

    id: DepartmentId
    name: str
    name_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A time with a free place when it was read."""

    id: SlotId
    department: Department
    practitioner: str
    practitioner_en: str
    starts_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """A patient's place in a slot."""

    id: AppointmentId
    slot: Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known when the call begins. `appointment` and `patient` are what a call of ours is about."""

    now: datetime
    hospital: Text
    hours: Opening = Opening.OPEN
    caller: Msisdn | None = field(default=None, repr=False)
    language: Language = "zh_CN"
    patient: Person | None = None
    appointment: Appointment | None = None
