"""Attempts in PostgreSQL, whose constraints say: one open attempt per appointment, one row per try."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from crm_core.kernel.db import Connection
from crm_core.kernel.ids import AppointmentId, AttemptId, CallId, Linkedid, Msisdn, PatientId
from dialer.attempt import Attempt, State

TRUNK_LOCK = 0x48435244  # one process at a time counts lines and takes an attempt


async def many(conn: Connection, attempt_ids: Sequence[AttemptId]) -> list[Attempt]:
    """In the order of the ids; unknown ids are left out."""
    rows = await conn.fetch(
        """
        SELECT a.id, a.appointment_id, a.patient_id, a.msisdn, a.purpose, a.number, a.state, a.result, a.requested_by,
               a.planned_at, a.not_before, a.dialed_at, a.ended_at, a.call_id, a.linkedid
        FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, position) JOIN dial_attempt a USING (id)
        ORDER BY wanted.position
        """,
        attempt_ids,
    )
    return [_attempt(row) for row in rows]


def _attempt(row: asyncpg.Record) -> Attempt:
    fields = dict(row)
    return Attempt(**fields | {"state": State(fields["state"])})


async def get(conn: Connection, attempt_id: AttemptId) -> Attempt | None:
    """One attempt."""
    found = await many(conn, [attempt_id])
    return found[0] if found else None


async def lock(conn: Connection, attempt_id: AttemptId) -> Attempt | None:
    """The same, and nobody else changes it until the transaction ends."""
    await conn.execute("SELECT 1 FROM dial_attempt WHERE id = $1 FOR NO KEY UPDATE", attempt_id)
    return await get(conn, attempt_id)


async def of_appointment(conn: Connection, appointment_id: AppointmentId) -> list[Attempt]:
    """All tries for one appointment, the first first."""
    rows = await conn.fetch("SELECT id FROM dial_attempt WHERE appointment_id = $1 ORDER BY number", appointment_id)
    return await many(conn, [row["id"] for row in rows])


async def newest_of(conn: Connection, appointment_ids: Sequence[AppointmentId]) -> list[Attempt]:
    """The last try for each of these appointments that had any."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT ON (appointment_id) id FROM dial_attempt
        WHERE appointment_id = ANY ($1::bigint[]) ORDER BY appointment_id, number DESC
        """,
        appointment_ids,
    )
    return await many(conn, [row["id"] for row in rows])


async def of_patient(conn: Connection, patient_id: PatientId, *, limit: int = 50) -> list[Attempt]:
    """The newest tries to reach a patient."""
    rows = await conn.fetch(
        "SELECT id FROM dial_attempt WHERE patient_id = $1 ORDER BY id DESC LIMIT $2", patient_id, limit
    )
    return await many(conn, [row["id"] for row in rows])


async def of_call(
    conn: Connection, call_id: CallId, linkedid: Linkedid, attempt_id: AttemptId | None
) -> Attempt | None:
    """The attempt a call belongs to, by whichever of its names the attempt knows."""
    found = await conn.fetchval(
        "SELECT id FROM dial_attempt WHERE id = $1 OR call_id = $2 OR (linkedid <> '' AND linkedid = $3) LIMIT 1",
        attempt_id,
        call_id,
        linkedid,
    )
    return await get(conn, found) if found else None


async def insert(
    conn: Connection,
    *,
    appointment_id: AppointmentId,
    patient_id: PatientId,
    msisdn: Msisdn,
    purpose: str,
    requested_by: str,
    not_before: datetime,
    now: datetime,
) -> AttemptId:
    """The next try for this appointment. Raises UniqueViolationError when another is open."""
    return AttemptId(
        await conn.fetchval(
            """
            INSERT INTO dial_attempt (appointment_id, patient_id, msisdn, purpose, number, state, requested_by,
                                      planned_at, not_before)
            SELECT $1, $2, $3, $4, coalesce(max(number), 0) + 1, 'planned', $5, $6, $7
            FROM dial_attempt WHERE appointment_id = $1
            RETURNING id
            """,
            appointment_id,
            patient_id,
            msisdn,
            purpose,
            requested_by,
            now,
            not_before,
        )
    )


async def lock_trunk(conn: Connection) -> None:
    """Whoever counts lines and takes an attempt does so alone until the transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock($1)", TRUNK_LOCK)


async def lines_in_use(conn: Connection) -> int:
    """Calls of ours that ring or speak."""
    return int(await conn.fetchval("SELECT count(*) FROM dial_attempt WHERE state IN ('dialing', 'answered')"))


async def next_due(conn: Connection, now: datetime) -> Attempt | None:
    """The longest due attempt, locked; families share phones, so a number that is being called waits."""
    found = await conn.fetchval(
        """
        SELECT id FROM dial_attempt a
        WHERE a.state = 'planned' AND a.not_before <= $1
          AND NOT EXISTS (SELECT 1 FROM dial_attempt o
                          WHERE o.msisdn = a.msisdn AND o.state IN ('dialing', 'answered'))
        ORDER BY a.not_before, a.id LIMIT 1 FOR UPDATE SKIP LOCKED
        """,
        now,
    )
    return await get(conn, found) if found else None


async def next_moment(conn: Connection, now: datetime) -> datetime | None:
    """When the next planned attempt after `now` becomes due."""
    found: datetime | None = await conn.fetchval(
        "SELECT min(not_before) FROM dial_attempt WHERE state = 'planned' AND not_before > $1", now
    )
    return found


async def under_way(conn: Connection) -> list[Attempt]:
    """Everything that rings or speaks as far as we know."""
    rows = await conn.fetch("SELECT id FROM dial_attempt WHERE state IN ('dialing', 'answered') ORDER BY id")
    return await many(conn, [row["id"] for row in rows])


async def planned_for(conn: Connection, appointment_id: AppointmentId) -> Attempt | None:
    """The planned attempt of an appointment, locked."""
    found = await conn.fetchval(
        "SELECT id FROM dial_attempt WHERE appointment_id = $1 AND state = 'planned' FOR NO KEY UPDATE", appointment_id
    )
    return await get(conn, found) if found else None


async def postpone(conn: Connection, attempt_id: AttemptId, not_before: datetime) -> None:
    """Not earlier than that; also brings a later one forward."""
    await conn.execute("UPDATE dial_attempt SET not_before = $2 WHERE id = $1", attempt_id, not_before)


async def mark_dialing(conn: Connection, attempt_id: AttemptId, linkedid: Linkedid, now: datetime) -> None:
    """Committed before Asterisk is asked."""
    await conn.execute(
        "UPDATE dial_attempt SET state = 'dialing', linkedid = $2, dialed_at = $3 WHERE id = $1",
        attempt_id,
        linkedid,
        now,
    )


async def mark_answered(conn: Connection, attempt_id: AttemptId, by: str, call_id: CallId | None) -> None:
    """`by` may be "" while nobody knows yet; what is known is kept."""
    await conn.execute(
        """
        UPDATE dial_attempt SET state = 'answered', result = CASE WHEN $2 = '' THEN result ELSE $2 END,
            call_id = coalesce($3, call_id)
        WHERE id = $1
        """,
        attempt_id,
        by,
        call_id,
    )


async def mark_over(
    conn: Connection, attempt_id: AttemptId, state: State, result: str, now: datetime, call_id: CallId | None = None
) -> None:
    """Done, unknown or suppressed."""
    await conn.execute(
        "UPDATE dial_attempt SET state = $2, result = $3, ended_at = $4, call_id = coalesce($5, call_id) WHERE id = $1",
        attempt_id,
        state.value,
        result,
        now,
        call_id,
    )


async def never_tried(
    conn: Connection, day_start: datetime, day_end: datetime, *, booked_before: datetime
) -> list[AppointmentId]:
    """Appointments that begin in [day_start, day_end), are not confirmed and have no attempt of any kind."""
    rows = await conn.fetch(
        """
        SELECT a.id FROM slot s JOIN appointment a ON a.slot_id = s.id
        WHERE s.starts_at >= $1 AND s.starts_at < $2 AND a.status = 'booked' AND a.booked_at < $3
          AND NOT EXISTS (SELECT 1 FROM dial_attempt d WHERE d.appointment_id = a.id)
        ORDER BY s.starts_at, a.id
        """,
        day_start,
        day_end,
        booked_before,
    )
    return [AppointmentId(row["id"]) for row in rows]


async def waits_for_a_person(conn: Connection, appointment_id: AppointmentId) -> bool:
    """Whether the outcome of an earlier try is unknown and nobody has looked into it yet."""
    return bool(
        await conn.fetchval(
            """
            SELECT EXISTS (SELECT 1 FROM dial_attempt d JOIN task t ON t.ref = 'attempts/' || d.id
                           WHERE d.appointment_id = $1 AND d.state = 'unknown'
                             AND t.kind = 'check_outcome' AND t.status = 'open')
            """,
            appointment_id,
        )
    )
