"""Whose call it is: one rule for seeing it at a desk, saying who calls, and writing down how it ended."""

from crm_core.calls import agent_store, leg_store, rules
from crm_core.calls.errors import NotYourCallError
from crm_core.calls.model import Call
from crm_core.kernel.actor import Actor, ActorKind
from crm_core.kernel.db import Connection
from crm_core.users.rights import Right, may


def stands_above(actor: Actor) -> bool:
    """Telephony and the voice menu report, supervisors correct: every call is theirs."""
    return actor.kind is ActorKind.SYSTEM or may(actor, Right.SUPERVISE)


async def ensure(conn: Connection, actor: Actor, call: Call) -> None:
    """Raises NotYourCallError, also when the call had no agent at all."""
    if stands_above(actor):
        return
    if actor.user_id is not None and may(actor, Right.TAKE_CALLS):
        own, _others = rules.split(await leg_store.of_call(conn, call.id), actor.user_id)
        agents = await agent_store.find(conn, user_id=actor.user_id)
        if rules.is_own(call, own, agents[0] if agents else None, actor.user_id):
            return
    raise NotYourCallError("another agent has this call")
