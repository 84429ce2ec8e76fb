"""The call log as pages and programs read it: calls with the patient's name, who spoke, and what can be heard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict

import asyncpg

from crm_core.calls import finding, leg_store, own, pause_store, rules, store
from crm_core.calls.errors import CallNotFoundError
from crm_core.calls.model import Call, Leg, Pause, Standing
from crm_core.drafts.model import Draft
from crm_core.kernel.actor import Actor
from crm_core.kernel.cursor import Cursor, Page
from crm_core.kernel.db import Connection, Database, Tx
from crm_core.kernel.ids import CallId, Msisdn, RecordingId, UserId
from crm_core.patients import search_store
from crm_core.users import store as users
from crm_core.users.model import User
from crm_core.users.rights import Right, allows, ensure, may
from overview import seen
from recordings import store as recordings
from recordings.model import Absence, Recording


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a search asks for; None means any. `agent_id`: they spoke in the call. `text` is part of a patient's name,
    pinyin or number, or the end or beginning of the number that rang."""

    text: str = field(default="", repr=False)
    caller: Msisdn | None = field(default=None, repr=False)
    since: datetime | None = None
    until: datetime | None = None
    direction: str | None = None
    agent_id: UserId | None = None

    def by(self) -> list[str]:
        """The names of the filters that are set."""
        return [name for name in self.__slots__ if getattr(self, name) not in (None, "")]

    def of_call(self) -> "OfCall":
        """Those that are about the call itself."""
        return {"caller": self.caller, "since": self.since, "until": self.until, "direction": self.direction}


class OfCall(TypedDict):
    """Arguments of the finders."""

    caller: Msisdn | None
    since: datetime | None
    until: datetime | None
    direction: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLine:
    """One line of a list. `recording_id` is that of the call itself, else of its voicemail."""

    call: Call
    patient_name: str = field(repr=False)
    legs: Sequence[Leg]
    recording_id: RecordingId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPage:
    """A call by itself. `result` is what the form about it begins with, None when the reader may not write.

    `typed`: what they typed into it and did not save. `pauses`: when an agent had it not recorded.
    """

    line: CallLine
    heard: Sequence[Recording]
    result: Mapping[str, str] | None = field(repr=False)
    absence: Absence | None
    typed: Draft
    pauses: Sequence[Pause] = ()


async def listed(
    db: Database, actor: Actor, wanted: Wanted, *, limit: int, after: Cursor | None = None
) -> Page[CallLine]:
    """Newest first. Raises ForbiddenError. One audit row for the list, not one for each patient in it."""
    ensure(actor, Right.SEE_CALLS)
    async with db.transaction(actor) as tx:
        found = await page_in(tx.conn, wanted, limit=limit, after=after)
        await seen.listed(tx, "call", wanted.by(), [line.call.patient_id for line in found.items])
        return found


async def page_in(conn: Connection, wanted: Wanted, *, limit: int, after: Cursor | None = None) -> Page[CallLine]:
    """For who has been let in and writes down what they saw."""
    if wanted.text:
        found = await _by_text(conn, wanted, limit, after)
    elif wanted.agent_id is None:
        found = await store.page(conn, limit=limit, after=after, **wanted.of_call())
    else:
        found = await store.of_agent(conn, wanted.agent_id, limit=limit, after=after, **wanted.of_call())
    return Page(await lines_of(conn, found.items), found.next)


async def _by_text(conn: Connection, wanted: Wanted, limit: int, after: Cursor | None) -> Page[Call]:
    ids = await search_store.few(conn, wanted.text)
    return await finding.by_text(
        conn,
        wanted.text,
        ids,
        since=wanted.since,
        until=wanted.until,
        direction=wanted.direction,
        agent_id=wanted.agent_id,
        limit=limit,
        after=after,
    )


_HEARD = """
    SELECT coalesce(p.name, '') AS patient_name,
           (SELECT r.id FROM recording r WHERE r.call_id = c.id
            ORDER BY r.kind, r.created_at LIMIT 1) AS recording_id,"""
_THESE = """ AS legs
    FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, position) JOIN call c USING (id)
    LEFT JOIN patient p ON p.id = c.patient_id
    ORDER BY wanted.position"""
_LINES = _HEARD + leg_store.OF_CALL + _THESE


async def lines_of(conn: Connection, calls: Sequence[Call]) -> list[CallLine]:
    """In one statement however many they are."""
    rows = await conn.fetch(
        _LINES,
        [call.id for call in calls],
    )
    return [_line(call, row) for call, row in zip(calls, rows, strict=True)]


def _line(call: Call, row: asyncpg.Record) -> CallLine:
    legs = leg_store.from_json(call.id, row["legs"])
    return CallLine(call=call, patient_name=row["patient_name"], legs=legs, recording_id=row["recording_id"])


async def show(db: Database, actor: Actor, call_id: CallId) -> CallPage:
    """One call, with what can be heard for who may hear it. Raises ForbiddenError, CallNotFoundError."""
    ensure(actor, Right.SEE_CALLS)
    async with db.transaction(actor) as tx:
        standing = await store.standing(tx.conn, call_id, actor.user_id)
        if standing is None:
            raise CallNotFoundError("no such call")
        await seen.call(tx, call_id)
        (line,) = await lines_of(tx.conn, [standing.call])
        hears = may(actor, Right.HEAR_RECORDINGS)
        heard = await recordings.of_call(tx.conn, call_id) if hears else []
        absence = await recordings.absence(tx.conn, call_id) if hears and not heard else None
        return CallPage(
            line=line,
            heard=heard,
            absence=absence,
            result=_result(tx, standing),
            typed=standing.draft,
            pauses=await pause_store.of_call(tx.conn, call_id) if hears and standing.call.connected_at else (),
        )


def _result(tx: Tx, standing: Standing) -> Mapping[str, str] | None:
    actor = tx.actor
    if standing.call.ended_at is None or not may(actor, Right.TAKE_CALLS) or actor.user_id is None:
        return None
    is_theirs = rules.is_own(standing, actor.user_id) and rules.is_open(standing, tx.now, tx.zone)
    return rules.begins_with(standing, actor.user_id) if is_theirs or own.stands_above(actor) else None


async def agents(db: Database, actor: Actor) -> list[User]:
    """Who can have taken a call: the choices of a filter. Raises ForbiddenError."""
    ensure(actor, Right.SEE_CALLS)
    async with db.connection() as conn:
        return [user for user in await users.users(conn) if allows(user.role, Right.TAKE_CALLS)]
