"""Tell patients of their appointments: booked, moved or cancelled. Consent and quiet hours hold as for any text."""

from contextlib import suppress

from crm_core.kernel.actor import SYSTEM, Actor
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.ids import AppointmentId, SmsId
from crm_core.kernel.msisdn import is_landline
from crm_core.patients import store as patients
from crm_core.patients.model import Patient
from crm_core.scheduling import store as scheduling
from crm_core.scheduling.errors import AppointmentNotFoundError, AppointmentNotOpenError
from crm_core.scheduling.model import Appointment
from sms import service, store, wording
from sms.errors import ContactForbiddenError, NoPhoneError
from sms.letterhead import Letterhead
from sms.model import NewSms, Priority, Purpose, SmsState
from sms.news import NOT_TOLD, news


async def tell_by_itself(db: Database, appointment_id: AppointmentId, letterhead: Letterhead) -> None:
    """A while after it happened, what is true by then; nobody is asked, and nobody hears why not."""
    with suppress(ContactForbiddenError, NoPhoneError, AppointmentNotOpenError):
        await _tell(db, SYSTEM, appointment_id, letterhead, is_asked=False)


async def tell(db: Database, actor: Actor, appointment_id: AppointmentId, *, letterhead: Letterhead) -> SmsId:
    """Somebody wants the patient told now: once; asked again the same text comes back unless it failed.

    Raises AppointmentNotFoundError, AppointmentNotOpenError, NoPhoneError, ContactForbiddenError.
    """
    return await _tell(db, actor, appointment_id, letterhead, is_asked=True)


async def _tell(
    db: Database, actor: Actor, appointment_id: AppointmentId, letterhead: Letterhead, *, is_asked: bool
) -> SmsId:
    async with db.transaction(actor) as tx:
        appointment = await scheduling.lock(tx.conn, appointment_id)
        if appointment is None:
            raise AppointmentNotFoundError("no such appointment")
        states = await store.told_of(tx.conn, appointment_id)
        what = news(appointment, states[-1] if states else None, tx.now)
        if not what or (not is_asked and await _knows_already(tx, appointment)):
            raise AppointmentNotOpenError("there is nothing to tell")
        patient = await patients.get(tx.conn, appointment.patient_id)
        return await service.queue_in(
            tx, _text(what, appointment, patient, states, letterhead), zone=letterhead.timezone
        )


async def _knows_already(tx: Tx, appointment: Appointment) -> bool:
    """It took the place of one that was told, and the patient never heard that it was given up."""
    before = await scheduling.given_up_before(tx.conn, appointment) if appointment.is_open else None
    if before is None:
        return False
    has_heard = any(state not in NOT_TOLD for state in await store.told_of(tx.conn, before))
    gone = await store.state_of_key(tx.conn, _gone(before))
    return has_heard and (gone is None or gone in NOT_TOLD)


def _gone(appointment_id: AppointmentId) -> str:
    return f"cancelled:{appointment_id}"


def _text(
    what: str, appointment: Appointment, patient: Patient | None, states: list[SmsState], letterhead: Letterhead
) -> NewSms:
    """What is about an appointment is taken back with it; that it is cancelled is not."""
    mobile = next((one for one in patient.phones if not is_landline(one)), None) if patient else None
    if patient is None or mobile is None:
        raise NoPhoneError("the patient has no mobile number")
    is_gone = what == "cancelled"
    failed = sum(state in NOT_TOLD for state in states)
    return NewSms(
        to=mobile,
        text=wording.news(what, appointment.slot, patient.name, patient.language, letterhead),
        purpose=Purpose.CARE,
        priority=Priority.REMINDER,
        patient_id=patient.id,
        appointment_id=None if is_gone else appointment.id,
        dedupe_key=_gone(appointment.id) if is_gone else f"booked:{appointment.id}:{failed}",
    )
