"""Reactions of telephony to what happens in the hospital."""

from datetime import timedelta

from crm_core.calls.agents import AWAY_AFTER
from crm_core.events import AgentStateChanged, DeskLineChanged
from crm_core.kernel.db import Tx
from crm_core.kernel.event import Subscription
from crm_core.kernel.jobs import enqueue
from telephony.jobs import LEAVE_DESK, SYNC_QUEUE_MEMBER

CLOCKS_DIFFER = timedelta(seconds=5)


async def follow_agent(event: AgentStateChanged, tx: Tx) -> None:
    """The queue rings those who are available, and nobody else."""
    await enqueue(tx.conn, SYNC_QUEUE_MEMBER, {"user_id": event.user_id}, now=tx.now, priority=10)


async def follow_line(event: DeskLineChanged, tx: Tx) -> None:
    """Who closed the page without going offline is offline after a while; the job looks whether they came back."""
    if not event.is_up:
        run_after = tx.now + AWAY_AFTER + CLOCKS_DIFFER
        await enqueue(tx.conn, LEAVE_DESK, {"user_id": event.user_id}, now=tx.now, run_after=run_after)


SUBSCRIPTIONS: tuple[Subscription, ...] = ((AgentStateChanged, follow_agent), (DeskLineChanged, follow_line))
