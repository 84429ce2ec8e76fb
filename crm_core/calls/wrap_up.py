"""Wrap-up has a limit: then the agent is what they chose to be, and the call waits for its result in a list."""

import asyncio
from datetime import timedelta

from crm_core.calls import agent_store, agents
from crm_core.calls.model import AgentSignal, AgentState
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.db import Database

EVERY_S = 1.0


async def keep_ending(db: Database, limit: timedelta) -> None:
    """Long-lived; of several processes each."""
    while True:
        await end_overdue(db, limit)
        await asyncio.sleep(EVERY_S)


async def end_overdue(db: Database, limit: timedelta) -> int:
    """Of everybody who is in wrap-up for `limit`; how many."""
    async with db.connection() as conn:
        found = await agent_store.find(conn)
    began = db.clock() - limit
    late = [one for one in found if one.state is AgentState.WRAP_UP and one.since and one.since <= began]
    for agent in late:
        async with db.transaction(SYSTEM) as tx:
            if agent.call_id is not None:
                await agents.signal(tx, agent.user_id, AgentSignal.WRAP_UP_OVER, agent.call_id)
    return len(late)
