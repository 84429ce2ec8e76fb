"""Reactions of telephony to what happens in the hospital."""

from crm_core.events import AgentStateChanged
from crm_core.kernel.db import Tx
from crm_core.kernel.event import Subscription
from crm_core.kernel.jobs import enqueue
from telephony.jobs import SYNC_QUEUE_MEMBER


async def follow_agent(event: AgentStateChanged, tx: Tx) -> None:
    """The queue rings those who are available, and nobody else."""
    await enqueue(tx.conn, SYNC_QUEUE_MEMBER, {"user_id": event.user_id}, now=tx.now, priority=10)


SUBSCRIPTIONS: tuple[Subscription, ...] = ((AgentStateChanged, follow_agent),)
