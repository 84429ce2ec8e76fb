"""The audit in the reader's language: what was done, to what, how it ended, and what else was written down.

Whatever code writes into the audit stands here; tests/unit/test_audit_words.py looks through the code for it.
"""

from collections.abc import Collection, Mapping

from crm_core.patients.fields import FIELDS
from web import words
from web.agent_words import extension
from web.i18n import N_, _

ACTION = {
    "allow number": N_("Took a number off the never-contact list"),
    "assign desk": N_("Gave a desk"),
    "add campus": N_("Added a campus"),
    "begin task": N_("Began a task"),
    "assign task": N_("Gave a task to somebody"),
    "book appointment": N_("Booked an appointment"),
    "bring call back": N_("Brought a call back to a desk"),
    "cancel appointment": N_("Cancelled an appointment"),
    "change agent's state": N_("Changed an agent's state"),
    "change consent": N_("Wrote down a wish"),
    "change booking rules": N_("Changed the rules of booking"),
    "change contact hours": N_("Changed the contact hours"),
    "change password": N_("Changed the password"),
    "change patient": N_("Changed a record"),
    "end relation": N_("Took a relation away"),
    "relate patients": N_("Wrote down a relation"),
    "change user": N_("Changed an account"),
    "close account": N_("Closed an account"),
    "close consultation": N_("Closed a consultation"),
    "change place at call": N_("Came nearer to a call, or went further away"),
    "come to call": N_("Came to an agent's call"),
    "confirm appointment": N_("Confirmed an appointment"),
    "create token": N_("Made a token"),
    "create user": N_("Made an account"),
    "delete recording": N_("Deleted a recording"),
    "dial": N_("Dialled"),
    "download recording": N_("Saved a recording as a file"),
    "draft flow": N_("Changed a draft of a menu"),
    "end session": N_("Logged a browser out"),
    "end sessions": N_("Logged all browsers out"),
    "export list": N_("Saved a list as a file"),
    "export patients": N_("Exported the register"),
    "finish task": N_("Finished a task"),
    "forbid number": N_("Put a number on the never-contact list"),
    "give sms thread": N_("Gave a conversation to somebody"),
    "hasten reminder call": N_("Had a reminder call made at once"),
    "import patients": N_("Imported patients"),
    "leave call": N_("A supervisor left a call"),
    "let colleague in": N_("Let a colleague into a call"),
    "link call to patient": N_("Said who a caller is"),
    "list appointments": N_("Saw a list of appointments"),
    "list calls": N_("Saw a list of calls"),
    "list consultations": N_("Saw a list of consultations"),
    "list patients": N_("Saw a list of patients"),
    "list sms": N_("Saw a list of messages"),
    "list sms threads": N_("Saw a list of conversations"),
    "list tasks": N_("Saw a list of tasks"),
    "log in": N_("Came in"),
    "log out": N_("Logged out"),
    "note on recording": N_("Wrote a note on a recording"),
    "open account": N_("Opened an account again"),
    "open letters": N_("Opened envelopes to print"),
    "open task": N_("Wrote down a task"),
    "open consultation": N_("Wrote down a consultation"),
    "pause recording": N_("Paused a recording"),
    "plan reminder call": N_("Planned a reminder call"),
    "play recording": N_("Listened to a recording"),
    "print letters": N_("Printed envelopes"),
    "prove password": N_("Gave the password again"),
    "put off task": N_("Put a task off"),
    "publish flow": N_("Published a menu"),
    "queue sms": N_("Wrote a message"),
    "read audit": N_("Read the audit"),
    "read sms": N_("Read a message"),
    "read sms thread": N_("Read a conversation"),
    "register patient": N_("Registered a patient"),
    "remove canned answer": N_("Removed a canned answer"),
    "remove second factor": N_("Removed the second factor"),
    "renew recovery codes": N_("Made new recovery codes"),
    "reopen task": N_("Opened a task again"),
    "resend sms": N_("Sent a message again"),
    "resume recording": N_("Let a recording go on"),
    "reset password": N_("Gave a first password"),
    "reset second factor": N_("Took the second factor away"),
    "restore appointment": N_("Restored an appointment"),
    "revoke token": N_("Took a token back"),
    "search recordings": N_("Saw a list of recordings"),
    "second factor": N_("Typed a code"),
    "see recording": N_("Saw a recording"),
    "set disposition": N_("Wrote down a call's result"),
    "set up second factor": N_("Set up the second factor"),
    "take call over": N_("Took a call over"),
    "take back note on recording": N_("Took back a note on a recording"),
    "take desk": N_("Took a desk back"),
    "take line": N_("Connected the telephone"),
    "tie consultation to patient": N_("Said who asked"),
    "use recovery code": N_("Used a recovery code"),
    "view appointment": N_("Saw an appointment"),
    "view call": N_("Saw a call"),
    "view consultation": N_("Saw a consultation"),
    "view letters": N_("Saw who got envelopes"),
    "view patient": N_("Opened a record"),
    "withdraw sms": N_("Took a message back"),
    "settle appointment": N_("Said whether a patient came"),
    "write canned answer": N_("Wrote a canned answer"),
}
SUBJECT = {
    "patient": N_("Patient"),
    "appointment": N_("Appointment"),
    "campus": N_("Campus"),
    "day": N_("Day of appointments"),
    "call": N_("Call"),
    "recording": N_("Recording"),
    "sms": N_("SMS"),
    "sms_canned": N_("Canned answer"),
    "sms_thread": N_("Conversation"),
    "consultation": N_("Consultation"),
    "task": N_("Task"),
    "print_run": N_("Envelopes"),
    "consent": N_("Wish"),
    "never_dial": N_("Never-contact list"),
    "contact_hours": N_("Contact hours"),
    "booking_rule": N_("Rules of booking"),
    "app_user": N_("Account"),
    "api_token": N_("Token"),
    "desk": N_("Extension"),
    "ivr_flow_version": N_("Menu of the hotline"),
    "audit": N_("Audit"),
    "refusal": N_("Turned away at the door"),
    "route": N_("Page"),
}
OUTCOME = {
    "done": N_("Done"),
    "refused": N_("Refused"),
    "forged": N_("Not sent by our page"),
    "begun": N_("Begun"),
    "stopped": N_("Stopped"),
}
ACTOR = {
    "system": N_("The system"),
    "ivr": N_("A caller, by the voice menu"),
    "sms": N_("A patient, by SMS"),
    "anonymous": N_("Nobody known"),
}
FIELD = {
    **{field.name: field.english for field in FIELDS},
    "text": N_("words"),
    "words": N_("words"),
    "phone": N_("telephone"),
    "card": N_("card"),
    "caller": N_("caller"),
    "since": N_("first day"),
    "until": N_("last day"),
    "direction": N_("direction"),
    "agent_id": N_("agent"),
    "status": N_("status"),
    "actor": N_("who"),
    "subject": N_("kind of record"),
    "subject_id": N_("number of the record"),
    "outcome": N_("outcome"),
    "own": N_("own"),
    "waiting": N_("waiting"),
    "all": N_("all"),
    "talking": N_("talking"),
    "today": N_("today"),
    "mine": N_("mine"),
    "open": N_("open"),
    "overdue": N_("overdue"),
    "later": N_("put off"),
    "done": N_("done"),
    "urgent": N_("most urgent first"),
    "newest": N_("newest first"),
    "unread": N_("unread"),
    "unanswered": N_("unanswered"),
    "without result": N_("without a result"),
    "kind": N_("kind"),
    "letters": N_("envelopes"),
    "disposition": N_("result"),
    "search": N_("searched"),
}
DETAIL = {  # of what is written beside; ids that lead nowhere are left out
    "by": N_("by {value}"),
    "fields": N_("fields: {value}"),
    "count": N_("{value} shown"),
    "shown": N_("{value} shown"),
    "ended": N_("{value} logged out"),
    "role": N_("role: {value}"),
    "was": N_("before: {value}"),
    "days": N_("for {value} days"),
    "desk": N_("extension {value}"),
    "channel": N_("way: {value}"),
    "purpose": N_("purpose: {value}"),
    "source": N_("said {value}"),
    "decision": N_("wish: {value}"),
    "part": N_("part of the page"),
    "format": N_("file {value}"),
    "address": N_("from {value}"),
    "version": N_("version {value}"),
    "care": N_("treatment and notices: {value}"),
    "marketing": N_("health offers: {value}"),
    "most_a_day": N_("{value} appointments a day"),
    "before": N_("before: {value}"),
    "agent": N_("agent: {value}"),
    "supervisor": N_("supervisor: {value}"),
    "mode": N_("manner: {value}"),
    "seconds": N_("{value} s"),
}
_VALUES: Mapping[str, Mapping[str, str]] = {
    "role": words.ROLE,
    "was": words.ROLE,
    "channel": words.CHANNEL,
    "purpose": words.PURPOSE,
    "source": words.WISH_SOURCE,
    "by": FIELD,
    "fields": FIELD,
    "mode": words.HEARS,
}


def action_words(action: str) -> str:
    """A refused request has no other name than what was asked for."""
    return _(ACTION[action]) if action in ACTION else _("Asked for {page}", page=action.partition(" ")[2] or action)


def said(known: Mapping[str, str], value: str) -> str:
    """In words where there are any."""
    return _(known[value]) if value in known else value


def actor_words(actor: str, name: str) -> str:
    """A person by their name, a program by its number, the hospital's own parts in words."""
    if actor.startswith("token:"):
        return _("Program {number}", number=actor.removeprefix("token:"))
    return name or said(ACTOR, actor)


def detail_words(detail: Mapping[str, object]) -> str:
    """What else was written down, as far as it says something to a reader."""
    parts = [_(DETAIL[name], value=_value(name, value)) for name, value in detail.items() if name in DETAIL and value]
    return " · ".join(parts)


def _value(name: str, value: object) -> str:
    many = value if isinstance(value, Collection) and not isinstance(value, str) else [value]
    if name == "desk":
        return ", ".join(extension(str(one)) for one in many)
    if name in words.HOURS:
        return ", ".join(_hours(str(one)) for one in many)
    return ", ".join(said(_VALUES.get(name, {}), str(one)) for one in many)


def number_words(subject: str, subject_id: str) -> str:
    """Which of its kind."""
    return extension(subject_id) if subject == "desk" else said(FIELD, subject_id)


def _hours(text: str) -> str:
    """Of a day: `sun -` is a day on which nobody is contacted."""
    day, _space, hours = text.partition(" ")
    return f"{said(words.DAY_NAME, day)} {'–' if hours == '-' else hours}".strip()
