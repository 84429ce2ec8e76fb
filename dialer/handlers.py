"""What calls and appointments mean for attempts."""

from crm_core.calls import store as calls
from crm_core.events import AppointmentCancelled, AppointmentConfirmed, AttemptAnswered, CallEnded
from crm_core.kernel.db import Tx
from crm_core.kernel.event import Subscription
from dialer import outcomes, store
from dialer.retry import RetryRule
from dialer.service import suppress_in


async def forget_cancelled(event: AppointmentCancelled, tx: Tx) -> None:
    """Nobody is reminded of an appointment that is not."""
    planned = await store.planned_for(tx.conn, event.appointment_id)
    if planned:
        await suppress_in(tx, planned, "appointment_cancelled")


async def forget_confirmed(event: AppointmentConfirmed, tx: Tx) -> None:
    """Who has said they will come is not called for it."""
    planned = await store.planned_for(tx.conn, event.appointment_id)
    if planned:
        await suppress_in(tx, planned, "appointment_confirmed")


async def note_answer(event: AttemptAnswered, tx: Tx) -> None:
    """A human or a machine picked up."""
    attempt = await store.lock(tx.conn, event.attempt_id)
    if attempt:
        await outcomes.answered_in(tx, attempt, by=event.by, call_id=event.call_id)


def subscriptions(rule: RetryRule) -> tuple[Subscription, ...]:
    """All reactions, trying again by this rule."""

    async def close_attempt(event: CallEnded, tx: Tx) -> None:
        call = await calls.get(tx.conn, event.call_id)
        if call is None:
            return
        found = await store.of_call(tx.conn, call.id, call.linkedid, call.attempt_id)
        attempt = await store.lock(tx.conn, found.id) if found else None
        if attempt:
            await outcomes.ended_in(tx, attempt, call, rule)

    return (
        (AppointmentCancelled, forget_cancelled),
        (AppointmentConfirmed, forget_confirmed),
        (AttemptAnswered, note_answer),
        (CallEnded, close_attempt),
    )


SUBSCRIPTIONS: tuple[Subscription, ...] = subscriptions(RetryRule())
