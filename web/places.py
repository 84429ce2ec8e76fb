"""Where things are: the page of what a task is about and who may open it, and where a form keeps its draft. Pure."""

from dataclasses import asdict
from urllib.parse import urlencode

from crm_core.drafts.model import Draft, Subject
from crm_core.tasks.model import Task
from crm_core.users.rights import Right

DRAFTS = "/drafts/"
PAGES = {
    "sms": Right.SEE_SMS,
    "calls": Right.SEE_CALLS,
    "consultations": Right.SEE_CONSULTATIONS,
    "patients": Right.SEE_PATIENTS,
}


def of_task(task: Task) -> tuple[str, Right] | None:
    """The address and the right it asks for; None: all there is to know stands in the task."""
    kind, _slash, which = task.ref.partition("/")
    if kind in PAGES and which:
        return f"/{task.ref}", PAGES[kind]
    if kind == "audit":
        return "/audit", Right.SEE_AUDIT
    if task.patient_id is not None:  # a reminder call stands at the appointment
        return f"/patients/{task.patient_id}", Right.SEE_PATIENTS
    return None


def of_draft(draft: Draft) -> str:
    """Where a form keeps what is typed into it: its data-keeps."""
    about = about_of(draft.subject)
    return f"{DRAFTS}{draft.subject.form}{'?' if about else ''}{about}"


def about_of(subject: Subject) -> str:
    """What the form is about, as it stands in an address; "" for something new."""
    ids = {name.removesuffix("_id"): one for name, one in asdict(subject).items() if name != "form" and one is not None}
    return urlencode(ids)
