"""Open schedules; book, confirm, cancel and move appointments.

The slot's row is locked while a place is given out, and a unique index forbids two people on one place whatever
happens. The patient's row is locked before it: what else they have does not change while it is looked at. Every change
writes the patient's timeline and an audit row, and tells the others by an event.
"""

from datetime import datetime

import asyncpg

from crm_core.events import AppointmentBooked, AppointmentCancelled, AppointmentConfirmed, AppointmentSettled
from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import AppointmentId, PatientId, PractitionerId, SlotId
from crm_core.kernel.once import Wish, made, made_before
from crm_core.patients import timeline
from crm_core.patients.errors import PatientNotFoundError
from crm_core.patients.timeline_code import TimelineCode
from crm_core.scheduling import limit_store, rules, schedule_store, store
from crm_core.scheduling.errors import (
    AlreadyBookedError,
    AppointmentNotFoundError,
    ScheduleOverlapsError,
    SlotFullError,
    SlotNotFoundError,
    SlotOverError,
)
from crm_core.scheduling.model import Appointment, Channel, SessionKind, Slot, Status


async def open_schedule(
    tx: Tx,
    practitioner_id: PractitionerId,
    start: datetime,
    end: datetime,
    slot_minutes: int,
    capacity: int,
    *,
    kind: SessionKind = SessionKind.GENERAL,
    fee: int | None = None,
) -> list[SlotId]:
    """One session of a practitioner, cut into slots. Safe to repeat: what exists stays, only new slots come back.

    Raises ScheduleOverlapsError, after which the transaction must not be committed.
    """
    times = rules.slot_times(start, end, slot_minutes)
    try:
        schedule = await schedule_store.put_schedule(tx.conn, practitioner_id, start=start, end=end, kind=kind, fee=fee)
        if schedule is None:
            return []
        schedule_id, department_id = schedule
        return await schedule_store.put_slots(
            tx.conn, schedule_id, practitioner_id, department_id, times, capacity=capacity
        )
    except asyncpg.ExclusionViolationError:
        raise ScheduleOverlapsError("the practitioner has another session then") from None


async def book(
    db: Database, actor: Actor, *, patient_id: PatientId, slot_id: SlotId, channel: str, wish: Wish | None = None
) -> Appointment:
    """Take a place, one for each wish.

    Raises SlotNotFound-, SlotOver-, SlotFull-, AlreadyBooked-, Overlaps-, TooManyADay- and PatientNotFoundError.
    """
    async with db.transaction(actor) as tx:
        known = await made_before(tx, wish)
        if known is not None:
            return await _loaded(tx, AppointmentId(known))
        appointment = await book_in(tx, patient_id=patient_id, slot_id=slot_id, channel=channel)
        await made(tx, wish, appointment.id)
        return appointment


async def book_in(tx: Tx, *, patient_id: PatientId, slot_id: SlotId, channel: str) -> Appointment:
    """The same inside a caller's transaction."""
    return await _take_place(tx, patient_id, slot_id, _channel(channel), moved_from_id=None)


async def _take_place(
    tx: Tx, patient_id: PatientId, slot_id: SlotId, channel: Channel, *, moved_from_id: AppointmentId | None
) -> Appointment:
    person = await store.lock_patient(tx.conn, patient_id)
    if person is None:
        raise PatientNotFoundError("no such patient")
    await store.lock_slots(tx.conn, [slot_id])
    place = await _place(tx, person, await store.slot(tx.conn, slot_id))
    try:
        appointment_id = await store.insert(
            tx.conn,
            patient_id=person,
            slot_id=slot_id,
            place=place,
            channel=channel,
            booked_by=tx.actor.name,
            now=tx.now,
            moved_from_id=moved_from_id,
        )
    except asyncpg.UniqueViolationError:
        raise SlotFullError("the slot is full") from None
    appointment = await _loaded(tx, appointment_id)
    await _tell_booked(tx, appointment)
    return appointment


async def _place(tx: Tx, patient_id: PatientId, slot: Slot | None, *, moving: AppointmentId | None = None) -> int:
    """A free place in a slot that is locked, for a patient who is locked."""
    if slot is None or slot.is_stopped:
        raise SlotNotFoundError("no such slot")
    if slot.starts_at <= tx.now:
        raise SlotOverError("the slot has begun")
    existing = await store.open_in_slot(tx.conn, patient_id, slot.id)
    if existing is not None:
        raise AlreadyBookedError(existing)
    place = rules.free_place(slot.capacity, await store.taken_places(tx.conn, slot.id))
    if place is None:
        raise SlotFullError("the slot is full")
    await _ensure_fits(tx, patient_id, slot, moving)
    return place


async def _ensure_fits(tx: Tx, patient_id: PatientId, slot: Slot, moving: AppointmentId | None) -> None:
    held = await store.held(tx.conn, patient_id, since=slot.starts_at - rules.DAY)
    others = [span for appointment_id, span in held if appointment_id != moving]
    most = await limit_store.most_a_day(tx.conn)
    rules.ensure_fits(others, (slot.starts_at, slot.ends_at), most=most, zone=tx.zone)


async def confirm(db: Database, actor: Actor, appointment_id: AppointmentId, channel: str) -> Appointment:
    """The patient will come. Repeating it changes nothing. Raises AppointmentNotOpenError, AppointmentOverError."""
    async with db.transaction(actor) as tx:
        return await confirm_in(tx, appointment_id, channel)


async def confirm_in(tx: Tx, appointment_id: AppointmentId, channel: str) -> Appointment:
    """The same inside a caller's transaction."""
    by = _channel(channel)
    appointment = await _locked(tx, appointment_id)
    if appointment.status is Status.CONFIRMED:
        return appointment
    rules.ensure_open(appointment, tx.now)
    await store.mark_confirmed(tx.conn, appointment_id, now=tx.now)
    await audit.record(tx, "confirm appointment", "appointment", appointment_id, detail={"channel": by})
    await _add_to_timeline(tx, appointment, TimelineCode.CONFIRMED)
    await tx.emit(
        AppointmentConfirmed(
            appointment_id=appointment_id,
            patient_id=appointment.patient_id,
            slot_id=appointment.slot.id,
            starts_at=appointment.slot.starts_at,
        )
    )
    return await _loaded(tx, appointment_id)


async def cancel(db: Database, actor: Actor, appointment_id: AppointmentId, channel: str) -> Appointment:
    """The place is free again. Repeating it changes nothing. Raises AppointmentNotOpenError, AppointmentOverError."""
    async with db.transaction(actor) as tx:
        return await cancel_in(tx, appointment_id, channel)


async def cancel_in(tx: Tx, appointment_id: AppointmentId, channel: str) -> Appointment:
    """The same inside a caller's transaction."""
    by = _channel(channel)
    appointment = await _locked(tx, appointment_id)
    if appointment.status is Status.CANCELLED:
        return appointment
    rules.ensure_open(appointment, tx.now)
    await _give_back(tx, appointment, by, is_move=False)
    return await _loaded(tx, appointment_id)


async def settle(db: Database, actor: Actor, appointment_id: AppointmentId, status: Status) -> Appointment:
    """On the day or later: the patient came, did not come, or neither (`BOOKED`: what was said was a mistake).

    Repeating it changes nothing. Raises AppointmentNotFound-, AppointmentAhead-, AppointmentNotOpenError.
    """
    async with db.transaction(actor) as tx:
        appointment = await _locked(tx, appointment_id)
        wanted = rules.settled(appointment, status, tx.now, tx.zone)
        if appointment.status is wanted:
            return appointment
        await store.mark_settled(tx.conn, appointment_id, wanted)
        await audit.record(tx, "settle appointment", "appointment", appointment_id, detail={"status": wanted})
        await _add_to_timeline(tx, appointment, _SETTLED.get(wanted, TimelineCode.EXPECTED))
        await tx.emit(
            AppointmentSettled(
                appointment_id=appointment_id,
                patient_id=appointment.patient_id,
                slot_id=appointment.slot.id,
                starts_at=appointment.slot.starts_at,
                status=wanted,
            )
        )
        return await _loaded(tx, appointment_id)


_SETTLED = {
    Status.ARRIVED: TimelineCode.ARRIVED,
    Status.NOSHOW: TimelineCode.NOSHOW,
}


async def rebook(db: Database, actor: Actor, appointment_id: AppointmentId, channel: str) -> Appointment:
    """Undo of a cancellation: the same time once more, when nobody else has taken it. Raises what `book` raises."""
    async with db.transaction(actor) as tx:
        old = await _loaded(tx, appointment_id)
        return await book_in(tx, patient_id=old.patient_id, slot_id=old.slot.id, channel=channel)


async def _give_back(tx: Tx, appointment: Appointment, channel: Channel, *, is_move: bool) -> None:
    action = "move appointment" if is_move else "cancel appointment"
    await store.mark_cancelled(tx.conn, appointment.id, by=tx.actor.name, now=tx.now)
    await audit.record(tx, action, "appointment", appointment.id, detail={"channel": channel})
    await _add_to_timeline(tx, appointment, TimelineCode.MOVED if is_move else TimelineCode.CANCELLED)
    await tx.emit(
        AppointmentCancelled(
            appointment_id=appointment.id,
            patient_id=appointment.patient_id,
            slot_id=appointment.slot.id,
            starts_at=appointment.slot.starts_at,
            is_move=is_move,
            channel=channel,
        )
    )


async def reschedule(
    db: Database, actor: Actor, appointment_id: AppointmentId, slot_id: SlotId, channel: str
) -> Appointment:
    """Both or nothing: when the new slot is full or over, the old place is kept. Returns the new appointment.

    To the slot it is in: unchanged. A repeated move returns what the first one made.
    """
    async with db.transaction(actor) as tx:
        return await reschedule_in(tx, appointment_id, slot_id, channel)


async def reschedule_in(tx: Tx, appointment_id: AppointmentId, slot_id: SlotId, channel: str) -> Appointment:
    """The same inside a caller's transaction, which must not be committed after an error."""
    by = _channel(channel)
    appointment = await _locked(tx, appointment_id)
    done = await store.moved_to(tx.conn, appointment_id, slot_id)
    if done is not None:
        return await _loaded(tx, done)
    rules.ensure_open(appointment, tx.now)
    if appointment.slot.id == slot_id:
        return appointment
    await store.lock_patient(tx.conn, appointment.patient_id)
    await store.lock_slots(tx.conn, [appointment.slot.id, slot_id])
    wanted = await store.slot(tx.conn, slot_id)
    await _place(tx, appointment.patient_id, wanted, moving=appointment_id)  # fail before anything is written
    await _give_back(tx, appointment, by, is_move=True)
    return await _take_place(tx, appointment.patient_id, slot_id, by, moved_from_id=appointment_id)


def _channel(text: str) -> Channel:
    try:
        return Channel(text)
    except ValueError:
        raise InvalidInputError("no such channel", field="channel") from None


async def _locked(tx: Tx, appointment_id: AppointmentId) -> Appointment:
    appointment = await store.lock(tx.conn, appointment_id)
    if appointment is None:
        raise AppointmentNotFoundError("no such appointment")
    return appointment


async def _loaded(tx: Tx, appointment_id: AppointmentId) -> Appointment:
    appointment = await store.get(tx.conn, appointment_id)
    if appointment is None:
        raise AppointmentNotFoundError("no such appointment")
    return appointment


async def _tell_booked(tx: Tx, appointment: Appointment) -> None:
    await audit.record(
        tx,
        "book appointment",
        "appointment",
        appointment.id,
        detail={"channel": appointment.channel, "slot_id": appointment.slot.id},
    )
    await _add_to_timeline(tx, appointment, TimelineCode.BOOKED)
    await tx.emit(
        AppointmentBooked(
            appointment_id=appointment.id,
            patient_id=appointment.patient_id,
            slot_id=appointment.slot.id,
            starts_at=appointment.slot.starts_at,
            is_move=appointment.moved_from_id is not None,
            channel=appointment.channel,
        )
    )


async def _add_to_timeline(tx: Tx, appointment: Appointment, code: TimelineCode) -> None:
    slot = appointment.slot
    args = {
        "department": slot.department_name,
        "department_en": slot.department_name_en,
        "practitioner": slot.practitioner_name,
        "practitioner_en": slot.practitioner_name_en,
        "starts_at": slot.starts_at.isoformat(),
    }
    ref = f"appointments/{appointment.id}"
    await timeline.add(tx, appointment.patient_id, tx.now, code, args, ref)
