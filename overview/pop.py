"""The screen pop: one call, who calls, and what the hospital knows about them. The agent waits for this one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from crm_core.calls import own, rules
from crm_core.calls.model import AgentState, Call, Direction, Leg, Standing
from crm_core.drafts.model import Draft
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Connection, Database, Tx
from crm_core.kernel.ids import CallId, Msisdn, PatientId
from crm_core.patients import store as patients
from crm_core.patients.model import Patient
from crm_core.tasks import store as tasks
from crm_core.tasks.model import Task, TaskKind
from crm_core.users.rights import Right, ensure, may
from overview import cards, seen
from overview.cards import Cards

CALLS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCall:
    """One line about an earlier call."""

    started_at: datetime
    direction: Direction
    agent_name: str
    disposition: str
    notes: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallNow:
    """How the call stands; `legs` are other people's, `tasks` what may be settled by it.

    `stays`: still this person's business when it has gone elsewhere. `asked_by`: the colleague who asks them about it.
    `here`: what this person is doing about it, None when they are done.
    """

    call: Call
    here: AgentState | None
    legs: Sequence[Leg]
    stays: bool
    asked_by: str
    suggested: str
    tasks: Sequence[Task]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who it may be: the patient the call is tied to, or everybody who has this number.

    `asked_by`: the colleague who rings to ask about them.
    """

    patient: Patient | None
    family: Sequence[Patient]
    number: Msisdn | None = field(repr=False)
    asked_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pop:
    """`draft`: what the forms begin with, by field: what they typed and did not save, else what they saved or would
    write. `typed`: the former alone. `is_mine`: they say how it ended.
    """

    now: CallNow
    caller: Caller
    cards: Cards | None
    last_calls: Sequence[PastCall]
    is_mine: bool
    draft: Mapping[str, str] = field(repr=False)
    typed: Draft


async def pop(db: Database, actor: Actor, call_id: CallId) -> Pop:
    """Raises ForbiddenError, CallNotFoundError, NotYourCallError. Leaves a row: who was seen because of which call."""
    ensure(actor, Right.TAKE_CALLS)
    async with db.transaction(actor) as tx:
        return await pop_in(tx, actor, call_id)


async def pop_in(tx: Tx, actor: Actor, call_id: CallId) -> Pop:
    """For a larger use case. Raises CallNotFoundError, NotYourCallError."""
    standing = await own.ensure(tx.conn, actor, call_id)
    caller = await _caller(tx.conn, standing)
    if caller.family:
        await seen.family(tx, call_id, [one.id for one in caller.family])
    shown: Cards | None = None
    last: list[PastCall] = []
    if caller.patient is not None:
        await seen.patient(tx, caller.patient.id, call_id=call_id)
        shown = await cards.of_patient(tx.conn, actor, caller.patient, tx.now)
        last = await last_calls(tx.conn, caller.patient.id, but=call_id)
    return Pop(
        now=await _now(tx.conn, actor, standing),
        caller=caller,
        cards=shown,
        last_calls=last,
        is_mine=rules.writes_down(standing, actor.user_id),
        draft=rules.begins_with(standing, actor.user_id),
        typed=standing.draft,
    )


async def call_now(db: Database, actor: Actor, call_id: CallId) -> CallNow:
    """Only how the call stands; what the agent is typing stays. Raises as `pop`."""
    ensure(actor, Right.TAKE_CALLS)
    async with db.connection() as conn:
        return await _now(conn, actor, await own.ensure(conn, actor, call_id))


async def ringing(db: Database, actor: Actor, call_id: CallId) -> Caller:
    """Name and number for the telephone, on whatever page the agent is. Raises as `pop`."""
    ensure(actor, Right.TAKE_CALLS)
    async with db.transaction(actor) as tx:
        caller = await _caller(tx.conn, await own.ensure(tx.conn, actor, call_id))
        if caller.patient is not None:
            await seen.patient(tx, caller.patient.id, call_id=call_id, again=True)
        return caller


async def _caller(conn: Connection, standing: Standing) -> Caller:
    call = standing.call
    patient = await patients.get(conn, call.patient_id) if call.patient_id is not None else None
    family = await patients.find_by_msisdn(conn, call.caller) if call.caller and patient is None else ()
    return Caller(patient=patient, family=family, number=call.caller, asked_by=standing.asked_by)


async def _now(conn: Connection, actor: Actor, standing: Standing) -> CallNow:
    call = standing.call
    mine, others = rules.split(standing.legs, actor.user_id)
    stays = mine is not None or call.agent_id == actor.user_id or own.stands_above(actor)
    waiting = await _settled_by(conn, call) if may(actor, Right.DO_TASKS) else ()
    return CallNow(
        call=call,
        here=standing.here,
        legs=others,
        stays=stays,
        asked_by=standing.asked_by,
        suggested=rules.suggested(call),
        tasks=waiting,
    )


async def _settled_by(conn: Connection, call: Call) -> Sequence[Task]:
    """Asked only once somebody has spoken, or tried: what rings does not wait for it."""
    if call.caller is None or (call.connected_at is None and call.ended_at is None):
        return ()
    return await tasks.open_tasks(conn, kind=TaskKind.CALL_BACK, msisdn=call.caller)


async def last_calls(conn: Connection, patient_id: PatientId, *, but: CallId) -> list[PastCall]:
    """Newest first, without the one that is under way."""
    rows = await conn.fetch(
        """
        SELECT c.started_at, c.direction, coalesce(u.name, '') AS agent_name, c.disposition, c.notes
        FROM call c LEFT JOIN app_user u ON u.id = c.agent_id
        WHERE c.patient_id = $1 AND c.id <> $2 ORDER BY c.started_at DESC LIMIT $3
        """,
        patient_id,
        but,
        CALLS,
    )
    return [PastCall(**{**dict(row), "direction": Direction(row["direction"])}) for row in rows]
