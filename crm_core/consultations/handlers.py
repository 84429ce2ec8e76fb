"""Who asked as a stranger and registers later is recognised by their number."""

from crm_core.consultations import service
from crm_core.events import PatientChanged, PatientRegistered
from crm_core.kernel.db import Tx
from crm_core.kernel.event import Subscription


async def claim(event: PatientRegistered | PatientChanged, tx: Tx) -> None:
    """Only what was asked from a number that nobody else has."""
    await service.claim_in(tx, event.patient_id)


SUBSCRIPTIONS: tuple[Subscription, ...] = ((PatientRegistered, claim), (PatientChanged, claim))
