"""appointments: read the caller's appointments and let them choose one."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from ivr.facts import Appointment
from ivr.flow import (
    Appointments,
    Ask,
    Digits,
    Exit,
    Goto,
    Input,
    Move,
    Play,
    Played,
    Session,
    TimedOut,
    Upcoming,
    Way,
    unexpected,
)
from ivr.nodes.asking import BACK_KEY, PERSON_KEY, Asking, NodeId
from ivr.phrases import appointment_phrase, how_many, numbered, phrase
from ivr.prompt import Prompt, Text

LONGEST_LIST = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAppointments(Asking):
    """`chosen` with an appointment, `none` when there is none, `back` at *. Department and practitioner are named to
    callers who proved who they are by keys; `details: always` names them to everyone at a known number."""

    type: Literal["appointments"] = "appointments"
    details: Literal["verified", "always"] = "verified"
    chosen: NodeId
    none: NodeId
    back: NodeId

    def exits(self) -> Iterator[Exit]:
        """With an appointment or without."""
        yield Exit("chosen", self.chosen, waits=False)
        yield Exit("none", self.none, waits=False)
        yield Exit("back", self.back, waits=True)
        yield from Asking.exits(self)

    def texts(self) -> Iterator[Text]:
        """Only its own pardons."""
        yield from Asking.texts(self)

    def enter(self, call: Session) -> Move:
        """What is booked?"""
        if not call.patient:
            return call, Goto(Way.FALLBACK)
        return call.remember(phase="looking_up"), Upcoming(call.patient.id)

    def hear(self, call: Session, said: Input) -> Move:
        """Each phase hears one kind of answer."""
        match call.memo.phase, said:
            case "looking_up", Appointments(items):
                return self._found(call, items[:LONGEST_LIST])
            case "which", Digits() | TimedOut():
                return self._which(call, said)
            case "one", Played():
                return call, Goto(self.chosen)
            case "none", Played():
                return call, Goto(self.none)
            case _:
                raise unexpected(call, said)

    def _found(self, call: Session, items: tuple[Appointment, ...]) -> Move:
        if not items:
            call = replace(call, appointment=None).remember(phase="none")
            return call, Play(phrase(call.language, "no_appointments"))
        if len(items) == 1:
            call = replace(call, appointment=items[0]).remember(phase="one")
            return call, Play(phrase(call.language, "one_appointment") + self._read(call, items[0]))
        call = call.remember(phase="which", appointments=items)
        return call, self._ask(call)

    def _which(self, call: Session, said: Input) -> Move:
        items = call.memo.appointments
        match said:
            case Digits(key) if key.isdecimal() and 1 <= int(key) <= len(items):
                return replace(call, appointment=items[int(key) - 1]), Goto(self.chosen)
            case Digits(key) if key == BACK_KEY:
                return call, Goto(self.back)
            case Digits(key) if key == PERSON_KEY:
                return call, Goto(Way.PERSON)
            case _:
                return self.again(call, said, self._ask(call))

    def _ask(self, call: Session) -> Ask:
        items = call.memo.appointments
        count = phrase(call.language, "appointments", how_many(call, len(items)))
        choices = [self._read(call, item) for item in items]
        return Ask(count + numbered(call, choices) + phrase(call.language, "list_tail"))

    def _read(self, call: Session, item: Appointment) -> Prompt:
        return appointment_phrase(call, item, with_details=self.details == "always" or call.is_verified)
