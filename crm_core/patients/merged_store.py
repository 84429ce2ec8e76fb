"""Records that became part of another."""

from crm_core.kernel.db import Connection
from crm_core.kernel.ids import PatientId


async def survivor(conn: Connection, patient_id: PatientId) -> PatientId | None:
    """Whom this id means now: itself, or the record at the end of all merges. None: nobody."""
    found: PatientId | None = await conn.fetchval(
        """
        WITH RECURSIVE way AS (
            SELECT id, merged_into_id FROM patient WHERE id = $1
            UNION SELECT p.id, p.merged_into_id FROM way JOIN patient p ON p.id = way.merged_into_id
        )
        SELECT id FROM way WHERE merged_into_id IS NULL
        """,
        patient_id,
    )
    return found
