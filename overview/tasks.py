"""The list of work, a page at a time: what was asked, whose it is, and how much there is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Connection, Database, Tx
from crm_core.kernel.ids import TaskId, UserId
from crm_core.tasks import store
from crm_core.tasks.model import Order, Task, TaskKind, View
from crm_core.users.rights import RIGHTS, Right, ensure, may
from overview import seen

LISTED = 50
COUNTED = store.COUNTED
WORDS = 3  # of somebody's newest texts that wait for an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """Somebody who may be given work."""

    id: UserId
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskList:
    """`total` are all of this view (one more than COUNTED: many), `after` names the last of these when there are more.

    `asked` are the words of the person each task is about, as far as the reader may read them.
    """

    tasks: Sequence[Task]
    view: View
    order: Order
    total: int
    after: TaskId | None
    asked: Mapping[TaskId, str] = field(repr=False)
    colleagues: Sequence[Colleague]


async def listed(
    db: Database,
    actor: Actor,
    order: Order = Order.URGENT,
    *,
    view: View = View.OPEN,
    after: TaskId | None = None,
    again: bool = False,
) -> TaskList:
    """`again`: the list asks for itself. Raises ForbiddenError."""
    ensure(actor, Right.DO_TASKS)
    async with db.transaction(actor) as tx:
        found = await page_in(tx, view, order, after, LISTED + 1)
        shown = found[:LISTED]
        if shown:
            await seen.listed(tx, "task", [view, order], [task.patient_id for task in shown], again=again)
        return TaskList(
            tasks=shown,
            view=view,
            order=order,
            total=await _total(tx, view),
            after=shown[-1].id if len(found) > LISTED else None,
            asked=await words_of(tx.conn, actor, shown),
            colleagues=await colleagues(tx.conn),
        )


async def one(db: Database, actor: Actor, task: Task) -> TaskList:
    """One that somebody has just changed, to be drawn again where it stood."""
    async with db.connection() as conn:
        return TaskList(
            tasks=[task],
            view=View.OPEN,
            order=Order.URGENT,
            total=1,
            after=None,
            asked=await words_of(conn, actor, [task]),
            colleagues=await colleagues(conn),
        )


async def people(db: Database, actor: Actor) -> list[Colleague]:
    """To whom work can be given. Raises ForbiddenError."""
    ensure(actor, Right.DO_TASKS)
    async with db.connection() as conn:
        return await colleagues(conn)


async def page_in(tx: Tx, view: View, order: Order, after: TaskId | None, limit: int) -> list[Task]:
    """For a larger screen."""
    if view is View.DONE:
        return await store.done_lately(tx.conn, limit=limit, after=after)
    return await store.waiting(
        tx.conn,
        whose=_whose(tx, view),
        team=_team(tx, view),
        late_at=tx.now if view is View.OVERDUE else None,
        later=view is View.LATER,
        now=tx.now,
        order=order,
        limit=limit,
        after=after,
    )


async def _total(tx: Tx, view: View) -> int:
    """What is done is not counted: it only grows."""
    if view is View.DONE:
        return 0
    late_at = tx.now if view is View.OVERDUE else None
    return await store.count_waiting(
        tx.conn,
        whose=_whose(tx, view),
        team=_team(tx, view),
        late_at=late_at,
        later=view is View.LATER,
        now=tx.now,
    )


def _whose(tx: Tx, view: View) -> UserId | None:
    return (tx.actor.user_id or UserId(0)) if view is View.MINE else None


def _team(tx: Tx, view: View) -> str | None:
    return str(tx.actor.role) if view is View.TEAM and tx.actor.role else None


async def colleagues(conn: Connection) -> list[Colleague]:
    """Everybody who may do tasks, by name."""
    roles = [role.value for role, rights in RIGHTS.items() if Right.DO_TASKS in rights]
    rows = await conn.fetch(
        "SELECT id, name FROM app_user WHERE is_active AND role = ANY ($1::text[]) ORDER BY name, id", roles
    )
    return [Colleague(**row) for row in rows]


async def words_of(conn: Connection, actor: Actor, tasks: Sequence[Task]) -> dict[TaskId, str]:
    """What they asked: by text since the one that opened the task, in a consultation, or what a colleague wrote."""
    said = {task.id: task.text for task in tasks if task.text}
    if may(actor, Right.SEE_SMS):
        said |= await _texted(conn, {t.id: number for t in tasks if (number := _number(t, "sms"))})
    if may(actor, Right.SEE_CONSULTATIONS):
        said |= await _consulted(conn, {t.id: number for t in tasks if (number := _number(t, "consultations"))})
    return said


def _number(task: Task, kind: str) -> int:
    """Of the text or consultation it names; 0: another thing. A text in doubt is ours, not what they asked."""
    name, _slash, number = task.ref.partition("/")
    return int(number) if name == kind and number.isdigit() and task.kind is not TaskKind.CHECK_OUTCOME else 0


async def _texted(conn: Connection, refs: Mapping[TaskId, int]) -> dict[TaskId, str]:
    if not refs:
        return {}
    rows = await conn.fetch(
        """
        SELECT wanted.task_id, string_agg(said.text, E'\n' ORDER BY said.id) AS words
        FROM unnest($1::bigint[], $2::bigint[]) AS wanted (task_id, sms_id)
        JOIN sms AS first ON first.id = wanted.sms_id
        CROSS JOIN LATERAL (
            SELECT id, text FROM sms
            WHERE peer = first.peer AND direction = 'in' AND id >= first.id ORDER BY id DESC LIMIT $3
        ) AS said
        GROUP BY wanted.task_id
        """,
        list(refs),
        list(refs.values()),
        WORDS,
    )
    return {row["task_id"]: row["words"] for row in rows}


async def _consulted(conn: Connection, refs: Mapping[TaskId, int]) -> dict[TaskId, str]:
    if not refs:
        return {}
    rows = await conn.fetch(
        """
        SELECT wanted.task_id, consultation.text AS words
        FROM unnest($1::bigint[], $2::bigint[]) AS wanted (task_id, consultation_id)
        JOIN consultation ON consultation.id = wanted.consultation_id
        """,
        list(refs),
        list(refs.values()),
    )
    return {row["task_id"]: row["words"] for row in rows}
