"""The agent's desk between two calls: the call at hand, the last ones, who waits, and the search inside the pop."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from crm_core.calls import agent_store, own
from crm_core.kernel.actor import Actor
from crm_core.kernel.cursor import Cursor, Page
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.ids import CallId, UserId
from crm_core.patients import search_store
from crm_core.patients.model import Patient
from crm_core.users.rights import Right, ensure
from overview import calls, seen
from overview.calls import CallLine, Wanted
from overview.pop import Pop, pop_in

RECENT = 6
FOUND = 6
FIRST_IN_QUEUE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """`pop`: the call under way or in wrap-up, which asks for the last calls by itself."""

    pop: Pop | None
    recent: Page[CallLine]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Somebody in the queue; `name` is "" when nobody knows who it is."""

    name: str = field(repr=False)
    caller: str = field(repr=False)
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """How many wait, and those who wait longest."""

    length: int
    first: Sequence[Waiting]


async def show(db: Database, actor: Actor) -> Desk:
    """Raises ForbiddenError."""
    user_id = _who(actor)
    async with db.transaction(actor) as tx:
        agents = await agent_store.find(tx.conn, user_id=user_id)
        call_id = agents[0].call_id if agents else None
        pop = await pop_in(tx, actor, call_id) if call_id else None
        return Desk(pop=pop, recent=Page([], None) if pop else await _recent(tx, user_id, None))


async def recent(db: Database, actor: Actor, after: Cursor | None) -> Page[CallLine]:
    """Calls of this person, newest first, or those after some. Raises ForbiddenError."""
    user_id = _who(actor)
    async with db.transaction(actor) as tx:
        return await _recent(tx, user_id, after)


async def _recent(tx: Tx, user_id: UserId, after: Cursor | None) -> Page[CallLine]:
    found = await calls.page_in(tx.conn, Wanted(agent_id=user_id), limit=RECENT, after=after)
    if found.items:
        await seen.listed(tx, "call", ["own"], [line.call.patient_id for line in found.items], again=after is None)
    return found


def _who(actor: Actor) -> UserId:
    ensure(actor, Right.TAKE_CALLS)
    assert actor.user_id is not None  # only people have desks
    return actor.user_id


async def queue(db: Database, actor: Actor) -> Queue:
    """Who waits for a person. Raises ForbiddenError."""
    async with db.transaction(actor) as tx:
        return await queue_in(tx)


async def queue_in(tx: Tx) -> Queue:
    """For a larger screen. Raises ForbiddenError."""
    ensure(tx.actor, Right.SEE_CALLS)
    rows = await tx.conn.fetch(
        """
        SELECT c.patient_id, coalesce(p.name, '') AS name, c.caller, coalesce(c.queued_at, c.started_at) AS since,
               count(*) OVER () AS length
        FROM call c LEFT JOIN patient p ON p.id = c.patient_id
        WHERE c.state = 'queued' ORDER BY c.started_at, c.id LIMIT $1
        """,
        FIRST_IN_QUEUE,
    )
    if rows:
        await seen.listed(tx, "call", ["waiting"], [row["patient_id"] for row in rows], again=True)
    first = [Waiting(name=row["name"], caller=row["caller"], since=row["since"]) for row in rows]
    return Queue(length=rows[0]["length"] if rows else 0, first=first)


async def find_patient(db: Database, actor: Actor, call_id: CallId, text: str) -> list[Patient]:
    """To tie somebody to one's call. Raises ForbiddenError, CallNotFoundError, NotYourCallError."""
    ensure(actor, Right.SEE_PATIENTS)
    async with db.transaction(actor) as tx:
        await own.ensure(tx.conn, actor, call_id)
        found = await search_store.search(tx.conn, text, limit=FOUND) if text else []
        if found:
            await seen.listed(tx, "patient", ["text"], [one.id for one in found])
        return found
