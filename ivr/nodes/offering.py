"""Choosing a free time by keys: what `book` and `reschedule` share. Offers are numbered from 1; 9 is more, * is back,
0 a person. The choice is read back; then 1 takes it and 2 chooses again."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, time, timedelta
from enum import Enum

from crm_core.kernel.ids import AppointmentId, DepartmentId
from ivr.facts import Slot
from ivr.flow import Ask, Digits, FreeSlots, Goto, Input, Move, Play, Session, Way
from ivr.nodes.asking import BACK_KEY, MORE_KEY, PERSON_KEY, Asking, understood
from ivr.phrases import numbered, phrase, slot_values
from ivr.prompt import Prompt

PER_PAGE = 4
NOON = time(12)
REFUSALS_TO_CHOOSE_AGAIN = {
    "slot_full": "slot_full",
    "slot_not_found": "slot_full",
    "slot_over": "slot_over",
    "already_booked": "already_booked",
    "appointments_overlap": "overlap",
    "too_many_that_day": "day_full",
}


class Choice(Enum):
    """What a key can mean beside a time."""

    BACK = "back"
    YES = "yes"


def look_for_times(
    call: Session,
    department_id: DepartmentId,
    not_before: datetime | None = None,
    *,
    moving: AppointmentId | None = None,
) -> Move:
    """Ask the hospital what is free for this patient."""
    patient_id = call.patient.id if call.patient else None
    return call.remember(phase="slots", horizon=not_before), FreeSlots(department_id, not_before, patient_id, moving)


def found_times(call: Session, items: tuple[Slot, ...]) -> Move | None:
    """Offer what was found; None when nothing is free at all. Past the last time the last ones are offered again."""
    if items:
        call = understood(call, "slot").remember(offers=spread(items), page=0, horizon=_after(items[-1].starts_at))
        return call, offer(call)
    if not call.memo.offers:
        return None
    call = call.remember(phase="slot", page=0)
    ask = offer(call)
    return call, replace(ask, prompt=phrase(call.language, "no_more_slots") + ask.prompt)


def spread(items: Iterable[Slot]) -> tuple[Slot, ...]:
    """The first time of each practitioner in each half-day: callers want a choice, not ten minutes more or less."""
    firsts: dict[tuple[str, datetime], Slot] = {}
    for slot in items:
        firsts.setdefault((slot.practitioner, _after(slot.starts_at)), slot)
    return tuple(firsts.values())


def offer(call: Session) -> Ask:
    """The current page of times."""
    choices = [phrase(call.language, "slot", slot_values(call, slot)) for slot in _page(call)]
    more, tail = phrase(call.language, "more"), phrase(call.language, "list_tail")
    return Ask(phrase(call.language, "slots") + numbered(call, choices) + more + tail)


def chose_time(
    node: Asking, call: Session, said: Input, department_id: DepartmentId, *, moving: AppointmentId | None = None
) -> Move | Slot | Choice:
    """A time, the way back, or what to do instead."""
    page = _page(call)
    match said:
        case Digits(key) if key.isdecimal() and 1 <= int(key) <= len(page):
            return page[int(key) - 1]
        case Digits(key) if key == MORE_KEY:
            return _more(call, department_id, moving)
        case Digits(key) if key == BACK_KEY:
            return Choice.BACK
        case Digits(key) if key == PERSON_KEY:
            return call, Goto(Way.PERSON)
        case _:
            return node.again(call, said, offer(call))


def answered(node: Asking, call: Session, said: Input, question: Prompt, again: Move) -> Move | Choice:
    """1 is yes, 2 leads `again`, 0 to a person."""
    match said:
        case Digits("1"):
            return Choice.YES
        case Digits("2"):
            return again
        case Digits(key) if key == PERSON_KEY:
            return call, Goto(Way.PERSON)
        case _:
            return node.again(call, said, Ask(question))


def refused_time(call: Session, code: str) -> Move:
    """Say why. A time that is gone leads to other times; anything else to a person."""
    if code in REFUSALS_TO_CHOOSE_AGAIN:
        return call.remember(phase="refused", offers=()), Play(phrase(call.language, REFUSALS_TO_CHOOSE_AGAIN[code]))
    return call, Goto(Way.FALLBACK)


def _more(call: Session, department_id: DepartmentId, moving: AppointmentId | None) -> Move:
    following = understood(call, "slot").remember(page=call.memo.page + 1)
    if _page(following):
        return following, offer(following)
    return look_for_times(call, department_id, call.memo.horizon, moving=moving)


def _page(call: Session) -> tuple[Slot, ...]:
    first = call.memo.page * PER_PAGE
    return call.memo.offers[first : first + PER_PAGE]


def _after(starts_at: datetime) -> datetime:
    """The end of the half-day that a time lies in."""
    midnight = starts_at.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(hours=12 if starts_at.time() < NOON else 24)
