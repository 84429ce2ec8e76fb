"""Asking for, confirming and giving back appointments by text; picking the one to move."""

from dataclasses import replace

from sms import reading
from sms.conversations import booking
from sms.conversations.model import (
    PAGE,
    Answer,
    AppointmentChoice,
    Appointments,
    Cancel,
    Confirm,
    Done,
    FindAppointments,
    Goal,
    Person,
    Refused,
    Said,
    Step,
    Talk,
    Turn,
)
from sms.when import wished_window

_DONE = {Goal.CANCEL: "cancelled", Goal.CONFIRM: "confirmed"}


def begin(talk: Talk, said: Said) -> Turn:
    """Look for everybody who has this telephone."""
    talk = replace(talk, wish=said.text, window=wished_window(said.text, said.at))
    return talk, FindAppointments(tuple(person.id for person in talk.people))


def found(talk: Talk, fact: Appointments) -> Turn:
    """None, one, or which of them."""
    if not fact.found:
        return talk, Answer(text="no_appointments", ends=True)
    shown = fact.found[: PAGE * 2]
    if talk.goal is Goal.QUERY:
        return talk, Answer(text="appointments", options=shown, ends=True)
    if len(fact.found) == 1:
        return _picked(talk, fact.found[0])
    return replace(talk, appointments=shown, step=Step.APPOINTMENT), Answer(text="which_appointment", options=shown)


def appointment(talk: Talk, said: Said) -> Turn:
    """A number."""
    number = reading.choice(said.text, len(talk.appointments))
    if number is None:
        return booking.missed(talk, Answer(text="which_appointment", options=talk.appointments))
    return _picked(replace(talk, misses=0), talk.appointments[number - 1])


def _picked(talk: Talk, picked: AppointmentChoice) -> Turn:
    """A confirmation is done at once, a cancellation asked about, a move looks for times."""
    talk = replace(talk, appointment=picked, patient_id=picked.patient_id)
    if talk.goal is Goal.CONFIRM:
        return talk, Confirm(picked.id)
    if talk.goal is Goal.MOVE:
        return booking.times_of(talk, picked.department_id)
    return replace(talk, step=Step.SURE), _ask_sure(talk)


def sure(talk: Talk, said: Said) -> Turn:
    """Only a yes gives the place back."""
    if reading.is_yes(said.text) and talk.appointment is not None:
        return talk, Cancel(talk.appointment.id)
    if reading.is_no(said.text):
        return talk, Answer(text="kept", ends=True)
    return booking.missed(talk, _ask_sure(talk))


def _ask_sure(talk: Talk) -> Answer:
    slot = talk.appointment.slot if talk.appointment else None
    return Answer(text="sure_cancel", slot=slot, person=_named(talk))


def done(talk: Talk, _fact: Done) -> Turn:
    """Say what was done."""
    slot = talk.appointment.slot if talk.appointment else None
    return talk, Answer(text=_DONE[talk.goal], slot=slot, person=_named(talk), ends=True)


def refused(talk: Talk, _fact: Refused) -> Turn:
    """Over, or changed meanwhile by somebody else."""
    return talk, Answer(text="trouble", ends=True, needs_person=True)


def _named(talk: Talk) -> Person | None:
    return talk.person if talk.is_shared else None
