"""Calls about which nobody has said how they ended: one's own of today, everybody's of two weeks for supervisors."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from crm_core.calls import own, store
from crm_core.kernel import calendar
from crm_core.kernel.actor import Actor
from crm_core.kernel.cursor import END_OF_TIME, LAST_UUID, Cursor, Page, page_of
from crm_core.kernel.db import Connection, Database
from crm_core.kernel.ids import UserId
from crm_core.users.rights import Right, ensure
from overview import calls, seen
from overview.calls import CallLine

LOOKS_BACK = timedelta(days=13)
_LACKING = """
    FROM (
        SELECT l.connected_at AS at, l.call_id, l.user_id FROM call_leg l
        WHERE l.disposition = '' AND l.left_at IS NOT NULL AND l.connected_at >= $2
          AND ($1::bigint IS NULL OR l.user_id = $1)
          AND NOT EXISTS (SELECT FROM call_leg again WHERE again.call_id = l.call_id AND again.user_id = l.user_id
                                                       AND again.id > l.id)
        UNION ALL
        SELECT o.started_at, o.id, o.agent_id FROM call o
        WHERE o.direction = 'out' AND o.state = 'ended' AND o.connected_at IS NULL AND o.disposition = ''
          AND o.agent_id IS NOT NULL AND o.started_at >= $2 AND ($1::bigint IS NULL OR o.agent_id = $1)
    ) AS w
    WHERE NOT EXISTS (SELECT FROM agent_state s WHERE s.user_id = w.user_id AND s.call_id = w.call_id)"""
_COUNT = "SELECT count(*)" + _LACKING
_WHO = "SELECT w.at AS lacking_at, w.call_id AS lacking_id, who.name AS lacking_by,"
_OF = " FROM (SELECT w.*"
_THESE = """ AND (w.at, w.call_id) < ($3, $4::uuid) ORDER BY w.at DESC, w.call_id DESC LIMIT $5) AS w
    JOIN call c ON c.id = w.call_id JOIN app_user who ON who.id = w.user_id LEFT JOIN app_user u ON u.id = c.agent_id
    ORDER BY w.at DESC, w.call_id DESC"""
_PAGE = _WHO + store.COLUMNS + _OF + _LACKING + _THESE
_OURS = ("lacking_at", "lacking_id", "lacking_by")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """A call, and who has not written about it."""

    line: CallLine
    agent_name: str


async def listed(db: Database, actor: Actor, *, limit: int, after: Cursor | None = None) -> Page[Lacking]:
    """Newest first; what is still at somebody's desk is not lacking yet. Raises ForbiddenError."""
    ensure(actor, Right.SEE_CALLS)
    whose, since = _whose(db, actor)
    at, last = (after.at, after.uuid) if after else (END_OF_TIME, LAST_UUID)
    async with db.transaction(actor) as tx:
        rows = await tx.conn.fetch(_PAGE, whose, since, at, last, limit + 1)
        page = page_of(rows, limit, lambda row: row, lambda row: Cursor(row["lacking_at"], str(row["lacking_id"])))
        found = await _lines(tx.conn, list(page.items))
        await seen.listed(tx, "call", ["without result"], [one.line.call.patient_id for one in found])
        return Page(found, page.next)


async def _lines(conn: Connection, rows: list[asyncpg.Record]) -> list[Lacking]:
    lines = await calls.lines_of(conn, [store.read(row, but=_OURS) for row in rows])
    return [Lacking(line=line, agent_name=row["lacking_by"]) for line, row in zip(lines, rows, strict=True)]


async def count(db: Database, actor: Actor) -> int:
    """How many. Raises ForbiddenError."""
    ensure(actor, Right.SEE_CALLS)
    async with db.connection() as conn:
        found: int = await conn.fetchval(_COUNT, *_whose(db, actor))
    return found


def _whose(db: Database, actor: Actor) -> tuple[UserId | None, datetime]:
    day_start = calendar.day_start(db.clock(), db.zone)
    return (None, day_start - LOOKS_BACK) if own.stands_above(actor) else (actor.user_id, day_start)
