"""What each agent is doing, in PostgreSQL."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import asyncpg

from crm_core.calls.model import Agent, AgentState
from crm_core.kernel.db import Connection
from crm_core.kernel.ids import CallId, UserId


async def find(
    conn: Connection, *, user_id: UserId | None = None, desk: str | None = None, call_id: CallId | None = None
) -> list[Agent]:
    """Active users who have a desk or a state, by desk; narrowed by what is given."""
    rows = await conn.fetch(
        """
        SELECT u.id AS user_id, u.login, u.name, u.desk, coalesce(l.is_up, false) AS has_line,
               coalesce(a.state, 'offline') AS state, coalesce(a.reason, '') AS reason, a.call_id, a.since,
               coalesce(a.after_call, 'available') AS after_call, coalesce(a.missed_rings, 0) AS missed_rings,
               a.asked_by, coalesce(asking.name, '') AS asked_by_name
        FROM app_user u LEFT JOIN agent_state a ON a.user_id = u.id LEFT JOIN desk_line l ON l.desk = u.desk
        LEFT JOIN app_user asking ON asking.id = a.asked_by
        WHERE ((u.is_active AND u.desk IS NOT NULL) OR a.user_id IS NOT NULL)
          AND ($1::bigint IS NULL OR u.id = $1) AND ($2::text IS NULL OR u.desk = $2)
          AND ($3::uuid IS NULL OR a.call_id = $3)
        ORDER BY u.desk, u.id
        """,
        user_id,
        desk,
        call_id,
    )
    return [_agent(row) for row in rows]


def _agent(row: asyncpg.Record) -> Agent:
    fields = dict(row)
    return Agent(
        **fields
        | {
            "state": AgentState(fields["state"]),
            "after_call": AgentState(fields["after_call"]),
            "call_id": CallId(UUID(bytes=fields["call_id"].bytes)) if fields["call_id"] else None,
        }
    )


async def states(conn: Connection) -> list[Agent]:
    """Everybody who can take calls, by desk; who never said anything is offline."""
    return await find(conn)


async def by_desk(conn: Connection, desk: str) -> Agent | None:
    """Who answers there, None when the desk is nobody's."""
    found = await find(conn, desk=desk)
    return found[0] if found else None


async def lock(conn: Connection, user_id: UserId, now: datetime) -> Agent | None:
    """One agent whom nobody else changes until the transaction ends. None when the account cannot take calls."""
    await conn.execute(
        "INSERT INTO agent_state (user_id, state, since) SELECT id, 'offline', $2 FROM app_user "
        "WHERE id = $1 AND is_active AND desk IS NOT NULL ON CONFLICT (user_id) DO NOTHING",
        user_id,
        now,
    )
    await conn.execute("SELECT 1 FROM agent_state WHERE user_id = $1 FOR UPDATE", user_id)
    found = await find(conn, user_id=user_id)
    return found[0] if found else None


async def put(conn: Connection, agent: Agent, now: datetime) -> None:
    """Of an agent that is locked. `since` only moves when the state does."""
    await conn.execute(
        """
        UPDATE agent_state SET since = CASE WHEN state = $2 THEN since ELSE $8 END,
            state = $2, reason = $3, call_id = $4, after_call = $5, missed_rings = $6, asked_by = $7
        WHERE user_id = $1
        """,
        agent.user_id,
        agent.state,
        agent.reason,
        agent.call_id,
        agent.after_call,
        agent.missed_rings,
        agent.asked_by,
        now,
    )


async def put_lines(conn: Connection, lines: Mapping[str, bool], now: datetime) -> list[str]:
    """Whether each of these desks has a telephone; answers the desks for which that is news. None yet is as none."""
    rows = await conn.fetch(
        """
        INSERT INTO desk_line (desk, is_up, since)
        SELECT desk, is_up, $3 FROM unnest($1::text[], $2::boolean[]) AS told (desk, is_up) ORDER BY desk
        ON CONFLICT (desk) DO UPDATE SET is_up = excluded.is_up, since = excluded.since
        WHERE desk_line.is_up <> excluded.is_up
        RETURNING desk, xmax = 0 AND NOT is_up AS is_no_news
        """,
        list(lines),
        list(lines.values()),
        now,
    )
    return [row["desk"] for row in rows if not row["is_no_news"]]


async def line_lost_at(conn: Connection, desk: str) -> datetime | None:
    """Since when the desk has no telephone; None while it has one."""
    lost: datetime | None = await conn.fetchval("SELECT since FROM desk_line WHERE desk = $1 AND NOT is_up", desk)
    return lost
