"""What agents do: what they choose, and what calls do to them."""

from collections.abc import Mapping
from datetime import timedelta

from crm_core.calls import agent_store, rules
from crm_core.calls.agent_store import by_desk, states
from crm_core.calls.errors import NoDeskError, NotYourStateError
from crm_core.calls.model import Agent, AgentSignal, AgentState
from crm_core.events import AgentStateChanged, DeskLineChanged
from crm_core.kernel import audit
from crm_core.kernel.actor import SYSTEM, Actor, ActorKind
from crm_core.kernel.db import Connection, Database, Tx
from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import CallId, UserId
from crm_core.users.rights import Right, ensure, may

__all__ = [
    "by_desk",
    "colleagues",
    "is_at_work",
    "leave_without_line",
    "mine",
    "release",
    "set_lines",
    "set_state",
    "signal",
    "states",
]

LONGEST_REASON = 100
LINE_LOST = "line"  # the reason of an agent who is offline because their page has gone
AWAY_AFTER = timedelta(minutes=5)  # a page that is reloaded, or a browser that crashed, is back sooner


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


async def mine(db: Database, actor: Actor) -> Agent | None:
    """What this person is doing; None for an account that cannot take calls."""
    async with db.connection() as conn:
        found = await agent_store.find(conn, user_id=actor.user_id) if actor.user_id else []
    return found[0] if found else None


async def colleagues(db: Database, actor: Actor) -> list[Agent]:
    """Everybody else who has a desk. Raises ForbiddenError."""
    ensure(actor, Right.TAKE_CALLS)
    async with db.connection() as conn:
        return [agent for agent in await states(conn) if agent.user_id != actor.user_id and agent.desk]


async def is_at_work(conn: Connection, user_id: UserId) -> bool:
    """In a call, or waiting for one with a telephone that rings: at the desk, though perhaps touching nothing."""
    found = await agent_store.find(conn, user_id=user_id)
    return any(agent.state in rules.BUSY or (agent.state is AgentState.AVAILABLE and agent.has_line) for agent in found)


def _chosen(state: str) -> AgentState:
    if state not in rules.CHOSEN:
        raise InvalidInputError("an agent chooses offline, available or break", field="state")
    return AgentState(state)


async def _ensure_may(tx: Tx, actor: Actor, agent: Agent) -> None:
    if actor.user_id == agent.user_id or actor.kind is ActorKind.SYSTEM:
        return
    if not may(actor, Right.SUPERVISE):
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


async def set_lines(db: Database, lines: Mapping[str, bool]) -> None:
    """Whether these desks have a telephone registered. Only news has consequences."""
    async with db.transaction(SYSTEM) as tx:
        changed = await agent_store.put_lines(tx.conn, lines, tx.now)
        for agent in await agent_store.find(tx.conn) if changed else ():
            if agent.desk in changed:
                await tx.emit(DeskLineChanged(user_id=agent.user_id, is_up=agent.has_line))


async def leave_without_line(db: Database, user_id: UserId) -> bool:
    """Offline, if they are available on paper only: without a telephone for AWAY_AFTER."""
    async with db.transaction(SYSTEM) as tx:
        agent = await agent_store.lock(tx.conn, user_id, tx.now)
        if agent is None or agent.desk is None or agent.state is not AgentState.AVAILABLE:
            return False
        lost_at = await agent_store.line_lost_at(tx.conn, agent.desk)
        if lost_at is None or tx.now - lost_at < AWAY_AFTER:
            return False
        await _put(tx, agent, AgentState.OFFLINE, reason=LINE_LOST, call_id=None, after_call=AgentState.AVAILABLE)
        return True


async def _put(
    tx: Tx, agent: Agent, state: AgentState, *, reason: str, call_id: CallId | None, after_call: AgentState
) -> None:
    await agent_store.put(
        tx.conn, agent.user_id, state, reason=reason, call_id=call_id, after_call=after_call, now=tx.now
    )
    if (agent.state, agent.reason, agent.after_call) != (state, reason, after_call):
        await tx.emit(AgentStateChanged(user_id=agent.user_id, state=state))
