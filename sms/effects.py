"""What a conversation asks for, done in the transaction of the message that asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from crm_core.directory import store as directory
from crm_core.kernel.db import Tx
from crm_core.kernel.errors import ConflictError, HcrmError, NotFoundError
from crm_core.kernel.ids import AppointmentId, PatientId
from crm_core.patients.model import Patient
from crm_core.scheduling import lookup
from crm_core.scheduling import service as booking_desk
from crm_core.scheduling import store as scheduling
from crm_core.scheduling.model import Appointment, Slot
from sms.conversations.model import (
    PAGE,
    Answer,
    AppointmentChoice,
    Appointments,
    Book,
    Cancel,
    Confirm,
    DepartmentChoice,
    Departments,
    Done,
    Effect,
    Fact,
    FindAppointments,
    FindDepartments,
    FindSlots,
    Move,
    Refused,
    SlotChoice,
    Slots,
)

AHEAD = timedelta(days=14)
CHANNEL = "sms"
MAX_DEPARTMENTS = 12


class UnexpectedEffectError(Exception):
    """An answer is sent, not performed."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Whose conversation it is, and in which transaction."""

    tx: Tx
    people: Sequence[Patient]
    patient_id: PatientId | None
    moving: AppointmentId | None = None

    async def perform(self, effect: Effect) -> Fact:
        """Do it and say how it went; what is refused leaves no trace."""
        match effect:
            case FindDepartments():
                return await self._departments()
            case FindSlots():
                return await self._slots(effect)
            case FindAppointments():
                return await self._appointments(effect.patient_ids)
            case Book() | Move() | Cancel() | Confirm():
                return await self._change(effect)
            case Answer():
                raise UnexpectedEffectError("an answer is sent, not performed")
            case _:
                assert_never(effect)

    async def _change(self, effect: Book | Move | Cancel | Confirm) -> Fact:
        try:
            async with self.tx.conn.transaction():
                await _do(self.tx, effect)
        except (ConflictError, NotFoundError) as error:
            return Refused(_code(error))
        return Done()

    async def _departments(self) -> Departments:
        found = []
        for department in await directory.departments(self.tx.conn):
            free = await scheduling.slots(
                self.tx.conn,
                department_id=department.id,
                start=self.tx.now,
                end=self.tx.now + AHEAD,
                free_only=True,
                limit=1,
            )
            if free:
                found.append(
                    DepartmentChoice(department.id, department.name, department.name_en, tuple(department.keywords))
                )
        return Departments(tuple(found[:MAX_DEPARTMENTS]))

    async def _slots(self, effect: FindSlots) -> Slots:
        """Free times that this patient may have."""
        found = await lookup.offered(
            self.tx.conn,
            self.patient_id,
            department_id=effect.department_id,
            start=max(self.tx.now, effect.window.start) if effect.window else self.tx.now,
            end=effect.window.end if effect.window else self.tx.now + AHEAD,
            zone=self.tx.zone,
            limit=PAGE + 1,
            moving=self.moving,
            after=await scheduling.place_of(self.tx.conn, effect.after) if effect.after else None,
        )
        free = [_slot(slot) for slot in found]
        return Slots(tuple(free[:PAGE]), has_more=len(free) > PAGE)

    async def _appointments(self, patient_ids: Sequence[PatientId]) -> Appointments:
        names = {patient.id: patient.name for patient in self.people}
        open_ones = [
            appointment
            for patient_id in patient_ids
            for appointment in await scheduling.upcoming(self.tx.conn, patient_id, self.tx.now)
        ]
        open_ones.sort(key=lambda appointment: (appointment.slot.starts_at, appointment.id))
        return Appointments(tuple(_appointment(known, names.get(known.patient_id, "")) for known in open_ones))


async def _do(tx: Tx, effect: Book | Move | Cancel | Confirm) -> None:
    match effect:
        case Book(patient_id, slot_id):
            await booking_desk.book_in(tx, patient_id=patient_id, slot_id=slot_id, channel=CHANNEL)
        case Move(appointment_id, slot_id):
            await booking_desk.reschedule_in(tx, appointment_id, slot_id, CHANNEL)
        case Cancel(appointment_id):
            await booking_desk.cancel_in(tx, appointment_id, CHANNEL)
        case Confirm(appointment_id):
            await booking_desk.confirm_in(tx, appointment_id, CHANNEL)
        case _:
            assert_never(effect)


def _code(error: HcrmError) -> str:
    return error.code


def _slot(slot: Slot) -> SlotChoice:
    return SlotChoice(slot.id, slot.starts_at, slot.practitioner_name, slot.practitioner_name_en)


def _appointment(appointment: Appointment, name: str) -> AppointmentChoice:
    return AppointmentChoice(
        appointment.id, appointment.patient_id, name, appointment.slot.department_id, _slot(appointment.slot)
    )
