"""Consultations in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

from crm_core.consultations.model import Consultation, Source, Status
from crm_core.kernel.db import Connection, planned_for_its_values
from crm_core.kernel.ids import CallId, ConsultationId, Msisdn, PatientId
from crm_core.kernel.msisdn import digits_of, ends_of

_FROM = " FROM consultation"
_WANTED = """
    WHERE ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR source = $2)
      AND ($3::timestamptz IS NULL OR created_at >= $3)"""
_FOUND = "SELECT id" + _FROM + _WANTED
_TEXT = " AND ($6::text IS NULL OR text ILIKE $6 OR patient_id = ANY ($7::bigint[]))"
_NUMBER = """
    WITH theirs AS (SELECT id FROM consultation WHERE text ILIKE $6
                    UNION SELECT id FROM consultation WHERE patient_id = ANY ($7::bigint[])
                    UNION SELECT id FROM consultation WHERE reverse(msisdn) ~>=~ $8 AND reverse(msisdn) ~<~ $9
                    UNION SELECT id FROM consultation WHERE msisdn >= $10 AND msisdn < $11)
    SELECT id FROM theirs JOIN consultation USING (id)"""
_DOWN = " AND ($4::bigint IS NULL OR id < $4) ORDER BY id DESC LIMIT $5"
_UP = " AND ($4::bigint IS NULL OR id > $4) ORDER BY id LIMIT $5"
_NEWEST, _OLDEST = _FOUND + _TEXT + _DOWN, _FOUND + _TEXT + _UP
_NEWEST_OF_NUMBER, _OLDEST_OF_NUMBER = _NUMBER + _WANTED + _DOWN, _NUMBER + _WANTED + _UP


async def many(conn: Connection, consultation_ids: Sequence[ConsultationId]) -> list[Consultation]:
    """In the order of the ids; unknown ids are left out."""
    rows = await conn.fetch(
        """
        SELECT c.id, c.msisdn, c.patient_id, coalesce(p.name, '') AS patient_name, c.source, c.text, c.status,
               c.created_at, c.call_id, c.result, c.closed_at, coalesce(u.name, c.closed_by) AS closed_by
        FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, position) JOIN consultation c USING (id)
        LEFT JOIN patient p ON p.id = c.patient_id LEFT JOIN app_user u ON u.login = c.closed_by
        ORDER BY wanted.position
        """,
        consultation_ids,
    )
    return [
        Consultation(**{**dict(row), "source": Source(row["source"]), "status": Status(row["status"])}) for row in rows
    ]


async def get(conn: Connection, consultation_id: ConsultationId) -> Consultation | None:
    """One consultation."""
    found = await many(conn, [consultation_id])
    return found[0] if found else None


async def last_before(
    conn: Connection, call_id: CallId, patient_id: PatientId | None, caller: Msisdn | None
) -> Consultation | None:
    """What this patient asked last, but in this call; for nobody known, what was asked from this number."""
    found = await conn.fetchval(
        """
        SELECT id FROM consultation
        WHERE (patient_id = $2 OR ($2::bigint IS NULL AND msisdn = $3)) AND call_id IS DISTINCT FROM $1
        ORDER BY id DESC LIMIT 1
        """,
        call_id,
        patient_id,
        caller,
    )
    return await get(conn, found) if found else None


async def page(
    conn: Connection,
    *,
    status: str | None = None,
    source: str | None = None,
    text: str = "",
    people: Sequence[PatientId] = (),
    since: datetime | None = None,
    oldest_first: bool = False,
    limit: int = 50,
    after: ConsultationId | None = None,
) -> list[Consultation]:
    """`after` is the last id of the page before. `text` stands anywhere in what they asked, or is a part of their
    number: its end or its beginning; what `people` asked is found too."""
    digits = digits_of(text)
    wanted = (status, source, since, after, limit)
    words = (f"%{_escaped(text)}%" if text else None, people)
    async with planned_for_its_values(conn):
        if digits:
            statement = _OLDEST_OF_NUMBER if oldest_first else _NEWEST_OF_NUMBER
            rows = await conn.fetch(statement, *wanted, *words, *ends_of(digits))
        else:
            rows = await conn.fetch(_OLDEST if oldest_first else _NEWEST, *wanted, *words)
    return await many(conn, [row["id"] for row in rows])


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def put(
    conn: Connection,
    *,
    msisdn: Msisdn,
    patient_id: PatientId | None,
    call_id: CallId | None,
    source: Source,
    text: str,
    longest: int,
    now: datetime,
) -> tuple[ConsultationId, bool]:
    """Id and whether it is new: while one of this number and source is open, the text is added to it."""
    row = await conn.fetchrow(
        """
        INSERT INTO consultation AS c (msisdn, patient_id, call_id, source, text, created_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (msisdn, source) WHERE status = 'open' DO UPDATE SET
            text = right(concat_ws(E'\n', nullif(c.text, ''), nullif(excluded.text, '')), $7),
            patient_id = coalesce(c.patient_id, excluded.patient_id), call_id = coalesce(excluded.call_id, c.call_id)
        RETURNING id, xmax = 0 AS is_new
        """,
        msisdn,
        patient_id,
        call_id,
        source,
        text,
        now,
        longest,
    )
    assert row is not None
    return ConsultationId(row["id"]), row["is_new"]


async def lock(conn: Connection, consultation_id: ConsultationId) -> Consultation | None:
    """The same as `get`, and nobody else changes it until the transaction ends."""
    await conn.execute("SELECT 1 FROM consultation WHERE id = $1 FOR NO KEY UPDATE", consultation_id)
    return await get(conn, consultation_id)


async def close(conn: Connection, consultation_id: ConsultationId, *, result: str, by: str, now: datetime) -> None:
    """They have their answer."""
    await conn.execute(
        "UPDATE consultation SET status = 'closed', result = $2, closed_by = $3, closed_at = $4 WHERE id = $1",
        consultation_id,
        result,
        by,
        now,
    )


async def set_patient(conn: Connection, consultation_id: ConsultationId, patient_id: PatientId | None) -> None:
    """Who asked; None when that was wrong."""
    await conn.execute("UPDATE consultation SET patient_id = $2 WHERE id = $1", consultation_id, patient_id)


async def of_call(conn: Connection, call_id: CallId, patient_id: PatientId | None) -> list[ConsultationId]:
    """What this person, or nobody who is known, asked in the call."""
    rows = await conn.fetch(
        "SELECT id FROM consultation WHERE call_id = $1 AND patient_id IS NOT DISTINCT FROM $2 ORDER BY id",
        call_id,
        patient_id,
    )
    return [row["id"] for row in rows]


async def claim(conn: Connection, patient_id: PatientId) -> list[ConsultationId]:
    """What strangers asked from numbers that are now this patient's, and nobody else's, is theirs."""
    rows = await conn.fetch(
        """
        UPDATE consultation c SET patient_id = $1 FROM patient_phone mine
        WHERE mine.patient_id = $1 AND c.msisdn = mine.msisdn AND c.patient_id IS NULL
          AND NOT EXISTS (SELECT FROM patient_phone WHERE msisdn = mine.msisdn AND patient_id <> $1)
        RETURNING c.id
        """,
        patient_id,
    )
    return [row["id"] for row in rows]
