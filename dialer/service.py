"""Somebody shall be called: by a person's wish, or by itself on the day before."""

import logging
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from crm_core.consent import service as consent
from crm_core.events import AttemptPlanned, AttemptSuppressed
from crm_core.kernel import audit
from crm_core.kernel.actor import Actor, ActorKind
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.errors import DatabaseUnavailableError, HcrmError
from crm_core.kernel.ids import AppointmentId, AttemptId, Msisdn
from crm_core.patients import store as patients
from crm_core.scheduling import store as appointments
from crm_core.scheduling.errors import AppointmentNotFoundError
from crm_core.scheduling.model import Appointment
from dialer import store
from dialer.attempt import Attempt, Signal, State, step
from dialer.errors import CallForbiddenError
from dialer.verdict import Suppress, Verdict, Wait, judge

log = logging.getLogger("dialer")

DIALER = Actor(ActorKind.SYSTEM, "dialer")
PURPOSE = "care"
CHANNEL = "call"


async def remind(
    db: Database,
    actor: Actor,
    appointment_id: AppointmentId,
    *,
    timezone: ZoneInfo,
) -> AttemptId:
    """Call this patient about this appointment: now, or when the hour allows it, as the attempt's `not_before` says.

    A try that was planned for later is brought forward. Raises AppointmentNotFoundError, CallForbiddenError(rule).
    """
    async with db.transaction(actor) as tx:
        appointment = await appointments.lock(tx.conn, appointment_id)
        if appointment is None:
            raise AppointmentNotFoundError("no such appointment")
        msisdn, verdict = await _judged(tx, appointment, timezone)
        if msisdn is None:
            raise CallForbiddenError("no_phone")
        if isinstance(verdict, Suppress):
            raise CallForbiddenError(verdict.rule)
        if await store.waits_for_a_person(tx.conn, appointment_id):
            raise CallForbiddenError("outcome_unknown")
        return await _plan_or_hasten(tx, appointment, msisdn, _moment(verdict, tx.now))


async def _judged(tx: Tx, appointment: Appointment, timezone: ZoneInfo) -> tuple[Msisdn | None, Verdict]:
    patient = await patients.get(tx.conn, appointment.patient_id)
    msisdn = patient.phones[0] if patient and patient.phones else None
    permission = await consent.may_contact(
        tx.conn,
        purpose=PURPOSE,
        channel=CHANNEL,
        msisdn=msisdn or Msisdn(""),
        patient_id=appointment.patient_id,
        now=tx.now,
        zone=timezone,
    )
    return msisdn, judge(appointment, permission, has_number=True, now=tx.now)


def _moment(verdict: Verdict, now: datetime) -> datetime:
    return verdict.until if isinstance(verdict, Wait) else now


async def _plan_or_hasten(tx: Tx, appointment: Appointment, msisdn: Msisdn, at: datetime) -> AttemptId:
    earlier = await store.of_appointment(tx.conn, appointment.id)
    waiting = next((attempt for attempt in earlier if attempt.is_open), None)
    if waiting is None:
        return await plan_in(tx, appointment, msisdn, at)
    if waiting.state is not State.PLANNED or waiting.not_before <= at:
        raise CallForbiddenError("attempt_open")
    await store.postpone(tx.conn, waiting.id, at)
    await audit.record(tx, "hasten reminder call", "appointment", appointment.id, detail={"attempt_id": waiting.id})
    await tx.emit(_planned(waiting.id, appointment))
    return waiting.id


async def plan_in(tx: Tx, appointment: Appointment, msisdn: Msisdn, at: datetime, *, by: str = "") -> AttemptId:
    """The next try. `by` is who asked for the first one, else the actor."""
    attempt_id = await store.insert(
        tx.conn,
        appointment_id=appointment.id,
        patient_id=appointment.patient_id,
        msisdn=msisdn,
        purpose=PURPOSE,
        requested_by=by or tx.actor.name,
        not_before=at,
        now=tx.now,
    )
    await audit.record(tx, "plan reminder call", "appointment", appointment.id, detail={"attempt_id": attempt_id})
    await tx.emit(_planned(attempt_id, appointment))
    return attempt_id


def _planned(attempt_id: AttemptId, appointment: Appointment) -> AttemptPlanned:
    return AttemptPlanned(
        attempt_id=attempt_id,
        appointment_id=appointment.id,
        patient_id=appointment.patient_id,
        starts_at=appointment.slot.starts_at,
    )


async def suppress_in(tx: Tx, attempt: Attempt, rule: str) -> None:
    """A planned try is not made."""
    await store.mark_over(tx.conn, attempt.id, step(attempt.state, Signal.FORBID), rule, tx.now)
    await tx.emit(
        AttemptSuppressed(
            attempt_id=attempt.id,
            appointment_id=attempt.appointment_id,
            rule=rule,
            patient_id=attempt.patient_id,
            starts_at=await appointment_time(tx, attempt),
        )
    )


async def appointment_time(tx: Tx, attempt: Attempt) -> datetime | None:
    """When the appointment is that the attempt is about: pages show both on that day."""
    appointment = await appointments.get(tx.conn, attempt.appointment_id)
    return appointment.slot.starts_at if appointment else None


async def plan_reminders(db: Database, now: datetime, *, timezone: ZoneInfo, after_booking: timedelta) -> int:
    """Plan a call for each of tomorrow's appointments that is not confirmed and was never tried: once per appointment.

    Nobody is reminded of what they booked less than `after_booking` ago. One that cannot be planned does not stop the
    others. Answers how many are planned.
    """
    start, end = tomorrow(now, timezone)
    async with db.connection() as conn:
        waiting = await store.never_tried(conn, start, end, booked_before=now - after_booking)
    planned = 0
    for appointment_id in waiting:
        try:
            planned += await _plan_by_itself(db, appointment_id, timezone)
        except DatabaseUnavailableError:
            raise
        except HcrmError as error:
            log.warning("reminder not planned", extra={"appointment_id": appointment_id, "error": error.code})
    return planned


def tomorrow(now: datetime, timezone: ZoneInfo) -> tuple[datetime, datetime]:
    """The hospital's next day, from midnight to midnight."""
    day = now.astimezone(timezone).date() + timedelta(days=1)
    midnight = datetime.combine(day, time(), timezone)
    return midnight, datetime.combine(day + timedelta(days=1), time(), timezone)


async def _plan_by_itself(db: Database, appointment_id: AppointmentId, timezone: ZoneInfo) -> bool:
    async with db.transaction(DIALER) as tx:
        appointment = await appointments.lock(tx.conn, appointment_id)
        if appointment is None or await store.of_appointment(tx.conn, appointment_id):
            return False
        msisdn, verdict = await _judged(tx, appointment, timezone)
        if msisdn is None:
            return False
        attempt_id = await plan_in(tx, appointment, msisdn, _moment(verdict, tx.now))
        attempt = await store.get(tx.conn, attempt_id)
        if attempt and isinstance(verdict, Suppress):
            await suppress_in(tx, attempt, verdict.rule)
        return not isinstance(verdict, Suppress)
