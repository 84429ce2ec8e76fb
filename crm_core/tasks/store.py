"""Tasks in PostgreSQL."""

from collections.abc import Iterable
from datetime import datetime

import asyncpg

from crm_core.kernel.db import Connection, planned_for_its_values
from crm_core.kernel.ids import Msisdn, PatientId, TaskId, UserId
from crm_core.tasks.model import NewTask, Order, Priority, Task, TaskKind

COUNTED = 1000  # more is "many"
_TASK = """
    SELECT t.id, t.kind, t.patient_id, coalesce(p.name, '') AS patient_name, t.msisdn, t.ref, t.title, t.text,
           t.priority, t.team, t.status, t.result, t.claimed_by, t.claimed_at, coalesce(claimant.name, '') AS claimant,
           t.assigned_to, coalesce(mine.name, '') AS assignee, t.due_at, t.snoozed_until, t.created_at,
           coalesce(maker.name, t.created_by) AS created_by, t.done_at, coalesce(doer.name, t.done_by) AS done_by,
           t.settled_by
    FROM task t LEFT JOIN patient p ON p.id = t.patient_id LEFT JOIN app_user mine ON mine.id = t.assigned_to
    LEFT JOIN app_user maker ON maker.login = t.created_by LEFT JOIN app_user doer ON doer.login = t.done_by
    LEFT JOIN app_user claimant ON claimant.id = t.claimed_by"""


def _task(row: asyncpg.Record) -> Task:
    fields = dict(row)
    closed = {"kind": TaskKind(fields["kind"]), "priority": Priority(fields["priority"])}
    return Task(**fields | closed | {"msisdn": fields["msisdn"] or None})


async def get(conn: Connection, task_id: TaskId) -> Task | None:
    """One task."""
    row = await conn.fetchrow(_TASK + " WHERE t.id = $1", task_id)
    return _task(row) if row else None


async def lock(conn: Connection, task_id: TaskId) -> Task | None:
    """The same, and nobody else changes it until the transaction ends."""
    await conn.execute("SELECT 1 FROM task WHERE id = $1 FOR NO KEY UPDATE", task_id)
    return await get(conn, task_id)


_OPEN = """
    WHERE t.status = 'open' AND ($1::text IS NULL OR t.kind = $1) AND ($2::bigint IS NULL OR t.patient_id = $2)
      AND ($3::text IS NULL OR t.msisdn = $3) AND ($4::timestamptz IS NULL OR t.due_at < $4)
      AND ($5::bigint IS NULL OR (t.due_at, t.id) > (SELECT due_at, id FROM task WHERE id = $5))
    ORDER BY t.due_at, t.id LIMIT $6"""


async def open_tasks(
    conn: Connection,
    *,
    kind: str | None = None,
    patient_id: PatientId | None = None,
    msisdn: Msisdn | None = None,
    due_before: datetime | None = None,
    limit: int = 100,
    after: TaskId | None = None,
) -> list[Task]:
    """What is to be done, most urgent first; `after` is the last id of the page before, done meanwhile or not."""
    rows = await conn.fetch(
        _TASK + _OPEN,
        kind,
        patient_id,
        msisdn,
        due_before,
        after,
        limit,
    )
    return [_task(row) for row in rows]


_WAITING = """
    WHERE t.status = 'open' AND ($1::bigint IS NULL OR t.assigned_to = $1)
      AND ($2::timestamptz IS NULL OR t.due_at < $2) AND ($4::text IS NULL OR t.team IN ('', $4))"""
_NOW = {False: " AND coalesce(t.snoozed_until, '-infinity') <= $3", True: " AND t.snoozed_until > $3"}  # put off?
_COUNT = "SELECT count(*) FROM (SELECT FROM task t {} LIMIT $5) AS counted"
_DONE = """
    WHERE t.status = 'done'
      AND ($1::bigint IS NULL OR (t.done_at, t.id) < (SELECT done_at, id FROM task WHERE id = $1))
    ORDER BY t.done_at DESC, t.id DESC LIMIT $2"""
_PAGE = {
    Order.URGENT: """
      AND ($5::bigint IS NULL OR (t.due_at, t.id) > (SELECT due_at, id FROM task WHERE id = $5))
    ORDER BY t.due_at, t.id LIMIT $6""",
    Order.NEWEST: """
      AND t.id < coalesce($5, 9223372036854775807) ORDER BY t.id DESC LIMIT $6""",
}


async def waiting(
    conn: Connection,
    *,
    whose: UserId | None,
    team: str | None = None,
    late_at: datetime | None,
    later: bool,
    now: datetime,
    order: Order,
    limit: int,
    after: TaskId | None,
) -> list[Task]:
    """Open ones: of one person, of one team or of everybody, only the late ones, or only those that are put off."""
    async with planned_for_its_values(conn):
        rows = await conn.fetch(_TASK + _WAITING + _NOW[later] + _PAGE[order], whose, late_at, now, team, after, limit)
    return [_task(row) for row in rows]


_NOBODYS = """
    WHERE t.status = 'open' AND t.assigned_to IS NULL AND coalesce(t.snoozed_until, '-infinity') <= $1
    ORDER BY t.due_at, t.id LIMIT $2"""


async def unowned(conn: Connection, *, now: datetime, limit: int) -> list[Task]:
    """What nobody has taken, the most urgent first."""
    rows = await conn.fetch(_TASK + _NOBODYS, now, limit)
    return [_task(row) for row in rows]


async def count_waiting(
    conn: Connection,
    *,
    whose: UserId | None,
    team: str | None = None,
    late_at: datetime | None,
    later: bool,
    now: datetime,
) -> int:
    """How many there are of these; more than a thousand are not counted on."""
    async with planned_for_its_values(conn):
        counted = _COUNT.format(_WAITING + _NOW[later])
        return int(await conn.fetchval(counted, whose, late_at, now, team, COUNTED + 1))


async def done_lately(conn: Connection, *, limit: int, after: TaskId | None) -> list[Task]:
    """What was dealt with, the last first."""
    rows = await conn.fetch(_TASK + _DONE, after, limit)
    return [_task(row) for row in rows]


async def count_open(conn: Connection) -> dict[TaskKind, int]:
    """How many of each kind wait; kinds of which none does are left out."""
    rows = await conn.fetch("SELECT kind, count(*) AS open FROM task WHERE status = 'open' GROUP BY kind ORDER BY kind")
    return {TaskKind(row["kind"]): row["open"] for row in rows}


async def insert(
    conn: Connection, new: NewTask, *, ref: str, due_at: datetime, created_by: str, now: datetime
) -> TaskId | None:
    """None when the same is open already: the indexes of migration 0024 say what is the same."""
    found: TaskId | None = await conn.fetchval(
        """
        INSERT INTO task (kind, msisdn, ref, patient_id, text, assigned_to, due_at, created_by, created_at, title,
                          priority, team)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT DO NOTHING RETURNING id
        """,
        new.kind,
        new.msisdn or "",
        ref,
        new.patient_id,
        new.text,
        new.assigned_to,
        due_at,
        created_by,
        now,
        new.title,
        new.priority,
        new.team,
    )
    return found


async def hurry(conn: Connection, kind: TaskKind, msisdn: Msisdn, due_at: datetime) -> None:
    """The one that waits is due by then, and no longer put off."""
    await conn.execute(
        """
        UPDATE task SET due_at = least(due_at, $3), snoozed_until = NULL
        WHERE status = 'open' AND kind = $1 AND kind IN ('answer_sms', 'call_back') AND msisdn = $2
        """,
        kind,
        msisdn,
        due_at,
    )


async def has_open(conn: Connection, kind: TaskKind, ref: str) -> bool:
    """Whether such a task about this thing waits."""
    return bool(
        await conn.fetchval(
            "SELECT EXISTS (SELECT FROM task WHERE status = 'open' AND kind = $1 AND ref = $2)", kind, ref
        )
    )


async def open_about(conn: Connection, kind: TaskKind, msisdn: Msisdn | None, ref: str) -> TaskId | None:
    """The one that waits."""
    found: TaskId | None = await conn.fetchval(
        "SELECT id FROM task WHERE status = 'open' AND kind = $1 AND msisdn = $2 AND ref = $3",
        kind,
        msisdn or "",
        ref,
    )
    return found


async def open_of(
    conn: Connection, kinds: Iterable[TaskKind], msisdn: Msisdn | None, patient_id: PatientId | None
) -> list[TaskId]:
    """What waits of these kinds for this number or this patient, locked in the order of the ids."""
    rows = await conn.fetch(
        """
        SELECT id FROM task
        WHERE status = 'open' AND kind = ANY ($1::text[]) AND (msisdn = $2 OR patient_id = $3)
        ORDER BY id FOR NO KEY UPDATE
        """,
        [kind.value for kind in kinds],
        msisdn or "nobody",
        patient_id,
    )
    return [row["id"] for row in rows]


async def settled_by(conn: Connection, what: str) -> list[TaskId]:
    """What this conversation closed."""
    rows = await conn.fetch("SELECT id FROM task WHERE settled_by = $1 AND settled_by <> '' ORDER BY id", what)
    return [row["id"] for row in rows]


async def mark_done(
    conn: Connection, task_id: TaskId, *, by: str, now: datetime, settled_by: str = "", result: str = ""
) -> bool:
    """False when it was done before, or never existed."""
    done = await conn.fetchval(
        """
        UPDATE task SET status = 'done', done_at = $2, done_by = $3, settled_by = $4, result = $5,
               snoozed_until = NULL, claimed_by = NULL, claimed_at = NULL
        WHERE id = $1 AND status = 'open' RETURNING id
        """,
        task_id,
        now,
        by,
        settled_by,
        result,
    )
    return done is not None


async def mark_open(conn: Connection, task_id: TaskId) -> bool:
    """It waits again. False when it was open, or when the same has been opened anew meanwhile."""
    try:
        async with conn.transaction():
            found = await conn.fetchval(
                """
                UPDATE task SET status = 'open', done_at = NULL, done_by = NULL, settled_by = '', result = ''
                WHERE id = $1 AND status = 'done' RETURNING id
                """,
                task_id,
            )
    except asyncpg.UniqueViolationError:
        return False
    return found is not None


async def assign(conn: Connection, task_id: TaskId, user_id: UserId | None) -> None:
    """Whose it is; None: anybody's. Who was at it is no longer."""
    await conn.execute(
        "UPDATE task SET assigned_to = $2, claimed_by = NULL, claimed_at = NULL WHERE id = $1", task_id, user_id
    )


async def claim(conn: Connection, task_id: TaskId, user_id: UserId, now: datetime) -> None:
    """They are at it; it is theirs when it was nobody's."""
    await conn.execute(
        "UPDATE task SET claimed_by = $2, claimed_at = $3, assigned_to = coalesce(assigned_to, $2) WHERE id = $1",
        task_id,
        user_id,
        now,
    )


async def snooze(conn: Connection, task_id: TaskId, until: datetime) -> None:
    """Out of sight until then, and due then."""
    await conn.execute(
        """
        UPDATE task SET snoozed_until = $2, due_at = greatest(due_at, $2), claimed_by = NULL, claimed_at = NULL
        WHERE id = $1
        """,
        task_id,
        until,
    )
