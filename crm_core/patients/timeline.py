"""What happened with a patient, in one line of time. Each package writes its own entries in its transactions."""

from collections.abc import Mapping
from datetime import datetime

from crm_core.kernel.cursor import Cursor
from crm_core.kernel.db import Connection, Tx
from crm_core.kernel.ids import PatientId
from crm_core.patients.model import TimelineEntry, TimelineKind
from crm_core.patients.timeline_code import TimelineCode


async def add(
    tx: Tx,
    patient_id: PatientId,
    at: datetime,
    code: TimelineCode,
    args: Mapping[str, object],
    ref: str,
) -> None:
    """Safe to happen twice: one entry per patient, ref and code. `args` are JSON, never a text `ref` leads to."""
    await tx.conn.execute(
        "INSERT INTO timeline_entry (patient_id, kind, at, code, args, ref) VALUES ($1, $2, $3, $4, $5, $6) "
        "ON CONFLICT (patient_id, kind, ref, code) DO NOTHING",
        patient_id,
        code.kind,
        at,
        code,
        dict(args),
        ref,
    )


async def remove(tx: Tx, patient_id: PatientId, kind: TimelineKind | str, ref: str) -> None:
    """It was not this patient after all."""
    await tx.conn.execute(
        "DELETE FROM timeline_entry WHERE patient_id = $1 AND kind = $2 AND ref = $3", patient_id, str(kind), ref
    )


async def page(
    conn: Connection, patient_id: PatientId, *, limit: int, before: Cursor | None = None, kind: str | None = None
) -> list[TimelineEntry]:
    """Newest first; `before` is where the page before ended, also when that entry is gone meanwhile."""
    rows = await conn.fetch(
        """
        SELECT id, patient_id, kind, at, code, args, ref FROM timeline_entry
        WHERE patient_id = $1 AND ($2::text IS NULL OR kind = $2)
          AND ($3::timestamptz IS NULL OR (at, id) < ($3, $4))
        ORDER BY at DESC, id DESC LIMIT $5
        """,
        patient_id,
        kind,
        before.at if before else None,
        before.number if before else 0,
        limit,
    )
    return [TimelineEntry(**{**dict(row), "kind": TimelineKind(row["kind"])}) for row in rows]
