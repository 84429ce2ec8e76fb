"""Who is what to whom, in PostgreSQL."""

from datetime import datetime

from crm_core.kernel.db import Connection
from crm_core.kernel.ids import PatientId
from crm_core.patients import kinship, store
from crm_core.patients.model import Relation


async def of(conn: Connection, patient_id: PatientId) -> list[Relation]:
    """Each with what the other is to this person, in the order in which they were written down."""
    rows = await conn.fetch(
        """
        SELECT id, other_id, kind, FALSE AS is_turned FROM patient_relation WHERE patient_id = $1
        UNION ALL SELECT id, patient_id, kind, TRUE FROM patient_relation WHERE other_id = $1
        ORDER BY id
        """,
        patient_id,
    )
    people = {one.id: one for one in await store.many(conn, [row["other_id"] for row in rows])}
    return [
        Relation(
            id=row["id"],
            other=people[row["other_id"]],
            kind=kinship.REVERSE[row["kind"]] if row["is_turned"] else row["kind"],
        )
        for row in rows
    ]


async def add(
    conn: Connection, patient_id: PatientId, other_id: PatientId, kind: str, *, created_by: str, now: datetime
) -> bool:
    """False when it is known already."""
    person, other, word = kinship.written(patient_id, other_id, kind)
    done = await conn.fetchval(
        """
        INSERT INTO patient_relation (patient_id, other_id, kind, created_by, created_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (patient_id, other_id, kind) DO NOTHING RETURNING id
        """,
        person,
        other,
        word,
        created_by,
        now,
    )
    return done is not None


async def remove(conn: Connection, patient_id: PatientId, relation_id: int) -> PatientId | None:
    """The other person; None when this person has no such relation."""
    other: PatientId | None = await conn.fetchval(
        """
        DELETE FROM patient_relation WHERE id = $2 AND $1 IN (patient_id, other_id)
        RETURNING CASE WHEN patient_id = $1 THEN other_id ELSE patient_id END
        """,
        patient_id,
        relation_id,
    )
    return other
