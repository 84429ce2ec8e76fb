"""Supervisors at agents' calls, in PostgreSQL."""

from datetime import datetime
from uuid import UUID

import asyncpg

from crm_core.calls.model import Mode, Supervision
from crm_core.kernel.db import Connection
from crm_core.kernel.ids import CallId, Uniqueid, UserId

_SUPERVISION = """
    SELECT s.call_id, c.uniqueid AS patient, s.agent_id, a.name AS agent_name, a.login AS agent_login,
           coalesce(a.desk, '') AS agent_desk, s.supervisor_id, v.name AS supervisor_name, v.login AS supervisor_login,
           coalesce(v.desk, '') AS supervisor_desk, s.ear, s.mode, s.begun_at, s.ended_at
    FROM supervision s JOIN call c ON c.id = s.call_id JOIN app_user a ON a.id = s.agent_id
    JOIN app_user v ON v.id = s.supervisor_id """


async def begin(
    conn: Connection, call_id: CallId, agent_id: UserId, supervisor_id: UserId, ear: Uniqueid, mode: Mode, now: datetime
) -> None:
    """Raises UniqueViolationError when this supervisor is at a call already."""
    await conn.execute(
        "INSERT INTO supervision (call_id, agent_id, supervisor_id, ear, mode, begun_at) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        call_id,
        agent_id,
        supervisor_id,
        ear,
        mode,
        now,
    )


async def under_way(conn: Connection) -> list[Supervision]:
    """All that have not ended, the longest first."""
    rows = await conn.fetch(_SUPERVISION + "WHERE s.ended_at IS NULL ORDER BY s.begun_at, s.id")
    return [_read(row) for row in rows]


async def of_supervisor(conn: Connection, supervisor_id: UserId) -> Supervision | None:
    """The call they are at now."""
    row = await conn.fetchrow(_SUPERVISION + "WHERE s.ended_at IS NULL AND s.supervisor_id = $1", supervisor_id)
    return _read(row) if row else None


async def of_ear(conn: Connection, ear: Uniqueid) -> Supervision | None:
    """By the supervisor's channel, while it has not ended. Locked as above."""
    row = await conn.fetchrow(_SUPERVISION + "WHERE s.ended_at IS NULL AND s.ear = $1 FOR UPDATE OF s", ear)
    return _read(row) if row else None


async def set_mode(conn: Connection, ear: Uniqueid, mode: Mode) -> None:
    """As wished now, or as it is found to be."""
    await conn.execute("UPDATE supervision SET mode = $2 WHERE ear = $1 AND ended_at IS NULL", ear, mode)


async def rename(conn: Connection, ear: Uniqueid, after: Uniqueid) -> None:
    """The supervisor's channel has another name from now on."""
    await conn.execute("UPDATE supervision SET ear = $2 WHERE ear = $1 AND ended_at IS NULL", ear, after)


async def end(conn: Connection, ear: Uniqueid, now: datetime) -> None:
    """The ear is gone."""
    await conn.execute("UPDATE supervision SET ended_at = $2 WHERE ear = $1 AND ended_at IS NULL", ear, now)


def _read(row: asyncpg.Record) -> Supervision:
    fields = dict(row)
    return Supervision(
        **fields | {"call_id": CallId(UUID(bytes=fields["call_id"].bytes)), "mode": Mode(fields["mode"])}
    )
