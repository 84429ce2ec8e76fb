"""Which page shows what a task is about, and who may open it. Pure."""

from crm_core.tasks.model import Task
from crm_core.users.rights import Right

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
