"""Everything that can happen, in the past tense, on one page.

`public` fields may travel in a NOTIFY: never personal data.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from crm_core.kernel.event import Event
from crm_core.kernel.ids import (
    AppointmentId,
    AttemptId,
    CallId,
    ConsultationId,
    Msisdn,
    PatientId,
    RecordingId,
    SlotId,
    SmsId,
    TaskId,
    ThreadId,
    UserId,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientRegistered(Event):
    """A person is now in the register."""

    is_told: ClassVar = False
    public: ClassVar = ("patient_id",)
    patient_id: PatientId


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientChanged(Event):
    """Some field of a patient is new."""

    public: ClassVar = ("patient_id",)
    patient_id: PatientId


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentBooked(Event):
    """A place is taken; `is_move` when it is the second half of a move."""

    public: ClassVar = ("appointment_id", "patient_id", "slot_id", "starts_at", "is_move")
    appointment_id: AppointmentId
    patient_id: PatientId
    slot_id: SlotId
    starts_at: datetime
    is_move: bool = False
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentConfirmed(Event):
    """The patient said they will come."""

    public: ClassVar = ("appointment_id", "patient_id", "slot_id", "starts_at")
    appointment_id: AppointmentId
    patient_id: PatientId
    slot_id: SlotId
    starts_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentCancelled(Event):
    """The place is free again; what was planned for it must not be sent. `is_move`: the first half of a move."""

    public: ClassVar = ("appointment_id", "patient_id", "slot_id", "starts_at", "is_move")
    appointment_id: AppointmentId
    patient_id: PatientId
    slot_id: SlotId
    is_move: bool = False
    starts_at: datetime | None = None
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentSettled(Event):
    """The patient came or did not; or that was said by mistake and is open again."""

    public: ClassVar = ("appointment_id", "patient_id", "slot_id", "starts_at", "status")
    appointment_id: AppointmentId
    patient_id: PatientId
    slot_id: SlotId
    starts_at: datetime
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentChanged(Event):
    """Somebody opted in or out."""

    public: ClassVar = ("purpose", "channel", "decision", "patient_ids")
    address: str = field(repr=False)  # "": of a person, by whatever address
    purpose: str
    channel: str
    decision: str
    patient_ids: tuple[PatientId, ...] = ()  # the person, or everybody at this number


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverDialChanged(Event):
    """A number was put on the list of those that are never contacted, or taken off it."""

    public: ClassVar = ("is_listed", "patient_ids")
    msisdn: Msisdn = field(repr=False)
    is_listed: bool
    patient_ids: tuple[PatientId, ...] = ()  # everybody at this number


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultationOpened(Event):
    """Somebody asked before becoming a patient."""

    public: ClassVar = ("consultation_id",)
    consultation_id: ConsultationId


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultationClosed(Event):
    """They have their answer."""

    public: ClassVar = ("consultation_id",)
    consultation_id: ConsultationId
    msisdn: Msisdn = field(repr=False)
    patient_id: PatientId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOpened(Event):
    """Something waits for a person."""

    public: ClassVar = ("task_id", "kind", "patient_id")
    task_id: TaskId
    kind: str
    patient_id: PatientId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDone(Event):
    """A person has dealt with it."""

    public: ClassVar = ("task_id", "kind", "patient_id")
    task_id: TaskId
    kind: str = ""
    patient_id: PatientId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskChanged(Event):
    """It is somebody else's now, or put off. `user_id`: whose it is."""

    public: ClassVar = ("task_id", "kind", "patient_id")
    task_id: TaskId
    kind: str
    patient_id: PatientId | None
    user_id: UserId | None
    msisdn: Msisdn | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted(Event):
    """A caller is in the hospital's hands, or the hospital's call was answered."""

    public: ClassVar = ("call_id", "direction")
    call_id: CallId
    direction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallQueued(Event):
    """A caller waits for an agent."""

    public: ClassVar = ("call_id", "queue")
    call_id: CallId
    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRang(Event):
    """An agent's desk rings with this call: the moment of the screen pop, for that agent only."""

    public: ClassVar = ("call_id", "user_id")
    call_id: CallId
    user_id: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallConnected(Event):
    """An agent and a patient speak."""

    public: ClassVar = ("call_id", "user_id", "queue")
    call_id: CallId
    user_id: UserId
    queue: str = ""  # in which the patient waited


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(Event):
    """The call is over; `reason` is the hang-up cause in words, or `lost` when Asterisk no longer knows it."""

    public: ClassVar = ("call_id", "reason", "patient_id", "agent_id", "queue")
    call_id: CallId
    reason: str
    patient_id: PatientId | None
    agent_id: UserId | None
    queue: str = ""  # in which the patient had waited


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMissed(Event):
    """A patient rang and nobody answered. `waited_s` counts from joining the queue."""

    public: ClassVar = ("call_id", "patient_id", "waited_s", "queue")
    call_id: CallId
    caller: Msisdn | None = field(repr=False)
    patient_id: PatientId | None
    waited_s: int
    queue: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisionChanged(Event):
    """A supervisor came to an agent's call, is heard by others than before, or went. `agent_id`: whom they are with."""

    public: ClassVar = ("call_id", "user_id")
    call_id: CallId
    user_id: UserId
    agent_id: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingPaused(Event):
    """The recording of a call is silent from now on, or no longer; `user_id` is the agent whose call it is."""

    public: ClassVar = ("call_id", "user_id")
    call_id: CallId
    user_id: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class DispositionSet(Event):
    """The agent has written down how the call ended."""

    public: ClassVar = ("call_id", "user_id", "patient_id")
    call_id: CallId
    user_id: UserId
    patient_id: PatientId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStateChanged(Event):
    """Available, on a call, in wrap-up, on a break, away."""

    public: ClassVar = ("user_id", "state")
    user_id: UserId
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskLineChanged(Event):
    """The telephone at an agent's desk was registered, or has gone: a page opened or closed."""

    public: ClassVar = ("user_id",)
    user_id: UserId
    is_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowPublished(Event):
    """New calls run this version; calls under way end on theirs."""

    public: ClassVar = ("flow", "version")
    flow: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptPlanned(Event):
    """A patient shall be called; the dialer looks when."""

    public: ClassVar = ("attempt_id", "appointment_id", "patient_id", "starts_at")
    attempt_id: AttemptId
    appointment_id: AppointmentId
    patient_id: PatientId | None = None
    starts_at: datetime | None = None  # of the appointment


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptSuppressed(Event):
    """A planned try will not be made; `rule` says why."""

    public: ClassVar = ("attempt_id", "appointment_id", "rule", "patient_id", "starts_at")
    attempt_id: AttemptId
    appointment_id: AppointmentId
    rule: str
    patient_id: PatientId | None = None
    starts_at: datetime | None = None  # of the appointment


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptAnswered(Event):
    """A call of ours was picked up by `by`: human or machine."""

    public: ClassVar = ("attempt_id", "by", "patient_id", "starts_at")
    attempt_id: AttemptId
    by: str
    call_id: CallId
    patient_id: PatientId | None = None
    starts_at: datetime | None = None  # of the appointment


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptEnded(Event):
    """One try to reach a patient is over: `result` is human, machine, hung_up, busy, no_answer, failed or unknown.

    `hung_up`: somebody answered and was gone before the call could say anything.
    """

    public: ClassVar = ("attempt_id", "result", "appointment_id", "patient_id", "starts_at")
    attempt_id: AttemptId
    appointment_id: AppointmentId
    result: str
    patient_id: PatientId | None = None
    starts_at: datetime | None = None  # of the appointment


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingStored(Event):
    """The audio is encrypted and can be found."""

    public: ClassVar = ("recording_id", "call_id")
    recording_id: RecordingId
    call_id: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsReceived(Event):
    """A whole message came in, all segments of it."""

    public: ClassVar = ("sms_id", "thread_id", "patient_id")
    sms_id: SmsId
    thread_id: ThreadId
    patient_id: PatientId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsQueued(Event):
    """A message waits for a modem."""

    public: ClassVar = ("sms_id", "thread_id", "patient_id")
    sms_id: SmsId
    thread_id: ThreadId
    patient_id: PatientId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsStateChanged(Event):
    """Sent, delivered, failed ..."""

    public: ClassVar = ("sms_id", "thread_id", "patient_id", "state")
    sms_id: SmsId
    thread_id: ThreadId
    patient_id: PatientId | None
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsRead(Event):
    """Staff opened a thread."""

    public: ClassVar = ("thread_id",)
    thread_id: ThreadId


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsThreadGiven(Event):
    """Somebody else looks after a conversation, or nobody."""

    public: ClassVar = ("thread_id",)
    thread_id: ThreadId
