"""Legs in PostgreSQL: who of the hospital spoke in a call, and what each of them wrote down."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

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


async def is_written(conn: Connection, call_id: CallId, user_id: UserId) -> bool:
    """Whether this agent has said how their newest leg ended."""
    return bool(
        await conn.fetchval(
            "SELECT disposition <> '' FROM call_leg WHERE call_id = $1 AND user_id = $2 ORDER BY id DESC LIMIT 1",
            call_id,
            user_id,
        )
    )


async def fill(conn: Connection, call_id: CallId, disposition: str) -> None:
    """Of legs about which nobody said anything, for the whole call."""
    await conn.execute(
        "UPDATE call_leg SET disposition = $2 WHERE call_id = $1 AND disposition = ''", call_id, disposition
    )


OF_CALL = """
    (SELECT coalesce(jsonb_agg(jsonb_build_array(l.user_id, a.name, a.login, l.disposition, l.notes, l.connected_at,
                                                 l.left_at) ORDER BY l.id), '[]')
     FROM call_leg l JOIN app_user a ON a.id = l.user_id WHERE l.call_id = c.id)"""
_FIELDS = ("user_id", "agent_name", "agent_login", "disposition", "notes")


def from_json(call_id: CallId, legs: Iterable[Sequence[Any]]) -> list[Leg]:
    """Of the column OF_CALL."""
    return [_leg(call_id, *leg) for leg in legs]


def _leg(call_id: CallId, *leg: Any) -> Leg:
    *same, connected_at, left_at = leg
    return Leg(
        call_id=call_id,
        **dict(zip(_FIELDS, same, strict=True)),
        connected_at=datetime.fromisoformat(connected_at),
        left_at=datetime.fromisoformat(left_at) if left_at else None,
    )
