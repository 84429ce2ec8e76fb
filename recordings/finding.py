"""The search for recordings in PostgreSQL: each way of asking has a statement that reads little."""

from collections.abc import Sequence

import asyncpg

from crm_core.kernel.cursor import END_OF_TIME, LAST_UUID, Cursor, Page, page_of
from crm_core.kernel.db import Connection
from crm_core.kernel.ids import PatientId
from crm_core.kernel.msisdn import digits_of, ends_of
from recordings.model import Found, Kind, Wanted

_FOUND = """
    SELECT r.id, r.call_id, r.kind, c.direction, c.caller, c.patient_id, p.name AS patient_name, c.agent_id,
           u.name AS agent_name, c.disposition, c.started_at, r.duration_ms, r.created_at"""
_PEOPLE = " LEFT JOIN patient p ON p.id = c.patient_id LEFT JOIN app_user u ON u.id = c.agent_id"
_WANTED = """
    WHERE ($1::text IS NULL OR c.caller = $1) AND ($2::bigint IS NULL OR c.patient_id = $2)
      AND ($3::timestamptz IS NULL OR c.started_at >= $3) AND ($4::timestamptz IS NULL OR c.started_at < $4)
      AND ($5::text IS NULL OR r.kind = $5)
      AND ($9::text IS NULL OR c.direction = $9) AND ($10::text IS NULL OR c.disposition = $10)"""
_NEWEST = (
    _FOUND
    + ", c.started_at AS at FROM call c JOIN recording r ON r.call_id = c.id"
    + _PEOPLE
    + _WANTED
    + """
      AND (c.started_at, r.id) < ($6, $7::uuid) AND ($11::text IS NULL OR p.search LIKE $11)
    ORDER BY c.started_at DESC, r.id DESC LIMIT $8"""
)
_OF_AGENT = (
    _FOUND
    + ", l.connected_at AS at FROM call_leg l JOIN call c ON c.id = l.call_id JOIN recording r ON r.call_id = c.id"
    + _PEOPLE
    + _WANTED
    + """
      AND (l.connected_at, r.id) < ($6, $7::uuid) AND ($11::text IS NULL OR p.search LIKE $11) AND l.user_id = $12
      AND NOT EXISTS (SELECT FROM call_leg again
                      WHERE again.call_id = l.call_id AND again.user_id = l.user_id AND again.id > l.id)
    ORDER BY l.connected_at DESC, r.id DESC LIMIT $8"""
)
_THEIRS = """
    WITH theirs AS (SELECT id FROM call WHERE patient_id = ANY ($11::bigint[])
                    UNION SELECT id FROM call WHERE reverse(caller) ~>=~ $12 AND reverse(caller) ~<~ $13
                    UNION SELECT id FROM call WHERE caller >= $15 AND caller < $16)"""
_OF_THEIRS = ", c.started_at AS at FROM theirs JOIN call c USING (id) JOIN recording r ON r.call_id = c.id"
_AMONG = """
      AND (c.started_at, r.id) < ($6, $7::uuid)
      AND ($14::bigint IS NULL OR EXISTS (SELECT 1 FROM call_leg l WHERE l.call_id = c.id AND l.user_id = $14))
    ORDER BY c.started_at DESC, r.id DESC LIMIT $8"""
_OF_PEOPLE = _THEIRS + _FOUND + _OF_THEIRS + _PEOPLE + _WANTED + _AMONG


async def newest(conn: Connection, wanted: Wanted, *, limit: int, after: Cursor | None) -> Page[Found]:
    """Newest call first; of an agent, the call they came into last. A text is looked for in what passes by."""
    arguments = [*_arguments(wanted, limit, after), _pattern(wanted.text)]
    if wanted.agent_id is None:
        return _page(await conn.fetch(_NEWEST, *arguments), limit)
    return _page(await conn.fetch(_OF_AGENT, *arguments, wanted.agent_id), limit)


async def of_people(
    conn: Connection, wanted: Wanted, patient_ids: Sequence[PatientId], *, limit: int, after: Cursor | None
) -> Page[Found]:
    """Of calls with these patients, or from a number that ends or begins with the digits of the text."""
    tail, tail_end, head, head_end = ends_of(digits_of(wanted.text))
    extra = (patient_ids, tail, tail_end, wanted.agent_id, head, head_end)
    return _page(await conn.fetch(_OF_PEOPLE, *_arguments(wanted, limit, after), *extra), limit)


def _arguments(wanted: Wanted, limit: int, after: Cursor | None) -> tuple[object, ...]:
    return (
        wanted.caller,
        wanted.patient_id,
        wanted.since,
        wanted.until,
        wanted.kind.value if wanted.kind else None,
        after.at if after else END_OF_TIME,
        after.uuid if after else LAST_UUID,
        limit + 1,
        wanted.direction,
        wanted.disposition,
    )


def _pattern(text: str) -> str | None:
    words = text.strip().lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{words}%" if words else None


def _page(rows: Sequence[asyncpg.Record], limit: int) -> Page[Found]:
    return page_of(rows, limit, _found, lambda row: Cursor(row["at"], str(row["id"])))


def _found(row: asyncpg.Record) -> Found:
    fields = {name: value for name, value in row.items() if name != "at"}
    return Found(**fields | {"kind": Kind(fields["kind"])})
