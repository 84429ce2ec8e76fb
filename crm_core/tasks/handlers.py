"""A caller nobody answered is called back; who asked and has their answer waits no more."""

from crm_core.events import CallMissed, ConsultationClosed
from crm_core.kernel.db import Tx
from crm_core.kernel.event import Subscription
from crm_core.tasks import service, store
from crm_core.tasks.model import TaskKind
from crm_core.tasks.rules import Talk


async def call_back_who_was_missed(event: CallMissed, tx: Tx) -> None:
    """Unless the number is withheld, or the caller left a voicemail: who hears it calls back."""
    ref = f"calls/{event.call_id}"
    if event.caller is None or await store.has_open(tx.conn, TaskKind.HEAR_VOICEMAIL, ref):
        return
    await service.open_in(tx, TaskKind.CALL_BACK, event.caller, ref, event.patient_id)


async def settle_what_was_asked(event: ConsultationClosed, tx: Tx) -> None:
    """The answer was given, by whatever way."""
    what = f"consultations/{event.consultation_id}"
    await service.settle_in(tx, Talk.ANSWERED, event.msisdn, what, patient_id=event.patient_id)


SUBSCRIPTIONS: tuple[Subscription, ...] = (
    (CallMissed, call_back_who_was_missed),
    (ConsultationClosed, settle_what_was_asked),
)
