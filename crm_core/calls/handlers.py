"""Who spoke with the hospital waits no more: a conversation closes the tasks that asked for one, its end its pauses."""

from crm_core.calls import pauses, store
from crm_core.calls.model import Call, Direction
from crm_core.events import CallConnected, CallEnded, DispositionSet
from crm_core.kernel.db import Tx
from crm_core.kernel.event import Subscription
from crm_core.kernel.ids import UserId
from crm_core.tasks import service as tasks
from crm_core.tasks.model import TaskKind
from crm_core.tasks.rules import Talk
from crm_core.users import store as users

NOBODY_SPOKE = frozenset({"nobody_there", "wrong_number"})
CALL_BACK = "call_back"


async def settle(event: CallConnected, tx: Tx) -> None:
    """An agent and the patient speak, whoever rang."""
    call = await store.get(tx.conn, event.call_id)
    if call is not None:
        await _settle(tx, call, event.user_id)


async def look_again(event: DispositionSet, tx: Tx) -> None:
    """What the agent wrote down may say that nobody spoke, or that they shall be rung again."""
    call = await store.get(tx.conn, event.call_id)
    if call is None or call.connected_at is None:
        return
    if call.disposition in NOBODY_SPOKE:
        await tasks.unsettle_in(tx, call.ref)
        return
    await _settle(tx, call, event.user_id)
    if call.disposition == CALL_BACK and call.caller is not None:
        mine = event.user_id
        await tasks.open_in(tx, TaskKind.CALL_BACK, call.caller, call.ref, call.patient_id, assigned_to=mine)


async def stop_pause(event: CallEnded, tx: Tx) -> None:
    """Nothing is left to be recorded or not."""
    await pauses.over_in(tx, event.call_id)


async def _settle(tx: Tx, call: Call, user_id: UserId) -> None:
    user = await users.get(tx.conn, user_id)
    talk = Talk.CALLED_US if call.direction is Direction.IN else Talk.CALLED_THEM
    by = user.login if user else ""
    await tasks.settle_in(tx, talk, call.caller, call.ref, patient_id=call.patient_id, by=by)


SUBSCRIPTIONS: tuple[Subscription, ...] = (
    (CallConnected, settle),
    (DispositionSet, look_again),
    (CallEnded, stop_pause),
)
