"""A supervisor at an agent's call: listens, whispers to the agent, speaks with both, takes the call over.

What is heard is Asterisk's business; here stands who may, who does, and that nobody does it unseen: the row and its
audit are written before a telephone rings, and the row stays open until the supervisor's channel, the ear, is gone.
"""

from datetime import datetime

import asyncpg

from crm_core.calls import agent_store, rules, store
from crm_core.calls import supervision_store as stored
from crm_core.calls.errors import AlreadyThereError, NoDeskError, NoLineError, NotInCallError
from crm_core.calls.model import Agent, AgentState, Call, CallState, Mode, Supervision
from crm_core.calls.service import TELEPHONY
from crm_core.events import SupervisionChanged
from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Connection, Database, Tx
from crm_core.kernel.ids import Uniqueid, UserId
from crm_core.patients import seen
from crm_core.users.rights import Right, ensure


async def begin(db: Database, actor: Actor, agent_id: UserId, mode: Mode, ear: Uniqueid) -> Supervision:
    """`ear` will be the supervisor's channel. Raises ForbiddenError, NoDeskError, NoLineError, AlreadyThereError,
    NotInCallError."""
    ensure(actor, Right.LISTEN_IN)
    try:
        async with db.transaction(actor) as tx:
            supervisor = await _free_supervisor(tx)
            call = await _call_of(tx.conn, agent_id, supervisor)
            await stored.begin(tx.conn, call.id, agent_id, supervisor.user_id, ear, mode, tx.now)
            found = await stored.of_ear(tx.conn, ear)
            assert found is not None
            if call.patient_id is not None:
                await seen.opened(tx, call.patient_id, {"call_id": str(call.id)})
            await audit.record(tx, "come to call", "call", call.id, detail=_detail(found))
            await _tell(tx, found)
            return found
    except asyncpg.UniqueViolationError:
        raise AlreadyThereError("at a call already") from None


async def _free_supervisor(tx: Tx) -> Agent:
    agent = await agent_store.lock(tx.conn, tx.actor.user_id, tx.now) if tx.actor.user_id else None
    if agent is None or agent.desk is None:
        raise NoDeskError("no desk to hear with")
    if not agent.has_line:
        raise NoLineError("no telephone is connected at this desk")
    if agent.state in rules.BUSY or await stored.of_supervisor(tx.conn, agent.user_id):
        raise AlreadyThereError("in a call")
    return agent


async def _call_of(conn: Connection, agent_id: UserId, supervisor: Agent) -> Call:
    found = await agent_store.find(conn, user_id=agent_id)
    agent = found[0] if found and agent_id != supervisor.user_id else None
    if agent is None or agent.state is not AgentState.ON_CALL or agent.asked_by is not None or agent.call_id is None:
        raise NotInCallError("speaks with no patient")
    call = await store.get(conn, agent.call_id)
    if call is None or call.state is not CallState.TALKING:
        raise NotInCallError("speaks with no patient")
    return call


async def change(db: Database, actor: Actor, mode: Mode) -> Supervision:
    """How near they will be. Raises ForbiddenError, NotInCallError."""
    ensure(actor, Right.LISTEN_IN)
    async with db.transaction(actor) as tx:
        await stored.set_mode(tx.conn, (await _mine(tx)).ear, mode)
        changed = await _mine(tx)
        what = "take call over" if mode is Mode.TAKE_OVER else "change place at call"
        await audit.record(tx, what, "call", changed.call_id, detail=_detail(changed))
        await _tell(tx, changed)
        return changed


async def mine(db: Database, actor: Actor) -> Supervision:
    """The call they are at. Raises ForbiddenError, NotInCallError."""
    ensure(actor, Right.LISTEN_IN)
    async with db.transaction(actor) as tx:
        return await _mine(tx)


async def _mine(tx: Tx) -> Supervision:
    found = await stored.of_supervisor(tx.conn, tx.actor.user_id) if tx.actor.user_id else None
    if found is None:
        raise NotInCallError("at no call")
    return found


async def found_as(db: Database, ear: Uniqueid, mode: Mode) -> None:
    """What Asterisk does is not what was written: the process died, or Asterisk refused, between the two."""
    async with db.transaction(TELEPHONY) as tx:
        found = await stored.of_ear(tx.conn, ear)
        if found is not None and found.mode is not mode:
            await stored.set_mode(tx.conn, ear, mode)
            detail = _detail(found) | {"mode": mode.value}
            await audit.record(tx, "change place at call", "call", found.call_id, detail=detail)
            await _tell(tx, found)


async def goes_on_as(db: Database, ear: Uniqueid, after: Uniqueid) -> Supervision | None:
    """Their page was loaded again: the same supervisor, by another channel. None when they had gone."""
    async with db.transaction(TELEPHONY) as tx:
        await stored.rename(tx.conn, ear, after)
        return await stored.of_ear(tx.conn, after)


async def over(db: Database, ear: Uniqueid, *, at: datetime | None = None) -> None:
    """The supervisor's channel is gone, or is an agent's from now on. The first report counts."""
    async with db.transaction(TELEPHONY, at=at) as tx:
        found = await stored.of_ear(tx.conn, ear)
        if found is not None:
            await stored.end(tx.conn, ear, tx.now)
            seconds = max(0, round((tx.now - found.begun_at).total_seconds()))
            await audit.record(
                tx, "leave call", "call", found.call_id, detail=_detail(found) | {"seconds": str(seconds)}
            )
            await _tell(tx, found)


async def is_known(db: Database, ear: Uniqueid) -> bool:
    """Whether anybody can see that this ear hears."""
    async with db.connection() as conn:
        return any(one.ear == ear for one in await stored.under_way(conn))


def _detail(one: Supervision) -> dict[str, str]:
    return {"agent": one.agent_login, "supervisor": one.supervisor_login, "mode": one.mode.value}


async def _tell(tx: Tx, one: Supervision) -> None:
    await tx.emit(SupervisionChanged(call_id=one.call_id, user_id=one.supervisor_id, agent_id=one.agent_id))
