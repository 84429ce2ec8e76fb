"""book: department, free time, read back, booked."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from ivr.facts import Appointment, Department, Slot
from ivr.flow import (
    Ask,
    Book,
    Changed,
    Departments,
    Digits,
    Exit,
    Goto,
    Input,
    ListDepartments,
    Move,
    Play,
    Played,
    Refused,
    Session,
    Slots,
    TimedOut,
    Way,
    unexpected,
)
from ivr.nodes.asking import BACK_KEY, MORE_KEY, PERSON_KEY, Asking, NodeId, understood
from ivr.nodes.offering import Choice, answered, chose_time, found_times, look_for_times, refused_time
from ivr.phrases import department_name, numbered, phrase, slot_values
from ivr.prompt import Prompt, Text

PER_PAGE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class BookAppointment(Asking):
    """The caller must be identified before. * leads `back` out of the list of departments; `next` when it is booked."""

    type: Literal["book"] = "book"
    next: NodeId
    back: NodeId

    def exits(self) -> Iterator[Exit]:
        """Booked or given up."""
        yield Exit("next", self.next, waits=True)
        yield Exit("back", self.back, waits=True)
        yield from Asking.exits(self)

    def texts(self) -> Iterator[Text]:
        """Only its own pardons."""
        yield from Asking.texts(self)

    def enter(self, call: Session) -> Move:
        """Which departments are there? Nobody books for a caller we do not know."""
        if not call.patient:
            return call, Goto(Way.FALLBACK)
        return call.remember(phase="departments"), ListDepartments()

    def hear(self, call: Session, said: Input) -> Move:
        """Each phase hears one kind of answer."""
        match call.memo.phase, said:
            case "departments", Departments(items):
                return self._listed(call, items)
            case "department", Digits() | TimedOut():
                return self._department(call, said)
            case "no_slots", Played():
                return understood(call, "department"), _ask_department(call)
            case "slots", Slots(items):
                return found_times(call, items) or _nothing_free(call)
            case _:
                return self._hear_choice(call, said)

    def _hear_choice(self, call: Session, said: Input) -> Move:
        match call.memo.phase, said:
            case "slot", Digits() | TimedOut():
                return self._slot(call, said)
            case "read_back", Digits() | TimedOut():
                return self._read_back(call, said)
            case "booking", Changed(appointment):
                return _booked(call, appointment)
            case "booking", Refused(code):
                return refused_time(call, code)
            case "refused", Played():
                return look_for_times(call, _chosen(call).id)
            case "booked" | "nothing", Played():
                return call, Goto(self.next)
            case _:
                raise unexpected(call, said)

    def _listed(self, call: Session, items: tuple[Department, ...]) -> Move:
        if not items:
            return call.remember(phase="nothing"), Play(phrase(call.language, "no_departments"))
        call = call.remember(phase="department", departments=items)
        return call, _ask_department(call)

    def _department(self, call: Session, said: Input) -> Move:
        page = _page(call)
        match said:
            case Digits(key) if key.isdecimal() and 1 <= int(key) <= len(page):
                chosen = page[int(key) - 1]
                return look_for_times(call.remember(department=chosen, offers=()), chosen.id)
            case Digits(key) if key == MORE_KEY and _has_pages(call):
                call = understood(call, "department").remember(page=_next_page(call))
                return call, _ask_department(call)
            case Digits(key) if key == BACK_KEY:
                return call, Goto(self.back)
            case Digits(key) if key == PERSON_KEY:
                return call, Goto(Way.PERSON)
            case _:
                return self.again(call, said, _ask_department(call))

    def _slot(self, call: Session, said: Input) -> Move:
        chosen = chose_time(self, call, said, _chosen(call).id)
        match chosen:
            case Slot():
                call = understood(call, "read_back").remember(slot=chosen)
                return call, Ask(_question(call, chosen))
            case Choice():
                call = understood(call, "department").remember(page=0)
                return call, _ask_department(call)
            case _:
                return chosen

    def _read_back(self, call: Session, said: Input) -> Move:
        slot, patient = call.memo.slot, call.patient
        if slot is None or patient is None:
            raise unexpected(call, said)
        again = look_for_times(call.remember(offers=()), _chosen(call).id)
        result = answered(self, call, said, _question(call, slot), again)
        if isinstance(result, Choice):
            return call.remember(phase="booking"), Book(patient.id, slot.id)
        return result


def _chosen(call: Session) -> Department:
    if call.memo.department is None:
        raise LookupError("no department was chosen")
    return call.memo.department


def _booked(call: Session, appointment: Appointment) -> Move:
    call = replace(call, appointment=appointment).remember(phase="booked")
    return call, Play(phrase(call.language, "booked", slot_values(call, appointment.slot)))


def _nothing_free(call: Session) -> Move:
    return call.remember(phase="no_slots"), Play(phrase(call.language, "no_slots"))


def _question(call: Session, slot: Slot) -> Prompt:
    values = slot_values(call, slot)
    return phrase(call.language, "read_back", values) + phrase(call.language, "read_back_keys")


def _ask_department(call: Session) -> Ask:
    names = [department_name(call, item) for item in _page(call)]
    choices = [phrase(call.language, "department", {"department": name}) for name in names]
    more = phrase(call.language, "more") if _has_pages(call) else ()
    question = phrase(call.language, "departments") + numbered(call, choices)
    return Ask(question + more + phrase(call.language, "list_tail"))


def _has_pages(call: Session) -> bool:
    return len(call.memo.departments) > PER_PAGE + 1  # nine fit on the keys, if 9 need not mean more


def _next_page(call: Session) -> int:
    return (call.memo.page + 1) % -(-len(call.memo.departments) // PER_PAGE)


def _page(call: Session) -> tuple[Department, ...]:
    if not _has_pages(call):
        return call.memo.departments
    return call.memo.departments[call.memo.page * PER_PAGE : (call.memo.page + 1) * PER_PAGE]
