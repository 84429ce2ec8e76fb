"""What agents do: what they choose, and what calls do to them."""

from crm_core.calls import agent_store, rules
from crm_core.calls.agent_store import by_desk, states
from crm_core.calls.errors import NoDeskError, NotYourStateError
from crm_core.calls.model import Agent, AgentSignal, AgentState
from crm_core.events import AgentStateChanged
from crm_core.kernel import audit
from crm_core.kernel.actor import Actor, ActorKind
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import CallId, UserId
from crm_core.users.rights import Right, allows

__all__ = ["by_desk", "release", "set_state", "signal", "states"]

LONGEST_REASON = 100


async def set_state(db: Database, actor: Actor, user_id: UserId, state: str, reason: str = "") -> Agent:
    """Offline, available or on a break. In a call it is what the agent will be afterwards; in wrap-up it ends that.

    Raises NoDeskError, NotYourStateError, InvalidInputError.
    """
    chosen = _chosen(state)
    if len(reason) > LONGEST_REASON:
        raise InvalidInputError("reason too long", field="reason")
    async with db.transaction(actor) as tx:
        agent = await agent_store.lock(tx.conn, user_id, tx.now)
        if agent is None:
            raise NoDeskError("no desk")
        await _ensure_may(tx, actor, agent)
        in_call = agent.state in rules.BUSY
        await _put(
            tx,
            agent,
            agent.state if in_call else chosen,
            reason=reason,
            call_id=agent.call_id if in_call else None,
            after_call=chosen,
        )
        return (await agent_store.find(tx.conn, user_id=user_id))[0]


def _chosen(state: str) -> AgentState:
    if state not in rules.CHOSEN:
        raise InvalidInputError("an agent chooses offline, available or break", field="state")
    return AgentState(state)


async def _ensure_may(tx: Tx, actor: Actor, agent: Agent) -> None:
    if actor.user_id == agent.user_id or actor.kind is ActorKind.SYSTEM:
        return
    if actor.role is None or not allows(actor.role, Right.SUPERVISE):
        raise NotYourStateError("only a supervisor may do that")
    await audit.record(tx, "change agent's state", "app_user", agent.user_id)


async def signal(tx: Tx, user_id: UserId, what: AgentSignal, call_id: CallId) -> bool:
    """Something happened to this agent in a call. False when it changes nothing: another call's, late or repeated."""
    agent = await agent_store.lock(tx.conn, user_id, tx.now)
    if agent is None or not rules.concerns(agent, what, call_id):
        return False
    state = rules.next_agent_state(agent, what)
    if state is None:
        return False
    keeps_call = state not in rules.CHOSEN
    await _put(
        tx,
        agent,
        state,
        reason=agent.reason,
        call_id=call_id if keeps_call else None,
        after_call=rules.after_call(agent),
    )
    return True


async def release(tx: Tx, call_id: CallId, *, but: UserId | None = None) -> None:
    """The call is over for everybody whom it rang or who spoke, but for one."""
    for agent in await agent_store.find(tx.conn, call_id=call_id):
        if agent.user_id != but:
            await signal(tx, agent.user_id, AgentSignal.CALL_OVER, call_id)


async def _put(
    tx: Tx, agent: Agent, state: AgentState, *, reason: str, call_id: CallId | None, after_call: AgentState
) -> None:
    await agent_store.put(
        tx.conn, agent.user_id, state, reason=reason, call_id=call_id, after_call=after_call, now=tx.now
    )
    if (agent.state, agent.reason, agent.after_call) != (state, reason, after_call):
        await tx.emit(AgentStateChanged(user_id=agent.user_id, state=state))
