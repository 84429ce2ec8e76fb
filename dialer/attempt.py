"""One try to reach a patient: its states as a table, and what each ending means."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from crm_core.kernel.ids import AppointmentId, AttemptId, CallId, Linkedid, Msisdn, PatientId
from crm_core.patients.timeline_code import TimelineCode
from dialer.errors import IllegalSignalError


class State(StrEnum):
    """Open: planned, dialing, answered. `unknown` is for a person to look at; no machine goes on from it."""

    PLANNED = "planned"
    DIALING = "dialing"
    ANSWERED = "answered"
    DONE = "done"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"


class Signal(StrEnum):
    """What happens to an attempt."""

    DIAL = "dial"
    FORBID = "forbid"  # opted out, cancelled, too late ...
    ANSWER = "answer"
    REFUSE = "refuse"  # busy, no answer, unreachable: nobody was spoken with
    END = "end"
    LOSE = "lose"  # nobody can say what became of it


TRANSITIONS: dict[tuple[State, Signal], State] = {
    (State.PLANNED, Signal.DIAL): State.DIALING,
    (State.PLANNED, Signal.FORBID): State.SUPPRESSED,
    (State.DIALING, Signal.ANSWER): State.ANSWERED,
    (State.DIALING, Signal.REFUSE): State.DONE,
    (State.DIALING, Signal.END): State.DONE,  # answered and over before we were told of the answer
    (State.DIALING, Signal.LOSE): State.UNKNOWN,
    (State.ANSWERED, Signal.ANSWER): State.ANSWERED,  # the network and the call itself both say so
    (State.ANSWERED, Signal.END): State.DONE,
    (State.ANSWERED, Signal.LOSE): State.UNKNOWN,
}


def step(state: State, signal: Signal) -> State:
    """The state that follows. Raises IllegalSignalError for what is not in the table."""
    try:
        return TRANSITIONS[state, signal]
    except KeyError:
        raise IllegalSignalError(f"{signal} in state {state}") from None


def hears(state: State, signal: Signal) -> bool:
    """Whether the signal means anything in this state; a late one does not."""
    return (state, signal) in TRANSITIONS


class Result(StrEnum):
    """How a try ended. `hung_up`: answered, and gone before the call could say anything."""

    HUMAN = "human"
    MACHINE = "machine"
    HUNG_UP = "hung_up"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAILED = "failed"
    UNKNOWN = "unknown"


# the patient's timeline; an answered call has its own entry
TIMELINE_CODES = {
    Result.BUSY: TimelineCode.REMINDER_BUSY,
    Result.NO_ANSWER: TimelineCode.REMINDER_NO_ANSWER,
    Result.FAILED: TimelineCode.REMINDER_FAILED,
    Result.UNKNOWN: TimelineCode.REMINDER_UNKNOWN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """`number` counts the tries for one appointment. `result` is a Result, or the rule that suppressed it, or ""."""

    id: AttemptId
    appointment_id: AppointmentId
    patient_id: PatientId
    msisdn: Msisdn = field(repr=False)
    purpose: str
    number: int
    state: State
    result: str
    requested_by: str
    planned_at: datetime
    not_before: datetime
    dialed_at: datetime | None
    ended_at: datetime | None
    call_id: CallId | None
    linkedid: Linkedid  # "" until it is dialled

    @property
    def is_open(self) -> bool:
        """Whether something is still to come."""
        return self.state in OPEN

    @property
    def ref(self) -> str:
        """How timeline entries and tasks name it."""
        return f"attempts/{self.id}"


OPEN = frozenset({State.PLANNED, State.DIALING, State.ANSWERED})
