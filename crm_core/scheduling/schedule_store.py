"""Sessions of practitioners, the slots they are cut into, and how many places are left, in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

from crm_core.kernel.db import Connection
from crm_core.kernel.ids import DepartmentId, PractitionerId, SlotId
from crm_core.scheduling.model import SessionKind, Span, Tally


async def free_in(
    conn: Connection,
    spans: Sequence[Span],
    *,
    department_id: DepartmentId,
    practitioner_id: PractitionerId | None = None,
    but: Sequence[Span] = (),
) -> list[int]:
    """How many places are left in each of `spans`, without slots that lie over one of `but`."""
    rows = await conn.fetch(
        """
        SELECT wanted.position, sum(s.capacity - a.taken)::int AS free
        FROM unnest($1::timestamptz[], $2::timestamptz[]) WITH ORDINALITY AS wanted (begins, ends, position)
        JOIN slot s ON s.department_id = $3 AND s.starts_at >= wanted.begins AND s.starts_at < wanted.ends
        CROSS JOIN LATERAL (SELECT count(*) AS taken FROM appointment
                            WHERE slot_id = s.id AND status <> 'cancelled') AS a
        WHERE ($4::bigint IS NULL OR s.practitioner_id = $4) AND a.taken < s.capacity AND s.status = 'open'
          AND NOT EXISTS (SELECT 1 FROM unnest($5::timestamptz[], $6::timestamptz[]) AS but (starts_at, ends_at)
                          WHERE but.starts_at < s.ends_at AND s.starts_at < but.ends_at)
        GROUP BY wanted.position
        """,
        [begin for begin, _ in spans],
        [end for _, end in spans],
        department_id,
        practitioner_id,
        [begin for begin, _ in but],
        [end for _, end in but],
    )
    free = {row["position"]: row["free"] for row in rows}
    return [free.get(position, 0) for position in range(1, len(spans) + 1)]


async def tallies(
    conn: Connection,
    spans: Sequence[Span],
    *,
    now: datetime,
    department_id: DepartmentId | None = None,
    practitioner_id: PractitionerId | None = None,
) -> dict[tuple[int, DepartmentId], Tally]:
    """By place in `spans`, from 0, and department: how many places are taken, and how many can still be had."""
    rows = await conn.fetch(
        """
        SELECT wanted.position - 1 AS place, s.department_id, sum(a.taken)::int AS taken,
               coalesce(sum(s.capacity - a.taken) FILTER (WHERE s.starts_at > $3 AND s.status = 'open'), 0)::int AS free
        FROM unnest($1::timestamptz[], $2::timestamptz[]) WITH ORDINALITY AS wanted (begins, ends, position)
        JOIN slot s ON s.starts_at >= wanted.begins AND s.starts_at < wanted.ends
        CROSS JOIN LATERAL (SELECT count(*) AS taken FROM appointment
                            WHERE slot_id = s.id AND status <> 'cancelled') AS a
        WHERE ($4::bigint IS NULL OR s.department_id = $4) AND ($5::bigint IS NULL OR s.practitioner_id = $5)
        GROUP BY place, s.department_id
        """,
        [begin for begin, _ in spans],
        [end for _, end in spans],
        now,
        department_id,
        practitioner_id,
    )
    return {
        (row["place"], DepartmentId(row["department_id"])): Tally(taken=row["taken"], free=row["free"]) for row in rows
    }


async def put_schedule(
    conn: Connection,
    practitioner_id: PractitionerId,
    *,
    start: datetime,
    end: datetime,
    kind: SessionKind,
    fee: int | None,
) -> tuple[int, DepartmentId] | None:
    """Id and department of a new schedule; None when this practitioner already has one that begins then."""
    row = await conn.fetchrow(
        """
        INSERT INTO schedule (practitioner_id, department_id, starts_at, ends_at, kind, fee)
        SELECT id, department_id, $2, $3, $4, $5 FROM practitioner WHERE id = $1
        ON CONFLICT (practitioner_id, starts_at) DO NOTHING RETURNING id, department_id
        """,
        practitioner_id,
        start,
        end,
        kind,
        fee,
    )
    return (row["id"], DepartmentId(row["department_id"])) if row else None


async def put_slots(
    conn: Connection,
    schedule_id: int,
    practitioner_id: PractitionerId,
    department_id: DepartmentId,
    times: Sequence[tuple[datetime, datetime]],
    *,
    capacity: int,
) -> list[SlotId]:
    """A slot that already exists at a time stays as it is; only new ids come back."""
    rows = await conn.fetch(
        """
        INSERT INTO slot (schedule_id, practitioner_id, department_id, starts_at, ends_at, capacity)
        SELECT $1, $2, $3, starts_at, ends_at, $6
        FROM unnest($4::timestamptz[], $5::timestamptz[]) AS times (starts_at, ends_at)
        ON CONFLICT (practitioner_id, starts_at) DO NOTHING RETURNING id
        """,
        schedule_id,
        practitioner_id,
        department_id,
        [start for start, _ in times],
        [end for _, end in times],
        capacity,
    )
    return [SlotId(row["id"]) for row in rows]
