"""What the SMS package speaks about."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import NewType
from uuid import UUID

from crm_core.kernel.ids import AppointmentId, Msisdn, PatientId, SmsId, ThreadId, UserId

ClaimId = NewType("ClaimId", UUID)  # one hand-over to a modem, by one process


UNREADABLE = "unreadable"  # the peer of texts whose sender cannot be read either


class Direction(StrEnum):
    """`in`: a patient wrote; `out`: the hospital."""

    IN = "in"
    OUT = "out"


class Purpose(StrEnum):
    """Why we write; consent is asked by purpose."""

    CARE = "care"
    NOTICE = "notice"
    MARKETING = "marketing"


class Priority(IntEnum):
    """Who goes first when the line is busy."""

    BULK = 0
    REMINDER = 1
    CONVERSATION = 2


class SmsState(StrEnum):
    """As in contract.md; `received` is the only one of inbound messages."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"
    RECEIVED = "received"


@dataclass(frozen=True, slots=True)
class Sms:
    """One message as people know it, however many segments it travels in. `writer`: of the staff, "" for all others."""

    id: SmsId
    thread_id: ThreadId
    direction: Direction
    peer: str = field(repr=False)  # MSISDN, short code or an operator's name
    text: str = field(repr=False)
    purpose: Purpose | None
    state: SmsState
    reason: str
    priority: int
    modem: str
    patient_id: PatientId | None
    appointment_id: AppointmentId | None
    reply_to_id: SmsId | None
    created_by: str
    writer: str
    created_at: datetime
    not_before: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    handled_at: datetime | None
    tries: int


@dataclass(frozen=True, slots=True)
class SmsSegment:
    """One segment of an outbound message. `reference` is TP-MR, `status` the newest TP-ST."""

    number: int
    total: int
    state: SmsState
    modem: str
    reference: int | None
    status: int | None
    sent_at: datetime | None
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list of conversations goes on: behind what was last written at `at`. Stays when a row moves."""

    at: datetime
    id: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Whose a conversation is, and whether somebody waits in it for a person."""

    owner_id: UserId | None = None
    is_waiting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """All texts with one peer, as the list shows it. `names`, `patient_ids`: the first people who have this number.

    `last_text` is what they said last; ours only when they never said anything. `is_ours`: the newest text is ours, by
    `writer`, "" for a machine. `is_waiting`: a person waits for a person.
    """

    id: ThreadId
    peer: str = field(repr=False)
    names: tuple[str, ...] = field(repr=False)
    patient_ids: tuple[PatientId, ...]
    unread: int
    last_at: datetime
    last_text: str = field(repr=False)
    last_direction: Direction
    is_ours: bool
    writer: str
    owner: str
    is_waiting: bool

    @property
    def is_unreadable(self) -> bool:
        """Not one person, but everything that came from nobody knows whom."""
        return self.peer == UNREADABLE

    @property
    def place(self) -> Place:
        """Of this one in the list."""
        return Place(self.last_at, self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSms:
    """What `queue` is asked for, checked. `not_before` None means now."""

    to: Msisdn = field(repr=False)
    text: str = field(repr=False)
    purpose: Purpose
    priority: Priority
    patient_id: PatientId | None = None
    appointment_id: AppointmentId | None = None
    dedupe_key: str | None = None
    reply_to: SmsId | None = None
    is_reply: bool = False
    not_before: datetime | None = None
