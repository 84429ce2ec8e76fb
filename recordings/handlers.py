"""A call is over: its audio shall be sealed."""

from datetime import timedelta

from crm_core.events import CallEnded
from crm_core.kernel.db import Tx
from crm_core.kernel.event import Subscription
from crm_core.kernel.jobs import enqueue

STORE_RECORDING = "store_recording"
CLOSING_TAKES = timedelta(seconds=3)  # Asterisk closes the files after the hang-up


async def seal_later(event: CallEnded, tx: Tx) -> None:
    """Give Asterisk the time to close its files."""
    call_id = str(event.call_id)
    await enqueue(
        tx.conn,
        STORE_RECORDING,
        {"call_id": call_id},
        now=tx.now,
        run_after=tx.now + CLOSING_TAKES,
        dedupe_key=f"{STORE_RECORDING}:{call_id}",
    )


SUBSCRIPTIONS: tuple[Subscription, ...] = ((CallEnded, seal_later),)
