"""Notes beside recordings in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

from crm_core.kernel.db import Connection
from crm_core.kernel.ids import RecordingId, UserId
from recordings.model import Note


async def insert(
    conn: Connection, recording_id: RecordingId, user_id: UserId, text: str, *, at_ms: int, now: datetime
) -> int:
    """The note's number."""
    number: int = await conn.fetchval(
        """
        INSERT INTO recording_note (recording_id, user_id, text, at_ms, written_at) VALUES ($1, $2, $3, $4, $5)
        RETURNING id
        """,
        recording_id,
        user_id,
        text,
        at_ms,
        now,
    )
    return number


async def of(conn: Connection, recording_id: RecordingId) -> Sequence[Note]:
    """In the order in which they are heard."""
    rows = await conn.fetch(
        """
        SELECT n.id, n.recording_id, n.at_ms, n.text, n.user_id, u.name AS user_name, n.written_at
        FROM recording_note n JOIN app_user u ON u.id = n.user_id
        WHERE n.recording_id = $1 ORDER BY n.at_ms, n.id
        """,
        recording_id,
    )
    return [Note(**row) for row in rows]


async def delete(conn: Connection, recording_id: RecordingId, number: int, user_id: UserId) -> bool:
    """False when there is no such note by this person."""
    done = await conn.execute(
        "DELETE FROM recording_note WHERE id = $1 AND recording_id = $2 AND user_id = $3",
        number,
        recording_id,
        user_id,
    )
    return bool(done == "DELETE 1")
