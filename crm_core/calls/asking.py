"""An agent asks a colleague about the call they are in, before they hand it over or not.

The colleague sees whose call it is about. It is theirs only when the two are joined: `service.connected` reports that.
"""

from collections.abc import Container
from datetime import datetime

from crm_core.calls import agent_store, agents, own
from crm_core.calls.errors import NotInCallError, NotYourCallError
from crm_core.calls.model import AgentSignal, AgentState, CallState
from crm_core.calls.service import TELEPHONY
from crm_core.events import AgentRang
from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.ids import CallId, Uniqueid
from crm_core.users.rights import Right, ensure


async def asked(db: Database, by_desk: str, desk: str, *, at: datetime | None = None) -> None:
    """A desk rings another one. Nothing but a call between colleagues when nobody waits at the first."""
    async with db.transaction(TELEPHONY, at=at) as tx:
        asking = await agent_store.by_desk(tx.conn, by_desk)
        agent = await agent_store.by_desk(tx.conn, desk)
        if asking is None or agent is None or asking.call_id is None or asking.asked_by is not None:
            return
        if asking.state is AgentState.ON_CALL and await agents.signal(
            tx, agent.user_id, AgentSignal.ASKED, asking.call_id, asked_by=asking.user_id
        ):
            await tx.emit(AgentRang(call_id=asking.call_id, user_id=agent.user_id))


async def answered(db: Database, desk: str, *, at: datetime | None = None) -> None:
    """The two colleagues speak."""
    async with db.transaction(TELEPHONY, at=at) as tx:
        await _tell(tx, desk, AgentSignal.ASK_ANSWERED)


async def over(db: Database, desk: str, *, at: datetime | None = None) -> None:
    """Not answered, or spoken; who was asked is what they were before."""
    async with db.transaction(TELEPHONY, at=at) as tx:
        await _tell(tx, desk, AgentSignal.ASK_OVER)


async def over_but(db: Database, living: Container[str]) -> None:
    """After a time in which nothing was heard: only desks that have a channel are still being asked."""
    async with db.transaction(TELEPHONY) as tx:
        for agent in await agent_store.states(tx.conn):
            if agent.asked_by is not None and agent.desk and agent.desk not in living:
                await _tell(tx, agent.desk, AgentSignal.ASK_OVER)


async def to_let_in(db: Database, actor: Actor, call_id: CallId) -> tuple[Uniqueid, str, str]:
    """The patient's channel, this agent's desk and that of the colleague they ask and have reached.

    Raises ForbiddenError, CallNotFoundError, NotYourCallError, NotInCallError. It is written down.
    """
    ensure(actor, Right.TAKE_CALLS)
    async with db.transaction(actor) as tx:
        call = (await own.ensure(tx.conn, actor, call_id)).call
        if call.agent_id != actor.user_id or call.state is not CallState.TALKING:
            raise NotYourCallError("you are not in this call")
        here = await agent_store.find(tx.conn, call_id=call_id)
        agent = next((one for one in here if one.user_id == actor.user_id), None)
        asked = [one for one in here if one.asked_by == actor.user_id and one.state is AgentState.ON_CALL]
        if agent is None or not agent.desk or not asked or not asked[0].desk:
            raise NotInCallError("nobody is asked")
        await audit.record(tx, "let colleague in", "call", call_id, detail={"agent": asked[0].login})
        return call.uniqueid, agent.desk, asked[0].desk


async def _tell(tx: Tx, desk: str, what: AgentSignal) -> None:
    agent = await agent_store.by_desk(tx.conn, desk)
    if agent is not None and agent.call_id is not None:
        await agents.signal(tx, agent.user_id, what, agent.call_id)
