"""What happened in the hospital, in order, for other programs of it. docs/events.md"""

from collections.abc import Sequence

from crm_core.kernel import event_log
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database
from crm_core.kernel.event_log import Place, Stretch
from crm_core.users.rights import Right, ensure


async def listed(
    db: Database, actor: Actor, *, after: Place | None, types: Sequence[str] | None, limit: int
) -> Stretch:
    """Oldest first, behind a place. Raises ForbiddenError, ForgottenError.

    Nobody's record is shown, so no audit row: ids only, and who asks for what they stand for is written down there.
    """
    ensure(actor, Right.READ_EVENTS)
    async with db.connection() as conn:
        return await event_log.read(conn, after, types=types, limit=limit)


async def from_now(db: Database, actor: Actor) -> Stretch:
    """Nothing, and the place behind everything: for who first reads all there is. Raises ForbiddenError."""
    ensure(actor, Right.READ_EVENTS)
    async with db.connection() as conn:
        return Stretch((), await event_log.now(conn), is_end=True)
