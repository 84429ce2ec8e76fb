"""Take the next attempt that may be dialled now: look at everything again, mark it, commit. Then Asterisk is asked."""

from dataclasses import dataclass

from crm_core.consent import service as consent
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.ids import AttemptId, Linkedid
from crm_core.kernel.msisdn import national
from crm_core.patients import store as patients
from crm_core.patients.model import Patient
from crm_core.scheduling import store as appointments
from dialer import store
from dialer.attempt import Attempt, Signal, step
from dialer.service import DIALER, suppress_in
from dialer.settings import DialerSettings
from dialer.verdict import Dial, Suppress, Verdict, Wait, judge
from telephony import names
from telephony.originate import Originate

LOOKS = 100  # at so many attempts in one transaction


@dataclass(frozen=True, slots=True)
class Order:
    """An attempt that is marked `dialing`, and what Asterisk shall be asked."""

    attempt_id: AttemptId
    originate: Originate


async def claim(db: Database, settings: DialerSettings) -> Order | None:
    """None when nothing is due or no line is free."""
    async with db.transaction(DIALER) as tx:
        await store.lock_trunk(tx.conn)
        if await store.lines_in_use(tx.conn) >= settings.max_calls:
            return None
        for _ in range(LOOKS):
            attempt = await store.next_due(tx.conn, tx.now)
            if attempt is None:
                return None
            order = await _order(tx, attempt, settings)
            if order:
                return order
        return None


async def _order(tx: Tx, attempt: Attempt, settings: DialerSettings) -> Order | None:
    patient, verdict = await _judged(tx, attempt, settings)
    match verdict:
        case Wait(until):
            await store.postpone(tx.conn, attempt.id, until)
        case Suppress(rule):
            await suppress_in(tx, attempt, rule)
        case Dial() if patient:
            originate = _originate(attempt, patient.language, settings)
            step(attempt.state, Signal.DIAL)
            await store.mark_dialing(tx.conn, attempt.id, Linkedid(originate.uniqueid), tx.now)
            return Order(attempt.id, originate)
    return None


async def _judged(tx: Tx, attempt: Attempt, settings: DialerSettings) -> tuple[Patient | None, Verdict]:
    appointment = await appointments.get(tx.conn, attempt.appointment_id)
    patient = await patients.get(tx.conn, attempt.patient_id)
    if appointment is None or patient is None:
        return None, Suppress("appointment_not_open")
    if not attempt.msisdn.startswith(settings.prefixes):
        return None, Suppress("number_not_allowed")
    permission = await consent.may_contact(
        tx.conn,
        purpose=attempt.purpose,
        channel="call",
        msisdn=attempt.msisdn,
        patient_id=patient.id,
        now=tx.now,
        zone=settings.timezone,
    )
    return patient, judge(appointment, permission, has_number=attempt.msisdn in patient.phones, now=tx.now)


def _originate(attempt: Attempt, language: str, settings: DialerSettings) -> Originate:
    """Nothing about the patient but the language travels with the channel."""
    return Originate(
        interface=names.carrier_interface(national(attempt.msisdn)),
        context=names.CONTEXT_REMINDER,
        caller_id=settings.caller_id,
        ring_s=settings.ring_s,
        variables={
            names.VAR_ATTEMPT_ID: str(attempt.id),
            names.VAR_ON_MACHINE: "message" if settings.retry.is_last(attempt.number) else "hangup",
            "HCRM_LANGUAGE": language,
        },
    )
