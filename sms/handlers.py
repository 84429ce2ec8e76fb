"""Reactions inside the transaction of what happened."""

from crm_core.events import AppointmentCancelled, SmsReceived, SmsStateChanged
from crm_core.kernel.db import Tx
from crm_core.kernel.event import Subscription
from crm_core.kernel.jobs import enqueue
from sms import outbound_store
from sms.jobs import ANSWER_SMS


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
    for sms_id in await outbound_store.withdraw_of_appointment(
        tx.conn, event.appointment_id, reason="appointment cancelled"
    ):
        await tx.emit(SmsStateChanged(sms_id=sms_id, state="suppressed"))


SUBSCRIPTIONS: tuple[Subscription, ...] = ((SmsReceived, answer), (AppointmentCancelled, withdraw_reminders))
