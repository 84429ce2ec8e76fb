"""What a flow asks of the hospital, asked of the real one."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

from crm_core.calls import agents
from crm_core.calls import service as calls
from crm_core.calls.model import AgentState
from crm_core.directory import store as directory
from crm_core.directory.model import Department as DirectoryDepartment
from crm_core.kernel.actor import IVR_CALLER, Actor
from crm_core.kernel.db import Database
from crm_core.kernel.errors import ConflictError, HcrmError, InvalidInputError, NotFoundError
from crm_core.kernel.ids import AppointmentId, CallId, PatientId, SlotId
from crm_core.kernel.msisdn import parse_msisdn
from crm_core.patients import service as patients_service
from crm_core.patients import store as patients
from crm_core.patients.model import Patient
from crm_core.scheduling import lookup
from crm_core.scheduling import service as scheduling
from crm_core.scheduling import store as schedules
from crm_core.scheduling.model import Appointment as BookedAppointment
from crm_core.scheduling.model import Slot as ScheduledSlot
from ivr.facts import Appointment, Department, Person, Slot
from ivr.flow import (
    Appointments,
    Book,
    Cancel,
    Changed,
    Confirm,
    CountStaff,
    Departments,
    Done,
    Failed,
    FindByCallerId,
    FindByCard,
    FreeSlots,
    Input,
    ListDepartments,
    PatientsFound,
    Refused,
    Request,
    RequestCallback,
    Reschedule,
    SetLanguage,
    Slots,
    Staff,
    Upcoming,
)

log = logging.getLogger("ivr")

ANSWER_WITHIN_S = 5.0  # of silence, before a caller is told and sent to a person
HORIZON = timedelta(days=30)
MOST_SLOTS = 60
RULES = (ConflictError, NotFoundError, InvalidInputError)
AppointmentChange = Callable[[Database, Actor, AppointmentId, str], Awaitable[BookedAppointment]]
TAKES_CALLS = frozenset({AgentState.AVAILABLE, AgentState.RINGING, AgentState.ON_CALL, AgentState.WRAP_UP})


@dataclass(frozen=True, slots=True)
class Hospital:
    """For one call. `channel` is ivr when the patient called, call when the hospital did."""

    db: Database
    call_id: CallId
    channel: str
    zone: ZoneInfo

    async def answer(self, request: Request) -> Input:
        """Refused for a rule of the hospital; Failed when nobody can say, a missing database included."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await self._ask(request)
        except RULES as error:
            return Refused(error.code)
        except HcrmError as error:
            log.warning("a request of a flow failed", extra=self._fields(request) | {"error": error.code})
            return Failed(error.code)
        except TimeoutError:
            log.warning("a request of a flow took too long", extra=self._fields(request))
            return Failed("timeout")

    def _fields(self, request: Request) -> dict[str, str]:
        return {"call_id": str(self.call_id), "request": request.kind}

    async def _ask(self, request: Request) -> Input:
        match request:
            case FindByCallerId() | FindByCard():
                return await self._find(request)
            case ListDepartments():
                async with self.db.connection() as conn:
                    return Departments(tuple(map(department, await directory.departments(conn))))
            case FreeSlots():
                return await self._free_slots(request)
            case Upcoming(patient_id):
                return await self._upcoming(patient_id)
            case CountStaff():
                async with self.db.connection() as conn:
                    return Staff(any(agent.state in TAKES_CALLS for agent in await agents.states(conn)))
            case _:
                return await self._change(request)

    async def _change(self, request: Book | Confirm | Cancel | Reschedule | RequestCallback | SetLanguage) -> Input:
        match request:
            case Book(patient_id, slot_id):
                return await self._book(patient_id, slot_id)
            case Confirm(appointment_id):
                return await self._do(scheduling.confirm, appointment_id)
            case Cancel(appointment_id):
                return await self._do(scheduling.cancel, appointment_id)
            case Reschedule(appointment_id, slot_id):
                made = await scheduling.reschedule(self.db, IVR_CALLER, appointment_id, slot_id, self.channel)
                return Changed(appointment(made, self.zone))
            case RequestCallback(number):
                await calls.request_callback(self.db, self.call_id, parse_msisdn(number))
                return Done()
            case SetLanguage(patient_id, language):
                await patients_service.set_language(self.db, IVR_CALLER, patient_id, language)
                return Done()
            case _:
                assert_never(request)

    async def _find(self, request: FindByCallerId | FindByCard) -> Input:
        async with self.db.connection() as conn:
            match request:
                case FindByCallerId(msisdn):
                    return PatientsFound(tuple(map(person, await patients.find_by_msisdn(conn, msisdn))))
                case FindByCard(card_no, birth_date):
                    found = await patients.find_by_card(conn, card_no, birth_date)
                    return PatientsFound((person(found),) if found else ())
                case _:
                    assert_never(request)

    async def _free_slots(self, request: FreeSlots) -> Input:
        now = self.db.clock()
        async with self.db.connection() as conn:
            found = await lookup.offered(
                conn,
                request.patient_id,
                start=max(request.not_before or now, now),
                end=now + HORIZON,
                department_id=request.department_id,
                zone=self.zone,
                limit=MOST_SLOTS,
                moving=request.moving,
            )
        return Slots(tuple(slot(item, self.zone) for item in found))

    async def _upcoming(self, patient_id: PatientId) -> Input:
        async with self.db.connection() as conn:
            found = await schedules.upcoming(conn, patient_id, self.db.clock())
        return Appointments(tuple(appointment(item, self.zone) for item in found))

    async def _book(self, patient_id: PatientId, slot_id: SlotId) -> Input:
        made = await scheduling.book(self.db, IVR_CALLER, patient_id=patient_id, slot_id=slot_id, channel=self.channel)
        return Changed(appointment(made, self.zone))

    async def _do(self, change: AppointmentChange, appointment_id: AppointmentId) -> Input:
        return Changed(appointment(await change(self.db, IVR_CALLER, appointment_id, self.channel), self.zone))


def person(patient: Patient) -> Person:
    """A patient as a flow knows them."""
    return Person(id=patient.id, name=patient.name, language=patient.language.value)


def department(item: DirectoryDepartment) -> Department:
    """A department as a flow knows it."""
    return Department(id=item.id, name=item.name, name_en=item.name_en)


def slot(item: ScheduledSlot, zone: ZoneInfo) -> Slot:
    """A slot as a flow knows it: local time, practitioners as they are addressed."""
    return Slot(
        id=item.id,
        department=Department(id=item.department_id, name=item.department_name, name_en=item.department_name_en),
        practitioner=f"{item.practitioner_name}医生",
        practitioner_en=f"Doctor {item.practitioner_name_en}",
        starts_at=item.starts_at.astimezone(zone),
    )


def appointment(item: BookedAppointment, zone: ZoneInfo) -> Appointment:
    """An appointment as a flow knows it."""
    return Appointment(id=item.id, slot=slot(item.slot, zone))
