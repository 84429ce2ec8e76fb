"""Legs in PostgreSQL: who of the hospital spoke in a call, and what each of them wrote down."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from crm_core.calls.model import Leg
from crm_core.kernel.db import Connection
from crm_core.kernel.ids import CallId, UserId


async def begin(conn: Connection, call_id: CallId, user_id: UserId, now: datetime) -> None:
    """This agent speaks from now on. Back with nobody in between, after a reload say: the same leg."""
    again = await conn.fetchval(
        """
        UPDATE call_leg SET left_at = NULL
        WHERE id = (SELECT max(id) FROM call_leg WHERE call_id = $1) AND user_id = $2
        RETURNING id
        """,
        call_id,
        user_id,
    )
    if again is None:
        await conn.execute(
            "INSERT INTO call_leg (call_id, user_id, connected_at) VALUES ($1, $2, $3)", call_id, user_id, now
        )


async def end(conn: Connection, call_id: CallId, now: datetime, *, user_id: UserId | None = None) -> None:
    """This agent has left the call; without one, everybody."""
    await conn.execute(
        """
        UPDATE call_leg SET left_at = greatest($2, connected_at)
        WHERE call_id = $1 AND left_at IS NULL AND ($3::bigint IS NULL OR user_id = $3)
        """,
        call_id,
        now,
        user_id,
    )


async def write_down(conn: Connection, call_id: CallId, user_id: UserId, disposition: str, notes: str) -> bool:
    """How this agent says their newest leg ended. False when they never spoke in the call."""
    return bool(
        await conn.fetchval(
            """
            UPDATE call_leg SET disposition = $3, notes = $4
            WHERE id = (SELECT max(id) FROM call_leg WHERE call_id = $1 AND user_id = $2)
            RETURNING true
            """,
            call_id,
            user_id,
            disposition,
            notes,
        )
    )


async def of_call(conn: Connection, call_id: CallId) -> list[Leg]:
    """In the order of time."""
    return await of_calls(conn, [call_id])


async def of_calls(conn: Connection, call_ids: Sequence[CallId]) -> list[Leg]:
    """The same of several calls, those of one call in the order of time."""
    rows = await conn.fetch(
        """
        SELECT l.call_id, l.user_id, u.name AS agent_name, l.connected_at, l.left_at, l.disposition, l.notes
        FROM call_leg l JOIN app_user u ON u.id = l.user_id
        WHERE l.call_id = ANY ($1::uuid[]) ORDER BY l.id
        """,
        call_ids,
    )
    return [_leg(row) for row in rows]


def _leg(row: asyncpg.Record) -> Leg:
    fields = dict(row)
    return Leg(**fields | {"call_id": CallId(UUID(bytes=fields["call_id"].bytes))})
