"""What somebody asked, by what way, and what they were answered."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from crm_core.kernel.ids import CallId, ConsultationId, Msisdn, PatientId
from crm_core.patients.model import Patient


class Source(StrEnum):
    """By what way they asked."""

    PHONE = "phone"
    SMS = "sms"
    WEB = "web"


class Status(StrEnum):
    """Whether they wait for an answer."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consultation:
    """`text` has a line for everything they asked while it was open; `result` what they were answered."""

    id: ConsultationId
    msisdn: Msisdn = field(repr=False)
    patient_id: PatientId | None
    patient_name: str = field(repr=False)
    source: Source
    text: str = field(repr=False)
    status: Status
    created_at: datetime
    call_id: CallId | None
    result: str = field(repr=False)
    closed_at: datetime | None
    closed_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which consultations: an empty filter takes all. `text` is part of what they asked,
    or the end or beginning of their number, or the name of a patient."""

    status: Status | None = None
    source: Source | None = None
    text: str = field(default="", repr=False)
    since: datetime | None = None
    oldest_first: bool = False

    @property
    def by(self) -> list[str]:
        """The filters in use: all that the audit says of them."""
        return [name for name in ("status", "source", "text", "since") if getattr(self, name)]


@dataclass(frozen=True, slots=True)
class Found:
    """A page, newest first. `more` is its last id when there is another page, else None."""

    consultations: tuple[Consultation, ...]
    more: ConsultationId | None


@dataclass(frozen=True, slots=True)
class Opened:
    """One of them, and who it may have been: the patients at this number, for who may see patients."""

    consultation: Consultation
    people: tuple[Patient, ...]
