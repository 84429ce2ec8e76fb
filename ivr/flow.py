"""The vocabulary of a call: what can be asked of the world (effects), what it answers (inputs), where a call stands.

Everything here is a frozen value that `ivr.state` writes to JSON and reads back unchanged.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import Enum
from typing import Literal, NamedTuple, Protocol

from crm_core.kernel.ids import AppointmentId, DepartmentId, Msisdn, PatientId, SlotId
from ivr.facts import Appointment, Department, Facts, Person, Slot
from ivr.prompt import Language, Prompt, Text

MAX_STEPS = 100  # nodes entered in one call; a published flow never needs this many, a loop always does
FIRST_KEY_S = 6.0
NEXT_KEY_S = 3.0

# effects: said and heard ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Play:
    """Say it. Answered by Played. With `barge_in` a key stops it and counts for whatever is asked next."""

    prompt: Prompt
    barge_in: bool = True
    kind: Literal["play"] = "play"


@dataclass(frozen=True, slots=True)
class Ask:
    """Say it and read keys; any key stops the prompt. Answered by Digits or TimedOut.

    Ends after `max_digits`, at `terminator` (not part of the digits) or `next_s` after the last key. `already` was
    pressed before and counts; then `prompt` is empty.
    """

    prompt: Prompt
    max_digits: int = 1
    terminator: str = ""
    first_s: float = FIRST_KEY_S
    next_s: float = NEXT_KEY_S
    already: str = field(default="", repr=False)
    kind: Literal["ask"] = "ask"


# effects: asked of the hospital; each may also be answered by Failed -------------------------------------------------


@dataclass(frozen=True, slots=True)
class FindByCallerId:
    """Answered by PatientsFound: everyone reachable at the number."""

    msisdn: Msisdn = field(repr=False)
    kind: Literal["find_by_caller_id"] = "find_by_caller_id"


@dataclass(frozen=True, slots=True)
class FindByCard:
    """Answered by PatientsFound: one or nobody."""

    card_no: str = field(repr=False)
    birth_date: date = field(repr=False)
    kind: Literal["find_by_card"] = "find_by_card"


@dataclass(frozen=True, slots=True)
class ListDepartments:
    """Answered by Departments, in the order of the menu."""

    kind: Literal["list_departments"] = "list_departments"


@dataclass(frozen=True, slots=True)
class FreeSlots:
    """Answered by Slots: from `not_before` or now on, those that `patient_id` may have who gives up `moving`."""

    department_id: DepartmentId
    not_before: datetime | None = None
    patient_id: PatientId | None = None
    moving: AppointmentId | None = None
    kind: Literal["free_slots"] = "free_slots"


@dataclass(frozen=True, slots=True)
class Book:
    """Answered by Changed or Refused."""

    patient_id: PatientId
    slot_id: SlotId
    kind: Literal["book"] = "book"


@dataclass(frozen=True, slots=True)
class Upcoming:
    """Answered by Appointments: open ones of a patient, soonest first."""

    patient_id: PatientId
    kind: Literal["upcoming"] = "upcoming"


@dataclass(frozen=True, slots=True)
class Confirm:
    """Answered by Changed or Refused."""

    appointment_id: AppointmentId
    kind: Literal["confirm"] = "confirm"


@dataclass(frozen=True, slots=True)
class Cancel:
    """Answered by Changed or Refused."""

    appointment_id: AppointmentId
    kind: Literal["cancel"] = "cancel"


@dataclass(frozen=True, slots=True)
class Reschedule:
    """Answered by Changed, with the new appointment, or Refused; then the old place is kept."""

    appointment_id: AppointmentId
    slot_id: SlotId
    kind: Literal["reschedule"] = "reschedule"


@dataclass(frozen=True, slots=True)
class RequestCallback:
    """Somebody of the hospital rings back. `number` as shown or typed. Answered by Done or Refused."""

    number: str = field(repr=False)
    kind: Literal["request_callback"] = "request_callback"


@dataclass(frozen=True, slots=True)
class SetLanguage:
    """Remember the language for this patient's next call. Answered by Done."""

    patient_id: PatientId
    language: Language
    kind: Literal["set_language"] = "set_language"


@dataclass(frozen=True, slots=True)
class CountStaff:
    """Answered by Staff: is anybody there to take a call?"""

    kind: Literal["count_staff"] = "count_staff"


# effects: the end of the flow; nothing answers ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Wait for a person in this queue."""

    queue: str
    kind: Literal["enqueue"] = "enqueue"


@dataclass(frozen=True, slots=True)
class Voicemail:
    """Leave a message."""

    kind: Literal["voicemail"] = "voicemail"


@dataclass(frozen=True, slots=True)
class Hangup:
    """The call is over."""

    kind: Literal["hangup"] = "hangup"


Request = (
    FindByCallerId | FindByCard | ListDepartments | FreeSlots | Book | Upcoming
    | Confirm | Cancel | Reschedule | RequestCallback | SetLanguage | CountStaff
)  # fmt: skip
Ending = Enqueue | Voicemail | Hangup
Effect = Play | Ask | Request | Ending

# inputs --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Played:
    """It was said, or `key` interrupted it."""

    key: str = field(default="", repr=False)
    kind: Literal["played"] = "played"


@dataclass(frozen=True, slots=True)
class Digits:
    """What was pressed; "" when only the terminator."""

    keys: str = field(repr=False)
    kind: Literal["digits"] = "digits"


@dataclass(frozen=True, slots=True)
class TimedOut:
    """No key at all."""

    kind: Literal["timed_out"] = "timed_out"


@dataclass(frozen=True, slots=True)
class PatientsFound:
    """Nobody, one, or a family."""

    people: tuple[Person, ...]
    kind: Literal["patients_found"] = "patients_found"


@dataclass(frozen=True, slots=True)
class Departments:
    """In the order of the menu."""

    items: tuple[Department, ...]
    kind: Literal["departments"] = "departments"


@dataclass(frozen=True, slots=True)
class Slots:
    """Soonest first."""

    items: tuple[Slot, ...]
    kind: Literal["slots"] = "slots"


@dataclass(frozen=True, slots=True)
class Appointments:
    """Soonest first."""

    items: tuple[Appointment, ...]
    kind: Literal["appointments"] = "appointments"


@dataclass(frozen=True, slots=True)
class Changed:
    """The appointment as it is now."""

    appointment: Appointment
    kind: Literal["changed"] = "changed"


@dataclass(frozen=True, slots=True)
class Refused:
    """A rule of the hospital forbids it; `code` is the error's, e.g. slot_full."""

    code: str
    kind: Literal["refused"] = "refused"


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing to tell."""

    kind: Literal["done"] = "done"


@dataclass(frozen=True, slots=True)
class Staff:
    """Whether a person could take the call now."""

    is_there: bool
    kind: Literal["staff"] = "staff"


@dataclass(frozen=True, slots=True)
class Failed:
    """It could not be found out or said; `reason` is an error's code."""

    reason: str
    kind: Literal["failed"] = "failed"


Input = (
    Played | Digits | TimedOut | PatientsFound | Departments | Slots | Appointments | Changed | Refused | Done | Staff
    | Failed
)  # fmt: skip

# where a call stands -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Memo:
    """What the current node remembers; forgotten when the next is entered."""

    phase: str = ""
    silences: int = 0
    mismatches: int = 0
    page: int = 0
    card_no: str = field(default="", repr=False)
    departments: tuple[Department, ...] = ()
    department: Department | None = None
    offers: tuple[Slot, ...] = ()
    slot: Slot | None = None
    horizon: datetime | None = None
    appointments: tuple[Appointment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One call in one version of one flow. `candidates`: who the caller ID may be, None before it was looked up."""

    flow: str
    version: int
    facts: Facts
    language: Language
    node: str = ""
    memo: Memo = Memo()
    typed: str = field(default="", repr=False)
    steps: int = 0
    path: tuple[str, ...] = ()
    candidates: tuple[Person, ...] | None = None
    patient: Person | None = None
    is_verified: bool = False
    appointment: Appointment | None = None
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    is_failing: bool = False
    is_over: bool = False

    def remember(self, **changes: object) -> "Session":
        """The same call with these fields of the memo changed."""
        return replace(self, memo=replace(self.memo, **changes))  # type: ignore[arg-type]


# flows ---------------------------------------------------------------------------------------------------------------


class Way(Enum):
    """Exits that the flow names once for all its nodes."""

    PERSON = "person"  # the caller wants one
    FALLBACK = "fallback"  # we do not understand the caller, or cannot serve them


@dataclass(frozen=True, slots=True)
class Goto:
    """Enter another node."""

    node: str | Way


Move = tuple[Session, Effect | Goto]


class Exit(NamedTuple):
    """A way out of a node. `label` is how a nurse knows it; `waits`: only after the caller did something."""

    label: str
    to: str
    waits: bool


class Node(Protocol):
    """One kind of node: fields on top, what it does below."""

    @property
    def type(self) -> str:
        """As the definition spells it."""

    def exits(self) -> Iterator[Exit]:
        """Every way out that the definition names."""

    def texts(self) -> Iterator[Text]:
        """Every text the definition brings along."""

    def enter(self, call: Session) -> Move:
        """The call arrives here."""

    def hear(self, call: Session, said: Input) -> Move:
        """The answer to what this node asked. Raises UnexpectedInputError for anything else."""


@dataclass(frozen=True, slots=True)
class Flow:
    """`person`: where 0 leads inside nodes; `fallback`: the node of `queue`, for failures and who is not understood."""

    name: str
    version: int
    start: str
    person: str
    fallback: str
    queue: str
    nodes: Mapping[str, Node]


class UnexpectedInputError(Exception):
    """The shell answered what was not asked: a fault of ours."""


def unexpected(call: Session, said: Input) -> UnexpectedInputError:
    """To be raised where a `match` has no case left."""
    return UnexpectedInputError(f"node {call.node!r} in phase {call.memo.phase!r} cannot hear {said.kind!r}")
