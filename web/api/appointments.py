"""`/slots` and `/appointments`."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field

from crm_core.kernel.actor import Actor
from crm_core.kernel.cursor import Cursor, by_id, cut, parse
from crm_core.kernel.db import Database
from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import AppointmentId, PatientId, PractitionerId, SlotId
from crm_core.kernel.once import once_outside
from crm_core.scheduling import lookup, service
from crm_core.scheduling.model import Appointment, Channel, SessionKind, Slot, Status
from crm_core.users.rights import Right
from web.api.endpoint import Ask, Endpoint, Model, NoBody, NoQuery, Page, PageQuery
from web.values import Flag, Id, Line, Moment

LONGEST_SPAN = timedelta(days=92)


class SlotOut(BaseModel):
    """A bookable time; `free` of `capacity` places are left."""

    id: int
    start: AwareDatetime
    end: AwareDatetime
    department: str
    department_id: int
    practitioner: str
    practitioner_id: int
    title: str
    kind: SessionKind
    fee: int | None = Field(description="fen; null when it is not known")
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
            title=slot.practitioner_title,
            kind=slot.kind,
            fee=slot.fee,
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


SlotPage = Page[SlotOut]
AppointmentPage = Page[AppointmentOut]


class SlotsQuery(PageQuery):
    """By default from now, for 14 days. `department` is an id or a code."""

    department: Line = ""
    practitioner: Id | None = None
    from_: Moment | None = Field(default=None, alias="from")
    to: Moment | None = None
    free: Flag = False


class AppointmentsQuery(PageQuery):
    """Newest booking first."""

    patient_id: Id | None = None
    status: Status | None = None


class BookIn(Model):
    """`channel` is how the patient asked."""

    patient_id: Id
    slot_id: Id
    channel: Channel = Channel.API


class RescheduleIn(Model):
    """Where to."""

    slot_id: Id


class RemindIn(Model):
    """By what way."""

    channel: Literal["sms", "call"]


class Reminder(BaseModel):
    """What was set going: the id of the SMS or of the attempt."""

    channel: Literal["sms", "call"]
    id: int


async def slots(ask: Ask[SlotsQuery, NoBody]) -> SlotPage:
    """By time."""
    query = ask.query
    start = query.from_ or ask.deps.db.clock()
    end = query.to or start + timedelta(days=14)
    if not start <= end <= start + LONGEST_SPAN:
        raise InvalidInputError("`to` must be after `from` and at most 92 days later", field="to")
    found = await lookup.slots(
        ask.deps.db,
        start=start,
        end=end,
        department=query.department,
        practitioner_id=None if query.practitioner is None else PractitionerId(query.practitioner),
        free_only=query.free,
        limit=query.limit,
        after=parse(query.place),
    )
    return SlotPage.of(cut(found, query.limit, lambda slot: Cursor(slot.starts_at, str(slot.id))), SlotOut.of)


async def book(ask: Ask[NoQuery, BookIn]) -> AppointmentOut:
    """409 when the slot is full."""
    return AppointmentOut.of(
        await service.book(
            ask.deps.db,
            ask.actor,
            patient_id=PatientId(ask.body.patient_id),
            slot_id=SlotId(ask.body.slot_id),
            channel=ask.body.channel,
            wish=ask.wish,
        )
    )


async def find(ask: Ask[AppointmentsQuery, NoBody]) -> AppointmentPage:
    """Newest booking first."""
    query, after = ask.query, parse(ask.query.place)
    found = await lookup.appointments(
        ask.deps.db,
        ask.actor,
        patient_id=None if query.patient_id is None else PatientId(query.patient_id),
        status=query.status,
        limit=query.limit,
        after=None if after is None else AppointmentId(after.alone),
    )
    return AppointmentPage.of(cut(found, query.limit, lambda one: by_id(one.id)), AppointmentOut.of)


async def show(ask: Ask[NoQuery, NoBody]) -> AppointmentOut:
    """One appointment."""
    return AppointmentOut.of(await lookup.appointment(ask.deps.db, ask.actor, AppointmentId(ask.id())))


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
    by = ask.deps.reminders.by_sms if ask.body.channel == "sms" else ask.deps.reminders.by_call
    made = await once_outside(ask.deps.db, ask.actor, ask.wish, lambda: by(ask.actor, appointment_id))
    return Reminder(channel=ask.body.channel, id=made)


_BOOK = Right.BOOK
_SEE = Right.SEE_PATIENTS
ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/slots",
        right=Right.SEE_SCHEDULE,
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
        location="/appointments/{id}",
        is_once=True,
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
        is_once=True,
        problems=(404, 409, 502),
        summary="Remind the patient by SMS or call",
    ),
)
