"""Booking by text: 预约 -> department -> time -> yes. A known patient is done in four texts or fewer.

The same machine moves an appointment (改期): it starts at the times of the old appointment's department.
"""

from dataclasses import replace

from crm_core.kernel.ids import DepartmentId
from sms import reading
from sms.conversations.model import (
    MAX_MISSES,
    Answer,
    Book,
    DepartmentChoice,
    Departments,
    Done,
    FindDepartments,
    FindSlots,
    Goal,
    Move,
    Person,
    Refused,
    Said,
    SlotChoice,
    Slots,
    Step,
    Talk,
    Turn,
)
from sms.when import wished_window

OFFER_OTHERS = {  # the note that says why
    "slot_full": "slot_full",
    "slot_over": "slot_full",
    "slot_not_found": "slot_full",
    "appointments_overlap": "overlap",
    "too_many_that_day": "day_full",
}


def begin(talk: Talk, said: Said) -> Turn:
    """`said` is what followed the keyword: a department, a time, both or nothing."""
    talk = replace(talk, wish=said.text, window=wished_window(said.text, said.at))
    if len(talk.people) == 1:
        return replace(talk, patient_id=talk.people[0].id), FindDepartments()
    return replace(talk, step=Step.WHO), Answer(text="who", options=talk.people)


def who(talk: Talk, said: Said) -> Turn:
    """A number or a name."""
    number = reading.choice(said.text, len(talk.people))
    named = [person for person in talk.people if reading.plain(person.name) == said.text]
    if number is None and len(named) != 1:
        return missed(talk, Answer(text="who", options=talk.people))
    person = talk.people[number - 1] if number is not None else named[0]
    return replace(talk, patient_id=person.id, misses=0), FindDepartments()


def departments(talk: Talk, fact: Departments) -> Turn:
    """Straight to the times when the wish names one."""
    talk = replace(talk, departments=fact.found)
    if not fact.found:
        return talk, Answer(text="no_departments", ends=True, needs_person=True)
    wished = wished_department(talk.wish, fact.found)
    if wished is not None:
        return times_of(talk, wished.id)
    return replace(talk, step=Step.DEPARTMENT, note=""), ask_department(talk)


def department(talk: Talk, said: Said) -> Turn:
    """A number, a name, a name with a time."""
    number = reading.choice(said.text, len(talk.departments))
    chosen = talk.departments[number - 1] if number else wished_department(said.text, talk.departments)
    if chosen is None:
        return missed(talk, ask_department(talk))
    window = None if number else wished_window(said.text, said.at)
    return times_of(replace(talk, window=window or talk.window, misses=0), chosen.id)


def times_of(talk: Talk, department_id: DepartmentId) -> Turn:
    """From the soonest time on."""
    return replace(talk, department_id=department_id), FindSlots(department_id, None, talk.window)


def slots(talk: Talk, fact: Slots) -> Turn:
    """Offer them; with none, drop first the wished time, then the page, then the department."""
    if fact.found:
        talk = replace(talk, slots=fact.found, has_more=fact.has_more, step=Step.SLOT)
        return replace(talk, note=""), ask_slot(talk)
    if talk.department_id is not None and talk.window is not None:
        return replace(talk, window=None, note="no_slots_then"), FindSlots(talk.department_id)
    if talk.department_id is not None and talk.slots and talk.note != "no_more_slots":
        return replace(talk, slots=(), note="no_more_slots"), FindSlots(talk.department_id)
    others = tuple(known for known in talk.departments if known.id != talk.department_id)
    if talk.goal is Goal.MOVE or not others:
        return talk, Answer(text="no_slots", ends=True, needs_person=True)
    talk = replace(talk, departments=others, department_id=None, step=Step.DEPARTMENT, wish="", note="department_full")
    return replace(talk, note=""), ask_department(talk)


def slot(talk: Talk, said: Said) -> Turn:
    """A number, more, back, or another time."""
    number = reading.choice(said.text, len(talk.slots))
    if number is not None:
        return _chosen(talk, talk.slots[number - 1])
    if talk.department_id is not None and talk.has_more and reading.wants_more(said.text):
        return replace(talk, misses=0), FindSlots(talk.department_id, talk.slots[-1].id, talk.window)
    if talk.goal is Goal.BOOK and reading.wants_back(said.text):
        return replace(talk, wish="", window=None, misses=0), FindDepartments()
    window = wished_window(said.text, said.at)
    if talk.department_id is not None and window is not None:
        return replace(talk, window=window, misses=0), FindSlots(talk.department_id, None, window)
    return missed(talk, ask_slot(talk))


def _chosen(talk: Talk, chosen: SlotChoice) -> Turn:
    """Who had to say their name first is not asked once more: four texts are enough for anybody."""
    talk = replace(talk, slot=chosen, misses=0)
    if talk.is_shared and talk.goal is Goal.BOOK:
        return take(talk)
    text = "sure" if talk.goal is Goal.BOOK else "sure_move"
    return replace(talk, step=Step.SURE), Answer(text=text, slot=chosen, person=named(talk))


def sure(talk: Talk, said: Said) -> Turn:
    """Yes takes it, no shows the times again, a wish for another time too."""
    if reading.is_yes(said.text):
        return take(talk)
    window = wished_window(said.text, said.at)
    if talk.department_id is not None and (reading.is_no(said.text) or window is not None):
        return replace(talk, slot=None, window=window, misses=0), FindSlots(talk.department_id, None, window)
    text = "sure" if talk.goal is Goal.BOOK else "sure_move"
    return missed(talk, Answer(text=text, slot=talk.slot, person=named(talk)))


def take(talk: Talk) -> Turn:
    """Everything is known: do it."""
    if talk.slot is not None and talk.goal is Goal.MOVE and talk.appointment is not None:
        return talk, Move(talk.appointment.id, talk.slot.id)
    if talk.slot is not None and talk.patient_id is not None:
        return talk, Book(talk.patient_id, talk.slot.id)
    return talk, Answer(text="trouble", ends=True, needs_person=True)


def done(talk: Talk, _fact: Done) -> Turn:
    """Say what was done."""
    text = "booked" if talk.goal is Goal.BOOK else "moved"
    return talk, Answer(text=text, slot=talk.slot, person=named(talk), ends=True)


def refused(talk: Talk, fact: Refused) -> Turn:
    """Somebody was faster, or the patient has other appointments then: say so and offer what is left."""
    if fact.code in OFFER_OTHERS and talk.department_id is not None:
        again = FindSlots(talk.department_id, None, talk.window)
        return replace(talk, slot=None, slots=(), note=OFFER_OTHERS[fact.code]), again
    if fact.code == "already_booked":
        return talk, Answer(text="already_booked", slot=talk.slot, person=named(talk), ends=True)
    return talk, Answer(text="trouble", ends=True, needs_person=True)


def wished_department(text: str, offered: tuple[DepartmentChoice, ...]) -> DepartmentChoice | None:
    """The longest name or word of a department that occurs in the text."""
    best: tuple[int, DepartmentChoice] | None = None
    for choice in offered:
        for word in (choice.name, choice.name_en, *choice.words):
            known = reading.plain(word)
            if known and known in text and (best is None or len(known) > best[0]):
                best = (len(known), choice)
    return best[1] if best else None


def ask_department(talk: Talk) -> Answer:
    """The list of departments."""
    return Answer(text="departments", note=talk.note, options=talk.departments)


def ask_slot(talk: Talk) -> Answer:
    """The list of times."""
    return Answer(text="slots", note=talk.note, options=talk.slots, has_more=talk.has_more)


def named(talk: Talk) -> Person | None:
    """The name is said only where a family shares the telephone."""
    return talk.person if talk.is_shared else None


def missed(talk: Talk, again: Answer) -> Turn:
    """Ask again; the third time a person takes over."""
    if talk.misses + 1 >= MAX_MISSES:
        return talk, Answer(text="not_understood", ends=True, needs_person=True)
    return replace(talk, misses=talk.misses + 1), replace(again, note="no_such_choice")
