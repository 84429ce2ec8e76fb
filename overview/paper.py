"""What is printed: the appointments of a whole day, and the slip that one patient takes home."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crm_core.directory import store as directory
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database
from crm_core.kernel.ids import AppointmentId, Msisdn, PatientId
from crm_core.patients import store as patients
from crm_core.patients.errors import PatientNotFoundError
from crm_core.patients.model import Patient
from crm_core.scheduling import store
from crm_core.scheduling.errors import AppointmentNotFoundError
from crm_core.scheduling.model import Appointment, Status
from crm_core.users.rights import Right, ensure
from overview import seen
from overview.day import Column, Wanted, columns, names_of, numbers_of, people_of

MOST = 5_000  # on one day; a hospital with more prints its departments one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class DayList:
    """Everybody who is expected or has come, by department."""

    wanted: Wanted
    columns: Sequence[Column]
    names: Mapping[PatientId, str] = field(repr=False)
    numbers: Mapping[PatientId, Msisdn] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """One appointment and whose it is."""

    appointment: Appointment
    patient: Patient = field(repr=False)


async def day(db: Database, actor: Actor, wanted: Wanted) -> DayList:
    """Without what was cancelled, whatever status is wanted. Raises ForbiddenError."""
    ensure(actor, Right.SEE_PATIENTS)
    async with db.transaction(actor) as tx:
        every = await store.of_day(
            tx.conn,
            wanted.start,
            wanted.end,
            department_id=wanted.department_id,
            practitioner_id=wanted.practitioner_id,
            limit=MOST,
        )
        found = [one for one in every if one.status is not Status.CANCELLED]
        if found:
            await seen.day(tx, wanted.day, (*wanted.by(), "print"), [one.patient_id for one in found])
        counts = await store.counts_of_day(
            tx.conn,
            wanted.start,
            wanted.end,
            department_id=wanted.department_id,
            practitioner_id=wanted.practitioner_id,
        )
        expected = {key: count for key, count in counts.items() if key[1] is not Status.CANCELLED}
        people = await people_of(tx.conn, found)
        return DayList(
            wanted=wanted,
            columns=columns(await directory.departments(tx.conn), found, expected, None),
            names=names_of(people),
            numbers=numbers_of(people),
        )


async def slip(db: Database, actor: Actor, appointment_id: AppointmentId) -> Slip:
    """Raises ForbiddenError, AppointmentNotFoundError."""
    ensure(actor, Right.BOOK)
    async with db.transaction(actor) as tx:
        appointment = await store.get(tx.conn, appointment_id)
        if appointment is None:
            raise AppointmentNotFoundError("no such appointment")
        patient = await patients.get(tx.conn, appointment.patient_id)
        if patient is None:
            raise PatientNotFoundError("no such patient")
        await seen.patient(tx, patient.id)
        return Slip(appointment=appointment, patient=patient)
