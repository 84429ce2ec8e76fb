"""What agents do: what they choose, and what calls do to them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from crm_core.calls import agent_store, leg_store, rules, supervision_store
from crm_core.calls.agent_store import by_desk, states
from crm_core.calls.errors import InCallError, NoDeskError, NotYourStateError
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
    "call_over",
    "colleagues",
    "is_at_work",
    "leave",
    "leave_without_line",
    "mine",
    "release",
    "ring_missed",
    "set_lines",
    "set_state",
    "signal",
    "states",
]

LONGEST_REASON = 100
LINE_LOST = "line"  # the reason of an agent who is offline because their page has gone
AWAY_AFTER = timedelta(seconds=15)  # a page that is reloaded is back sooner
BACK_WITHIN = timedelta(minutes=5)  # after a crash of the browser, or of ours, they go on as they were


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
        if agent.state in rules.BUSY:
            await _put(tx, agent, replace(agent, reason=reason, after_call=chosen, missed_rings=0))
        else:
            await _put(tx, agent, _set(agent, chosen, reason))
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
    """In a call or at a colleague's, or waiting for one with a telephone that rings: at the desk, though perhaps
    touching nothing."""
    if await supervision_store.of_supervisor(conn, user_id):
        return True
    found = await agent_store.find(conn, user_id=user_id)
    return any(agent.state in rules.BUSY or (agent.state is AgentState.AVAILABLE and agent.has_line) for agent in found)


def _set(agent: Agent, state: AgentState, reason: str) -> Agent:
    """Of their own will or by us, outside calls."""
    after = AgentState.AVAILABLE if reason == LINE_LOST else state
    return replace(agent, state=state, reason=reason, call_id=None, after_call=after, missed_rings=0)


async def leave(db: Database, actor: Actor) -> None:
    """Who logs out takes no calls any more. Raises InCallError: nobody leaves a patient in the middle of a word."""
    async with db.transaction(actor) as tx:
        agent = await agent_store.lock(tx.conn, actor.user_id, tx.now) if actor.user_id else None
        if agent is None:
            return
        if agent.state in rules.BUSY:
            raise InCallError("in a call")
        await _put(tx, agent, _set(agent, AgentState.OFFLINE, ""))


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


async def signal(
    tx: Tx, user_id: UserId, what: AgentSignal, call_id: CallId, *, asked_by: UserId | None = None
) -> bool:
    """Something happened to this agent in a call. False when it changes nothing: another call's, late or repeated."""
    agent = await agent_store.lock(tx.conn, user_id, tx.now)
    changed = rules.told(agent, what, call_id, asked_by) if agent else None
    if agent is None or changed is None:
        return False
    await _put(tx, agent, changed)
    return True


async def ring_missed(tx: Tx, user_id: UserId, call_id: CallId, most: int) -> None:
    """This agent's telephone rang and they did not answer, or declined."""
    agent = await agent_store.lock(tx.conn, user_id, tx.now)
    free = rules.told(agent, AgentSignal.RING_STOPPED, call_id) if agent else None
    if agent is not None and free is not None:
        await _put(tx, agent, rules.missed_ring(free, most))


async def call_over(tx: Tx, user_id: UserId, call_id: CallId) -> bool:
    """This agent is out of the call. Wrap-up is for writing down: who did that while they spoke has none."""
    is_written = await leg_store.is_written(tx.conn, call_id, user_id)
    what = AgentSignal.WRITTEN_CALL_OVER if is_written else AgentSignal.CALL_OVER
    return await signal(tx, user_id, what, call_id)


async def release(tx: Tx, call_id: CallId, *, but: UserId | None = None) -> None:
    """The call is over for everybody whom it rang or who spoke, but for one."""
    for agent in await agent_store.find(tx.conn, call_id=call_id):
        if agent.user_id != but:
            await call_over(tx, agent.user_id, call_id)


async def set_lines(db: Database, lines: Mapping[str, bool]) -> None:
    """Whether these desks have a telephone registered. Only news has consequences."""
    async with db.transaction(SYSTEM) as tx:
        changed = await agent_store.put_lines(tx.conn, lines, tx.now)
        for agent in await agent_store.find(tx.conn) if changed else ():
            if agent.desk in changed:
                await _come_back(tx, agent)
                await tx.emit(DeskLineChanged(user_id=agent.user_id, is_up=agent.has_line))


async def _come_back(tx: Tx, agent: Agent) -> None:
    """Who was set offline because their telephone was gone is available again when it is back soon enough."""
    is_ours = agent.state is AgentState.OFFLINE and agent.reason == LINE_LOST
    if agent.has_line and is_ours and agent.since and tx.now - agent.since < BACK_WITHIN:
        await _put(tx, agent, _set(agent, AgentState.AVAILABLE, ""))


async def leave_without_line(db: Database, user_id: UserId) -> bool:
    """Offline, if they are available on paper only: without a telephone for AWAY_AFTER."""
    async with db.transaction(SYSTEM) as tx:
        agent = await agent_store.lock(tx.conn, user_id, tx.now)
        if agent is None or agent.desk is None or agent.state is not AgentState.AVAILABLE:
            return False
        lost_at = await agent_store.line_lost_at(tx.conn, agent.desk)
        if lost_at is None or tx.now - lost_at < AWAY_AFTER:
            return False
        await _put(tx, agent, _set(agent, AgentState.OFFLINE, LINE_LOST))
        return True


async def _put(tx: Tx, agent: Agent, changed: Agent) -> None:
    await agent_store.put(tx.conn, changed, tx.now)
    if (agent.state, agent.reason, agent.after_call) != (changed.state, changed.reason, changed.after_call):
        await tx.emit(AgentStateChanged(user_id=agent.user_id, state=changed.state))
