"""How much of the schedule one patient may have: a row that every way of booking reads, set by supervisors."""

from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database
from crm_core.kernel.errors import InvalidInputError, StaleError
from crm_core.scheduling import limit_store
from crm_core.scheduling.model import BookingRule
from crm_core.users import changes, rights
from crm_core.users.changes import Change
from crm_core.users.rights import Right

MOST = 100


async def rule(db: Database, actor: Actor) -> BookingRule:
    """What holds now. Raises ForbiddenError."""
    rights.ensure(actor, Right.SEE_SCHEDULE)
    async with db.connection() as conn:
        return await limit_store.booking_rule(conn)


async def changes_of_rule(db: Database, actor: Actor) -> list[Change]:
    """Who set it lately, newest first. Raises ForbiddenError."""
    rights.ensure(actor, Right.SET_BOOKING_RULES)
    async with db.connection() as conn:
        return await changes.of(conn, "booking_rule")


async def set_most_a_day(db: Database, actor: Actor, most: int, *, expected_version: int | None = None) -> BookingRule:
    """From the next booking on; what is booked stays. Nothing new changes nothing.

    Raises ForbiddenError, InvalidInputError, and StaleError when it is no longer the `expected_version` that was read.
    """
    rights.ensure(actor, Right.SET_BOOKING_RULES)
    if not 1 <= most <= MOST:
        raise InvalidInputError(f"from 1 to {MOST}", field="most_a_day")
    async with db.transaction(actor) as tx:
        before = await limit_store.booking_rule(tx.conn, for_update=True)
        if expected_version not in (None, before.version):
            raise StaleError("changed since it was read")
        if most == before.most_a_day:
            return before
        await limit_store.put_most_a_day(tx.conn, most, changed_by=actor.name, now=tx.now)
        detail = {"most_a_day": most, "before": before.most_a_day}
        await audit.record(tx, "change booking rules", "booking_rule", detail=detail)
        return await limit_store.booking_rule(tx.conn)
