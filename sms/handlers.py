"""Reactions inside the transaction of what happened."""

from crm_core.events import AppointmentCancelled, SmsReceived, SmsThreadGiven, TaskChanged
from crm_core.kernel.db import Tx
from crm_core.kernel.event import Subscription
from crm_core.kernel.jobs import enqueue
from crm_core.tasks.model import TaskKind
from sms import outbound_store, store, thread_store
from sms.happened import state_changed
from sms.jobs import ANSWER_SMS
from sms.model import SmsState


async def answer(event: SmsReceived, tx: Tx) -> None:
    """Somebody or something answers it."""
    await enqueue(
        tx.conn,
        ANSWER_SMS,
        {"sms_id": event.sms_id},
        now=tx.now,
        dedupe_key=f"{ANSWER_SMS}:{event.sms_id}",
        priority=10,
    )


async def withdraw_reminders(event: AppointmentCancelled, tx: Tx) -> None:
    """Nobody is reminded of what will not be."""
    withdrawn = await outbound_store.withdraw_of_appointment(
        tx.conn, event.appointment_id, reason="appointment cancelled"
    )
    for sms in await store.many(tx.conn, withdrawn):
        await tx.emit(state_changed(sms, SmsState.SUPPRESSED))


async def hand_over(event: TaskChanged, tx: Tx) -> None:
    """Whoever has the task of answering looks after the conversation."""
    if event.kind != TaskKind.ANSWER_SMS or event.msisdn is None:
        return
    thread_id = await thread_store.set_owner(tx.conn, event.msisdn, event.user_id)
    if thread_id is not None:
        await tx.emit(SmsThreadGiven(thread_id=thread_id))


SUBSCRIPTIONS: tuple[Subscription, ...] = (
    (SmsReceived, answer),
    (AppointmentCancelled, withdraw_reminders),
    (TaskChanged, hand_over),
)
