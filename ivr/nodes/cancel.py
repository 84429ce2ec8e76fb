"""cancel: give the chosen appointment back."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from ivr.flow import (
    Ask,
    Cancel,
    Changed,
    Digits,
    Exit,
    Goto,
    Input,
    Move,
    Play,
    Played,
    Refused,
    Session,
    TimedOut,
    Way,
    unexpected,
)
from ivr.nodes.asking import PERSON_KEY, Asking, NodeId
from ivr.phrases import phrase, slot_values
from ivr.prompt import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAppointment(Asking):
    """Needs a chosen appointment. With `ask` the caller presses 1 once more; 2 keeps it."""

    type: Literal["cancel"] = "cancel"
    ask: bool = True
    next: NodeId

    def exits(self) -> Iterator[Exit]:
        """Cancelled or kept."""
        yield Exit("next", self.next, waits=False)
        yield from Asking.exits(self)

    def texts(self) -> Iterator[Text]:
        """Only its own pardons."""
        yield from Asking.texts(self)

    def enter(self, call: Session) -> Move:
        """Ask, or do it."""
        if not call.appointment:
            return call, Goto(Way.FALLBACK)
        if self.ask:
            return call.remember(phase="sure"), _question(call)
        return call.remember(phase="cancelling"), Cancel(call.appointment.id)

    def hear(self, call: Session, said: Input) -> Move:
        """Each phase hears one kind of answer."""
        appointment = call.appointment
        match call.memo.phase, said:
            case "sure", Digits("1") if appointment:
                return call.remember(phase="cancelling"), Cancel(appointment.id)
            case "sure", Digits("2"):
                return _tell(call, "kept")
            case "sure", Digits(key) if key == PERSON_KEY:
                return call, Goto(Way.PERSON)
            case "sure", Digits() | TimedOut():
                return self.again(call, said, _question(call))
            case _:
                return self._cancelled(call, said)

    def _cancelled(self, call: Session, said: Input) -> Move:
        match call.memo.phase, said:
            case "cancelling", Changed():
                told, play = _tell(call, "cancelled")
                return replace(told, appointment=None), play
            case "cancelling", Refused():
                return _tell(call, "too_late")
            case "told", Played():
                return call, Goto(self.next)
            case _:
                raise unexpected(call, said)


def _values(call: Session) -> dict[str, str]:
    return slot_values(call, call.appointment.slot) if call.appointment else {"day": "", "clock": ""}


def _tell(call: Session, name: str) -> Move:
    return call.remember(phase="told"), Play(phrase(call.language, name, _values(call)))


def _question(call: Session) -> Ask:
    return Ask(phrase(call.language, "cancel_question", _values(call)))
