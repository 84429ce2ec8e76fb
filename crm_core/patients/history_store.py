"""How a record came to be as it is: who made it, and every change of a field."""

from collections.abc import Mapping
from datetime import datetime

import asyncpg

from crm_core.kernel.cursor import LAST_NUMBER
from crm_core.kernel.db import Connection
from crm_core.kernel.ids import PatientId
from crm_core.patients.model import Beginning, PatientChange


async def add_changes(
    conn: Connection,
    patient_id: PatientId,
    changes: Mapping[str, tuple[object, object]],
    *,
    version: int,
    actor: str,
    now: datetime,
) -> None:
    """The history: field -> (old, new), and the version that has the new."""
    await conn.executemany(
        "INSERT INTO patient_change (patient_id, version, at, actor, field, old_value, new_value) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        [(patient_id, version, now, actor, field, old, new) for field, (old, new) in changes.items()],
    )


async def changes_since(conn: Connection, patient_id: PatientId, version: int) -> list[PatientChange]:
    """What made later versions of the record, oldest first."""
    rows = await conn.fetch(
        """
        SELECT c.id, c.field, c.at, coalesce(u.name, c.actor) AS actor, c.old_value, c.new_value
        FROM patient_change c LEFT JOIN app_user u ON u.login = c.actor
        WHERE c.patient_id = $1 AND c.version > $2 ORDER BY c.id
        """,
        patient_id,
        version,
    )
    return [_change(row) for row in rows]


async def page(
    conn: Connection, patient_id: PatientId, *, limit: int, before: int | None = None, field: str | None = None
) -> list[PatientChange]:
    """Newest first, of one field or of all; `before` is the last id of the page before."""
    rows = await conn.fetch(
        """
        SELECT c.id, c.field, c.at, coalesce(u.name, c.actor) AS actor, c.old_value, c.new_value
        FROM patient_change c LEFT JOIN app_user u ON u.login = c.actor
        WHERE c.patient_id = $1 AND c.id < $2 AND ($3::text IS NULL OR c.field = $3)
        ORDER BY c.id DESC LIMIT $4
        """,
        patient_id,
        before or LAST_NUMBER,
        field,
        limit,
    )
    return [_change(row) for row in rows]


async def beginning(conn: Connection, patient_id: PatientId) -> Beginning:
    """Who made the record, and which of its fields have changed since."""
    row = await conn.fetchrow(
        """
        SELECT p.created_at, coalesce(u.name, p.created_by) AS created_by,
               ARRAY(SELECT DISTINCT field FROM patient_change WHERE patient_id = p.id ORDER BY field) AS fields
        FROM patient p LEFT JOIN app_user u ON u.login = p.created_by WHERE p.id = $1
        """,
        patient_id,
    )
    assert row is not None
    return Beginning(at=row["created_at"], actor=row["created_by"], changed=tuple(row["fields"]))


def _change(row: asyncpg.Record) -> PatientChange:
    return PatientChange(
        id=row["id"],
        field_name=row["field"],
        at=row["at"],
        actor=row["actor"],
        old=row["old_value"],
        new=row["new_value"],
    )
