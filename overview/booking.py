"""What somebody who books for a patient chooses from: departments, and the free times of one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from crm_core.directory import store as directory
from crm_core.directory.model import Department
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Connection, Database, Tx
from crm_core.kernel.ids import AppointmentId, DepartmentId, PatientId
from crm_core.patients import store as patients
from crm_core.patients.errors import PatientNotFoundError
from crm_core.patients.model import Patient
from crm_core.scheduling import lookup, store
from crm_core.scheduling.errors import AppointmentNotFoundError
from crm_core.scheduling.model import Appointment, Slot
from crm_core.users.rights import Right, ensure
from overview import seen

OFFERED = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """For whom, and times in [start, end). `move`: the appointment that is to be moved."""

    patient_id: PatientId
    start: datetime
    end: datetime
    department_id: DepartmentId | None = None
    move: AppointmentId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """`department_id` is the one whose times these are; None in a hospital without any."""

    patient: Patient = field(repr=False)
    moved: Appointment | None
    departments: Sequence[Department]
    department_id: DepartmentId | None
    slots: Sequence[Slot]


async def offer(db: Database, actor: Actor, wish: Wish) -> Offer:
    """Raises ForbiddenError, PatientNotFoundError, AppointmentNotFoundError when `move` is not this patient's."""
    ensure(actor, Right.BOOK)
    async with db.transaction(actor) as tx:
        patient = await patients.get(tx.conn, wish.patient_id)
        if patient is None:
            raise PatientNotFoundError("no such patient")
        await seen.patient(tx, patient.id, again=True)
        moved = await _moved(tx.conn, wish)
        departments = await directory.departments(tx.conn)
        department_id = wish.department_id or _likely(moved, departments)
        slots = await _free(tx, wish, department_id) if department_id else []
        return Offer(patient=patient, moved=moved, departments=departments, department_id=department_id, slots=slots)


async def _moved(conn: Connection, wish: Wish) -> Appointment | None:
    if wish.move is None:
        return None
    found = await store.get(conn, wish.move)
    if found is None or found.patient_id != wish.patient_id:
        raise AppointmentNotFoundError("no such appointment of this patient")
    return found


def _likely(moved: Appointment | None, departments: Sequence[Department]) -> DepartmentId | None:
    if moved:
        return moved.slot.department_id
    return departments[0].id if departments else None


async def _free(tx: Tx, wish: Wish, department_id: DepartmentId) -> list[Slot]:
    return await lookup.offered(
        tx.conn,
        wish.patient_id,
        start=max(wish.start, tx.now),
        end=wish.end,
        department_id=department_id,
        zone=tx.zone,
        limit=OFFERED,
        moving=wish.move,
    )
