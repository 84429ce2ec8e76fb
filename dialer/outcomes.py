"""What became of a call: the network's verdict, an answer, the end. Told twice or late, it does nothing."""

import logging
from datetime import timedelta

from crm_core.calls import service as calls
from crm_core.calls import store as call_store
from crm_core.calls.model import Call, Direction
from crm_core.events import AttemptAnswered, AttemptEnded
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.ids import AttemptId, CallId, Uniqueid
from crm_core.patients import timeline
from crm_core.scheduling import store as appointments
from crm_core.scheduling.model import Status
from crm_core.tasks import service as tasks
from dialer import store
from dialer.attempt import TIMELINE_CODES, Attempt, Result, Signal, hears, step
from dialer.retry import RetryRule, next_try
from dialer.service import DIALER, appointment_time, plan_in
from telephony import names
from telephony.originate import CallResult

log = logging.getLogger("dialer")

LOOK_WITHIN = timedelta(hours=2)
SAID_BY = frozenset({names.BY_HUMAN, names.BY_MACHINE})
LOST = "lost"  # the call log's word for a call Asterisk no longer knows
REFUSED = {
    CallResult.BUSY: Result.BUSY,
    CallResult.NO_ANSWER: Result.NO_ANSWER,
    CallResult.FAILED: Result.FAILED,
}


async def network_said(db: Database, attempt_id: AttemptId, verdict: CallResult, rule: RetryRule) -> None:
    """The Originate came to its end: somebody or something answered, or nobody was spoken with.

    An answer opens the call in the call log: a machine never gets as far as the menu, and has a recording too.
    """
    if verdict is CallResult.ANSWERED:
        await _open_call(db, attempt_id)
    async with db.transaction(DIALER) as tx:
        attempt = await store.lock(tx.conn, attempt_id)
        if attempt is None:
            return
        if verdict is CallResult.ANSWERED:
            await answered_in(tx, attempt, by="", call_id=None)
        elif hears(attempt.state, Signal.REFUSE):
            await _finish(tx, attempt, Signal.REFUSE, REFUSED[verdict], rule)


async def _open_call(db: Database, attempt_id: AttemptId) -> None:
    async with db.connection() as conn:
        attempt = await store.get(conn, attempt_id)
    if attempt is not None and hears(attempt.state, Signal.ANSWER):
        await calls.start(
            db,
            linkedid=attempt.linkedid,
            uniqueid=Uniqueid(attempt.linkedid),
            direction=Direction.OUT,
            caller=attempt.msisdn,
            did="",
            attempt_id=attempt_id,
        )
        await calls.answered(db, attempt.linkedid)


async def outcome_lost(db: Database, attempt_id: AttemptId) -> None:
    """Nobody can say whether the patient was reached: a person looks into it, no machine dials again."""
    async with db.transaction(DIALER) as tx:
        attempt = await store.lock(tx.conn, attempt_id)
        if attempt is not None:
            await lose_in(tx, attempt)


async def settle(db: Database, attempt_id: AttemptId, rule: RetryRule) -> None:
    """Asterisk no longer knows the channel and nobody told us: what the call log knows counts, else nobody knows."""
    async with db.transaction(DIALER) as tx:
        attempt = await store.lock(tx.conn, attempt_id)
        if attempt is None or not hears(attempt.state, Signal.END):
            return
        call = await call_store.get_by_linkedid(tx.conn, attempt.linkedid)
        result = result_of(attempt, call)
        if result in (Result.HUMAN, Result.MACHINE):
            await _finish(tx, attempt, Signal.END, result, rule, call.id if call else None)
        else:
            await lose_in(tx, attempt)


async def somebody_answered(db: Database, attempt_id: AttemptId, by: str, uniqueid: Uniqueid) -> None:
    """The dialplan says whether a human or a machine picked up; only about its own channel is it believed."""
    async with db.transaction(DIALER) as tx:
        attempt = await store.lock(tx.conn, attempt_id)
        if attempt is None or by not in SAID_BY or str(uniqueid) != str(attempt.linkedid):
            log.warning("an answer of a call that is none of ours", extra={"attempt_id": attempt_id})
            return
        call = await call_store.get_by_linkedid(tx.conn, attempt.linkedid)
        if attempt.result == by and attempt.call_id is not None:
            return
        await answered_in(tx, attempt, by=by, call_id=call.id if call else None)
        if call is not None:
            await tx.emit(
                AttemptAnswered(
                    attempt_id=attempt_id,
                    by=by,
                    call_id=call.id,
                    patient_id=attempt.patient_id,
                    starts_at=await appointment_time(tx, attempt),
                )
            )


async def answered_in(tx: Tx, attempt: Attempt, *, by: str, call_id: CallId | None) -> None:
    """`by` is "" while nobody knows yet."""
    if hears(attempt.state, Signal.ANSWER):
        await store.mark_answered(tx.conn, attempt.id, by, call_id)


async def ended_in(tx: Tx, attempt: Attempt, call: Call, rule: RetryRule) -> None:
    """The call of an attempt is over."""
    if call.answered_at is None or not hears(attempt.state, Signal.END):
        return  # the Originate's own answer says why nobody was spoken with
    result = result_of(attempt, call)
    if result is None:
        await lose_in(tx, attempt)
    else:
        await _finish(tx, attempt, Signal.END, result, rule, call.id)


def result_of(attempt: Attempt, call: Call | None) -> Result | None:
    """Who was reached, as far as attempt and call know; None when a call was lost before anything was known."""
    if attempt.result in (Result.HUMAN, Result.MACHINE):
        return Result(attempt.result)
    if call is None:
        return None
    if call.path or call.queued_at or call.connected_at:
        return Result.HUMAN
    return None if call.end_reason == LOST else Result.HUNG_UP


async def lose_in(tx: Tx, attempt: Attempt) -> None:
    """Park it for a person."""
    if not hears(attempt.state, Signal.LOSE):
        return
    await store.mark_over(tx.conn, attempt.id, step(attempt.state, Signal.LOSE), Result.UNKNOWN, tx.now)
    await tasks.open_in(
        tx,
        kind="check_outcome",
        msisdn=attempt.msisdn,
        ref=attempt.ref,
        patient_id=attempt.patient_id,
        due_at=tx.now + LOOK_WITHIN,
    )
    await _tell(tx, attempt, Result.UNKNOWN)


async def _finish(
    tx: Tx, attempt: Attempt, signal: Signal, result: Result, rule: RetryRule, call_id: CallId | None = None
) -> None:
    await store.mark_over(tx.conn, attempt.id, step(attempt.state, signal), result, tx.now, call_id)
    await _tell(tx, attempt, result)
    appointment = await appointments.get(tx.conn, attempt.appointment_id)
    if appointment is None or appointment.status is not Status.BOOKED:
        return
    starts_at = appointment.slot.starts_at
    again_at = next_try(result, number=attempt.number, now=tx.now, starts_at=starts_at, rule=rule)
    if again_at is not None:
        await plan_in(tx, appointment, attempt.msisdn, again_at, by=attempt.requested_by)


async def _tell(tx: Tx, attempt: Attempt, result: Result) -> None:
    log.info("attempt ended", extra={"attempt_id": attempt.id, "number": attempt.number, "result": result.value})
    code = TIMELINE_CODES.get(result)
    if code:
        await timeline.add(tx, attempt.patient_id, tx.now, code, {}, attempt.ref)
    await tx.emit(
        AttemptEnded(
            attempt_id=attempt.id,
            result=result,
            appointment_id=attempt.appointment_id,
            patient_id=attempt.patient_id,
            starts_at=await appointment_time(tx, attempt),
        )
    )
