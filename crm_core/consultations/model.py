"""What somebody asked, and by what way."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from crm_core.kernel.ids import ConsultationId, Msisdn, PatientId


class Source(StrEnum):
    """By what way they asked."""

    PHONE = "phone"
    SMS = "sms"
    WEB = "web"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consultation:
    """`text` has a line for everything they asked while it was open."""

    id: ConsultationId
    msisdn: Msisdn = field(repr=False)
    patient_id: PatientId | None
    patient_name: str = field(repr=False)
    source: Source
    text: str = field(repr=False)
    status: str
    created_at: datetime
