"""Drafts in PostgreSQL: one row for each person and call."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from crm_core.kernel.db import Connection
from crm_core.kernel.ids import CallId, UserId

OF_READER = "(SELECT d.fields FROM draft d WHERE d.user_id = $2 AND d.call_id = c.id)"


async def put(conn: Connection, user_id: UserId, call_id: CallId, fields: Mapping[str, str], now: datetime) -> None:
    """These fields as they are typed now; the others stay."""
    await conn.execute(
        """
        INSERT INTO draft (user_id, call_id, fields, at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (user_id, call_id) DO UPDATE SET fields = draft.fields || excluded.fields, at = excluded.at
        """,
        user_id,
        call_id,
        dict(fields),
        now,
    )


async def drop(conn: Connection, user_id: UserId, call_id: CallId, names: Sequence[str]) -> None:
    """These fields were saved; a draft without fields is none."""
    await conn.execute(
        "UPDATE draft SET fields = fields - $3::text[] WHERE user_id = $1 AND call_id = $2", user_id, call_id, names
    )
    await conn.execute(
        "DELETE FROM draft WHERE user_id = $1 AND call_id = $2 AND fields = '{}'::jsonb", user_id, call_id
    )


async def drop_before(conn: Connection, moment: datetime) -> int:
    """What nobody typed in since; how many."""
    done = await conn.execute("DELETE FROM draft WHERE at < $1", moment)
    return int(done.rpartition(" ")[2])
