"""Queue messages and remind of appointments."""

import re
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo

from crm_core.consent import service as consent
from crm_core.events import SmsQueued
from crm_core.kernel import audit
from crm_core.kernel.actor import Actor, ActorKind
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.errors import InvalidInputError, NotFoundError
from crm_core.kernel.ids import AppointmentId, Msisdn, PatientId, SmsId
from crm_core.kernel.once import Wish, made, made_before
from crm_core.patients import store as patients
from crm_core.patients.model import Patient
from crm_core.scheduling import store as scheduling
from crm_core.scheduling.errors import AppointmentNotFoundError, AppointmentNotOpenError, AppointmentOverError
from crm_core.scheduling.model import Appointment
from sms import inbound_store, segments, store, thread_store, wording
from sms.address import msisdn_of_peer
from sms.caps import CAPS, LOOK_BACK, is_capped
from sms.errors import (
    ContactForbiddenError,
    NoPhoneError,
    NotTheirNumberError,
    NoWayOutError,
    PurposeForbiddenError,
    TooLongError,
)
from sms.letterhead import Letterhead
from sms.model import NewSms, Priority, Purpose
from sms.purposes import may_send
from sms.routing import Route, preferred_modem

MAX_TEXT_SEGMENTS = 20
ANSWERABLE_FOR = timedelta(days=1)
_OPT_OUT_WORDS = re.compile(r"拒收|退订|reply\s+(STOP|R|T|TD)\b", re.IGNORECASE)


async def queue(
    db: Database,
    actor: Actor,
    *,
    to: Msisdn,
    text: str,
    purpose: str,
    patient_id: PatientId | None = None,
    appointment_id: AppointmentId | None = None,
    priority: int | None = None,
    dedupe_key: str | None = None,
    is_reply: bool = False,
    reply_to: SmsId | None = None,
    not_before: datetime | None = None,
    zone: tzinfo,
    wish: Wish | None = None,
) -> SmsId:
    """Queue one message, one for each wish. With a known `dedupe_key` the message queued first comes back.

    `is_reply`: the patient wrote within the last day; quiet hours and refusals do not hold back an answer.
    Raises ContactForbiddenError(rule), PurposeForbiddenError, NotTheirNumberError, InvalidInputError.

    In quiet hours, which begin and end on the clock of `zone`, it waits for the next window.
    """
    why = purpose_of(purpose)
    usual = Priority.CONVERSATION if is_reply else priority_of(why)
    new = NewSms(
        to=to,
        text=text,
        purpose=why,
        priority=usual if priority is None else Priority(priority),
        patient_id=patient_id,
        appointment_id=appointment_id,
        dedupe_key=dedupe_key,
        reply_to=reply_to,
        is_reply=is_reply,
        not_before=not_before,
    )
    try:
        return await _queue_once(db, actor, new, zone, wish)
    except PurposeForbiddenError:
        await note_refusal(db, actor, new.purpose)
        raise


async def _queue_once(db: Database, actor: Actor, new: NewSms, zone: tzinfo, wish: Wish | None) -> SmsId:
    async with db.transaction(actor) as tx:
        known = await made_before(tx, wish)
        if known is not None:
            return SmsId(known)
        sms_id = await queue_in(tx, new, zone=zone)
        await made(tx, wish, sms_id)
        return sms_id


async def note_refusal(db: Database, actor: Actor, purpose: Purpose) -> None:
    """Of a purpose this role does not write for; the transaction that asked is gone."""
    async with db.connection() as conn:
        await audit.write(conn, actor, "queue sms", "sms", outcome="refused", detail={"purpose": purpose.value})


async def queue_in(tx: Tx, new: NewSms, *, zone: tzinfo, routes: tuple[Route, ...] = ()) -> SmsId:
    """The same inside a caller's transaction."""
    if not may_send(tx.actor, new.purpose):
        raise PurposeForbiddenError("this role does not write for this purpose")
    check_text(new.text, new.purpose)
    if msisdn_of_peer(new.to) is None:
        raise InvalidInputError("not a subscriber's number", field="to")
    if new.dedupe_key is not None and (known := await store.by_dedupe_key(tx.conn, new.dedupe_key)):
        return known
    new = await _as_answer(tx, new)
    await _check_whose_number(tx, new)
    not_before = await _first_moment(tx, new, zone)
    await _check_caps(tx, new)
    sms_id = await store.insert_out(
        tx.conn,
        new,
        modem=await _preferred_modem(tx, new, routes),
        not_before=not_before,
        actor=tx.actor,
        now=tx.now,
    )
    if sms_id is None:  # somebody else was faster with this key
        return await _known(tx, new.dedupe_key or "")
    await audit.record(tx, "queue sms", "sms", sms_id, detail={"purpose": new.purpose.value})
    thread_id = await thread_store.id_with(tx.conn, new.to)
    await tx.emit(SmsQueued(sms_id=sms_id, thread_id=thread_id, patient_id=new.patient_id))
    return sms_id


def check_text(text: str, purpose: Purpose) -> None:
    """Raises InvalidInputError for texts that cannot or must not be sent."""
    if not text.strip():
        raise InvalidInputError("the text is empty", field="text")
    if "\0" in text:
        raise InvalidInputError("the text holds a NUL", field="text")
    try:
        size = segments.size(text)
    except ValueError:
        raise InvalidInputError("the text cannot be sent", field="text") from None
    if size.segments > MAX_TEXT_SEGMENTS:
        raise TooLongError(f"the text is longer than {MAX_TEXT_SEGMENTS} segments", field="text")
    if purpose is Purpose.MARKETING and not _names_sender_and_way_out(text):
        raise NoWayOutError("marketing names the sender in 【】 and a word to refuse", field="text")


def _names_sender_and_way_out(text: str) -> bool:
    has_name = re.search(r"【[^】]+】|^\[[^\]]+\]", text) is not None
    return has_name and _OPT_OUT_WORDS.search(text) is not None


async def remind_by_sms(db: Database, actor: Actor, appointment_id: AppointmentId, *, letterhead: Letterhead) -> SmsId:
    """Remind the patient of an appointment, once: asked again, the same message comes back unless it failed.

    Raises AppointmentNotFoundError, AppointmentNotOpenError, AppointmentOverError, NoPhoneError, ContactForbiddenError.
    """
    async with db.transaction(actor) as tx:
        appointment, patient = await _open_appointment(tx, appointment_id)
        failed = await store.reminders_that_failed(tx.conn, appointment_id)
        new = NewSms(
            to=patient.phones[0],
            text=wording.reminder(appointment.slot, patient.name, patient.language, letterhead),
            purpose=Purpose.CARE,
            priority=Priority.REMINDER,
            patient_id=patient.id,
            appointment_id=appointment_id,
            dedupe_key=f"remind:{appointment_id}:{failed}",
        )
        return await queue_in(tx, new, zone=letterhead.timezone)


async def _open_appointment(tx: Tx, appointment_id: AppointmentId) -> tuple[Appointment, Patient]:
    appointment = await scheduling.lock(tx.conn, appointment_id)
    if appointment is None:
        raise AppointmentNotFoundError("no such appointment")
    if not appointment.is_open:
        raise AppointmentNotOpenError("the appointment is not open")
    if appointment.slot.starts_at <= tx.now:
        raise AppointmentOverError("the appointment has begun")
    patient = await patients.get(tx.conn, appointment.patient_id)
    if patient is None or not patient.phones:
        raise NoPhoneError("the patient has no number")
    return appointment, patient


async def _as_answer(tx: Tx, new: NewSms) -> NewSms:
    """An answer names what it answers: the newest text of the last day unless told. Without one it is no answer."""
    if not new.is_reply and new.reply_to is None:
        return new
    reply_to = new.reply_to or await store.newest_in(tx.conn, new.to, since=tx.now - ANSWERABLE_FOR)
    return replace(new, reply_to=reply_to, is_reply=reply_to is not None)


async def _check_whose_number(tx: Tx, new: NewSms) -> None:
    """What stands on a patient's timeline went to their number. An answer goes to who wrote, for whomever."""
    if new.patient_id is None or new.reply_to is not None:
        return
    patient = await patients.get(tx.conn, new.patient_id)
    if patient is None:
        raise InvalidInputError("no such patient", field="patient_id")
    if new.to not in patient.phones:
        raise NotTheirNumberError("this is not a number of this patient")


async def _check_caps(tx: Tx, new: NewSms) -> None:
    """Raises ContactForbiddenError("frequency_cap"). One at a time per person, so that two cannot both be the first."""
    if new.is_reply or not CAPS[new.purpose]:
        return
    await inbound_store.lock_peer(tx.conn, new.to)
    sent = await store.times_sent(tx.conn, new.to, new.purpose, since=tx.now - LOOK_BACK)
    if is_capped(new.purpose, tx.now, sent, by_machine=tx.actor.kind is ActorKind.SYSTEM):
        raise ContactForbiddenError("frequency_cap")


async def _first_moment(tx: Tx, new: NewSms, zone: tzinfo) -> datetime:
    """When it may leave at the earliest; the worker asks again when it does."""
    wanted = max(new.not_before or tx.now, tx.now)
    permission = await consent.may_contact(
        tx.conn,
        purpose=new.purpose.value,
        channel="sms",
        msisdn=new.to,
        patient_id=new.patient_id,
        now=wanted,
        is_reply=new.is_reply,
        zone=zone,
    )
    if permission.not_before is None and not permission.allowed:
        raise ContactForbiddenError(permission.rule)
    return max(wanted, permission.not_before or wanted)


async def _preferred_modem(tx: Tx, new: NewSms, routes: tuple[Route, ...]) -> str:
    asked = await store.get(tx.conn, new.reply_to) if new.reply_to else None
    return preferred_modem(new.to, came_by=asked.modem if asked else "", routes=routes)


async def _known(tx: Tx, dedupe_key: str) -> SmsId:
    known = await store.by_dedupe_key(tx.conn, dedupe_key)
    if known is None:
        raise NotFoundError("the message with this key is gone")
    return known


def priority_of(purpose: Purpose) -> Priority:
    """Of what is no answer."""
    return Priority.BULK if purpose is Purpose.MARKETING else Priority.REMINDER


def purpose_of(text: str) -> Purpose:
    """Raises InvalidInputError."""
    try:
        return Purpose(text)
    except ValueError:
        raise InvalidInputError("no such purpose", field="purpose") from None
