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
from crm_core.users.rights import Right, ensure

__all__ = ["TIMELINE_CODES", "done", "done_about", "open_in", "open_tasks", "reopen"]

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
    await tx.emit(TaskOpened(task_id=task_id, kind=what, patient_id=patient_id))
    return task_id


async def done_about(tx: Tx, kind: TaskKind, msisdn: Msisdn | None, ref: str) -> None:
    """What the task asked for was done where the thing itself is shown. Nothing happens when there is none."""
    task_id = await store.open_about(tx.conn, kind, msisdn, ref)
    if task_id is not None and await store.mark_done(tx.conn, task_id, by=tx.actor.name, now=tx.now):
        await audit.record(tx, "finish task", "task", task_id)
        await tx.emit(TaskDone(task_id=task_id))


async def done(db: Database, actor: Actor, task_id: TaskId) -> Task:
    """A person has dealt with it. Repeating it changes nothing. Raises ForbiddenError, TaskNotFoundError."""
    ensure(actor, Right.DO_TASKS)
    async with db.transaction(actor) as tx:
        is_new = await store.mark_done(tx.conn, task_id, by=actor.name, now=tx.now)
        task = await store.get(tx.conn, task_id)
        if task is None:
            raise TaskNotFoundError("no such task")
        if is_new:
            await audit.record(tx, "finish task", "task", task_id)
            await tx.emit(TaskDone(task_id=task_id, patient_id=task.patient_id))
        return task


async def reopen(db: Database, actor: Actor, task_id: TaskId) -> None:
    """Not dealt with after all: the same waits again, due when it was. Raises ForbiddenError, TaskNotFoundError."""
    ensure(actor, Right.DO_TASKS)
    async with db.transaction(actor) as tx:
        old = await store.get(tx.conn, task_id)
        if old is None:
            raise TaskNotFoundError("no such task")
        await audit.record(tx, "reopen task", "task", task_id)
        await open_in(tx, old.kind, old.msisdn, old.ref, old.patient_id, old.due_at)
