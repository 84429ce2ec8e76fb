"""What happens in calls, as telephony, the IVR and agents report it.

Every report may come twice, late or in another order; none of them does harm then. `at` is when it happened, when that
is not now. `which` is our id of the call or the exchange's linkedid. Reports about calls nobody has heard of (a desk
rings a colleague) answer None.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from crm_core.calls import agents, leg_store, own, rules, store
from crm_core.calls.errors import CallNotFoundError, NotYourCallError, ResultClosedError
from crm_core.calls.model import Agent, AgentSignal, Call, CallSignal, CallState, Direction
from crm_core.calls.store import Which
from crm_core.consultations import service as consultations
from crm_core.drafts import service as drafts
from crm_core.drafts.model import Form, Subject
from crm_core.events import AgentRang, CallConnected, CallEnded, CallMissed, CallQueued, CallStarted, DispositionSet
from crm_core.kernel import audit
from crm_core.kernel.actor import Actor, ActorKind
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import AttemptId, CallId, Linkedid, Msisdn, PatientId, Uniqueid, UserId
from crm_core.patients import merged_store, timeline
from crm_core.patients import store as patients
from crm_core.patients.errors import PatientNotFoundError
from crm_core.patients.model import Patient, TimelineKind
from crm_core.tasks import service as tasks
from crm_core.tasks.model import TaskKind

TELEPHONY = Actor(ActorKind.SYSTEM, "telephony")
LONGEST_DISPOSITION = 100
LONGEST_NOTES = 4000


async def start(
    db: Database,
    *,
    linkedid: Linkedid,
    uniqueid: Uniqueid,
    direction: str,
    caller: Msisdn | None,
    did: str,
    attempt_id: AttemptId | None = None,
    at: datetime | None = None,
) -> Call:
    """The call exists. Whoever hears of it first says so; the others only fill in what was not known.

    The patient is known when exactly one has the number.
    """
    async with db.transaction(TELEPHONY, at=at) as tx:
        patient = await _only_patient(tx, caller)
        call_id, is_new = await store.put(
            tx.conn,
            CallId(uuid4()),
            linkedid=linkedid,
            uniqueid=uniqueid,
            direction=Direction(direction),
            caller=caller,
            did=did,
            patient_id=patient.id if patient else None,
            language=patient.language if patient else "zh_CN",
            attempt_id=attempt_id,
            now=tx.now,
        )
        if is_new:
            await tx.emit(CallStarted(call_id=call_id, direction=direction))
        return await _loaded(tx, call_id)


async def _only_patient(tx: Tx, caller: Msisdn | None) -> Patient | None:
    found = await patients.find_by_msisdn(tx.conn, caller) if caller else []
    return found[0] if len(found) == 1 else None


async def answered(db: Database, which: Which, *, at: datetime | None = None) -> Call | None:
    """Picked up: an incoming call by the voice menu, an outgoing one by the patient."""
    async with db.transaction(TELEPHONY, at=at) as tx:
        call = await store.lock(tx.conn, which)
        if call is None or call.state is CallState.ENDED:
            return call
        state = rules.next_call_state(call.state, CallSignal.ANSWERED) or call.state
        await store.mark_answered(tx.conn, call.id, state, tx.now)
        return await _loaded(tx, call.id)


async def visit(db: Database, call_id: CallId, nodes: Sequence[str], flow_version: str, *, before: int = 0) -> None:
    """The caller has gone through these nodes of the flow so far, after the `before` nodes of earlier flows.

    Each report holds the ones before it, so one that comes twice, late or not at all does no harm.
    """
    async with db.connection() as conn:
        await store.put_path(conn, call_id, before, nodes, flow_version)


async def set_language(db: Database, which: Which, language: str) -> None:
    """What this call is spoken in from now on: zh_CN or en."""
    if language not in {"zh_CN", "en"}:
        raise InvalidInputError("no such language", field="language")
    async with db.transaction(TELEPHONY) as tx:
        call = await store.lock(tx.conn, which)
        if call is not None:
            await store.set_language(tx.conn, call.id, language)


async def set_patient(db: Database, which: Which, patient_id: PatientId | None, actor: Actor = TELEPHONY) -> Call:
    """Who the caller is, None when that was wrong; also after the end.

    Raises CallNotFoundError, NotYourCallError, PatientNotFoundError.
    """
    async with db.transaction(actor) as tx:
        return await set_patient_in(tx, which, patient_id)


async def set_patient_in(tx: Tx, which: Which, patient_id: PatientId | None) -> Call:
    """The same inside a caller's transaction; what they asked in the call goes with them."""
    call = await _locked(tx, which)
    await own.ensure(tx.conn, tx.actor, call.id)
    person = None if patient_id is None else await merged_store.survivor(tx.conn, patient_id)
    if patient_id is not None and person is None:
        raise PatientNotFoundError("no such patient")
    if call.patient_id == person:
        return call
    await store.set_patient(tx.conn, call.id, person)
    await audit.record(tx, "link call to patient", "call", call.id, detail={"patient_id": person})
    if call.patient_id is not None:
        await timeline.remove(tx, call.patient_id, TimelineKind.CALL, call.ref)
    await consultations.follow_call_in(tx, call.id, call.patient_id, person)
    changed = await _loaded(tx, call.id)
    if changed.state is CallState.ENDED:
        await _add_to_timeline(tx, changed, missed=rules.was_missed(changed))
    return changed


async def queued(db: Database, which: Which, queue: str, *, at: datetime | None = None) -> Call | None:
    """The patient waits for a person. While an agent speaks with them, only what was not known is noted."""
    async with db.transaction(TELEPHONY, at=at) as tx:
        call = await store.lock(tx.conn, which)
        if call is None or call.state is CallState.ENDED:
            return call
        state = rules.next_call_state(call.state, CallSignal.QUEUED)
        if state is None:
            await store.fill_in_queue(tx.conn, call.id, queue, tx.now)
        else:
            await store.mark_queued(tx.conn, call.id, state, queue, tx.now)
            await tx.emit(CallQueued(call_id=call.id, queue=queue))
        return await _loaded(tx, call.id)


async def agent_rang(db: Database, which: Which, desk: str, *, at: datetime | None = None) -> None:
    """A desk rings with this call: the moment of the screen pop, once per ring."""
    async with db.transaction(TELEPHONY, at=at) as tx:
        call, agent = await _call_and_agent(tx, which, desk)
        if call is None or agent is None or call.state is CallState.ENDED:
            return
        is_new = await agents.signal(tx, agent.user_id, AgentSignal.RANG, call.id)
        if is_new or agent.call_id != call.id:  # on a break or offline: no new state, but the page must show who calls
            await tx.emit(AgentRang(call_id=call.id, user_id=agent.user_id))


async def agent_stopped_ringing(db: Database, which: Which, desk: str, *, at: datetime | None = None) -> None:
    """The desk did not answer, or somebody else did."""
    async with db.transaction(TELEPHONY, at=at) as tx:
        call, agent = await _call_and_agent(tx, which, desk)
        if call is not None and agent is not None:
            await agents.signal(tx, agent.user_id, AgentSignal.RING_STOPPED, call.id)


async def agent_missed_ring(db: Database, which: Which, desk: str, *, most: int, at: datetime | None = None) -> None:
    """The desk rang to the end, or declined. After `most` running the agent is set not ready; 0: never."""
    async with db.transaction(TELEPHONY, at=at) as tx:
        call, agent = await _call_and_agent(tx, which, desk)
        if call is not None and agent is not None:
            await agents.ring_missed(tx, agent.user_id, call.id, most)


async def agent_dialled(db: Database, which: Which, desk: str, *, at: datetime | None = None) -> None:
    """An agent calls the patient of this call: it is theirs, answered or not."""
    async with db.transaction(TELEPHONY, at=at) as tx:
        call, agent = await _call_and_agent(tx, which, desk)
        if call is None or agent is None or call.state is CallState.ENDED:
            return
        await store.set_agent(tx.conn, call.id, agent.user_id)
        if await agents.signal(tx, agent.user_id, AgentSignal.DIALLED, call.id):
            await tx.emit(AgentRang(call_id=call.id, user_id=agent.user_id))


async def connected(db: Database, which: Which, desk: str, *, at: datetime | None = None) -> Call | None:
    """The agent at this desk and the patient speak. Who had the call before is in wrap-up, who was rung is free."""
    async with db.transaction(TELEPHONY, at=at) as tx:
        call, agent = await _call_and_agent(tx, which, desk)
        if call is None:
            return None
        state = rules.next_call_state(call.state, CallSignal.CONNECTED)
        if state is None:
            return call
        if agent is not None and not await agents.signal(tx, agent.user_id, AgentSignal.CONNECTED, call.id):
            return call  # heard before
        await store.mark_connected(tx.conn, call.id, state, agent.user_id if agent else None, tx.now)
        if agent is not None:
            await agents.release(tx, call.id, but=agent.user_id)
            await leg_store.end(tx.conn, call.id, tx.now)
            await leg_store.begin(tx.conn, call.id, agent.user_id, tx.now)
            await tx.emit(CallConnected(call_id=call.id, user_id=agent.user_id, queue=call.queue))
        return await _loaded(tx, call.id)


async def agent_left(db: Database, which: Which, desk: str, *, at: datetime | None = None) -> None:
    """The agent has hung up or transferred the patient away; the call itself may go on."""
    async with db.transaction(TELEPHONY, at=at) as tx:
        call, agent = await _call_and_agent(tx, which, desk)
        if call is None or agent is None:
            return
        was_in_it = await agents.call_over(tx, agent.user_id, call.id)
        await leg_store.end(tx.conn, call.id, tx.now, user_id=agent.user_id)
        state = rules.next_call_state(call.state, CallSignal.AGENT_LEFT)
        if was_in_it and state is not None and call.agent_id == agent.user_id:
            await store.set_state(tx.conn, call.id, state)


async def _call_and_agent(tx: Tx, which: Which, desk: str) -> tuple[Call | None, Agent | None]:
    return await store.lock(tx.conn, which), await agents.by_desk(tx.conn, desk)


async def ended(db: Database, which: Which, reason: str, *, at: datetime | None = None) -> Call | None:
    """The call is over. The first report counts; `lost` when the exchange no longer knows the call."""
    async with db.transaction(TELEPHONY, at=at) as tx:
        call = await store.lock(tx.conn, which)
        if call is None or rules.next_call_state(call.state, CallSignal.ENDED) is None:
            return call
        await store.mark_ended(tx.conn, call.id, reason, tx.now)
        await agents.release(tx, call.id)
        await leg_store.end(tx.conn, call.id, tx.now)
        over = await _loaded(tx, call.id)
        missed = rules.is_missed(call)
        await _add_to_timeline(tx, over, missed=missed)
        await tx.emit(_ended(over))
        if missed:
            await tx.emit(_missed(over))
        return over


async def request_callback(db: Database, which: Which, msisdn: Msisdn | None = None) -> bool:
    """The patient wants to be rung back, at `msisdn` or where they call from. False: known already, or no number."""
    async with db.transaction(TELEPHONY) as tx:
        call = await _locked(tx, which)
        number = msisdn or call.caller
        if number is None:
            return False
        return await tasks.open_in(tx, TaskKind.CALL_BACK, number, call.ref, call.patient_id) is not None


def _ended(call: Call) -> CallEnded:
    return CallEnded(
        call_id=call.id,
        reason=call.end_reason,
        patient_id=call.patient_id,
        agent_id=call.agent_id,
        queue=call.queue,
    )


def _missed(call: Call) -> CallMissed:
    waited = call.ended_at - call.queued_at if call.ended_at and call.queued_at else None
    return CallMissed(
        call_id=call.id,
        caller=call.caller,
        patient_id=call.patient_id,
        queue=call.queue,
        waited_s=max(0, round(waited.total_seconds())) if waited else 0,
    )


async def set_disposition(
    db: Database,
    actor: Actor,
    call_id: CallId,
    disposition: str,
    notes: str = "",
) -> Call:
    """How the call ended, in the agent's words; ends their wrap-up. Raises CallNotFoundError, NotYourCallError.

    ResultClosedError for an agent when it ended on an earlier day in the hospital.

    An agent writes about their own leg; what the last agent writes, or a supervisor, is the call's.
    """
    if len(disposition) > LONGEST_DISPOSITION or len(notes) > LONGEST_NOTES:
        raise InvalidInputError("disposition or notes too long", field="notes")
    async with db.transaction(actor) as tx:
        call = await _locked(tx, call_id)
        standing = await own.ensure(tx.conn, actor, call.id)
        if not (own.stands_above(actor) or rules.is_open(standing, tx.now, tx.zone)):
            raise ResultClosedError("of an earlier day")
        user_id = await _write_down(tx, actor, call, disposition, notes)
        await drafts.saved_in(tx, Subject(form=Form.CALL, call_id=call.id), ("disposition", "notes"))
        await audit.record(tx, "set disposition", "call", call.id)
        if user_id is not None:
            await agents.signal(tx, user_id, AgentSignal.DISPOSITION_SET, call.id)
            await tx.emit(DispositionSet(call_id=call.id, user_id=user_id, patient_id=call.patient_id))
        return await _loaded(tx, call.id)


async def _write_down(tx: Tx, actor: Actor, call: Call, disposition: str, notes: str) -> UserId | None:
    """Into the leg, the call or both; whose wrap-up it ends."""
    mine = call.agent_id in (None, actor.user_id)
    if actor.user_id is not None and await leg_store.write_down(tx.conn, call.id, actor.user_id, disposition, notes):
        if mine:
            await store.set_disposition(tx.conn, call.id, disposition, notes)
        return actor.user_id
    if not (mine or own.stands_above(actor)):
        raise NotYourCallError("another agent had this call")
    await store.set_disposition(tx.conn, call.id, disposition, notes)
    if call.agent_id is not None:
        await leg_store.write_down(tx.conn, call.id, call.agent_id, disposition, notes)
    await leg_store.fill(tx.conn, call.id, disposition)
    return call.agent_id or actor.user_id


async def _add_to_timeline(tx: Tx, call: Call, *, missed: bool) -> None:
    if call.patient_id is not None:
        args = {"agent": call.agent_name}
        code = rules.timeline_code(call, missed=missed)
        await timeline.add(tx, call.patient_id, call.started_at, code, args, call.ref)


async def _locked(tx: Tx, which: Which) -> Call:
    call = await store.lock(tx.conn, which)
    if call is None:
        raise CallNotFoundError("no such call")
    return call


async def _loaded(tx: Tx, call_id: CallId) -> Call:
    call = await store.get(tx.conn, call_id)
    if call is None:
        raise CallNotFoundError("no such call")
    return call
