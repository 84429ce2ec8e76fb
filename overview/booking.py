"""What somebody who books for a patient chooses from: departments, their doctors, days, and one day's free times."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from crm_core.directory import store as directory
from crm_core.directory.model import Department, Practitioner
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Connection, Database, Tx
from crm_core.kernel.ids import AppointmentId, DepartmentId, PatientId, PractitionerId
from crm_core.patients import store as patients
from crm_core.patients.errors import PatientNotFoundError
from crm_core.patients.model import Patient
from crm_core.scheduling import lookup, store
from crm_core.scheduling.errors import AppointmentNotFoundError
from crm_core.scheduling.model import Appointment, Slot, Span
from crm_core.users.rights import Right, ensure
from overview import seen

OFFERED = 500  # times of one day of one department
STRIP = 14  # days of which one sees how many places are left


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """For whom, and `first`, the first of the days to choose from. `day` None: the first that has a free place.

    `move`: the appointment that is to be moved.
    """

    patient_id: PatientId
    first: date
    day: date | None = None
    department_id: DepartmentId | None = None
    practitioner_id: PractitionerId | None = None
    move: AppointmentId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """`department_id` is the one whose times these are; None in a hospital without any.

    `free`: how many places each of the days has; `slots`: those of `day`.
    """

    patient: Patient = field(repr=False)
    moved: Appointment | None
    departments: Sequence[Department]
    department_id: DepartmentId | None
    practitioners: Sequence[Practitioner]
    practitioner_id: PractitionerId | None
    free: Mapping[date, int]
    day: date
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
        chosen = wish.department_id or _likely(moved, departments)
        staff = await directory.practitioners(tx.conn, chosen) if chosen else []
        is_theirs = wish.practitioner_id in {one.id for one in staff}
        wish = replace(wish, department_id=chosen, practitioner_id=wish.practitioner_id if is_theirs else None)
        free = await _free(tx, wish)
        day = wish.day or next((one for one, left in free.items() if left), wish.first)
        return Offer(
            patient=patient,
            moved=moved,
            departments=departments,
            department_id=chosen,
            practitioners=staff,
            practitioner_id=wish.practitioner_id,
            free=free,
            day=day,
            slots=await _times(tx, wish, day),
        )


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


async def _free(tx: Tx, wish: Wish) -> dict[date, int]:
    if wish.department_id is None:
        return {}
    days = [wish.first + timedelta(days=n) for n in range(STRIP)]
    free = await lookup.free_in(
        tx.conn,
        wish.patient_id,
        [_bounds(tx, day) for day in days],
        department_id=wish.department_id,
        practitioner_id=wish.practitioner_id,
        zone=tx.zone,
        moving=wish.move,
    )
    return dict(zip(days, free, strict=True))


async def _times(tx: Tx, wish: Wish, day: date) -> list[Slot]:
    if wish.department_id is None:
        return []
    start, end = _bounds(tx, day)
    return await lookup.offered(
        tx.conn,
        wish.patient_id,
        start=start,
        end=end,
        department_id=wish.department_id,
        practitioner_id=wish.practitioner_id,
        zone=tx.zone,
        limit=OFFERED,
        moving=wish.move,
    )


def _bounds(tx: Tx, day: date) -> Span:
    """From now on, when it is today."""
    start = datetime.combine(day, time(), tx.zone)
    return max(start, tx.now), datetime.combine(day + timedelta(days=1), time(), tx.zone)
