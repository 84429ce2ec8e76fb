"""A form that keeps what is typed, what it is about, and what was typed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from crm_core.kernel.ids import CallId, ConsultationId, PatientId, ThreadId


class Form(StrEnum):
    """Where somebody types."""

    CALL = "call"  # the pop: the result, what a stranger asks, their registration
    TEXT = "text"
    TASK = "task"
    PATIENT = "patient"
    CONSULTATION = "consultation"  # the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A form and what it is about, which is one thing; nothing when something new is written."""

    form: Form
    call_id: CallId | None = None
    thread_id: ThreadId | None = None
    patient_id: PatientId | None = None
    consultation_id: ConsultationId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The fields that somebody typed in and did not save, by name. `at`: when the last key was kept, None for none."""

    subject: Subject
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    at: datetime | None = None

    def kept_at(self, names: Iterable[str]) -> datetime | None:
        """When, if one of these fields was typed in."""
        return self.at if self.fields.keys() & set(names) else None
