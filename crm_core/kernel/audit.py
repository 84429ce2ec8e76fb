"""Who saw or changed what, in the same transaction as the change. A table, not a log; rows are never altered."""

from collections.abc import Mapping

from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Connection, Tx


async def record(
    tx: Tx,
    action: str,
    subject: str,
    subject_id: object = "",
    *,
    outcome: str = "done",
    detail: Mapping[str, object] | None = None,
) -> None:
    """`action` is a verb phrase ("play recording"), `subject` a table's name, `detail` ids and field names only."""
    await write(tx.conn, tx.actor, action, subject, subject_id, outcome=outcome, detail=detail)


async def write(
    conn: Connection,
    actor: Actor,
    action: str,
    subject: str,
    subject_id: object = "",
    *,
    outcome: str = "done",
    detail: Mapping[str, object] | None = None,
) -> None:
    """The same outside a use case: a refused request has an actor and no transaction of its own."""
    await conn.execute(
        "INSERT INTO audit (actor_kind, actor, actor_user_id, action, subject, subject_id, outcome, detail) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        actor.kind.value,
        actor.name,
        actor.user_id,
        action,
        subject,
        str(subject_id),
        outcome,
        dict(detail or {}),
    )
