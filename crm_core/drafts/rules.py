"""Who may type where, what about, and how much."""

import re
from collections.abc import Mapping
from dataclasses import fields

from crm_core.drafts.model import Form, Subject
from crm_core.users.rights import Right

RIGHT: Mapping[Form, Right] = {
    Form.CALL: Right.TAKE_CALLS,
    Form.TEXT: Right.SEND_SMS,
    Form.TASK: Right.DO_TASKS,
    Form.PATIENT: Right.EDIT_PATIENTS,
    Form.CONSULTATION: Right.ANSWER_CONSULTATIONS,
}
ABOUT: Mapping[Form, frozenset[str]] = {  # the empty one: something new
    Form.CALL: frozenset({"call_id"}),
    Form.TEXT: frozenset({"thread_id", "patient_id", ""}),
    Form.TASK: frozenset({"patient_id", ""}),
    Form.PATIENT: frozenset({"patient_id", "consultation_id", ""}),
    Form.CONSULTATION: frozenset({"consultation_id"}),
}
FIELDS: Mapping[Form, frozenset[str]] = {  # a patient's are the register's own: what it does not know is not shown
    Form.CALL: frozenset({"disposition", "notes", "text", "name", "sex", "birth_date", "age", "card_no"}),
    Form.TEXT: frozenset({"to", "text", "purpose"}),
    Form.TASK: frozenset({"text", "kind", "msisdn", "user_id", "day", "at", "priority", "team"}),
    Form.CONSULTATION: frozenset({"result", "patient_id"}),
}
MOST_FIELDS = 200
_NAME = re.compile("[a-z][a-z0-9_]{0,60}")
LONGEST = 5000  # of one field
MOST = 100  # drafts of one person; the oldest goes


def is_possible(subject: Subject) -> bool:
    """Whether there is such a form."""
    about = [one.name for one in fields(subject) if one.name != "form" and getattr(subject, one.name) is not None]
    return len(about) <= 1 and (about[0] if about else "") in ABOUT[subject.form]


def fits(form: Form, typed: Mapping[str, str]) -> bool:
    """Whether these are its fields, of a bearable length."""
    named = typed.keys() <= FIELDS[form] if form in FIELDS else all(_NAME.fullmatch(name) for name in typed)
    return named and len(typed) <= MOST_FIELDS and all(len(text) <= LONGEST for text in typed.values())
