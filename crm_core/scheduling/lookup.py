"""Who looks at slots and appointments. Slots say nothing of patients; whose appointments were read is audited by id."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from crm_core.directory import store as directory
from crm_core.directory.model import Department
from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.cursor import Cursor
from crm_core.kernel.db import Connection, Database
from crm_core.kernel.errors import NotFoundError
from crm_core.kernel.ids import AppointmentId, DepartmentId, PatientId, PractitionerId
from crm_core.patients import seen
from crm_core.scheduling import limit_store, rules, schedule_store, store
from crm_core.scheduling.errors import AppointmentNotFoundError
from crm_core.scheduling.model import Appointment, Slot, Span


async def slots(
    db: Database,
    *,
    start: datetime,
    end: datetime,
    department: str = "",
    practitioner_id: PractitionerId | None = None,
    free_only: bool = False,
    limit: int,
    after: Cursor | None = None,
) -> list[Slot]:
    """Beginning in [start, end), by time; one more than `limit` when there is more.

    `department` is an id, a code or a name. Raises NotFoundError.
    """
    async with db.connection() as conn:
        return await store.slots(
            conn,
            start=start,
            end=end,
            department_id=await _department(conn, department) if department else None,
            practitioner_id=practitioner_id,
            free_only=free_only,
            limit=limit + 1,
            after=after,
        )


async def offered(
    conn: Connection,
    patient_id: PatientId | None,
    *,
    start: datetime,
    end: datetime,
    department_id: DepartmentId,
    practitioner_id: PractitionerId | None = None,
    zone: tzinfo,
    limit: int,
    after: Cursor | None = None,
    moving: AppointmentId | None = None,
) -> list[Slot]:
    """Free times that this patient may have, by time: no rule refuses them. None: of whom nothing is known yet.

    `moving`: the appointment that would be given up.
    """
    return await store.slots(
        conn,
        start=start,
        end=end,
        department_id=department_id,
        practitioner_id=practitioner_id,
        free_only=True,
        but=await _closed(conn, patient_id, start, zone, moving),
        limit=limit,
        after=after,
    )


async def free_in(
    conn: Connection,
    patient_id: PatientId,
    spans: Sequence[Span],
    *,
    department_id: DepartmentId,
    practitioner_id: PractitionerId | None = None,
    zone: tzinfo,
    moving: AppointmentId | None = None,
) -> list[int]:
    """How many of such places each of `spans`, the earliest first, has."""
    return await schedule_store.free_in(
        conn,
        spans,
        department_id=department_id,
        practitioner_id=practitioner_id,
        but=await _closed(conn, patient_id, spans[0][0], zone, moving),
    )


async def _closed(
    conn: Connection, patient_id: PatientId | None, since: datetime, zone: tzinfo, moving: AppointmentId | None
) -> list[Span]:
    """Times that a rule would refuse this patient."""
    held = await store.held(conn, patient_id, since=since - rules.DAY) if patient_id else []
    spans = [span for appointment_id, span in held if appointment_id != moving]
    return rules.closed_times(spans, most=await limit_store.most_a_day(conn), zone=zone)


async def _department(conn: Connection, wanted: str) -> DepartmentId:
    for one in await directory.departments(conn):
        if wanted in _names(one):
            return one.id
    raise NotFoundError("no such department")


def _names(department: Department) -> Sequence[str]:
    return (str(department.id), department.code, department.name, department.name_en)


async def appointments(
    db: Database,
    actor: Actor,
    *,
    patient_id: PatientId | None = None,
    status: str | None = None,
    limit: int,
    after: AppointmentId | None = None,
) -> list[Appointment]:
    """Newest booking first; one more than `limit` when there is more."""
    async with db.transaction(actor) as tx:
        found = await store.page(tx.conn, patient_id=patient_id, status=status, limit=limit + 1, after=after)
        await seen.listed(tx, "appointment", [one.patient_id for one in found[:limit]], {})
        return found


async def appointment(db: Database, actor: Actor, appointment_id: AppointmentId) -> Appointment:
    """One. Raises AppointmentNotFoundError."""
    async with db.transaction(actor) as tx:
        found = await store.get(tx.conn, appointment_id)
        if found is None:
            raise AppointmentNotFoundError("no such appointment")
        await audit.record(
            tx, "view appointment", "appointment", appointment_id, detail={"patient_id": found.patient_id}
        )
        return found
