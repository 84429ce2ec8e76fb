"""Who changed a setting of the hospital: read back from the audit, for whoever may change it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from crm_core.kernel.db import Connection


@dataclass(frozen=True, slots=True)
class Change:
    """`who` is a name where an account is behind it, else as the audit says. `detail`: what it was set to."""

    at: datetime
    who: str
    detail: Mapping[str, object]


async def of(conn: Connection, setting: str, *, limit: int = 10) -> list[Change]:
    """Newest first. `setting` is the audit's subject."""
    rows = await conn.fetch(
        """
        SELECT a.at, coalesce(u.name, a.actor) AS who, a.detail
        FROM audit a LEFT JOIN app_user u ON u.id = a.actor_user_id
        WHERE a.subject = $1 AND a.subject_id = '' AND a.outcome = 'done' ORDER BY a.id DESC LIMIT $2
        """,
        setting,
        limit,
    )
    return [Change(**row) for row in rows]
