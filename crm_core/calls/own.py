"""Whose call it is: one rule for seeing it at a desk, saying who calls, and writing down how it ended."""

from crm_core.calls import rules, store
from crm_core.calls.errors import CallNotFoundError, NotYourCallError
from crm_core.calls.model import Standing
from crm_core.kernel.actor import Actor, ActorKind
from crm_core.kernel.db import Connection
from crm_core.kernel.ids import CallId
from crm_core.users.rights import Right, may


def stands_above(actor: Actor) -> bool:
    """Telephony and the voice menu report, supervisors correct: every call is theirs."""
    return actor.kind is ActorKind.SYSTEM or may(actor, Right.SUPERVISE)


async def ensure(conn: Connection, actor: Actor, call_id: CallId) -> Standing:
    """The call as it stands for this person. Raises CallNotFoundError; NotYourCallError, also when nobody had it."""
    standing = await store.standing(conn, call_id, actor.user_id)
    if standing is None:
        raise CallNotFoundError("no such call")
    is_at_desk = actor.user_id is not None and may(actor, Right.TAKE_CALLS) and rules.is_own(standing, actor.user_id)
    if not is_at_desk and not stands_above(actor):
        raise NotYourCallError("another agent has this call")
    return standing
