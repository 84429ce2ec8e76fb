"""A piece of work for staff."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from crm_core.kernel.ids import Msisdn, PatientId, TaskId


class TaskKind(StrEnum):
    """What there is to do."""

    ANSWER_SMS = "answer_sms"
    CALL_BACK = "call_back"
    HEAR_VOICEMAIL = "hear_voicemail"
    CHECK_OUTCOME = "check_outcome"  # a message or call whose outcome no machine knows
    FIND_PATIENT = "find_patient"
    CHECK_AUDIT = "check_audit"  # somebody changed what was written down


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """`ref` names what it is about, e.g. calls/UUID or sms/12. `patient_name` is "" when nobody knows who it is."""

    id: TaskId
    kind: TaskKind
    patient_id: PatientId | None
    patient_name: str = field(repr=False)
    msisdn: Msisdn | None = field(repr=False)
    ref: str
    status: str
    due_at: datetime
    created_at: datetime
    done_at: datetime | None
    done_by: str | None
