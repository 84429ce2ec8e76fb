"""What an agent does at their desk about a call, besides answering it."""

from crm_core.calls import agent_store, own, store
from crm_core.calls.errors import CallNotFoundError, NoDeskError, NoLineError, NotYourCallError, NotYourDeskError
from crm_core.calls.model import Call, CallState
from crm_core.consultations import service as consultations
from crm_core.kernel.actor import Actor, ActorKind
from crm_core.kernel.db import Connection, Database
from crm_core.kernel.errors import ForbiddenError, InvalidInputError
from crm_core.kernel.ids import CallId, Msisdn, Uniqueid
from crm_core.kernel.msisdn import dialled, parse_msisdn
from crm_core.users import rights
from crm_core.users.rights import Right, may


async def to_dial(db: Database, actor: Actor, login: str, number: str) -> tuple[str, Msisdn]:
    """The desk that rings first and whom it calls then. One's own desk, or anybody's for a supervisor or a program.

    Raises ForbiddenError, InvalidInputError, NoLineError.
    """
    if not may(actor, Right.DIAL):
        raise ForbiddenError("may not dial")
    to = parse_msisdn(number)
    dialled(to)
    async with db.connection() as conn:
        agent = next((one for one in await agent_store.states(conn) if one.login == login), None)
    if (
        actor.kind is ActorKind.USER
        and not may(actor, Right.SUPERVISE)
        and (not agent or agent.user_id != actor.user_id)
    ):
        raise NotYourDeskError("only a supervisor lets another desk ring")
    if agent is None or agent.desk is None:
        raise InvalidInputError("no such agent, or the agent has no desk", field="agent")
    if not agent.has_line:
        raise NoLineError("no telephone is connected at this desk")
    return agent.desk, to


async def to_bring_back(db: Database, actor: Actor, call_id: CallId) -> tuple[str, Uniqueid]:
    """Their desk and the patient's channel. Raises CallNotFoundError, NotYourCallError, NoDeskError."""
    async with db.connection() as conn:
        call = await _own(conn, actor, call_id)
        agents = await agent_store.find(conn, user_id=actor.user_id)
    if call.state is not CallState.TALKING or call.agent_id != actor.user_id:
        raise NotYourCallError("you are not in this call")
    if not agents or agents[0].desk is None:
        raise NoDeskError("no desk")
    return agents[0].desk, call.uniqueid


async def caller_of(db: Database, actor: Actor, call_id: CallId) -> Msisdn | None:
    """Whose number to register; None when it is withheld, or there is no such call. Raises ForbiddenError."""
    rights.ensure(actor, Right.SEE_CALLS)
    async with db.connection() as conn:
        call = await store.get(conn, call_id)
    return call.caller if call else None


async def consult(db: Database, actor: Actor, call_id: CallId, text: str) -> None:
    """Somebody asks who is not (yet) a patient. Raises CallNotFoundError, NotYourCallError, InvalidInputError."""
    async with db.transaction(actor) as tx:
        call = await _own(tx.conn, actor, call_id)
        if call.caller is None:
            raise InvalidInputError("the caller's number is withheld", field="msisdn")
        await consultations.open_in(tx, call.caller, "phone", text, call.patient_id, call.id)


async def _own(conn: Connection, actor: Actor, call_id: CallId) -> Call:
    call = await store.get(conn, call_id)
    if call is None:
        raise CallNotFoundError("no such call")
    await own.ensure(conn, actor, call)
    return call
