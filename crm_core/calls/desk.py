"""What an agent does at their desk about a call, besides answering it."""

from crm_core.calls import agent_store, own, store
from crm_core.calls.errors import NoDeskError, NoLineError, NotYourCallError, NotYourDeskError
from crm_core.calls.model import CallState
from crm_core.consultations import service as consultations
from crm_core.drafts import service as drafts
from crm_core.drafts.model import Form, Subject
from crm_core.kernel import audit
from crm_core.kernel.actor import Actor, ActorKind
from crm_core.kernel.db import Database
from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import CallId, Msisdn, Uniqueid
from crm_core.kernel.msisdn import dialled, parse_msisdn
from crm_core.users import rights
from crm_core.users.rights import Right, ensure, may


async def to_dial(db: Database, actor: Actor, login: str, number: str) -> tuple[str, Msisdn]:
    """The desk that rings first and whom it calls then. One's own desk, or anybody's for a supervisor or a program.

    Raises ForbiddenError, InvalidInputError, NoLineError.
    """
    ensure(actor, Right.DIAL)
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


async def take_line(db: Database, actor: Actor, sip_user: str) -> None:
    """Written down before the telephone account of a desk is handed to the page. Raises ForbiddenError."""
    ensure(actor, Right.TAKE_CALLS)
    async with db.transaction(actor) as tx:
        await audit.record(tx, "take line", "desk", sip_user)


async def to_bring_back(db: Database, actor: Actor, call_id: CallId) -> tuple[str, Uniqueid]:
    """Their desk and the patient's channel. Raises CallNotFoundError, NotYourCallError, NoDeskError."""
    async with db.connection() as conn:
        call = (await own.ensure(conn, actor, call_id)).call
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
        call = (await own.ensure(tx.conn, actor, call_id)).call
        if call.caller is None:
            raise InvalidInputError("the caller's number is withheld", field="msisdn")
        await consultations.open_in(tx, call.caller, "phone", text, call.patient_id, call.id)
        await drafts.saved_in(tx, Subject(form=Form.CALL, call_id=call.id), ("text",))
