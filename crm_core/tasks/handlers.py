"""A caller nobody answered is called back."""

from crm_core.events import CallMissed
from crm_core.kernel.db import Tx
from crm_core.kernel.event import Subscription
from crm_core.tasks import service, store
from crm_core.tasks.model import TaskKind


async def call_back_who_was_missed(event: CallMissed, tx: Tx) -> None:
    """Unless the number is withheld, or the caller left a voicemail: who hears it calls back."""
    ref = f"calls/{event.call_id}"
    if event.caller is None or await store.has_open(tx.conn, TaskKind.HEAR_VOICEMAIL, ref):
        return
    await service.open_in(tx, TaskKind.CALL_BACK, event.caller, ref, event.patient_id)


SUBSCRIPTIONS: tuple[Subscription, ...] = ((CallMissed, call_back_who_was_missed),)
