"""Closed sets in words: states, ways, errors. Marked here, translated where they are shown."""

from collections.abc import Sequence
from datetime import date, datetime, tzinfo

from crm_core.consent.model import CHILD_UNTIL as CHILD_UNTIL
from crm_core.consent.model import Decision, Wishes
from crm_core.patients.lookup import COUNTED
from web.agent_words import AGENT_STATE as AGENT_STATE
from web.agent_words import BREAK_REASON as BREAK_REASON
from web.agent_words import END_REASON as END_REASON
from web.agent_words import HEARS as HEARS
from web.agent_words import STATE_REASON as STATE_REASON
from web.i18n import N_, _, current_locale, say_moment
from web.record_words import LANGUAGE as LANGUAGE
from web.record_words import RECORD_PART as RECORD_PART
from web.record_words import RELATION as RELATION
from web.record_words import SEX as SEX
from web.record_words import changed_words as changed_words
from web.record_words import fact_words as fact_words
from web.record_words import field_name as field_name
from web.record_words import field_words as field_words
from web.record_words import phone_words as phone_words
from web.record_words import record_parts as record_parts
from web.timeline_words import entry_words as entry_words
from web.work_words import CONTACT as CONTACT
from web.work_words import PURPOSE as PURPOSE
from web.work_words import PURPOSE_MEANS as PURPOSE_MEANS
from web.work_words import SMS_CHOICE as SMS_CHOICE
from web.work_words import SMS_FILTER as SMS_FILTER
from web.work_words import SMS_STATE as SMS_STATE
from web.work_words import SNOOZE as SNOOZE
from web.work_words import SOURCE as SOURCE
from web.work_words import TASK_KIND as TASK_KIND
from web.work_words import TASK_ORDER as TASK_ORDER
from web.work_words import TASK_PRIORITY as TASK_PRIORITY
from web.work_words import TASK_TEAM as TASK_TEAM
from web.work_words import TASK_VIEW as TASK_VIEW

APPOINTMENT_STATUS = {
    "booked": N_("Booked"),
    "confirmed": N_("Confirmed"),
    "arrived": N_("Arrived"),
    "fulfilled": N_("Seen"),
    "cancelled": N_("Cancelled"),
    "noshow": N_("Did not come"),
}
CHANNEL = {
    "ivr": N_("Hotline menu"),
    "sms": N_("SMS"),
    "web": N_("Web"),
    "agent": N_("Agent"),
    "api": N_("Other system"),
    "call": N_("Telephone"),
}
ROLE = {
    "admin": N_("Administrator"),
    "supervisor": N_("Supervisor"),
    "agent": N_("Agent"),
    "nurse": N_("Follow-up nurse"),
    "marketer": N_("Marketer"),
    "auditor": N_("Auditor"),
    "api": N_("Program"),
}
RIGHT = {
    "see patients": N_("See patients and their appointments"),
    "edit patients": N_("Change patients"),
    "export patients": N_("Export patients"),
    "print letters": N_("Print envelopes and labels"),
    "book appointments": N_("Book, confirm and cancel appointments"),
    "set booking rules": N_("Set the rules of booking"),
    "change consent": N_("Change consent"),
    "set contact hours": N_("Set contact hours"),
    "see calls": N_("See calls"),
    "take calls": N_("Take calls"),
    "dial": N_("Dial"),
    "hear recordings": N_("Hear recordings"),
    "see messages": N_("See messages"),
    "send messages": N_("Write messages"),
    "send care and notices": N_("Send care and notices"),
    "send marketing": N_("Send health offers"),
    "see the schedule": N_("See the schedule"),
    "see consultations": N_("See consultations"),
    "answer consultations": N_("Answer consultations"),
    "do tasks": N_("Do tasks"),
    "see the wallboard": N_("See the wallboard"),
    "supervise": N_("Supervise"),
    "listen in": N_("Listen in to calls, speak in them and take them over"),
    "edit flows": N_("Change the hotline's menus"),
    "read what happens": N_("Follow what happens (ids only, for programs)"),
    "see the audit": N_("See the audit"),
    "manage users": N_("Manage accounts"),
}
REFUSAL = {
    "not logged in": N_("Not logged in"),
    "too many tries": N_("Too many passwords tried"),
    "too many requests": N_("Too many requests"),
}
CALL_STATE = {
    "ringing": N_("Ringing"),
    "ivr": N_("In the menu"),
    "queued": N_("Waiting"),
    "talking": N_("Talking"),
    "ended": N_("Ended"),
}
DIRECTION = {"in": N_("Incoming"), "out": N_("Outgoing")}
RECORDING = {"call": N_("Call"), "voicemail": N_("Voice message")}
DISPOSITION = {
    "appointment_booked": N_("Appointment booked"),
    "appointment_confirmed": N_("Appointment confirmed"),
    "appointment_moved": N_("Appointment moved"),
    "appointment_cancelled": N_("Appointment cancelled"),
    "question_answered": N_("Question answered"),
    "transferred": N_("Transferred"),
    "call_back": N_("Call back later"),
    "complaint": N_("Complaint"),
    "wrong_number": N_("Wrong number"),
    "nobody_there": N_("Nobody there"),
}
TIMELINE_KIND = {
    "call": N_("Call"),
    "sms": N_("SMS"),
    "email": N_("E-mail"),
    "letter": N_("Letter"),
    "appointment": N_("Appointment"),
    "encounter": N_("Visit"),
    "task": N_("Task"),
    "response": N_("Questionnaire"),
    "complaint": N_("Complaint"),
    "consultation": N_("Consultation"),
    "consent": N_("Consent"),
}
WISH_PURPOSE = {
    "care": N_("Treatment and appointments"),
    "notice": N_("Notices and follow-up surveys"),
    "marketing": N_("Health offers"),
}
DAY_NAME = {
    "mon": N_("Monday"),
    "tue": N_("Tuesday"),
    "wed": N_("Wednesday"),
    "thu": N_("Thursday"),
    "fri": N_("Friday"),
    "sat": N_("Saturday"),
    "sun": N_("Sunday"),
    "holiday": N_("Public holiday"),
}
HOURS = {
    "care": N_("Treatment, appointments and notices"),
    "marketing": N_("Health offers"),
}
GIVEN_BY = {"guardian": N_("a guardian"), "person": N_("the patient")}
WISH_SOURCE = {"phone": N_("on the telephone"), "person": N_("in person"), "paper": N_("in writing")}
CONSULTATION = {"open": N_("Waiting for an answer"), "closed": N_("Has an answer")}
ERROR = {
    "nothing_to_print": N_("Nobody of those chosen has an address that can be printed."),
    "slot_full": N_("The last place was just taken. Please choose another time."),
    "slot_not_found": N_("This time does not exist any more. Please choose another."),
    "code_taken": N_("Another one has this code."),
    "guardian_needed": N_("This person is under 14. A guardian decides whether they get health offers."),
    "slot_over": N_("This time has passed. Please choose another."),
    "stale": N_("Somebody else changed this in the meantime. Please look again."),
    "appointments_overlap": N_("This patient has another appointment at that time. Please choose another time."),
    "too_many_that_day": N_(
        "This patient has as many appointments on that day as one may have. Please choose another day."
    ),
    "schedule_overlaps": N_("This practitioner has another session in a part of that time."),
    "already_booked": N_("This patient already has a place at this time."),
    "appointment_not_found": N_("There is no such appointment."),
    "appointment_over": N_("The time of this appointment has begun; it cannot be changed any more."),
    "appointment_not_open": N_("This appointment is no longer open."),
    "appointment_ahead": N_("It is too early to say whether the patient came."),
    "identifier_taken": N_("This number already belongs to another patient."),
    "patient_not_found": N_("There is no such patient."),
    "invalid_msisdn": N_("This is not a telephone number. Example: 13800138000"),
    "invalid_input": N_("Please check what you typed."),
    "wrong_media_type": N_("Please check what you typed."),
    "too_large": N_("This is too much at once. Please send less."),
    "contact_forbidden": N_("This person may not be contacted now."),
    "database_unavailable": N_(
        "The database cannot be reached at the moment. Nothing was changed; please try again soon."
    ),
    "database_busy": N_(
        "Somebody else changed the same thing at the same moment. Nothing was changed; please try again."
    ),
    "commit_unknown": N_(
        "The database was lost while this was being saved. Please look whether it was saved before you repeat it."
    ),
    "send_failed": N_("It could not be sent."),
    "send_failed_temporarily": N_("It could not be sent now. Please try again in a moment."),
    "outcome_unknown": N_("Nobody knows whether it was sent. Please check before you try again."),
    "forbidden": N_("Your role does not allow this."),
    "clear_text": N_("This address is not encrypted. Please use the one that begins with https."),
    "bad_origin": N_("This page was open for too long. Please load it again."),
    "not_logged_in": N_("Please log in."),
    "not_found": N_("There is no such thing."),
    "events_forgotten": N_("What happened so long ago is not kept any more. Please read everything anew."),
    "method_not_allowed": N_("There is no such thing."),
    "call_not_found": N_("There is no such call."),
    "not_your_call": N_("Another agent has this call."),
    "result_closed": N_("This call is of an earlier day. Please ask a supervisor to change its result."),
    "not_your_state": N_("Only a supervisor may change this."),
    "not_your_desk": N_("Only a supervisor may let another desk ring."),
    "no_line": N_("No telephone is connected at this desk."),
    "no_desk": N_("This account has no desk. An administrator can give it one."),
    "in_call": N_("You are in a call. Please end it or transfer it before you log out."),
    "not_in_call": N_("They are in no call with a patient now."),
    "already_there": N_("You are in a call, or at one, already. Please end that first."),
    "not_pausable": N_("There is nothing to pause: it is paused already, or nobody speaks."),
    "ear_not_answered": N_("Your telephone did not answer, so you hear nothing. Please look whether it is connected."),
    "telephone_refused": N_("The telephone system refused this. The call may just have ended."),
    "no_desk_left": N_("All desks are taken."),
    "login_taken": N_("Somebody already has this user name."),
    "weak_password": N_(
        "This password is too short, easily guessed, contains your name or the hospital's, or was typed differently."
    ),
    "wrong_password": N_("This is not your present password."),
    "wrong_code": N_("This code is wrong, too old or was used already. Please take the newest one."),
    "too_many_tries": N_("Too many tries. Please wait a minute and try again."),
    "too_many_requests": N_("Too many requests. Please wait a moment and try again."),
    "later": N_("Please try again in a moment."),
    "busy": N_("Many people are logging in. Please try again in a moment."),
    "user_not_found": N_("There is no such account."),
    "token_not_found": N_("There is no such token."),
    "last_admin": N_("This is the last administrator. Make another one first."),
    "factor_required": N_("Your role may not go without a second factor."),
    "consultation_not_found": N_("There is no such consultation."),
    "login_failed": N_("User name or password is wrong."),
    "call_forbidden": N_("This person may not be called now."),
    "no_phone": N_("This patient has no telephone number."),
    "recording_not_found": N_("There is no such recording."),
    "recording_note_not_found": N_("This note is gone, or somebody else wrote it."),
    "corrupt_audio": N_("The recording is damaged."),
    "tampered": N_("The recording was changed on disk and is not played."),
    "sms_not_found": N_("There is no such message."),
    "title_taken": N_("Another canned answer has this title."),
    "unfilled_placeholder": N_("Something in braces is still to be filled in: {name}, {appointment} and the like."),
    "text_too_long": N_("This text is longer than twenty messages. Please make it shorter."),
    "no_way_out": N_("A text with offers must say how to refuse them, e.g. “Reply T to stop”. Please add it."),
    "purpose_forbidden": N_(
        "Your role does not send messages of this kind: care and notices are sent by the desk, advertising by "
        "marketers and supervisors. Choose another purpose, or ask them to send it."
    ),
    "not_their_number": N_("This is not a number of this patient. Please look at the number, or add it to the record."),
    "task_not_found": N_("There is no such task."),
    "task_claimed": N_("A colleague is at this task. Please look again in a quarter of an hour."),
    "task_open_already": N_("The same task about this person is open already."),
    "attempt_not_found": N_("There is no such call attempt."),
    "ami_link_down": N_("The telephone system cannot be reached at the moment."),
    "ami_timeout": N_("The telephone system does not answer at the moment."),
    "conflict": N_("Somebody else changed this in the meantime. Please look again."),
}
RULE = {
    "opted_out": N_("This person has refused such messages."),
    "no_guardian": N_("This person is under 14: a guardian must agree to health offers first."),
    "no_consent": N_("Advertising needs consent, and this person has not given it."),
    "never_dial": N_("This number is on the list of numbers that are never contacted."),
    "quiet_hours": N_("It is quiet time; people are left in peace."),
    "appointment_not_open": N_("This appointment is no longer open."),
    "appointment_over": N_("The time of this appointment has begun."),
    "too_late": N_("It is too late for this."),
    "appointment_cancelled": N_("The appointment was cancelled."),
    "appointment_booked_again": N_("The same time was booked again."),
    "appointment_confirmed": N_("The patient has confirmed."),
    "number_changed": N_("The patient's number was changed."),
    "no_phone": N_("This patient has no telephone number."),
    "outcome_unknown": N_("Nobody knows how the last call about this ended; a person must check first."),
    "found_sending": N_("The server stopped or lost the modem while it was being sent."),
    "link_ended": N_("The modem was lost while it was being sent."),
    "withdrawn": N_("Somebody took it back."),
    "said_to_have_arrived": N_("The patient was asked."),
    "attempt_open": N_("A call about this is already under way."),
}
ABSENCE = {
    "no_file": N_("There is no recording of this call."),
    "empty": N_("Nobody said anything, so nothing is kept."),
    "corrupt": N_("The recording was damaged and could not be kept."),
    "retention": N_("The time for keeping this recording is over; it was deleted."),
}
UNEXPECTED = N_("Something went wrong here. It is written down; please try again.")


def error_words(code: str) -> str:
    """What staff read about an error of ours."""
    return _(ERROR.get(code, UNEXPECTED))


def rule_words(rule: str) -> str:
    """Why somebody may not be contacted; an unknown rule is shown as it is."""
    return _(RULE[rule]) if rule in RULE else rule


def who_said(decision: Decision) -> str:
    """By whom a wish was written down: a person of staff, or the way the patient said it."""
    kind, _slash, name = decision.evidence.partition("/")
    return name if kind == "users" else _(SOURCE.get(decision.source, decision.source))


def wishes_changed(wishes: Sequence[Wishes], msisdn: str, zone: tzinfo) -> str:
    """That somebody else wrote something down about this number while the reader looked at it: who and when."""
    last = max((one for each in wishes if each.msisdn == msisdn for one in each.said.values()), key=_id, default=None)
    never = next((each.never for each in wishes if each.msisdn == msisdn and each.never), None)
    if never is not None:
        who, at = never.by, never.at
    elif last is not None:
        who, at = who_said(last), last.at
    else:
        return _("Somebody else changed this in the meantime. Please look again.")
    return _(
        "{who} wrote something down meanwhile ({at}), so nothing was changed. This is how it is now.",
        who=who,
        at=say_moment(at, zone),
    )


def _id(decision: Decision) -> int:
    return decision.id


def people(count: int) -> str:
    """How many people have a number; nobody counts beyond ten thousand."""
    return f"{count:,}+" if count >= COUNTED else f"{count:,}"


def in_reader_language(thing: object, field: str = "name") -> str:
    """`field` of a thing, or its English twin `field_en` for an English reader."""
    if current_locale.get() == "en":
        english = getattr(thing, f"{field}_en", "")
        if english:
            return str(english)
    return str(getattr(thing, field))


def age(born: date, now: datetime) -> int:
    """Whole years."""
    return now.year - born.year - ((now.month, now.day) < (born.month, born.day))
