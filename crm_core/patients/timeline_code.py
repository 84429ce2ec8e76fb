"""What can stand on a patient's timeline: short codes that stay, whatever the words for them become. Pure.

What stands before the dot is the entry's kind; the words are in web/timeline_words.py.
"""

from enum import StrEnum

from crm_core.patients.model import TimelineKind


class TimelineCode(StrEnum):
    """A new one is a line here and a line of words."""

    BOOKED = "appointment.booked"
    CONFIRMED = "appointment.confirmed"
    CANCELLED = "appointment.cancelled"
    MOVED = "appointment.moved"
    ARRIVED = "appointment.arrived"
    NOSHOW = "appointment.noshow"
    EXPECTED = "appointment.expected"
    VISIT = "encounter.visit"
    IN_UNANSWERED = "call.in_unanswered"
    IN_ANSWERED = "call.in_answered"
    IN_MENU = "call.in_menu"
    IN_MISSED = "call.in_missed"
    OUT_UNANSWERED = "call.out_unanswered"
    OUT_ANSWERED = "call.out_answered"
    OUT_MACHINE = "call.out_machine"
    OUT_MISSED = "call.out_missed"
    REMINDER_BUSY = "call.reminder_busy"
    REMINDER_NO_ANSWER = "call.reminder_no_answer"
    REMINDER_FAILED = "call.reminder_failed"
    REMINDER_UNKNOWN = "call.reminder_unknown"
    ASKED = "consultation.asked"
    ANSWERED = "consultation.answered"
    AGREED = "consent.agreed"
    REFUSED = "consent.refused"
    FORBIDDEN = "consent.forbidden"
    ALLOWED = "consent.allowed"
    TO_ANSWER_SMS = "task.answer_sms"
    TO_CALL_BACK = "task.call_back"
    TO_HEAR_VOICEMAIL = "task.hear_voicemail"
    TO_CHECK_OUTCOME = "task.check_outcome"
    TO_FIND_PATIENT = "task.find_patient"
    TO_CHECK_AUDIT = "task.check_audit"
    TO_DO = "task.todo"
    SMS_SENT = "sms.sent"
    SMS_RECEIVED = "sms.received"
    ENVELOPE_PRINTED = "letter.printed"

    @property
    def kind(self) -> TimelineKind:
        """By which the timeline is filtered."""
        return TimelineKind(self.partition(".")[0])
