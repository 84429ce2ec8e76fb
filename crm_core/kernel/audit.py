"""Who saw or changed what, in the same transaction as the change. A table, not a log; rows are never altered."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Connection, Tx, planned_for_its_values


async def record(
    tx: Tx,
    action: str,
    subject: str,
    subject_id: object = "",
    *,
    outcome: str = "done",
    detail: Mapping[str, object] | None = None,
) -> None:
    """`action` is a verb phrase ("play recording"), `subject` a table's name.

    `detail` are ids, field names and settings, nothing about people.
    """
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
        "INSERT INTO audit (actor_kind, actor, actor_user_id, action, subject, subject_id, outcome, detail, "
        "address, session) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        actor.kind.value,
        actor.name,
        actor.user_id,
        action,
        subject,
        str(subject_id),
        outcome,
        dict(detail or {}),
        actor.address,
        actor.session,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One line of the table, as the auditor reads it."""

    id: int
    at: datetime
    actor_kind: str
    actor: str
    action: str
    subject: str
    subject_id: str
    outcome: str
    detail: Mapping[str, object]
    address: str
    session: str


async def page(
    conn: Connection,
    *,
    limit: int,
    before: int | None = None,
    actor: str = "",
    subject: str = "",
    subject_id: str = "",
    outcome: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    but: Collection[str] = (),
) -> list[AuditRow]:
    """Newest first; `before` is the last id of the page before; an empty filter takes all, but not these actions."""
    async with planned_for_its_values(conn):  # an empty filter falls away, a given one has its index
        rows = await conn.fetch(
            """
            SELECT id, at, actor_kind, actor, action, subject, subject_id, outcome, detail, address, session FROM audit
            WHERE ($1::bigint IS NULL OR id < $1) AND ($2 = '' OR actor = $2) AND ($3 = '' OR subject = $3)
              AND ($4 = '' OR subject_id = $4) AND ($5 = '' OR outcome = $5)
              AND ($7::timestamptz IS NULL OR at >= $7) AND ($8::timestamptz IS NULL OR at < $8)
              AND action <> ALL ($9::text[])
            ORDER BY id DESC LIMIT $6
            """,
            before,
            actor,
            subject,
            subject_id,
            outcome,
            limit,
            since,
            until,
            list(but),
        )
    return [AuditRow(**row) for row in rows]
