"""Open work for people, and close it."""

from datetime import datetime

from crm_core.events import TaskDone, TaskOpened
from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.ids import Msisdn, PatientId, TaskId
from crm_core.patients import timeline
from crm_core.patients.model import TimelineKind
from crm_core.tasks import store
from crm_core.tasks.errors import TaskNotFoundError
from crm_core.tasks.model import Task, TaskKind
from crm_core.tasks.store import open_tasks

__all__ = ["TIMELINE_CODES", "done", "open_in", "open_tasks"]

TIMELINE_CODES = {
    TaskKind.ANSWER_SMS: "Task: answer a message",
    TaskKind.CALL_BACK: "Task: call back",
    TaskKind.HEAR_VOICEMAIL: "Task: hear a voicemail",
    TaskKind.CHECK_OUTCOME: "Task: find out whether a message or call arrived",
    TaskKind.FIND_PATIENT: "Task: find out who this is",
    TaskKind.CHECK_AUDIT: "Task: find out who changed the audit",
}


async def open_in(
    tx: Tx,
    kind: TaskKind | str,
    msisdn: Msisdn | None,
    ref: str,
    patient_id: PatientId | None = None,
    due_at: datetime | None = None,
) -> TaskId | None:
    """None when the same waits already: one callback per number, else one task per kind, number and ref. Due now."""
    what = TaskKind(kind)
    task_id = await store.insert(
        tx.conn, kind=what, msisdn=msisdn, ref=ref, patient_id=patient_id, due_at=due_at or tx.now, now=tx.now
    )
    if task_id is None:
        return None
    if patient_id is not None:
        await timeline.add(tx, patient_id, TimelineKind.TASK, tx.now, TIMELINE_CODES[what], {}, f"tasks/{task_id}")
    await tx.emit(TaskOpened(task_id=task_id, kind=what))
    return task_id


async def done(db: Database, actor: Actor, task_id: TaskId) -> Task:
    """A person has dealt with it. Repeating it changes nothing. Raises TaskNotFoundError."""
    async with db.transaction(actor) as tx:
        if await store.mark_done(tx.conn, task_id, by=actor.name, now=tx.now):
            await audit.record(tx, "finish task", "task", task_id)
            await tx.emit(TaskDone(task_id=task_id))
        task = await store.get(tx.conn, task_id)
        if task is None:
            raise TaskNotFoundError("no such task")
        return task
