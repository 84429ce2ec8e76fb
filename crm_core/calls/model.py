"""A call as the hospital remembers it, and an agent at their desk."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from crm_core.drafts.model import Draft
from crm_core.kernel.ids import AttemptId, CallId, Linkedid, Msisdn, PatientId, Uniqueid, UserId


class Direction(StrEnum):
    """Who called: a patient (in) or the hospital (out)."""

    IN = "in"
    OUT = "out"


class CallState(StrEnum):
    """Where the patient is now."""

    RINGING = "ringing"
    IVR = "ivr"  # in the machine's hands
    QUEUED = "queued"
    TALKING = "talking"
    ENDED = "ended"


class CallSignal(StrEnum):
    """What we hear about a call; may come twice or late."""

    ANSWERED = "answered"
    QUEUED = "queued"
    CONNECTED = "connected"
    AGENT_LEFT = "agent_left"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`caller` is the patient's number in both directions, None when withheld. `path` are node ids in order."""

    id: CallId
    linkedid: Linkedid
    uniqueid: Uniqueid
    direction: Direction
    caller: Msisdn | None = field(repr=False)
    did: str
    patient_id: PatientId | None
    language: str
    state: CallState
    path: tuple[str, ...]
    flow_version: str
    queue: str
    started_at: datetime
    answered_at: datetime | None
    queued_at: datetime | None
    connected_at: datetime | None
    ended_at: datetime | None
    end_reason: str
    agent_id: UserId | None
    agent_name: str
    agent_login: str
    disposition: str
    notes: str = field(repr=False)
    attempt_id: AttemptId | None

    @property
    def ref(self) -> str:
        """How timeline entries and tasks name it."""
        return f"calls/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One agent in a call, from `connected_at` until `left_at` (None: still speaking), and what they wrote down."""

    call_id: CallId
    user_id: UserId
    agent_name: str
    agent_login: str
    connected_at: datetime
    left_at: datetime | None
    disposition: str
    notes: str = field(repr=False)


class AgentState(StrEnum):
    """What an agent is doing. The first three are chosen, the others come with calls."""

    OFFLINE = "offline"
    AVAILABLE = "available"
    BREAK = "break"
    RINGING = "ringing"
    CALLING = "calling"  # a patient's telephone rings for them
    ON_CALL = "on_call"
    WRAP_UP = "wrap_up"


class AgentSignal(StrEnum):
    """What happens to an agent because of a call."""

    RANG = "rang"
    RING_STOPPED = "ring_stopped"
    DIALLED = "dialled"
    CONNECTED = "connected"
    CALL_OVER = "call_over"
    WRITTEN_CALL_OVER = "written_call_over"  # the same, and they have said how it ended
    DISPOSITION_SET = "disposition_set"
    WRAP_UP_OVER = "wrap_up_over"  # longer than the hospital allows
    ASKED = "asked"  # a colleague rings them about the call that the colleague is in
    ASK_ANSWERED = "ask_answered"
    ASK_OVER = "ask_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """`after_call` is what they chose to be when the present call and its wrap-up are over.

    `has_line`: a telephone is registered at their desk; without one nobody reaches them, whatever their state.
    `missed_rings`: running, since they last answered or chose. `asked_by`: the colleague who asks them about `call_id`.
    """

    user_id: UserId
    login: str
    name: str
    desk: str | None
    has_line: bool
    state: AgentState
    reason: str
    call_id: CallId | None
    since: datetime | None
    after_call: AgentState
    missed_rings: int = 0
    asked_by: UserId | None = None
    asked_by_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A call and one person: the legs of everybody in the order of time, and their state while it is at their desk.

    `asked_by` is the colleague who asks them about it, "" when nobody does. `draft`: what they typed and did not save.
    """

    call: Call
    legs: tuple[Leg, ...]
    here: AgentState | None
    draft: Draft
    asked_by: str = ""


class Mode(StrEnum):
    """How near a supervisor is to a call."""

    LISTEN = "listen"  # hears both, nobody hears them
    WHISPER = "whisper"  # heard by the agent only
    BARGE = "barge"  # all three hear each other
    TAKE_OVER = "take_over"  # the same, and the agent is sent out


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervision:
    """A supervisor at an agent's call until `ended_at`; `ear` is their channel, `patient` the patient's."""

    call_id: CallId
    patient: Uniqueid
    agent_id: UserId
    agent_name: str
    agent_login: str
    agent_desk: str
    supervisor_id: UserId
    supervisor_name: str
    supervisor_login: str
    supervisor_desk: str
    ear: Uniqueid
    mode: Mode
    begun_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A time in which nothing of a call is recorded; by itself it ends at `until`. `patient` is the channel."""

    id: int
    call_id: CallId
    patient: Uniqueid
    user_id: UserId
    agent_name: str
    begun_at: datetime
    until: datetime
    ended_at: datetime | None
