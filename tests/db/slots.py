"""One practitioner and their slots: what the tests of bookings share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from crm_core import events
from crm_core.directory import store as directory
from crm_core.kernel.actor import IVR_CALLER, SYSTEM
from crm_core.kernel.db import Database, Tx, open_database
from crm_core.kernel.errors import HcrmError
from crm_core.kernel.event import Event
from crm_core.kernel.ids import AppointmentId, DepartmentId, PatientId, PractitionerId, SlotId
from crm_core.patients import service as patients
from crm_core.patients.model import NewPatient
from crm_core.scheduling import service

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
TOMORROW = NOON + timedelta(days=1)


@dataclass
class Hospital:
    db: Database
    department: DepartmentId
    practitioner: PractitionerId
    slots: list[SlotId]
    happened: list[Event]
    now: datetime = NOON

    async def patient(self, name: str = "张三丰") -> PatientId:
        return (await patients.register(self.db, SYSTEM, NewPatient(name=name))).id

    async def book(self, patient: PatientId, slot: int = 0) -> AppointmentId:
        booked = await service.book(self.db, IVR_CALLER, patient_id=patient, slot_id=self.slots[slot], channel="ivr")
        return booked.id


@asynccontextmanager
async def open_hospital(url: str) -> AsyncIterator[Hospital]:
    """One practitioner, four slots of half an hour tomorrow, one place each."""
    happened: list[Event] = []

    async def note(event: Event, tx: Tx) -> None:
        happened.append(event)

    kinds = (events.AppointmentBooked, events.AppointmentConfirmed, events.AppointmentCancelled)
    async with open_database(url, subscriptions=[(kind, note) for kind in kinds]) as db:
        async with db.transaction(SYSTEM) as tx:
            department = await directory.put_department(tx.conn, code="gyn", name="妇科", name_en="Gynaecology")
            doctor = await directory.put_practitioner(tx.conn, department, name="林巧", name_en="Lin Qiao")
            end = TOMORROW + timedelta(hours=2, minutes=20)
            slots = await service.open_schedule(tx, doctor, TOMORROW, end, 30, 1)
        found = Hospital(db, department, doctor, slots, happened)
        db.clock = lambda: found.now
        yield found


async def colleague(hospital: Hospital, start: datetime, *, minutes: int = 30) -> list[SlotId]:
    """Times of somebody else in the same department."""
    async with hospital.db.transaction(SYSTEM) as tx:
        name = f"医生{start:%d%H%M}"
        doctor = await directory.put_practitioner(tx.conn, hospital.department, name=name, name_en=name)
        return await service.open_schedule(tx, doctor, start, start + timedelta(hours=2), minutes, 1)


async def outcome(hospital: Hospital, patient: PatientId, slot: SlotId) -> str:
    try:
        await service.book(hospital.db, IVR_CALLER, patient_id=patient, slot_id=slot, channel="ivr")
    except HcrmError as error:
        return error.code
    return "booked"
