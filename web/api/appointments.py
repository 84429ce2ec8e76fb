"""`/departments`, `/practitioners`, `/slots` and `/appointments`."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field

from crm_core.directory import store as directory
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Connection, Database
from crm_core.kernel.errors import InvalidInputError, NotFoundError
from crm_core.kernel.ids import AppointmentId, DepartmentId, PatientId, PractitionerId, SlotId
from crm_core.scheduling import service, store
from crm_core.scheduling.model import Appointment, Channel, Slot, Status
from crm_core.users.rights import Right
from web.api import cursor
from web.api.endpoint import Ask, Endpoint, Model, NoBody, NoQuery, Page, PageQuery

LONGEST_SPAN = timedelta(days=92)


class DepartmentOut(BaseModel):
    """Where patients are seen."""

    id: int
    code: str
    name: str
    name_en: str


class PractitionerOut(BaseModel):
    """Who sees patients."""

    id: int
    department_id: int
    name: str
    name_en: str
    title: str
    title_en: str


class SlotOut(BaseModel):
    """A bookable time; `free` of `capacity` places are left."""

    id: int
    start: AwareDatetime
    end: AwareDatetime
    department: str
    department_id: int
    practitioner: str
    practitioner_id: int
    capacity: int
    free: int

    @classmethod
    def of(cls, slot: Slot) -> "SlotOut":
        """From the schedule."""
        return cls(
            id=slot.id,
            start=slot.starts_at,
            end=slot.ends_at,
            department=slot.department_name,
            department_id=slot.department_id,
            practitioner=slot.practitioner_name,
            practitioner_id=slot.practitioner_id,
            capacity=slot.capacity,
            free=slot.free,
        )


class AppointmentOut(BaseModel):
    """One patient's place in a slot."""

    id: int
    patient_id: int
    slot_id: int
    slot: SlotOut
    start: AwareDatetime
    status: Status
    channel: Channel
    booked_at: AwareDatetime
    confirmed_at: AwareDatetime | None
    cancelled_at: AwareDatetime | None
    moved_from_id: int | None

    @classmethod
    def of(cls, appointment: Appointment) -> "AppointmentOut":
        """From the book of appointments."""
        return cls(
            id=appointment.id,
            patient_id=appointment.patient_id,
            slot_id=appointment.slot.id,
            slot=SlotOut.of(appointment.slot),
            start=appointment.slot.starts_at,
            status=appointment.status,
            channel=appointment.channel,
            booked_at=appointment.booked_at,
            confirmed_at=appointment.confirmed_at,
            cancelled_at=appointment.cancelled_at,
            moved_from_id=appointment.moved_from_id,
        )


DepartmentPage = Page[DepartmentOut]
PractitionerPage = Page[PractitionerOut]
SlotPage = Page[SlotOut]
AppointmentPage = Page[AppointmentOut]


class PractitionersQuery(Model):
    """All, or one department's."""

    department: int | None = None


class SlotsQuery(PageQuery):
    """By default from now, for 14 days. `department` is an id or a code."""

    department: str = ""
    practitioner: int | None = None
    from_: AwareDatetime | None = Field(default=None, alias="from")
    to: AwareDatetime | None = None
    free: bool = False


class AppointmentsQuery(PageQuery):
    """Newest booking first."""

    patient_id: int | None = None
    status: Status | None = None


class BookIn(Model):
    """`channel` is how the patient asked."""

    patient_id: int
    slot_id: int
    channel: Channel = Channel.API


class RescheduleIn(Model):
    """Where to."""

    slot_id: int


class RemindIn(Model):
    """By what way."""

    channel: Literal["sms", "call"]


class Reminder(BaseModel):
    """What was set going: the id of the SMS or of the attempt."""

    channel: Literal["sms", "call"]
    id: int


async def departments(ask: Ask[NoQuery, NoBody]) -> DepartmentPage:
    """In the order of the menus."""
    async with ask.deps.db.connection() as conn:
        found = await directory.departments(conn)
    return DepartmentPage(items=[DepartmentOut(id=d.id, code=d.code, name=d.name, name_en=d.name_en) for d in found])


async def practitioners(ask: Ask[PractitionersQuery, NoBody]) -> PractitionerPage:
    """Who works now."""
    wanted = ask.query.department
    async with ask.deps.db.connection() as conn:
        found = await directory.practitioners(conn, None if wanted is None else DepartmentId(wanted))
    return PractitionerPage(items=[PractitionerOut.model_validate(p, from_attributes=True) for p in found])


async def slots(ask: Ask[SlotsQuery, NoBody]) -> SlotPage:
    """By time."""
    query, now = ask.query, ask.deps.db.clock()
    start = query.from_ or now
    end = query.to or start + timedelta(days=14)
    if not start <= end <= start + LONGEST_SPAN:
        raise InvalidInputError("`to` must be after `from` and at most 92 days later", field="to")
    after = cursor.number(query.after)
    async with ask.deps.db.connection() as conn:
        found = await store.slots(
            conn,
            start=start,
            end=end,
            department_id=await _department(conn, query.department),
            practitioner_id=None if query.practitioner is None else PractitionerId(query.practitioner),
            free_only=query.free,
            limit=query.limit,
            after=None if after is None else SlotId(after),
        )
    return SlotPage(items=[SlotOut.of(slot) for slot in found], next=cursor.following(found, query.limit))


async def _department(conn: Connection, wanted: str) -> DepartmentId | None:
    if not wanted:
        return None
    for department in await directory.departments(conn):
        if wanted in {str(department.id), department.code, department.name, department.name_en}:
            return department.id
    raise NotFoundError("no such department")


async def book(ask: Ask[NoQuery, BookIn]) -> AppointmentOut:
    """409 when the slot is full."""
    return AppointmentOut.of(
        await service.book(
            ask.deps.db,
            ask.actor,
            patient_id=PatientId(ask.body.patient_id),
            slot_id=SlotId(ask.body.slot_id),
            channel=ask.body.channel,
        )
    )


async def find(ask: Ask[AppointmentsQuery, NoBody]) -> AppointmentPage:
    """Newest booking first."""
    query, after = ask.query, cursor.number(ask.query.after)
    async with ask.deps.db.connection() as conn:
        found = await store.page(
            conn,
            patient_id=None if query.patient_id is None else PatientId(query.patient_id),
            status=query.status,
            limit=query.limit,
            after=None if after is None else AppointmentId(after),
        )
    return AppointmentPage(items=[AppointmentOut.of(one) for one in found], next=cursor.following(found, query.limit))


async def show(ask: Ask[NoQuery, NoBody]) -> AppointmentOut:
    """One appointment."""
    async with ask.deps.db.connection() as conn:
        found = await store.get(conn, AppointmentId(ask.id()))
    if found is None:
        raise NotFoundError("no such appointment")
    return AppointmentOut.of(found)


Verb = Callable[[Database, Actor, AppointmentId, str], Awaitable[Appointment]]


def _one_step(verb: Verb) -> Callable[[Ask[NoQuery, NoBody]], Awaitable[AppointmentOut]]:
    async def handle(ask: Ask[NoQuery, NoBody]) -> AppointmentOut:
        return AppointmentOut.of(await verb(ask.deps.db, ask.actor, AppointmentId(ask.id()), Channel.API))

    return handle


async def reschedule(ask: Ask[NoQuery, RescheduleIn]) -> AppointmentOut:
    """Both or nothing; answers the new appointment."""
    new_slot = SlotId(ask.body.slot_id)
    return AppointmentOut.of(
        await service.reschedule(ask.deps.db, ask.actor, AppointmentId(ask.id()), new_slot, Channel.API)
    )


async def remind(ask: Ask[NoQuery, RemindIn]) -> Reminder:
    """A text or a call; 409 with the rule when consent forbids it."""
    appointment_id = AppointmentId(ask.id())
    if ask.body.channel == "sms":
        return Reminder(channel="sms", id=await ask.deps.reminders.by_sms(ask.actor, appointment_id))
    return Reminder(channel="call", id=await ask.deps.reminders.by_call(ask.actor, appointment_id))


_BOOK = Right.BOOK
_SEE = Right.SEE_PATIENTS
ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/departments",
        right=_SEE,
        handle=departments,
        response=DepartmentPage,
        summary="Departments",
    ),
    Endpoint(
        method="GET",
        path="/practitioners",
        right=_SEE,
        handle=practitioners,
        query=PractitionersQuery,
        response=PractitionerPage,
        summary="Practitioners",
    ),
    Endpoint(
        method="GET",
        path="/slots",
        right=_SEE,
        handle=slots,
        query=SlotsQuery,
        response=SlotPage,
        problems=(404,),
        summary="Bookable times",
    ),
    Endpoint(
        method="POST",
        path="/appointments",
        right=_BOOK,
        handle=book,
        body=BookIn,
        response=AppointmentOut,
        status=201,
        problems=(404, 409),
        summary="Book a place",
    ),
    Endpoint(
        method="GET",
        path="/appointments",
        right=_SEE,
        handle=find,
        query=AppointmentsQuery,
        response=AppointmentPage,
        summary="Appointments",
    ),
    Endpoint(
        method="GET",
        path="/appointments/{id}",
        right=_SEE,
        handle=show,
        response=AppointmentOut,
        problems=(404,),
        summary="One appointment",
    ),
    Endpoint(
        method="POST",
        path="/appointments/{id}/confirm",
        right=_BOOK,
        handle=_one_step(service.confirm),
        response=AppointmentOut,
        problems=(404, 409),
        summary="The patient will come",
    ),
    Endpoint(
        method="POST",
        path="/appointments/{id}/cancel",
        right=_BOOK,
        handle=_one_step(service.cancel),
        response=AppointmentOut,
        problems=(404, 409),
        summary="Free the place",
    ),
    Endpoint(
        method="POST",
        path="/appointments/{id}/reschedule",
        right=_BOOK,
        handle=reschedule,
        body=RescheduleIn,
        response=AppointmentOut,
        problems=(404, 409),
        summary="Move to another slot",
    ),
    Endpoint(
        method="POST",
        path="/appointments/{id}/remind",
        right=_BOOK,
        handle=remind,
        body=RemindIn,
        response=Reminder,
        status=202,
        problems=(404, 409, 502),
        summary="Remind the patient by SMS or call",
    ),
)
