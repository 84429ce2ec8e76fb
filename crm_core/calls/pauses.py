"""Words that are not to be recorded: the agent pauses the recording of their call, for a while.

The recording keeps its length: silence stands where words were. It is written down before it is silent, and after it is
not any more, so a process that dies leaves a pause that still ends by itself.
"""

from datetime import timedelta

import asyncpg

from crm_core.calls import own, pause_store
from crm_core.calls.errors import NotPausableError, NotYourCallError
from crm_core.calls.model import CallState, Pause
from crm_core.calls.service import TELEPHONY
from crm_core.events import RecordingPaused
from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.ids import CallId, Uniqueid
from crm_core.users.rights import Right, ensure

LONGEST = timedelta(minutes=2)


async def begin(db: Database, actor: Actor, call_id: CallId) -> Uniqueid:
    """The patient's channel. Raises ForbiddenError, CallNotFoundError, NotYourCallError, NotPausableError."""
    ensure(actor, Right.TAKE_CALLS)
    try:
        async with db.transaction(actor) as tx:
            call = (await own.ensure(tx.conn, actor, call_id)).call
            if call.agent_id != actor.user_id or actor.user_id is None:
                raise NotYourCallError("another agent has this call")
            if call.state is not CallState.TALKING:
                raise NotPausableError("nobody speaks")
            await pause_store.begin(tx.conn, call_id, actor.user_id, tx.now, tx.now + LONGEST)
            await audit.record(tx, "pause recording", "call", call_id)
            await tx.emit(RecordingPaused(call_id=call_id, user_id=actor.user_id))
            return call.uniqueid
    except asyncpg.UniqueViolationError:
        raise NotPausableError("paused already") from None


async def channel(db: Database, actor: Actor, call_id: CallId) -> Uniqueid:
    """Whose recording shall go on. Raises ForbiddenError, CallNotFoundError, NotYourCallError."""
    ensure(actor, Right.TAKE_CALLS)
    async with db.connection() as conn:
        return (await own.ensure(conn, actor, call_id)).call.uniqueid


async def over(db: Database, call_id: CallId, actor: Actor = TELEPHONY) -> None:
    """It is recorded again, or there is no call any more."""
    async with db.transaction(actor) as tx:
        await over_in(tx, call_id)


async def over_in(tx: Tx, call_id: CallId) -> None:
    """The same inside a caller's transaction. The first report counts."""
    pause = await pause_store.end(tx.conn, call_id, tx.now)
    if pause is not None:
        seconds = max(0, round((tx.now - pause.begun_at).total_seconds()))
        await audit.record(tx, "resume recording", "call", call_id, detail={"seconds": str(seconds)})
        await tx.emit(RecordingPaused(call_id=call_id, user_id=pause.user_id))


async def overdue(db: Database) -> list[Pause]:
    """Those that ought to have ended."""
    async with db.connection() as conn:
        return [one for one in await pause_store.under_way(conn) if one.until <= db.clock()]
