"""Who saw whom, read back from the audit."""

from datetime import timedelta

from crm_core.kernel.audit import AuditRow
from crm_core.kernel.db import Connection
from crm_core.kernel.ids import PatientId, UserId
from crm_core.patients.watching import Watched

OPENED = "view patient"


async def watched(conn: Connection, user_id: UserId, within: timedelta, subject: str, subject_id: str) -> Watched:
    """What this person saw until now: in lists about that, and opened. By the clock that the audit is written by."""
    rows = await conn.fetch(
        """
        SELECT action, subject_id, detail -> 'patient_ids' AS ids FROM audit
        WHERE actor_user_id = $1 AND at > statement_timestamp() - $2::interval AND outcome = 'done'
          AND (subject = 'patient' AND action = $3 OR subject = $4 AND subject_id = $5 AND detail ? 'patient_ids')
        """,
        user_id,
        within,
        OPENED,
        subject,
        subject_id,
    )
    return Watched(
        has_listed=any(row["ids"] is not None for row in rows),
        listed=frozenset(PatientId(one) for row in rows for one in row["ids"] or ()),
        opened=frozenset(PatientId(int(row["subject_id"])) for row in rows if row["action"] == OPENED),
    )


async def who_saw(conn: Connection, patient_id: PatientId, *, limit: int, before: int | None = None) -> list[AuditRow]:
    """Newest first, lists in which the patient stood too; `before` is the last id of the page before."""
    rows = await conn.fetch(
        """
        SELECT id, at, actor_kind, actor, action, subject, subject_id, outcome, detail, address, session FROM (
            (SELECT * FROM audit WHERE subject = 'patient' AND subject_id = $1::bigint::text AND id < $2
             ORDER BY id DESC LIMIT $3)
            UNION ALL
            (SELECT * FROM audit WHERE detail ? 'patient_ids' AND detail -> 'patient_ids' @> to_jsonb($1::bigint)
               AND id < $2
             ORDER BY id DESC LIMIT $3)
        ) AS looks ORDER BY id DESC LIMIT $3
        """,
        patient_id,
        before or 2**63 - 1,
        limit,
    )
    return [AuditRow(**row) for row in rows]
