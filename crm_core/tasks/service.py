"""Open work for people, give it to somebody, put it off, and close it."""

from dataclasses import replace
from datetime import datetime

from crm_core.drafts import service as drafts
from crm_core.drafts.model import Form, Subject
from crm_core.events import TaskChanged, TaskDone, TaskOpened
from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.errors import ConflictError, ForbiddenError, InvalidInputError
from crm_core.kernel.ids import Msisdn, PatientId, TaskId, UserId
from crm_core.patients import store as patients
from crm_core.patients import timeline
from crm_core.patients.errors import PatientNotFoundError
from crm_core.patients.timeline_code import TimelineCode
from crm_core.tasks import rules, store
from crm_core.tasks.errors import TaskClaimedError, TaskNotFoundError, TaskOpenAlreadyError
from crm_core.tasks.model import NewTask, Task, TaskKind
from crm_core.tasks.rules import Snooze, Talk
from crm_core.tasks.store import open_tasks
from crm_core.users import store as users
from crm_core.users.errors import UserNotFoundError
from crm_core.users.rights import Right, allows, ensure

__all__ = [
    "assign",
    "claim",
    "create",
    "done",
    "done_about",
    "ensure_does_tasks",
    "give_about_in",
    "give_in",
    "open_in",
    "open_tasks",
    "reopen",
    "settle_in",
    "snooze",
    "unsettle_in",
]

LONGEST_TEXT = 2000


async def open_in(
    tx: Tx,
    kind: TaskKind | str,
    msisdn: Msisdn | None,
    ref: str,
    patient_id: PatientId | None = None,
    due_at: datetime | None = None,
    *,
    assigned_to: UserId | None = None,
) -> TaskId | None:
    """None when the same waits already: one answer and one callback per number, else one task per kind, number and ref.

    Due in a reasonable time for its kind, or at `due_at`; one that waits already is due no later than that.
    """
    if not rules.leads_somewhere(ref):
        raise ValueError("a task's ref leads nowhere")
    new = NewTask(
        kind=TaskKind(kind), text="", msisdn=msisdn, patient_id=patient_id, assigned_to=assigned_to, due_at=due_at
    )
    return await _open(tx, new, ref)


async def _open(tx: Tx, new: NewTask, ref: str) -> TaskId | None:
    due_at = new.due_at or rules.due_at(new.kind, tx.now, tx.zone, new.priority)
    task_id = await store.insert(tx.conn, new, ref=ref, due_at=due_at, created_by=tx.actor.name, now=tx.now)
    if task_id is None:
        if new.msisdn is not None and new.due_at is not None:
            await store.hurry(tx.conn, new.kind, new.msisdn, new.due_at)
        return None
    if new.patient_id is not None:
        await timeline.add(tx, new.patient_id, tx.now, TimelineCode(f"task.{new.kind}"), {}, f"tasks/{task_id}")
    await tx.emit(TaskOpened(task_id=task_id, kind=new.kind, patient_id=new.patient_id))
    return task_id


async def create(db: Database, actor: Actor, new: NewTask) -> TaskId:
    """A person writes down what there is to do.

    Raises ForbiddenError, InvalidInputError, PatientNotFoundError, UserNotFoundError, TaskOpenAlreadyError.
    """
    ensure(actor, Right.DO_TASKS)
    text = new.text.strip()
    if not text or len(text) > LONGEST_TEXT:
        raise InvalidInputError("say what there is to do", field="text")
    if new.team not in rules.TEAMS:
        raise InvalidInputError("no such team", field="team")
    async with db.transaction(actor) as tx:
        await ensure_does_tasks(tx, new.assigned_to)
        about = await _person(tx, new.patient_id)
        ref = f"patients/{about}" if about is not None else ""
        task_id = await _open(tx, replace(new, patient_id=about), ref)
        if task_id is None:
            raise TaskOpenAlreadyError("the same waits already")
        await audit.record(tx, "open task", "task", task_id, detail={"assigned_to": new.assigned_to})
        await drafts.saved_in(tx, Subject(form=Form.TASK, patient_id=new.patient_id))
        return task_id


async def _person(tx: Tx, patient_id: PatientId | None) -> PatientId | None:
    if patient_id is None:
        return None
    patient = await patients.get(tx.conn, patient_id)
    if patient is None:
        raise PatientNotFoundError("no such patient")
    return patient.id


async def settle_in(
    tx: Tx, talk: Talk, msisdn: Msisdn | None, what: str, *, patient_id: PatientId | None = None, by: str = ""
) -> None:
    """Staff spoke or wrote with this person: what waited for that is done. `what` names the conversation, `by` who."""
    for task_id in await store.open_of(tx.conn, rules.SETTLES[talk], msisdn, patient_id):
        await _mark_done(tx, task_id, by=by or tx.actor.name, settled_by=what)


async def unsettle_in(tx: Tx, what: str) -> None:
    """It was no conversation after all: what it closed waits again, unless the same was opened anew."""
    for task_id in await store.settled_by(tx.conn, what):
        await _mark_open(tx, task_id)


async def done_about(tx: Tx, kind: TaskKind, msisdn: Msisdn | None, ref: str) -> None:
    """What the task asked for was done where the thing itself is shown. Nothing happens when there is none."""
    task_id = await store.open_about(tx.conn, kind, msisdn, ref)
    if task_id is not None:
        await _mark_done(tx, task_id, by=tx.actor.name)


async def done(db: Database, actor: Actor, task_id: TaskId, *, result: str = "") -> Task:
    """A person has dealt with it; `result` is what came of it. Repeating it changes nothing.

    Raises ForbiddenError, TaskNotFoundError, InvalidInputError.
    """
    ensure(actor, Right.DO_TASKS)
    if len(result) > LONGEST_TEXT:
        raise InvalidInputError("text too long", field="result")
    async with db.transaction(actor) as tx:
        await _mark_done(tx, task_id, by=actor.name, result=result.strip())
        return await _loaded(tx, task_id)


async def _mark_done(tx: Tx, task_id: TaskId, *, by: str, settled_by: str = "", result: str = "") -> None:
    if await store.mark_done(tx.conn, task_id, by=by, now=tx.now, settled_by=settled_by, result=result):
        task = await _loaded(tx, task_id)
        await audit.record(tx, "finish task", "task", task_id, detail={"settled_by": settled_by} if settled_by else {})
        await tx.emit(TaskDone(task_id=task_id, kind=task.kind, patient_id=task.patient_id))


async def reopen(db: Database, actor: Actor, task_id: TaskId) -> Task:
    """Not dealt with after all: it waits again, due when it was. Raises ForbiddenError, TaskNotFoundError.

    Nothing happens when the same was opened anew meanwhile: that one waits.
    """
    ensure(actor, Right.DO_TASKS)
    async with db.transaction(actor) as tx:
        await _loaded(tx, task_id)
        await _mark_open(tx, task_id)
        return await _loaded(tx, task_id)


async def _mark_open(tx: Tx, task_id: TaskId) -> None:
    if await store.mark_open(tx.conn, task_id):
        task = await _loaded(tx, task_id)
        await audit.record(tx, "reopen task", "task", task_id)
        await tx.emit(TaskOpened(task_id=task_id, kind=task.kind, patient_id=task.patient_id))


async def assign(db: Database, actor: Actor, task_id: TaskId, user_id: UserId | None) -> Task:
    """Take it, give it to a colleague, or give it back to all.

    Raises ForbiddenError, TaskNotFoundError, UserNotFoundError, ConflictError when it is done.
    """
    ensure(actor, Right.DO_TASKS)
    async with db.transaction(actor) as tx:
        await _open_one(tx, task_id)
        await ensure_does_tasks(tx, user_id)
        await give_in(tx, task_id, user_id)
        return await _loaded(tx, task_id)


async def claim(db: Database, actor: Actor, task_id: TaskId) -> Task:
    """I am at it now: nobody else begins it meanwhile. Mine from now on, when it was nobody's.

    Raises ForbiddenError, TaskNotFoundError, ConflictError when it is done, TaskClaimedError when a colleague is at it.
    """
    ensure(actor, Right.DO_TASKS)
    if actor.user_id is None:
        raise ForbiddenError("only people are at work")
    async with db.transaction(actor) as tx:
        await _open_one(tx, task_id)
        task = await _loaded(tx, task_id)
        if task.is_claimed(tx.now) and task.claimed_by != actor.user_id:
            raise TaskClaimedError("a colleague is at it")
        await store.claim(tx.conn, task_id, actor.user_id, tx.now)
        await audit.record(tx, "begin task", "task", task_id)
        task = await _loaded(tx, task_id)
        await _tell(tx, task)
        return task


async def give_in(tx: Tx, task_id: TaskId, user_id: UserId | None) -> None:
    """The same inside a caller's transaction, who has looked at who may."""
    task = await _loaded(tx, task_id)
    if task.assigned_to == user_id:
        return
    await store.assign(tx.conn, task_id, user_id)
    await audit.record(tx, "assign task", "task", task_id, detail={"assigned_to": user_id})
    await _tell(tx, await _loaded(tx, task_id))


async def give_about_in(tx: Tx, kind: TaskKind, msisdn: Msisdn, user_id: UserId | None) -> None:
    """What waits of this kind for this number is somebody's now. Nothing happens when nothing does."""
    for task_id in await store.open_of(tx.conn, [kind], msisdn, None):
        await give_in(tx, task_id, user_id)


async def snooze(db: Database, actor: Actor, task_id: TaskId, how_long: Snooze) -> Task:
    """Out of sight for a while. Raises ForbiddenError, TaskNotFoundError, ConflictError when it is done."""
    ensure(actor, Right.DO_TASKS)
    async with db.transaction(actor) as tx:
        await _open_one(tx, task_id)
        await store.snooze(tx.conn, task_id, rules.snoozed_until(how_long, tx.now, tx.zone))
        await audit.record(tx, "put off task", "task", task_id, detail={"for": how_long.value})
        task = await _loaded(tx, task_id)
        await _tell(tx, task)
        return task


async def _tell(tx: Tx, task: Task) -> None:
    changed = TaskChanged(
        task_id=task.id,
        kind=task.kind,
        patient_id=task.patient_id,
        user_id=task.assigned_to,
        msisdn=task.msisdn,
    )
    await tx.emit(changed)


async def ensure_does_tasks(tx: Tx, user_id: UserId | None) -> None:
    """Nobody is given work they cannot see."""
    if user_id is None:
        return
    user = await users.get(tx.conn, user_id)
    if user is None or not user.is_active or not allows(user.role, Right.DO_TASKS):
        raise UserNotFoundError("no such person for tasks")


async def _open_one(tx: Tx, task_id: TaskId) -> None:
    task = await store.lock(tx.conn, task_id)
    if task is None:
        raise TaskNotFoundError("no such task")
    if task.status != "open":
        raise ConflictError("the task is done")


async def _loaded(tx: Tx, task_id: TaskId) -> Task:
    task = await store.get(tx.conn, task_id)
    if task is None:
        raise TaskNotFoundError("no such task")
    return task
