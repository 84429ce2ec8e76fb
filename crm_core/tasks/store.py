"""Tasks in PostgreSQL."""

from datetime import datetime

import asyncpg

from crm_core.kernel.db import Connection
from crm_core.kernel.ids import Msisdn, PatientId, TaskId
from crm_core.tasks.model import Task, TaskKind

_TASK = """
    SELECT t.id, t.kind, t.patient_id, coalesce(p.name, '') AS patient_name, t.msisdn, t.ref, t.status, t.due_at,
           t.created_at, t.done_at, t.done_by
    FROM task t LEFT JOIN patient p ON p.id = t.patient_id"""


def _task(row: asyncpg.Record) -> Task:
    fields = dict(row)
    return Task(**fields | {"kind": TaskKind(fields["kind"]), "msisdn": fields["msisdn"] or None})


async def get(conn: Connection, task_id: TaskId) -> Task | None:
    """One task."""
    row = await conn.fetchrow(_TASK + " WHERE t.id = $1", task_id)
    return _task(row) if row else None


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


async def newest(conn: Connection, *, limit: int, after: TaskId | None = None) -> list[Task]:
    """What was opened last, first; `after` is the last id of the page before."""
    rows = await conn.fetch(
        _TASK + " WHERE t.status = 'open' AND t.id < coalesce($1, 9223372036854775807) ORDER BY t.id DESC LIMIT $2",
        after,
        limit,
    )
    return [_task(row) for row in rows]


async def count_open(conn: Connection) -> dict[TaskKind, int]:
    """How many of each kind wait; kinds of which none does are left out."""
    rows = await conn.fetch("SELECT kind, count(*) AS open FROM task WHERE status = 'open' GROUP BY kind ORDER BY kind")
    return {TaskKind(row["kind"]): row["open"] for row in rows}


async def insert(
    conn: Connection,
    *,
    kind: TaskKind,
    msisdn: Msisdn | None,
    ref: str,
    patient_id: PatientId | None,
    due_at: datetime,
    now: datetime,
) -> TaskId | None:
    """None when the same is open already: one callback per number, else one task per kind, number and ref."""
    found: TaskId | None = await conn.fetchval(
        """
        INSERT INTO task (kind, msisdn, ref, patient_id, due_at, created_at) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT DO NOTHING RETURNING id
        """,
        kind,
        msisdn or "",
        ref,
        patient_id,
        due_at,
        now,
    )
    return found


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


async def mark_done(conn: Connection, task_id: TaskId, *, by: str, now: datetime) -> bool:
    """False when it was done before, or never existed."""
    done = await conn.fetchval(
        "UPDATE task SET status = 'done', done_at = $2, done_by = $3 WHERE id = $1 AND status = 'open' RETURNING id",
        task_id,
        now,
        by,
    )
    return done is not None
