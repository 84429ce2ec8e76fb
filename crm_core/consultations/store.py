"""Consultations in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

from crm_core.consultations.model import Consultation, Source
from crm_core.kernel.db import Connection
from crm_core.kernel.ids import ConsultationId, Msisdn, PatientId


async def many(conn: Connection, consultation_ids: Sequence[ConsultationId]) -> list[Consultation]:
    """In the order of the ids; unknown ids are left out."""
    rows = await conn.fetch(
        """
        SELECT c.id, c.msisdn, c.patient_id, coalesce(p.name, '') AS patient_name, c.source, c.text, c.status,
               c.created_at
        FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, position) JOIN consultation c USING (id)
        LEFT JOIN patient p ON p.id = c.patient_id
        ORDER BY wanted.position
        """,
        consultation_ids,
    )
    return [Consultation(**{**dict(row), "source": Source(row["source"])}) for row in rows]


async def get(conn: Connection, consultation_id: ConsultationId) -> Consultation | None:
    """One consultation."""
    found = await many(conn, [consultation_id])
    return found[0] if found else None


async def page(
    conn: Connection,
    *,
    status: str | None = None,
    msisdn: Msisdn | None = None,
    limit: int = 50,
    after: ConsultationId | None = None,
) -> list[Consultation]:
    """Newest first; `after` is the last id of the page before."""
    rows = await conn.fetch(
        """
        SELECT id FROM consultation
        WHERE ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR msisdn = $2)
          AND ($3::bigint IS NULL OR id < $3)
        ORDER BY id DESC LIMIT $4
        """,
        status,
        msisdn,
        after,
        limit,
    )
    return await many(conn, [row["id"] for row in rows])


async def put(
    conn: Connection,
    *,
    msisdn: Msisdn,
    patient_id: PatientId | None,
    source: Source,
    text: str,
    longest: int,
    now: datetime,
) -> tuple[ConsultationId, bool]:
    """Id and whether it is new: while one of this number and source is open, the text is added to it."""
    row = await conn.fetchrow(
        """
        INSERT INTO consultation AS c (msisdn, patient_id, source, text, created_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (msisdn, source) WHERE status = 'open' DO UPDATE SET
            text = right(concat_ws(E'\n', nullif(c.text, ''), nullif(excluded.text, '')), $6),
            patient_id = coalesce(c.patient_id, excluded.patient_id)
        RETURNING id, xmax = 0 AS is_new
        """,
        msisdn,
        patient_id,
        source,
        text,
        now,
        longest,
    )
    assert row is not None
    return ConsultationId(row["id"]), row["is_new"]


async def close(conn: Connection, consultation_id: ConsultationId) -> bool:
    """False when it was closed before, or never existed."""
    done = await conn.fetchval(
        "UPDATE consultation SET status = 'closed' WHERE id = $1 AND status = 'open' RETURNING id", consultation_id
    )
    return done is not None


async def set_patient(conn: Connection, consultation_id: ConsultationId, patient_id: PatientId) -> None:
    """Who asked."""
    await conn.execute("UPDATE consultation SET patient_id = $2 WHERE id = $1", consultation_id, patient_id)
