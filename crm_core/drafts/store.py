"""Drafts in PostgreSQL: one row for each person and subject. It goes with the person, and with what it is about."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from datetime import datetime

from crm_core.drafts.model import Draft, Subject
from crm_core.kernel.db import Connection
from crm_core.kernel.ids import UserId

_THIS = """
    FROM draft
    WHERE user_id = $1 AND form = $2 AND call_id IS NOT DISTINCT FROM $3::uuid
      AND thread_id IS NOT DISTINCT FROM $4::bigint AND patient_id IS NOT DISTINCT FROM $5::bigint
      AND consultation_id IS NOT DISTINCT FROM $6::bigint"""
_GET = "SELECT fields, at" + _THIS
_DELETE = "DELETE" + _THIS
_DELETE_EMPTY = _DELETE + " AND fields - 'version' = '{}'::jsonb"
_ID = "SELECT id" + _THIS
OF_CALL = """(SELECT jsonb_build_object('fields', d.fields, 'at', d.at) FROM draft d
              WHERE d.user_id = $2 AND d.form = 'call' AND d.call_id = c.id)"""


async def put(conn: Connection, user_id: UserId, subject: Subject, fields: Mapping[str, str], now: datetime) -> bool:
    """These fields as they are typed now; the others stay. True when it is a new draft."""
    is_new: bool = await conn.fetchval(
        """
        INSERT INTO draft (user_id, form, call_id, thread_id, patient_id, consultation_id, fields, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (user_id, form, call_id, thread_id, patient_id, consultation_id)
        DO UPDATE SET fields = draft.fields || excluded.fields, at = excluded.at
        RETURNING xmax = 0
        """,
        user_id,
        *astuple(subject),
        dict(fields),
        now,
    )
    return is_new


async def get(conn: Connection, user_id: UserId, subject: Subject) -> Draft:
    """An empty one when there is none."""
    row = await conn.fetchrow(_GET, user_id, *astuple(subject))
    return Draft(subject=subject, fields=row["fields"], at=row["at"]) if row else Draft(subject=subject)


def from_json(subject: Subject, found: Mapping[str, object] | None) -> Draft:
    """OF_CALL."""
    if found is None:
        return Draft(subject=subject)
    fields, at = found["fields"], found["at"]
    assert isinstance(fields, dict)
    return Draft(subject=subject, fields=fields, at=datetime.fromisoformat(str(at)))


async def drop(conn: Connection, user_id: UserId, subject: Subject, names: Sequence[str] | None = None) -> None:
    """These fields, or all; a draft without fields is none."""
    this = (user_id, *astuple(subject))
    if names is None:
        await conn.execute(_DELETE, *this)
    else:
        draft_id = await conn.fetchval(_ID, *this)
        await conn.execute("UPDATE draft SET fields = fields - $2::text[] WHERE id = $1", draft_id, names)
        await conn.execute(_DELETE_EMPTY, *this)


async def drop_beyond(conn: Connection, user_id: UserId, most: int) -> None:
    """Only a person's newest stay."""
    await conn.execute(
        "DELETE FROM draft WHERE id IN (SELECT id FROM draft WHERE user_id = $1 ORDER BY at DESC, id DESC OFFSET $2)",
        user_id,
        most,
    )


async def drop_before(conn: Connection, moment: datetime) -> int:
    """What nobody typed in since; how many."""
    done = await conn.execute("DELETE FROM draft WHERE at < $1", moment)
    return int(done.rpartition(" ")[2])
