"""What waits for this person today: callers, their own work, what nobody has taken, and what they have done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time

from crm_core.consultations import store as consultations
from crm_core.consultations.model import Consultation, Status
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Connection, Database, Tx
from crm_core.kernel.ids import PatientId, TaskId
from crm_core.tasks import store
from crm_core.tasks.model import Order, Task, View
from crm_core.users.rights import Right, ensure, may
from overview import desk, seen, tasks
from overview.desk import Queue
from overview.tasks import Colleague

OWN = 20
NOBODYS = 5
QUESTIONS = 8
COUNTED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What this person has done since midnight."""

    calls: int
    texts: int
    bookings: int
    tasks: int
    consultations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """What waits for anybody; counted to a thousand."""

    unanswered: int
    overdue: int
    unowned: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """None, or nothing in it: not for this role. `asked` are the words of the people whom tasks are about."""

    queue: Queue | None
    mine: Sequence[Task]
    unowned: Sequence[Task]
    asked: Mapping[TaskId, str] = field(repr=False)
    colleagues: Sequence[Colleague]
    questions: Sequence[Consultation]
    team: Team | None
    figures: Figures


async def show(db: Database, actor: Actor, *, again: bool = False) -> Today:
    """`again`: the page asks for itself. Raises ForbiddenError."""
    ensure(actor, Right.SEE_WALLBOARD)
    async with db.transaction(actor) as tx:
        works = may(actor, Right.DO_TASKS)
        mine = await tasks.page_in(tx, View.MINE, Order.URGENT, None, OWN) if works else []
        unowned = await store.unowned(tx.conn, now=tx.now, limit=NOBODYS) if works else []
        questions = [] if works else await _questions(tx)
        await _note(tx, [*mine, *unowned], questions, again=again)
        return Today(
            queue=await desk.queue_in(tx) if may(actor, Right.SEE_CALLS) else None,
            mine=mine,
            unowned=unowned,
            asked=await tasks.words_of(tx.conn, actor, [*mine, *unowned]),
            colleagues=await tasks.colleagues(tx.conn) if works else [],
            questions=questions,
            team=await _team(tx.conn, tx.now) if works else None,
            figures=await _figures(tx),
        )


async def _questions(tx: Tx) -> list[Consultation]:
    """For who does no tasks: people who wait for an answer, without who they are."""
    if not may(tx.actor, Right.SEE_CONSULTATIONS):
        return []
    return await consultations.page(tx.conn, status=Status.OPEN, limit=QUESTIONS)


async def _note(tx: Tx, work: Sequence[Task], questions: Sequence[Consultation], *, again: bool) -> None:
    if work:
        await seen.listed(tx, "task", ["today"], [task.patient_id for task in work], again=again)
    if questions:
        about: list[PatientId | None] = [one.patient_id for one in questions]
        await seen.listed(tx, "consultation", ["today"], about, again=again)


async def _team(conn: Connection, now: datetime) -> Team:
    row = await conn.fetchrow(
        """
        SELECT (SELECT count(*) FROM (SELECT FROM task WHERE status = 'open' AND kind = 'answer_sms' AND msisdn <> ''
                                      LIMIT $2) AS few)::int AS unanswered,
               (SELECT count(*) FROM (SELECT FROM task WHERE status = 'open' AND due_at < $1
                                      AND coalesce(snoozed_until, '-infinity') <= $1 LIMIT $2) AS few)::int AS overdue,
               (SELECT count(*) FROM (SELECT FROM task WHERE status = 'open' AND assigned_to IS NULL
                                      LIMIT $2) AS few)::int AS unowned
        """,
        now,
        COUNTED,
    )
    assert row is not None
    return Team(**row)


async def _figures(tx: Tx) -> Figures:
    midnight = datetime.combine(tx.now.astimezone(tx.zone).date(), time(), tx.zone)
    row = await tx.conn.fetchrow(
        """
        SELECT (SELECT count(*) FROM call_leg WHERE user_id = $1 AND connected_at >= $3)::int AS calls,
               (SELECT count(*) FROM sms WHERE written_by = $1 AND created_at >= $3)::int AS texts,
               (SELECT count(*) FROM appointment WHERE booked_by = $2 AND booked_at >= $3)::int AS bookings,
               (SELECT count(*) FROM task
                WHERE status = 'done' AND done_by = $2 AND done_at >= $3)::int AS tasks,
               (SELECT count(*) FROM consultation
                WHERE status = 'closed' AND closed_by = $2 AND closed_at >= $3)::int AS consultations
        """,
        tx.actor.user_id,
        tx.actor.name,
        midnight,
    )
    assert row is not None
    return Figures(**row)
