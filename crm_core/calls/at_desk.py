"""What somebody at a desk sees of themselves: their state, whom they hear, whether their call is being recorded."""

from dataclasses import dataclass

from crm_core.calls import agent_store, pause_store, store
from crm_core.calls import supervision_store as supervisions
from crm_core.calls.model import Agent, AgentState, CallState, Pause, Supervision
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Connection, Database
from crm_core.kernel.ids import CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class AtDesk:
    """`recorded`: the call with a patient that they are in, None when in none; `is_theirs`: they may pause it."""

    agent: Agent | None
    hears: Supervision | None = None
    recorded: CallId | None = None
    is_theirs: bool = False
    pause: Pause | None = None


async def now(db: Database, actor: Actor) -> AtDesk:
    """`agent` is None for an account that cannot take calls."""
    async with db.connection() as conn:
        found = await agent_store.find(conn, user_id=actor.user_id) if actor.user_id else []
        if not found:
            return AtDesk(agent=None)
        return await _now(conn, found[0])


async def _now(conn: Connection, agent: Agent) -> AtDesk:
    hears = await supervisions.of_supervisor(conn, agent.user_id)
    is_in_call = agent.state is AgentState.ON_CALL and agent.asked_by is None and agent.call_id is not None
    call = await store.get(conn, agent.call_id) if is_in_call and agent.call_id else None
    if call is None or call.state is not CallState.TALKING:
        return AtDesk(agent=agent, hears=hears)
    open_pauses = [one for one in await pause_store.of_call(conn, call.id) if one.ended_at is None]
    return AtDesk(
        agent=agent,
        hears=hears,
        recorded=call.id,
        is_theirs=call.agent_id == agent.user_id,
        pause=open_pauses[0] if open_pauses else None,
    )
