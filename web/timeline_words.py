"""A patient's timeline in words: one sentence for each code, with what it names and the text it leads to."""

from collections.abc import Mapping
from datetime import datetime, tzinfo

from overview.timeline import Told
from web.i18n import N_, _, current_locale, filled, say_moment
from web.work_words import CONTACT, PURPOSE, SOURCE

SENTENCE = {
    "appointment.booked": N_("Appointment booked: {department}, {practitioner}, {starts_at}"),
    "appointment.confirmed": N_("Appointment confirmed: {department}, {practitioner}, {starts_at}"),
    "appointment.cancelled": N_("Appointment cancelled: {department}, {practitioner}, {starts_at}"),
    "appointment.moved": N_("Appointment moved away from: {department}, {practitioner}, {starts_at}"),
    "appointment.arrived": N_("Came to the appointment: {department}, {practitioner}, {starts_at}"),
    "appointment.noshow": N_("Appointment missed: {department}, {practitioner}, {starts_at}"),
    "appointment.expected": N_("Expected again: {department}, {practitioner}, {starts_at}"),
    "encounter.visit": N_("Visit: {department}, {practitioner}, {starts_at}"),
    "call.in_unanswered": N_("Incoming call, not answered"),
    "call.in_answered": N_("Incoming call, answered by {agent}"),
    "call.in_menu": N_("Incoming call to the voice menu"),
    "call.in_missed": N_("Incoming call, nobody was free"),
    "call.out_unanswered": N_("Outgoing call, not answered"),
    "call.out_answered": N_("Outgoing call by {agent}"),
    "call.out_machine": N_("Outgoing call by the system"),
    "call.out_missed": N_("Outgoing call, nobody was free"),
    "call.reminder_busy": N_("Reminder call: the line was busy"),
    "call.reminder_no_answer": N_("Reminder call: nobody answered"),
    "call.reminder_failed": N_("Reminder call: the number could not be reached"),
    "call.reminder_unknown": N_("Reminder call: outcome unknown"),
    "consultation.asked": N_("Consultation by {source}"),
    "consultation.answered": N_("Consultation answered"),
    "consent.agreed": N_("Agreed to {purpose} by {channel}"),
    "consent.refused": N_("Refused {purpose} by {channel}"),
    "consent.forbidden": N_("Put on the never-contact list"),
    "consent.allowed": N_("Taken off the never-contact list"),
    "task.answer_sms": N_("Task: answer a message"),
    "task.call_back": N_("Task: call back"),
    "task.hear_voicemail": N_("Task: hear a voicemail"),
    "task.check_outcome": N_("Task: find out whether a message or call arrived"),
    "task.find_patient": N_("Task: find out who this is"),
    "task.check_audit": N_("Task: find out who changed the audit"),
    "task.todo": N_("Task written down"),
    "sms.sent": N_("SMS sent"),
    "sms.received": N_("SMS received"),
    "letter.printed": N_("Envelope printed"),
}
WITH_TEXT = {  # for who may read it, and while it is kept
    "consultation.asked": N_("Consultation by {source}: {text}"),
    "consultation.answered": N_("Consultation answered: {text}"),
    "consent.forbidden": N_("Put on the never-contact list: {text}"),
    "task.todo": N_("Task: {text}"),
    "sms.sent": N_("SMS sent: {text}"),
    "sms.received": N_("SMS received: {text}"),
}
_CLOSED = {"purpose": PURPOSE, "channel": CONTACT, "source": SOURCE}


def entry_words(told: Told, zone: tzinfo) -> str:
    """English twins for English readers, closed sets and moments in words. Another release's code stays as it is."""
    entry = told.entry
    sentence = (WITH_TEXT if told.text else SENTENCE).get(entry.code) or SENTENCE.get(entry.code, entry.code)
    said = {name: _say(name, value, entry.args, zone) for name, value in entry.args.items()}
    return filled(_(sentence), said | {"text": told.text})


def _say(name: str, value: object, args: Mapping[str, object], zone: tzinfo) -> str:
    if current_locale.get() == "en" and args.get(f"{name}_en"):
        return str(args[f"{name}_en"])
    if isinstance(value, str):
        if name.endswith("_at"):
            return say_moment(datetime.fromisoformat(value), zone)
        closed = _CLOSED.get(name, {})
        return _(closed[value]) if value in closed else value
    return str(value)
