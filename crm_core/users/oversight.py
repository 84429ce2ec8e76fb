"""What the auditor reads: the audit, and how often nobody in particular was turned away.

Reading the audit is itself written down.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.audit import AuditRow
from crm_core.kernel.db import Database
from crm_core.users import door_store
from crm_core.users.model import Refusals
from crm_core.users.rights import Right, ensure

FILTERS = ("actor", "subject", "subject_id", "outcome")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """Newest first; `next_before` is where the page after begins, None at the end."""

    rows: list[AuditRow]
    next_before: int | None


async def read_audit(
    db: Database, actor: Actor, wanted: Mapping[str, str], *, before: int | None, limit: int
) -> AuditPage:
    """`wanted` are some of FILTERS. Raises ForbiddenError."""
    ensure(actor, Right.SEE_AUDIT)
    async with db.transaction(actor) as tx:
        rows = await audit.page(tx.conn, limit=limit + 1, before=before, **wanted)
        await audit.record(tx, "read audit", "audit", detail={name: bool(value) for name, value in wanted.items()})
    return AuditPage(rows=rows[:limit], next_before=rows[limit - 1].id if len(rows) > limit else None)


async def read_refusals(db: Database, actor: Actor, *, limit: int) -> list[Refusals]:
    """By minute and address, newest first. Raises ForbiddenError."""
    ensure(actor, Right.SEE_AUDIT)
    async with db.connection() as conn:
        return await door_store.refusals(conn, limit)
