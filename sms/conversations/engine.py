"""One step of a conversation, and what a text means before it: a keyword, an answer, or neither."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sms import reading
from sms.conversations import appointments, booking
from sms.conversations.model import (
    Answer,
    Appointments,
    Departments,
    Done,
    Fact,
    Goal,
    Person,
    Refused,
    Said,
    Slots,
    Step,
    Talk,
    Turn,
)
from sms.keyword import Action, match_keyword
from sms.keywords import KEYWORDS

GOALS = {
    Action.BOOK: Goal.BOOK,
    Action.MOVE: Goal.MOVE,
    Action.CANCEL: Goal.CANCEL,
    Action.CONFIRM: Goal.CONFIRM,
    Action.QUERY: Goal.QUERY,
}
ALWAYS = frozenset({Action.OPT_OUT, Action.OPT_OUT_ALL, Action.OPT_IN, Action.HELP, Action.CONSULT})

# Which function takes what at which goal and step. `Any` because each names its own fact; what is missing is illegal.
_Handler = Callable[[Talk, Any], Turn]
_BOOKING: dict[Step | type[Fact], _Handler] = {
    Step.WHO: booking.who,
    Step.DEPARTMENT: booking.department,
    Step.SLOT: booking.slot,
    Step.SURE: booking.sure,
    Departments: booking.departments,
    Slots: booking.slots,
    Done: booking.done,
    Refused: booking.refused,
}
_APPOINTMENTS: dict[Step | type[Fact], _Handler] = {
    Step.APPOINTMENT: appointments.appointment,
    Step.SURE: appointments.sure,
    Appointments: appointments.found,
    Done: appointments.done,
    Refused: appointments.refused,
}
TABLE: dict[Goal, dict[Step | type[Fact], _Handler]] = {
    Goal.BOOK: _BOOKING,
    Goal.MOVE: _BOOKING | {Step.APPOINTMENT: appointments.appointment, Appointments: appointments.found},
    Goal.CANCEL: _APPOINTMENTS,
    Goal.CONFIRM: _APPOINTMENTS,
    Goal.QUERY: _APPOINTMENTS,
}


class IllegalFactError(Exception):
    """This fact does not belong to this place of the conversation: a bug or a state from another release."""


def begin(goal: Goal, people: tuple[Person, ...], said: Said) -> Turn:
    """A new conversation with at least one known person."""
    talk = Talk(goal=goal, people=people)
    return booking.begin(talk, said) if goal is Goal.BOOK else appointments.begin(talk, said)


def advance(talk: Talk, fact: Fact) -> Turn:
    """The next state and what it wants. Raises IllegalFactError."""
    key = talk.step if isinstance(fact, Said) else type(fact)
    handler = TABLE[talk.goal].get(key) if key is not None else None
    if handler is None:
        raise IllegalFactError(f"{talk.goal} takes no {type(fact).__name__} at {talk.step}")
    return handler(talk, fact)


@dataclass(frozen=True, slots=True)
class Continue:
    """It answers the open conversation."""


@dataclass(frozen=True, slots=True)
class Begin:
    """A keyword starts something; `rest` is what followed it."""

    goal: Goal
    rest: str


@dataclass(frozen=True, slots=True)
class Command:
    """A keyword that is no conversation."""

    action: Action
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Leave:
    """The patient ends the conversation."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """A person must read it."""


Decision = Continue | Begin | Command | Leave | Unclear


def decide(text: str, talk: Talk | None) -> Decision:
    """Refusing our messages and asking for help work everywhere; other keywords only where they answer nothing."""
    said = reading.plain(text)
    match = match_keyword(reading.without_fillers(said), KEYWORDS)
    if match and match.action in ALWAYS and (match.action is not Action.CONSULT or talk is None or not match.rest):
        return Command(match.action, match.rest)
    if talk is not None and talk.step is not None:
        if talk.step is Step.SURE and (reading.is_yes(said) or reading.is_no(said)):
            return Continue()
        if reading.wants_to_stop(said):
            return Leave()
        if match is None:
            return Continue()
    if match is None:
        return Command(Action.HELP) if not said else Unclear()
    return Begin(GOALS[match.action], match.rest) if match.action in GOALS else Command(match.action, match.rest)


def stopped() -> Answer:
    """Nothing was changed."""
    return Answer(text="stopped", ends=True)
