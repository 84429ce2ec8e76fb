"""Reactions inside the transaction of what happened."""

from crm_core.events import AppointmentCancelled, SmsReceived
from crm_core.kernel.db import Tx
from crm_core.kernel.event import Subscription
from crm_core.kernel.jobs import enqueue
from sms import outbound_store, store
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


SUBSCRIPTIONS: tuple[Subscription, ...] = ((SmsReceived, answer), (AppointmentCancelled, withdraw_reminders))
