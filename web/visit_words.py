"""Appointments in words: what a session is and costs, how its patient was reminded."""

from datetime import datetime, tzinfo

from crm_core.kernel.errors import ConflictError
from crm_core.scheduling import rules
from crm_core.scheduling.model import Appointment, SessionKind, Status
from dialer.attempt import State
from overview.reminders import ReminderCall
from web.i18n import N_, _, filled, say_moment
from web.words import rule_words

KIND = {SessionKind.GENERAL: N_("General session"), SessionKind.EXPERT: N_("Expert session")}
ATTEMPT = {
    "planned": N_("Reminder call planned for {at}"),
    "due": N_("Reminder call: waiting for a line"),
    "dialing": N_("Reminder call: it rings now"),
    "answered": N_("Reminder call: on the telephone now"),
    "human": N_("Reminder call: answered, {at}"),
    "machine": N_("Reminder call: an answering machine, {at}"),
    "hung_up": N_("Reminder call: hung up at once, {at}"),
    "busy": N_("Reminder call: the line was busy, {at}"),
    "no_answer": N_("Reminder call: nobody answered, {at}"),
    "failed": N_("Reminder call: the number could not be reached, {at}"),
    "unknown": N_("Reminder call: outcome unknown, {at}. A person must check."),
    "suppressed": N_("No reminder call. {rule}"),
}


def may_settle(appointment: Appointment, now: datetime, zone: tzinfo) -> bool:
    """Whether one may say by now that the patient came, or take it back."""
    try:
        rules.settled(appointment, Status.ARRIVED, now, zone)
    except ConflictError:
        return False
    return True


def fee(fen: int | None) -> str:
    """15 or 7.50 with the sign of the currency; nothing where nobody has said."""
    if fen is None:
        return ""
    return f"¥{fen // 100}" if fen % 100 == 0 else f"¥{fen / 100:.2f}"


def attempt_words(attempt: ReminderCall, now: datetime, zone: tzinfo) -> str:
    """How far a reminder call has come, or how it ended."""
    at = attempt.ended_at or attempt.dialed_at or attempt.not_before
    said = {"at": say_moment(at, zone), "rule": rule_words(attempt.result)}
    return filled(_(ATTEMPT[_stage(attempt, now)]), said)


def _stage(attempt: ReminderCall, now: datetime) -> str:
    match attempt.state:
        case State.DONE:
            return attempt.result
        case State.PLANNED if attempt.not_before <= now:
            return "due"
        case state:
            return state.value
