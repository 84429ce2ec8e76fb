"""Conversations in PostgreSQL: one row per peer, which the triggers of migration 0006 keep."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from crm_core.kernel.db import Connection, planned_for_its_values
from crm_core.kernel.ids import SmsId, ThreadId, UserId
from sms import store
from sms.model import Direction, Place, Sms, Standing, Thread

NAMES_SHOWN = 3
SHORTEST_TAIL = 3  # digits at the end of a number that are worth looking for
UNREAD_COUNTED = 100  # the number beside the menu says "99+"


async def newest(conn: Connection, *, limit: int, after: Place | None) -> list[ThreadId]:
    """The last written to or from first."""
    rows = await conn.fetch(
        """
        SELECT id FROM sms_thread
        WHERE (last_at, id) < (coalesce($1::timestamptz, 'infinity'), coalesce($2::bigint, 9223372036854775807))
        ORDER BY last_at DESC, id DESC LIMIT $3
        """,
        after.at if after else None,
        after.id if after else None,
        limit,
    )
    return [row["id"] for row in rows]


async def unread(conn: Connection, *, limit: int, after: Place | None) -> list[ThreadId]:
    """Those in which something waits to be read, the newest first."""
    rows = await conn.fetch(
        """
        SELECT id FROM sms_thread
        WHERE unread > 0
          AND (last_at, id) < (coalesce($1::timestamptz, 'infinity'), coalesce($2::bigint, 9223372036854775807))
        ORDER BY last_at DESC, id DESC LIMIT $3
        """,
        after.at if after else None,
        after.id if after else None,
        limit,
    )
    return [row["id"] for row in rows]


async def unanswered(conn: Connection, *, limit: int, after: Place | None) -> list[ThreadId]:
    """Those in which a person waits for a person: their one open task says so. The newest first."""
    rows = await conn.fetch(
        """
        SELECT thread.id FROM task JOIN sms_thread AS thread ON thread.peer = task.msisdn
        WHERE task.status = 'open' AND task.kind = 'answer_sms' AND task.msisdn <> ''
          AND (last_at, thread.id)
              < (coalesce($1::timestamptz, 'infinity'), coalesce($2::bigint, 9223372036854775807))
        ORDER BY last_at DESC, thread.id DESC LIMIT $3
        """,
        after.at if after else None,
        after.id if after else None,
        limit,
    )
    return [row["id"] for row in rows]


async def owned(conn: Connection, user_id: UserId, *, limit: int, after: Place | None) -> list[ThreadId]:
    """Those that this person looks after, the newest first."""
    rows = await conn.fetch(
        """
        SELECT id FROM sms_thread
        WHERE owner_id = $1
          AND (last_at, id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::bigint, 9223372036854775807))
        ORDER BY last_at DESC, id DESC LIMIT $4
        """,
        user_id,
        after.at if after else None,
        after.id if after else None,
        limit,
    )
    return [row["id"] for row in rows]


async def peers_saying(conn: Connection, words: str, *, lately: int, limit: int) -> list[str]:
    """With whom these words were written, by them or by a person of ours, among so many newest texts."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT peer FROM (
            SELECT peer, text FROM sms WHERE direction = 'in' OR written_by IS NOT NULL ORDER BY id DESC LIMIT $2
        ) AS lately
        WHERE text ILIKE $1 LIMIT $3
        """,
        "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%",
        lately,
        limit,
    )
    return [row["peer"] for row in rows]


async def found(
    conn: Connection, *, peers: Sequence[str], digits: str, limit: int, after: Place | None
) -> list[ThreadId]:
    """With one of these peers, or with a number that ends in these digits; the newest first."""
    tail = digits[::-1] if len(digits) >= SHORTEST_TAIL else "x"
    async with planned_for_its_values(conn):
        rows = await conn.fetch(
            """
            SELECT id FROM sms_thread
            WHERE (peer = ANY ($1::text[]) OR reverse(peer) ~>=~ $2 AND reverse(peer) ~<~ $3)
              AND (last_at, id) < (coalesce($4::timestamptz, 'infinity'), coalesce($5::bigint, 9223372036854775807))
            ORDER BY last_at DESC, id DESC LIMIT $6
            """,
            peers,
            tail,
            tail + ":",  # ':' follows '9'
            after.at if after else None,
            after.id if after else None,
            limit,
        )
    return [row["id"] for row in rows]


async def many(conn: Connection, ids: Sequence[ThreadId]) -> list[Thread]:
    """In the order of the ids, each with what they said last and the first of the people who have this number."""
    rows = await conn.fetch(
        """
        SELECT thread.id, thread.peer, thread.unread, thread.last_at, shown.text AS last_text,
               shown.direction AS last_direction, last.direction = 'out' AS is_ours,
               coalesce(writer.name, '') AS writer, coalesce(owner.name, '') AS owner, people.names, people.patient_ids,
               EXISTS (SELECT FROM task WHERE status = 'open' AND kind = 'answer_sms' AND msisdn <> ''
                       AND msisdn = thread.peer) AS is_waiting
        FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, position)
        JOIN sms_thread AS thread ON thread.id = wanted.id
        JOIN sms AS last ON last.id = thread.last_sms_id
        JOIN sms AS shown ON shown.id = coalesce(
            (SELECT id FROM sms WHERE peer = thread.peer AND direction = 'in' ORDER BY id DESC LIMIT 1), last.id)
        LEFT JOIN app_user AS writer ON writer.id = last.written_by
        LEFT JOIN app_user AS owner ON owner.id = thread.owner_id
        CROSS JOIN LATERAL (
            SELECT coalesce(array_agg(name), '{}') AS names, coalesce(array_agg(id), '{}') AS patient_ids
            FROM (SELECT p.id, p.name FROM patient_phone JOIN patient AS p ON p.id = patient_phone.patient_id
                  WHERE patient_phone.msisdn = thread.peer ORDER BY p.id LIMIT $2) AS first_of_them
        ) AS people
        ORDER BY wanted.position
        """,
        ids,
        NAMES_SHOWN,
    )
    return [_thread(row) for row in rows]


def _thread(row: asyncpg.Record) -> Thread:
    people = {name: tuple(row[name]) for name in ("names", "patient_ids")}
    return Thread(**dict(row) | people | {"last_direction": Direction(row["last_direction"])})


async def standing(conn: Connection, peer: str) -> Standing:
    """Who looks after the conversation, and whether somebody waits in it; one that is not there is nobody's."""
    row = await conn.fetchrow(
        """
        SELECT (SELECT owner_id FROM sms_thread WHERE peer = $1) AS owner_id,
               EXISTS (SELECT FROM task WHERE status = 'open' AND kind = 'answer_sms' AND msisdn <> ''
                       AND msisdn = $1) AS is_waiting
        """,
        peer,
    )
    assert row is not None
    return Standing(**row)


async def peer_of(conn: Connection, thread_id: ThreadId) -> str | None:
    """Whom it is with."""
    peer: str | None = await conn.fetchval("SELECT peer FROM sms_thread WHERE id = $1", thread_id)
    return peer


async def id_of(conn: Connection, peer: str) -> ThreadId | None:
    """None while nobody wrote anything."""
    thread_id: ThreadId | None = await conn.fetchval("SELECT id FROM sms_thread WHERE peer = $1", peer)
    return thread_id


async def texts(conn: Connection, peer: str, *, limit: int, before: SmsId | None = None) -> list[Sms]:
    """The newest first; `before` is the oldest that is shown already."""
    rows = await conn.fetch(
        """
        SELECT id FROM sms WHERE peer = $1 AND id < coalesce($2::bigint, 9223372036854775807)
        ORDER BY id DESC LIMIT $3
        """,
        peer,
        before,
        limit,
    )
    return await store.many(conn, [row["id"] for row in rows])


async def mark_read(conn: Connection, peer: str, *, now: datetime) -> int:
    """How many texts became read."""
    rows = await conn.fetch(
        "UPDATE sms SET read_at = $2 WHERE peer = $1 AND direction = 'in' AND read_at IS NULL RETURNING id", peer, now
    )
    return len(rows)


async def some_unread(conn: Connection) -> int:
    """Inbound texts nobody has read, counted to a hundred: more is "many", however many."""
    return int(
        await conn.fetchval(
            """
            SELECT count(*) FROM (SELECT 1 FROM sms WHERE direction = 'in' AND read_at IS NULL LIMIT $1) AS waiting
            """,
            UNREAD_COUNTED,
        )
    )


async def owner_of(conn: Connection, peer: str) -> UserId | None:
    """Who looks after this conversation."""
    owner: UserId | None = await conn.fetchval("SELECT owner_id FROM sms_thread WHERE peer = $1", peer)
    return owner


async def set_owner(conn: Connection, peer: str, user_id: UserId | None) -> ThreadId | None:
    """Another looks after it; None when they do already, or nobody wrote yet."""
    thread_id: ThreadId | None = await conn.fetchval(
        "UPDATE sms_thread SET owner_id = $2 WHERE peer = $1 AND owner_id IS DISTINCT FROM $2 RETURNING id",
        peer,
        user_id,
    )
    return thread_id


async def id_with(conn: Connection, peer: str) -> ThreadId:
    """Of a peer with whom there is a text."""
    return ThreadId(await conn.fetchval("SELECT id FROM sms_thread WHERE peer = $1", peer))
