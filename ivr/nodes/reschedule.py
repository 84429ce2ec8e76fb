"""reschedule: offer other times of the same department and move the chosen appointment."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from ivr.facts import Appointment, Slot
from ivr.flow import (
    Ask,
    Changed,
    Digits,
    Exit,
    Goto,
    Input,
    Move,
    Play,
    Played,
    Refused,
    Reschedule,
    Session,
    Slots,
    TimedOut,
    Way,
    unexpected,
)
from ivr.nodes.asking import Asking, NodeId, understood
from ivr.nodes.offering import Choice, answered, chose_time, found_times, look_for_times, refused_time
from ivr.phrases import phrase, slot_values
from ivr.prompt import Prompt, Text

TOO_LATE = ("appointment_over", "appointment_not_open", "appointment_not_found")


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveAppointment(Asking):
    """Needs a chosen appointment. `next` when it is moved, or can no longer be; `back` when the caller keeps it."""

    type: Literal["reschedule"] = "reschedule"
    next: NodeId
    back: NodeId

    def exits(self) -> Iterator[Exit]:
        """Moved or kept."""
        yield Exit("next", self.next, waits=True)
        yield Exit("back", self.back, waits=True)
        yield from Asking.exits(self)

    def texts(self) -> Iterator[Text]:
        """Only its own pardons."""
        yield from Asking.texts(self)

    def enter(self, call: Session) -> Move:
        """What is free?"""
        if not call.appointment:
            return call, Goto(Way.FALLBACK)
        return _look(call, call.appointment)

    def hear(self, call: Session, said: Input) -> Move:
        """Each phase hears one kind of answer."""
        appointment = call.appointment
        if not appointment:
            raise unexpected(call, said)
        match call.memo.phase, said:
            case "slots", Slots(items):
                others = tuple(slot for slot in items if slot.id != appointment.slot.id)
                return found_times(call, others) or _tell(call, "nothing", "no_slots")
            case "slot", Digits() | TimedOut():
                return self._slot(call, said, appointment)
            case "read_back", Digits() | TimedOut():
                return self._read_back(call, said, appointment)
            case "refused", Played():
                return _look(call, appointment)
            case _:
                return self._answered(call, said)

    def _answered(self, call: Session, said: Input) -> Move:
        match call.memo.phase, said:
            case "moving", Changed(moved):
                return _moved(call, moved)
            case "moving", Refused(code):
                return _tell(call, "told", "too_late") if code in TOO_LATE else refused_time(call, code)
            case "nothing", Played():
                return call, Goto(self.back)
            case "told", Played():
                return call, Goto(self.next)
            case _:
                raise unexpected(call, said)

    def _slot(self, call: Session, said: Input, appointment: Appointment) -> Move:
        chosen = chose_time(self, call, said, appointment.slot.department.id, moving=appointment.id)
        match chosen:
            case Slot():
                call = understood(call, "read_back").remember(slot=chosen)
                return call, Ask(_question(call, chosen))
            case Choice():
                return call, Goto(self.back)
            case _:
                return chosen

    def _read_back(self, call: Session, said: Input, appointment: Appointment) -> Move:
        slot = call.memo.slot
        if slot is None:
            raise unexpected(call, said)
        again = _look(call.remember(offers=()), appointment)
        result = answered(self, call, said, _question(call, slot), again)
        if isinstance(result, Choice):
            return call.remember(phase="moving"), Reschedule(appointment.id, slot.id)
        return result


def _look(call: Session, appointment: Appointment) -> Move:
    return look_for_times(call, appointment.slot.department.id, moving=appointment.id)


def _moved(call: Session, appointment: Appointment) -> Move:
    call = replace(call, appointment=appointment).remember(phase="told")
    return call, Play(phrase(call.language, "moved", slot_values(call, appointment.slot)))


def _tell(call: Session, phase: str, name: str) -> Move:
    return call.remember(phase=phase), Play(phrase(call.language, name))


def _question(call: Session, slot: Slot) -> Prompt:
    values = slot_values(call, slot)
    return phrase(call.language, "move_read_back", values) + phrase(call.language, "move_read_back_keys")
