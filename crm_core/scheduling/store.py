"""Schedules, slots and appointments in PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import asyncpg

from crm_core.kernel.cursor import LAST_NUMBER, Cursor
from crm_core.kernel.db import Connection
from crm_core.kernel.ids import AppointmentId, DepartmentId, PatientId, PractitionerId, SlotId
from crm_core.scheduling.model import Appointment, Channel, SessionKind, Slot, Span, Status


async def slots(
    conn: Connection,
    *,
    start: datetime,
    end: datetime,
    department_id: DepartmentId | None = None,
    practitioner_id: PractitionerId | None = None,
    free_only: bool = False,
    but: Sequence[Span] = (),
    limit: int = 100,
    after: Cursor | None = None,
) -> list[Slot]:
    """Beginning in [start, end), by time, then id. `after` is where the page before ended.

    Without those that are stopped or lie over one of `but`.
    """
    rows = await conn.fetch(
        """
        SELECT s.id FROM slot s
        WHERE s.starts_at >= $1 AND s.starts_at < $2 AND s.status = 'open'
          AND ($3::bigint IS NULL OR s.department_id = $3)
          AND ($4::bigint IS NULL OR s.practitioner_id = $4)
          AND ($5::timestamptz IS NULL OR (s.starts_at, s.id) > ($5, $9))
          AND (NOT $6 OR s.capacity >
               (SELECT count(*) FROM appointment a WHERE a.slot_id = s.id AND a.status <> 'cancelled'))
          AND NOT EXISTS (SELECT 1 FROM unnest($8::timestamptz[], $10::timestamptz[]) AS but (starts_at, ends_at)
                          WHERE but.starts_at < s.ends_at AND s.starts_at < but.ends_at)
        ORDER BY s.starts_at, s.id LIMIT $7
        """,
        start,
        end,
        department_id,
        practitioner_id,
        after.at if after else None,
        free_only,
        limit,
        [start for start, _ in but],
        after.number if after else 0,
        [end for _, end in but],
    )
    return await slots_by_id(conn, [row["id"] for row in rows])


async def held(conn: Connection, patient_id: PatientId, *, since: datetime) -> list[tuple[AppointmentId, Span]]:
    """When this patient is expected from then on, or has come; not what they cancelled or missed."""
    rows = await conn.fetch(
        """
        SELECT a.id, s.starts_at, s.ends_at FROM appointment a JOIN slot s ON s.id = a.slot_id
        WHERE a.patient_id = $1 AND a.status NOT IN ('cancelled', 'noshow') AND s.ends_at > $2
        ORDER BY s.starts_at, a.id
        """,
        patient_id,
        since,
    )
    return [(AppointmentId(row["id"]), (row["starts_at"], row["ends_at"])) for row in rows]


async def place_of(conn: Connection, slot_id: SlotId) -> Cursor | None:
    """Where a list by time goes on behind this slot."""
    row = await conn.fetchrow("SELECT starts_at, id FROM slot WHERE id = $1", slot_id)
    return Cursor(row["starts_at"], str(row["id"])) if row else None


async def slots_by_id(conn: Connection, slot_ids: Sequence[SlotId]) -> list[Slot]:
    """In the order of the ids; unknown ids are left out."""
    rows = await conn.fetch(
        """
        SELECT s.id, s.department_id, d.name AS department_name, d.name_en AS department_name_en, s.practitioner_id,
               p.name AS practitioner_name, p.name_en AS practitioner_name_en, p.title AS practitioner_title,
               p.title_en AS practitioner_title_en, c.kind, c.fee, s.status = 'stopped' AS is_stopped, s.starts_at,
               s.ends_at, s.capacity, s.capacity - (SELECT count(*)::int FROM appointment a
                             WHERE a.slot_id = s.id AND a.status <> 'cancelled') AS free
        FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, position)
        JOIN slot s USING (id) JOIN schedule c ON c.id = s.schedule_id JOIN department_named d ON d.id = s.department_id
        JOIN practitioner p ON p.id = s.practitioner_id
        ORDER BY wanted.position
        """,
        slot_ids,
    )
    return [_slot(dict(row)) for row in rows]


def _slot(values: Mapping[str, Any]) -> Slot:
    return Slot(**{**values, "kind": SessionKind(values["kind"])})


async def slot(conn: Connection, slot_id: SlotId) -> Slot | None:
    """One slot."""
    found = await slots_by_id(conn, [slot_id])
    return found[0] if found else None


async def lock_patient(conn: Connection, patient_id: PatientId) -> PatientId | None:
    """Nobody else books for this patient, or whom they were merged into, until the transaction ends; None: nobody."""
    found: PatientId | None = await conn.fetchval(
        "SELECT coalesce(merged_into_id, id) FROM patient WHERE id = $1 FOR NO KEY UPDATE", patient_id
    )
    return found if found is None or found == patient_id else await lock_patient(conn, found)


async def lock_slots(conn: Connection, slot_ids: Sequence[SlotId]) -> None:
    """Nobody else books in these until the transaction ends. Always in the order of ids: no deadlock."""
    await conn.execute("SELECT 1 FROM slot WHERE id = ANY ($1::bigint[]) ORDER BY id FOR NO KEY UPDATE", slot_ids)


async def taken_places(conn: Connection, slot_id: SlotId) -> list[int]:
    """Places that somebody has."""
    rows = await conn.fetch("SELECT place FROM appointment WHERE slot_id = $1 AND status <> 'cancelled'", slot_id)
    return [row["place"] for row in rows]


_APPOINTMENT = """
    SELECT a.id, a.patient_id, a.slot_id, a.status, a.channel, a.booked_by, a.booked_at, a.confirmed_at,
           a.cancelled_at, a.cancelled_by, a.moved_from_id, s.department_id, d.name AS department_name,
           d.name_en AS department_name_en, s.practitioner_id, p.name AS practitioner_name,
           p.name_en AS practitioner_name_en, p.title AS practitioner_title, p.title_en AS practitioner_title_en,
           c.kind, c.fee, s.status = 'stopped' AS is_stopped, s.starts_at, s.ends_at, s.capacity,
           s.capacity - (SELECT count(*)::int FROM appointment taken
                         WHERE taken.slot_id = s.id AND taken.status <> 'cancelled') AS free,
           a.status = 'cancelled' AND (
               EXISTS (SELECT FROM appointment later WHERE later.moved_from_id = a.id)
               OR EXISTS (SELECT FROM appointment again WHERE again.patient_id = a.patient_id
                          AND again.slot_id = a.slot_id AND again.status <> 'cancelled')) AS is_replaced
    FROM appointment a JOIN slot s ON s.id = a.slot_id JOIN schedule c ON c.id = s.schedule_id
    JOIN department_named d ON d.id = s.department_id
    JOIN practitioner p ON p.id = s.practitioner_id"""
_OF_SLOT = {field.name for field in fields(Slot)} - {"id"}


async def many(conn: Connection, appointment_ids: Sequence[AppointmentId]) -> list[Appointment]:
    """In the order of the ids; unknown ids are left out."""
    rows = await conn.fetch(
        _APPOINTMENT
        + " JOIN unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, position) ON wanted.id = a.id "
        + "ORDER BY wanted.position",
        appointment_ids,
    )
    return [_appointment(row) for row in rows]


def _appointment(row: asyncpg.Record) -> Appointment:
    values = dict(row)
    slot = _slot({"id": values.pop("slot_id"), **{name: values.pop(name) for name in _OF_SLOT}})
    values |= {"slot": slot, "status": Status(values["status"]), "channel": Channel(values["channel"])}
    return Appointment(**values)


async def get(conn: Connection, appointment_id: AppointmentId) -> Appointment | None:
    """One appointment, whatever its status."""
    found = await many(conn, [appointment_id])
    return found[0] if found else None


async def lock(conn: Connection, appointment_id: AppointmentId) -> Appointment | None:
    """The same, and nobody else changes it until the transaction ends."""
    await conn.execute("SELECT 1 FROM appointment WHERE id = $1 FOR NO KEY UPDATE", appointment_id)
    return await get(conn, appointment_id)


async def upcoming(conn: Connection, patient_id: PatientId, now: datetime) -> list[Appointment]:
    """Where this patient is expected from now on, soonest first."""
    rows = await conn.fetch(
        _APPOINTMENT
        + " WHERE a.patient_id = $1 AND a.status IN ('booked', 'confirmed') AND a.starts_at > $2 "
        + "ORDER BY a.starts_at, a.id",
        patient_id,
        now,
    )
    return [_appointment(row) for row in rows]


async def of_day(
    conn: Connection,
    start: datetime,
    end: datetime,
    *,
    department_id: DepartmentId | None = None,
    practitioner_id: PractitionerId | None = None,
    status: str | None = None,
    after: Cursor | None = None,
    until: Cursor | None = None,
    limit: int,
) -> list[Appointment]:
    """Appointments whose slot begins in [start, end), by time, then id.

    `after` and `until` are places of this list: those behind the one, up to the other and with it. OFFSET 0: slot after
    slot until there are enough; PostgreSQL would rather read all appointments there ever were.
    """
    rows = await conn.fetch(
        """
        SELECT a.id FROM slot s
        CROSS JOIN LATERAL (SELECT id FROM appointment
                            WHERE slot_id = s.id AND ($5::text IS NULL OR status = $5) OFFSET 0) AS a
        WHERE s.starts_at >= $1 AND s.starts_at < $2
          AND ($3::bigint IS NULL OR s.department_id = $3) AND ($4::bigint IS NULL OR s.practitioner_id = $4)
          AND s.starts_at >= $6 AND (s.starts_at, a.id) > ($6, $7)
          AND s.starts_at <= $8 AND (s.starts_at, a.id) <= ($8, $9)
        ORDER BY s.starts_at, a.id LIMIT $10
        """,
        start,
        end,
        department_id,
        practitioner_id,
        status,
        after.at if after else start,
        after.number if after else 0,
        until.at if until else end,
        until.number if until else LAST_NUMBER,
        limit,
    )
    return await many(conn, [row["id"] for row in rows])


async def counts_of_day(
    conn: Connection,
    start: datetime,
    end: datetime,
    *,
    department_id: DepartmentId | None = None,
    practitioner_id: PractitionerId | None = None,
) -> dict[tuple[DepartmentId, Status], int]:
    """How many there are in [start, end), all of them."""
    rows = await conn.fetch(
        """
        SELECT s.department_id, a.status, sum(a.count)::int AS count FROM slot s
        CROSS JOIN LATERAL (SELECT status, count(*) FROM appointment WHERE slot_id = s.id GROUP BY status) AS a
        WHERE s.starts_at >= $1 AND s.starts_at < $2
          AND ($3::bigint IS NULL OR s.department_id = $3) AND ($4::bigint IS NULL OR s.practitioner_id = $4)
        GROUP BY s.department_id, a.status
        """,
        start,
        end,
        department_id,
        practitioner_id,
    )
    return {(DepartmentId(row["department_id"]), Status(row["status"])): row["count"] for row in rows}


async def page(
    conn: Connection,
    *,
    patient_id: PatientId | None = None,
    status: str | None = None,
    limit: int = 50,
    after: AppointmentId | None = None,
) -> list[Appointment]:
    """Newest booking first; `after` is the last id of the page before."""
    rows = await conn.fetch(
        """
        SELECT id FROM appointment
        WHERE ($1::bigint IS NULL OR patient_id = $1) AND ($2::text IS NULL OR status = $2)
          AND ($3::bigint IS NULL OR id < $3)
        ORDER BY id DESC LIMIT $4
        """,
        patient_id,
        status,
        after,
        limit,
    )
    return await many(conn, [row["id"] for row in rows])


async def open_in_slot(conn: Connection, patient_id: PatientId, slot_id: SlotId) -> AppointmentId | None:
    """The appointment by which this patient has a place there."""
    found: AppointmentId | None = await conn.fetchval(
        "SELECT id FROM appointment WHERE patient_id = $1 AND slot_id = $2 AND status <> 'cancelled'",
        patient_id,
        slot_id,
    )
    return found


async def moved_to(conn: Connection, appointment_id: AppointmentId, slot_id: SlotId) -> AppointmentId | None:
    """What a repeated move finds: the appointment this one became."""
    found: AppointmentId | None = await conn.fetchval(
        "SELECT id FROM appointment WHERE moved_from_id = $1 AND slot_id = $2 AND status <> 'cancelled'",
        appointment_id,
        slot_id,
    )
    return found


async def insert(
    conn: Connection,
    *,
    patient_id: PatientId,
    slot_id: SlotId,
    place: int,
    channel: Channel,
    booked_by: str,
    now: datetime,
    moved_from_id: AppointmentId | None = None,
) -> AppointmentId:
    """Raises UniqueViolationError when the place is taken: the database's own guarantee."""
    return AppointmentId(
        await conn.fetchval(
            """
            INSERT INTO appointment (patient_id, slot_id, place, status, channel, booked_by, booked_at, moved_from_id)
            VALUES ($1, $2, $3, 'booked', $4, $5, $6, $7) RETURNING id
            """,
            patient_id,
            slot_id,
            place,
            channel,
            booked_by,
            now,
            moved_from_id,
        )
    )


async def mark_confirmed(conn: Connection, appointment_id: AppointmentId, *, now: datetime) -> None:
    """The patient will come."""
    await conn.execute(
        "UPDATE appointment SET status = 'confirmed', confirmed_at = $2 WHERE id = $1", appointment_id, now
    )


async def mark_cancelled(conn: Connection, appointment_id: AppointmentId, *, by: str, now: datetime) -> None:
    """The place is free at commit."""
    await conn.execute(
        "UPDATE appointment SET status = 'cancelled', cancelled_at = $2, cancelled_by = $3 WHERE id = $1",
        appointment_id,
        now,
        by,
    )


async def mark_settled(conn: Connection, appointment_id: AppointmentId, status: Status) -> None:
    """Came, did not come, or neither is said any more."""
    await conn.execute("UPDATE appointment SET status = $2 WHERE id = $1", appointment_id, status)


async def ahead(
    conn: Connection, patient_id: PatientId, now: datetime, *, given_up_since: datetime
) -> tuple[list[Appointment], list[Appointment]]:
    """Where this patient is expected from now on; and what was cancelled since then and nothing took the place of."""
    rows = await conn.fetch(
        _APPOINTMENT
        + " WHERE a.patient_id = $1 AND a.starts_at > $2 "
        + "AND (a.status IN ('booked', 'confirmed') OR a.status = 'cancelled' AND a.cancelled_at >= $3) "
        + "ORDER BY a.starts_at, a.id",
        patient_id,
        now,
        given_up_since,
    )
    found = [_appointment(row) for row in rows]
    given_up = {one.slot.id: one for one in found if not one.is_open and not one.is_replaced}  # the newest of a time
    return [one for one in found if one.is_open], list(given_up.values())


async def given_up_before(conn: Connection, appointment: Appointment) -> AppointmentId | None:
    """The appointment of the same time that this patient had cancelled before they booked this one."""
    found: AppointmentId | None = await conn.fetchval(
        """
        SELECT id FROM appointment WHERE patient_id = $1 AND slot_id = $2 AND status = 'cancelled' AND id < $3
        ORDER BY id DESC LIMIT 1
        """,
        appointment.patient_id,
        appointment.slot.id,
        appointment.id,
    )
    return found
