"""A piece of work for staff."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from crm_core.kernel.ids import Msisdn, PatientId, TaskId, UserId


class TaskKind(StrEnum):
    """What there is to do."""

    ANSWER_SMS = "answer_sms"
    CALL_BACK = "call_back"
    HEAR_VOICEMAIL = "hear_voicemail"
    CHECK_OUTCOME = "check_outcome"  # a message or call whose outcome no machine knows
    FIND_PATIENT = "find_patient"
    CHECK_AUDIT = "check_audit"  # somebody changed what was written down
    TODO = "todo"  # whatever a person wrote down


class View(StrEnum):
    """Which tasks a list shows."""

    MINE = "mine"
    OPEN = "open"
    OVERDUE = "overdue"
    LATER = "later"  # put off, until their time comes
    DONE = "done"


class Order(StrEnum):
    """What comes first."""

    URGENT = "urgent"  # the oldest due
    NEWEST = "newest"  # opened last


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """`ref` names what it is about, e.g. calls/UUID or sms/12. `patient_name` is "" when nobody knows who it is.

    `text` is what a person wrote who opened it by hand, `settled_by` what closed it when nobody pressed "done".
    """

    id: TaskId
    kind: TaskKind
    patient_id: PatientId | None
    patient_name: str = field(repr=False)
    msisdn: Msisdn | None = field(repr=False)
    ref: str
    text: str = field(repr=False)
    status: str
    assigned_to: UserId | None
    assignee: str
    due_at: datetime
    snoozed_until: datetime | None
    created_at: datetime
    created_by: str
    done_at: datetime | None
    done_by: str | None
    settled_by: str

    def is_late(self, now: datetime) -> bool:
        """Open and its time has passed."""
        return self.status == "open" and self.due_at < now


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """What a person writes down for somebody. `due_at` None: a reasonable time for its kind."""

    kind: TaskKind = TaskKind.TODO
    text: str = field(repr=False)
    msisdn: Msisdn | None = field(default=None, repr=False)
    patient_id: PatientId | None = None
    assigned_to: UserId | None = None
    due_at: datetime | None = None
