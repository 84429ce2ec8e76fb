"""How often nobody in particular was turned away, as the auditor reads it."""

from collections.abc import Sequence

from crm_core.kernel import audit
from crm_core.kernel.actor import Actor
from crm_core.kernel.cursor import END_OF_TIME, Cursor, Page
from crm_core.kernel.db import Database
from crm_core.users import door_store
from crm_core.users.model import Refusals
from crm_core.users.rights import Right, ensure


async def read_refusals(db: Database, actor: Actor, *, limit: int, after: Cursor | None = None) -> Page[Refusals]:
    """By minute and address, newest first. Raises ForbiddenError. Reading it is itself written down."""
    ensure(actor, Right.SEE_AUDIT)
    until, skip = (after.at, after.number) if after else (END_OF_TIME, 0)
    async with db.transaction(actor) as tx:
        rows = await door_store.refusals(tx.conn, limit + 1, until=until, skip=skip)
        await audit.record(tx, "read audit", "refusal")
    return Page(rows[:limit], _behind(rows[:limit], until, skip) if len(rows) > limit else None)


def _behind(shown: Sequence[Refusals], until: object, skip: int) -> Cursor:
    """The last minute, and how many of it were shown until now."""
    minute = shown[-1].minute
    shown_of_it = sum(1 for one in shown if one.minute == minute)
    return Cursor(minute, str(shown_of_it + (skip if minute == until else 0)))
