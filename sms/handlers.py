"""Reactions inside the transaction of what happened."""

from crm_core.events import AppointmentBooked, AppointmentCancelled, SmsReceived, SmsThreadGiven, TaskChanged
from crm_core.kernel.db import Tx
from crm_core.kernel.event import Subscription
from crm_core.kernel.jobs import enqueue
from crm_core.scheduling.model import Channel
from crm_core.tasks.model import TaskKind
from sms import outbound_store, store, thread_store
from sms.happened import state_changed
from sms.jobs import ANSWER_SMS, TELL_PATIENT
from sms.model import SmsState
from sms.news import GRACE


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


async def withdraw_news(event: AppointmentBooked, tx: Tx) -> None:
    """Who has the same time again is not told any more that it was cancelled."""
    withdrawn = await outbound_store.withdraw_cancellation(
        tx.conn, event.patient_id, event.slot_id, reason="appointment_booked_again"
    )
    for sms in await store.many(tx.conn, withdrawn):
        await tx.emit(state_changed(sms, SmsState.SUPPRESSED))


async def tell_patient(event: AppointmentBooked | AppointmentCancelled, tx: Tx) -> None:
    """In a minute, so that what is undone at once is not told. A move is one piece of news, its second half's."""
    is_first_half = isinstance(event, AppointmentCancelled) and event.is_move
    if event.channel not in TOLD or is_first_half:
        return
    await enqueue(
        tx.conn,
        TELL_PATIENT,
        {"appointment_id": event.appointment_id},
        now=tx.now,
        run_after=tx.now + GRACE,
        dedupe_key=f"{TELL_PATIENT}:{event.appointment_id}:{type(event).__name__}",
    )


# Who books by text is answered there; another system tells the patient itself.
TOLD = frozenset({Channel.AGENT, Channel.IVR, Channel.CALL})
SUBSCRIPTIONS: tuple[Subscription, ...] = (
    (SmsReceived, answer),
    (AppointmentCancelled, withdraw_reminders),
    (AppointmentCancelled, tell_patient),
    (AppointmentBooked, withdraw_news),
    (AppointmentBooked, tell_patient),
    (TaskChanged, hand_over),
)
