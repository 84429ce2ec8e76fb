"""Where a conversation stands, what it is told, what it wants done. All of it can be written to JSON and read back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter

from crm_core.kernel.ids import AppointmentId, DepartmentId, PatientId, SlotId
from sms.when import Window

PAGE = 5  # options in one text: three segments in Chinese
MAX_MISSES = 3


class Goal(StrEnum):
    """What the patient came for."""

    BOOK = "booking"
    MOVE = "moving"
    CANCEL = "cancelling"
    CONFIRM = "confirming"
    QUERY = "asking"


class Step(StrEnum):
    """Which answer is awaited."""

    WHO = "who"
    DEPARTMENT = "department"
    SLOT = "slot"
    APPOINTMENT = "appointment"
    SURE = "sure"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has this telephone."""

    id: PatientId
    name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DepartmentChoice:
    """A department with free places; `words` are what patients call it."""

    id: DepartmentId
    name: str
    name_en: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SlotChoice:
    """A free time."""

    id: SlotId
    starts_at: datetime
    practitioner: str
    practitioner_en: str


@dataclass(frozen=True, slots=True)
class AppointmentChoice:
    """An open appointment; `name` is the patient's, shown only where a family shares the telephone."""

    id: AppointmentId
    patient_id: PatientId
    name: str = field(repr=False)
    department_id: DepartmentId
    slot: SlotChoice


Choice = Person | DepartmentChoice | SlotChoice | AppointmentChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """One conversation. `step` None: nothing was asked yet. `note` names a sentence to put before the next list."""

    goal: Goal
    people: tuple[Person, ...]
    step: Step | None = None
    patient_id: PatientId | None = None
    departments: tuple[DepartmentChoice, ...] = ()
    department_id: DepartmentId | None = None
    slots: tuple[SlotChoice, ...] = ()
    has_more: bool = False
    slot: SlotChoice | None = None
    appointments: tuple[AppointmentChoice, ...] = ()
    appointment: AppointmentChoice | None = None
    wish: str = ""
    window: Window | None = None
    misses: int = 0
    note: str = ""

    @property
    def is_shared(self) -> bool:
        """Whether names must be said because a family shares the telephone."""
        return len(self.people) > 1

    @property
    def person(self) -> Person | None:
        """Whose appointment it is about, once that is known."""
        return next((person for person in self.people if person.id == self.patient_id), None)


# facts: what a conversation is told ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """What the patient wrote, plain. `at` in the hospital's time zone."""

    text: str = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True)
class Departments:
    """Those with free places."""

    found: tuple[DepartmentChoice, ...]


@dataclass(frozen=True, slots=True)
class Slots:
    """Free times, soonest first."""

    found: tuple[SlotChoice, ...]
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class Appointments:
    """Open ones of everybody who has this telephone, soonest first."""

    found: tuple[AppointmentChoice, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """It is booked, moved, cancelled or confirmed."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It could not be done; `code` is the error's."""

    code: str


Fact = Said | Departments | Slots | Appointments | Done | Refused

# effects: what a conversation wants ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FindDepartments:
    """Tell me which departments have free places."""


@dataclass(frozen=True, slots=True)
class FindSlots:
    """Tell me free times of a department, after the last one shown, inside a window."""

    department_id: DepartmentId
    after: SlotId | None = None
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class FindAppointments:
    """Tell me where these people are expected."""

    patient_ids: tuple[PatientId, ...]


@dataclass(frozen=True, slots=True)
class Book:
    """Take a place."""

    patient_id: PatientId
    slot_id: SlotId


@dataclass(frozen=True, slots=True)
class Move:
    """Take another place instead."""

    appointment_id: AppointmentId
    slot_id: SlotId


@dataclass(frozen=True, slots=True)
class Cancel:
    """Give the place back."""

    appointment_id: AppointmentId


@dataclass(frozen=True, slots=True)
class Confirm:
    """They will come."""

    appointment_id: AppointmentId


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Write back. `text` and `note` name templates, `options` are numbered from 1, `slot` and `person` fill them.

    `ends`: the conversation is over. `needs_person`: staff must look. `is_urgent`: the emergency number comes first.
    """

    text: str
    note: str = ""
    options: tuple[Choice, ...] = ()
    has_more: bool = False
    slot: SlotChoice | None = None
    person: Person | None = None
    ends: bool = False
    needs_person: bool = False
    is_urgent: bool = False


Effect = FindDepartments | FindSlots | FindAppointments | Book | Move | Cancel | Confirm | Answer
Turn = tuple[Talk, Effect]

_TALK = TypeAdapter(Talk)


def to_json(talk: Talk) -> dict[str, Any]:
    """For the database."""
    written: dict[str, Any] = _TALK.dump_python(talk, mode="json")
    return written


def from_json(state: Mapping[str, Any]) -> Talk | None:
    """None for what an older or newer release wrote and we cannot read: the patient begins again."""
    try:
        return _TALK.validate_python(dict(state))
    except ValueError:
        return None
