"""Several of the hospital speak with one patient: a colleague is let in, and who is left goes on."""

from datetime import datetime

from crm_core.calls import agents, leg_store, store
from crm_core.calls.model import AgentSignal, CallState
from crm_core.calls.service import TELEPHONY
from crm_core.calls.store import Which
from crm_core.events import CallConnected
from crm_core.kernel.db import Database


async def joined(db: Database, which: Which, desk: str, *, at: datetime | None = None) -> None:
    """Whoever sits at this desk hears the patient too; whose call it is stays as it was."""
    async with db.transaction(TELEPHONY, at=at) as tx:
        call, agent = await store.lock(tx.conn, which), await agents.by_desk(tx.conn, desk)
        if call is None or agent is None or call.state is CallState.ENDED:
            return
        if await agents.signal(tx, agent.user_id, AgentSignal.CONNECTED, call.id):
            await leg_store.begin(tx.conn, call.id, agent.user_id, tx.now)
            await tx.emit(CallConnected(call_id=call.id, user_id=agent.user_id, queue=call.queue))


async def goes_on_with(db: Database, which: Which, left: str, stays: str, *, at: datetime | None = None) -> bool:
    """The desk whose call it was has hung up, another one stays with the patient: now it is theirs."""
    async with db.transaction(TELEPHONY, at=at) as tx:
        call = await store.lock(tx.conn, which)
        before, after = await agents.by_desk(tx.conn, left), await agents.by_desk(tx.conn, stays)
        if call is None or before is None or after is None or call.state is CallState.ENDED:
            return False
        if call.agent_id != before.user_id or after.user_id == before.user_id:
            return False
        if await agents.signal(tx, after.user_id, AgentSignal.CONNECTED, call.id):
            await leg_store.begin(tx.conn, call.id, after.user_id, tx.now)
        await store.mark_connected(tx.conn, call.id, CallState.TALKING, after.user_id, tx.now)
        await tx.emit(CallConnected(call_id=call.id, user_id=after.user_id, queue=call.queue))
        return True
