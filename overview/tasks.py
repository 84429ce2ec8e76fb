"""The list of open work, a page at a time, and how much there is."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Connection, Database
from crm_core.kernel.ids import TaskId
from crm_core.tasks import store
from crm_core.tasks.model import Task
from crm_core.users.rights import Right, ensure
from overview import seen

LISTED = 50


class Order(StrEnum):
    """What comes first."""

    URGENT = "urgent"  # the oldest due
    NEWEST = "newest"  # opened last


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskList:
    """`total` are all open tasks, `after` names the last of these when there are more."""

    tasks: Sequence[Task]
    order: Order
    total: int
    after: TaskId | None


async def listed(
    db: Database, actor: Actor, order: Order, *, after: TaskId | None = None, again: bool = False
) -> TaskList:
    """`again`: the list asks for itself. Raises ForbiddenError."""
    ensure(actor, Right.DO_TASKS)
    async with db.transaction(actor) as tx:
        found = await _page(tx.conn, order, after)
        shown = found[:LISTED]
        total = sum((await store.count_open(tx.conn)).values())
        if shown:
            await seen.listed(tx, "task", [order], [task.patient_id for task in shown], again=again)
    return TaskList(tasks=shown, order=order, total=total, after=shown[-1].id if len(found) > LISTED else None)


async def _page(conn: Connection, order: Order, after: TaskId | None) -> list[Task]:
    if order is Order.NEWEST:
        return await store.newest(conn, limit=LISTED + 1, after=after)
    return await store.open_tasks(conn, limit=LISTED + 1, after=after)
