"""A piece of work for staff."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

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


class Priority(IntEnum):
    """How soon it is due; the smaller, the sooner."""

    URGENT = 1
    NORMAL = 2
    LOW = 3


class View(StrEnum):
    """Which tasks a list shows."""

    MINE = "mine"
    TEAM = "team"  # of the reader's role, or of no role
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

    `title` stands in place of the kind, `text` under it is what a person wrote. `settled_by` is what closed it when
    nobody pressed "done". `team` is a role, "" for anybody's. `claimed_by`, `claimant`: who is at it.
    """

    id: TaskId
    kind: TaskKind
    patient_id: PatientId | None
    patient_name: str = field(repr=False)
    msisdn: Msisdn | None = field(repr=False)
    ref: str
    title: str = field(repr=False)
    text: str = field(repr=False)
    priority: Priority
    team: str
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
    result: str = field(repr=False)
    claimed_by: UserId | None
    claimed_at: datetime | None
    claimant: str

    def is_late(self, now: datetime) -> bool:
        """Open and its time has passed."""
        return self.status == "open" and self.due_at < now

    def is_claimed(self, now: datetime) -> bool:
        """Somebody is at it, and has not been for so long that they will have left it."""
        return self.claimed_at is not None and self.claimed_at > now - CLAIM


CLAIM = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """What a person writes down for somebody. `due_at` None: a reasonable time for its kind."""

    kind: TaskKind = TaskKind.TODO
    text: str = field(repr=False)
    msisdn: Msisdn | None = field(default=None, repr=False)
    patient_id: PatientId | None = None
    assigned_to: UserId | None = None
    due_at: datetime | None = None
    title: str = field(default="", repr=False)
    priority: Priority = Priority.NORMAL
    team: str = ""
