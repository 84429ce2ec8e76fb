"""Pauses of recordings, in PostgreSQL."""

from datetime import datetime
from uuid import UUID

import asyncpg

from crm_core.calls.model import Pause
from crm_core.kernel.db import Connection
from crm_core.kernel.ids import CallId, UserId

_PAUSE = """
    SELECT p.id, p.call_id, c.uniqueid AS patient, p.user_id, u.name AS agent_name, p.begun_at, p.until, p.ended_at
    FROM recording_pause p JOIN call c ON c.id = p.call_id JOIN app_user u ON u.id = p.user_id """


async def begin(conn: Connection, call_id: CallId, user_id: UserId, now: datetime, until: datetime) -> None:
    """Raises UniqueViolationError while the call has an open one."""
    await conn.execute(
        "INSERT INTO recording_pause (call_id, user_id, begun_at, until) VALUES ($1, $2, $3, $4)",
        call_id,
        user_id,
        now,
        until,
    )


async def under_way(conn: Connection) -> list[Pause]:
    """All that have not ended."""
    return [_read(row) for row in await conn.fetch(_PAUSE + "WHERE p.ended_at IS NULL ORDER BY p.until, p.id")]


async def of_call(conn: Connection, call_id: CallId) -> list[Pause]:
    """In the order of time."""
    return [_read(row) for row in await conn.fetch(_PAUSE + "WHERE p.call_id = $1 ORDER BY p.begun_at, p.id", call_id)]


async def end(conn: Connection, call_id: CallId, now: datetime) -> Pause | None:
    """The one that was under way."""
    ended = await conn.fetchval(
        "UPDATE recording_pause SET ended_at = greatest($2, begun_at) WHERE call_id = $1 AND ended_at IS NULL "
        "RETURNING id",
        call_id,
        now,
    )
    row = await conn.fetchrow(_PAUSE + "WHERE p.id = $1", ended) if ended else None
    return _read(row) if row else None


def _read(row: asyncpg.Record) -> Pause:
    fields = dict(row)
    return Pause(**fields | {"call_id": CallId(UUID(bytes=fields["call_id"].bytes))})
