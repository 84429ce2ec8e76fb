"""The search for calls in PostgreSQL by who rang: each way of asking has a statement that reads little."""

from collections.abc import Sequence
from datetime import datetime

from crm_core.calls.model import Call
from crm_core.calls.store import COLUMNS, FROM, read
from crm_core.kernel.cursor import END_OF_TIME, LAST_UUID, Cursor, Page, page_of
from crm_core.kernel.db import Connection, planned_for_its_values
from crm_core.kernel.ids import PatientId, UserId
from crm_core.kernel.msisdn import digits_of, ends_of

_THEIRS = """
    WITH theirs AS (SELECT id FROM call WHERE patient_id = ANY ($8::bigint[])
                    UNION SELECT id FROM call WHERE reverse(caller) ~>=~ $9 AND reverse(caller) ~<~ $10
                    UNION SELECT id FROM call WHERE caller >= $11 AND caller < $12)
    SELECT"""
_WANTED = """
    WHERE ($1::timestamptz IS NULL OR c.started_at >= $1) AND ($2::timestamptz IS NULL OR c.started_at < $2)
      AND ($3::text IS NULL OR c.direction = $3)
      AND ($4::bigint IS NULL OR EXISTS (SELECT FROM call_leg l WHERE l.call_id = c.id AND l.user_id = $4))"""
_PAGE = " AND (c.started_at, c.id) < ($5, $6::uuid) ORDER BY c.started_at DESC, c.id DESC LIMIT $7"
_OF_PEOPLE = _THEIRS + COLUMNS + FROM + " JOIN theirs ON theirs.id = c.id" + _WANTED + _PAGE
_PASSING = (
    "SELECT" + COLUMNS + FROM + " JOIN patient p ON p.id = c.patient_id" + _WANTED + " AND p.search LIKE $8" + _PAGE
)


async def by_text(
    conn: Connection,
    text: str,
    patient_ids: Sequence[PatientId] | None,
    *,
    since: datetime | None,
    until: datetime | None,
    direction: str | None,
    agent_id: UserId | None,
    limit: int,
    after: Cursor | None,
) -> Page[Call]:
    """Newest first: of these patients, or from a number that ends or begins with the digits of the text.

    `patient_ids` None: so many have the name that it is looked for in what passes by.
    """
    at, id_ = (after.at, after.uuid) if after else (END_OF_TIME, LAST_UUID)
    wanted = (since, until, direction, agent_id, at, id_, limit + 1)
    async with planned_for_its_values(conn):
        if patient_ids is None:
            rows = await conn.fetch(_PASSING, *wanted, f"%{_escaped(text)}%")
        else:
            rows = await conn.fetch(_OF_PEOPLE, *wanted, patient_ids, *ends_of(digits_of(text)))
    return page_of(rows, limit, read, lambda row: Cursor(row["started_at"], str(row["id"])))


def _escaped(text: str) -> str:
    return text.strip().lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
