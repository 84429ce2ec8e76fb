"""Texts as other systems ask for them: by number and direction, or one with its segments. Right checked, audited."""

from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database
from crm_core.kernel.ids import SmsId
from crm_core.patients import seen
from crm_core.users.rights import Right, ensure
from sms import store
from sms.errors import SmsNotFoundError
from sms.model import Direction, Sms, SmsSegment


async def find(
    db: Database,
    actor: Actor,
    *,
    peer: str | None,
    direction: Direction | None,
    limit: int,
    after: SmsId | None = None,
) -> list[Sms]:
    """Newest first; `after` is the last id of the page before. Raises ForbiddenError."""
    ensure(actor, Right.SEE_SMS)
    async with db.transaction(actor) as tx:
        found = await store.page(tx.conn, peer=peer, direction=direction, limit=limit, after=after)
        thread_id = found[0].thread_id if peer is not None and found else ""
        people = dict.fromkeys(sms.patient_id for sms in found if sms.patient_id)
        detail = {"direction": direction, "count": len(found), "patient_ids": list(people)}
        await audit.record(tx, "list sms", "sms_thread", thread_id, detail=detail)
        return found


async def see(db: Database, actor: Actor, sms_id: SmsId) -> tuple[Sms, list[SmsSegment]]:
    """One with its segments. Raises SmsNotFoundError, ForbiddenError."""
    ensure(actor, Right.SEE_SMS)
    async with db.transaction(actor) as tx:
        sms = await store.get(tx.conn, sms_id)
        if sms is None:
            raise SmsNotFoundError("no such message")
        await seen.read(tx, "read sms", "sms", sms_id, [sms.patient_id] if sms.patient_id else [])
        return sms, await store.segments(tx.conn, sms_id)
