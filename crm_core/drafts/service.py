"""What somebody types is kept while they type: no reload, no other page and no call that comes loses it.

Only its writer sees it. It goes field by field as they are saved, and after KEPT. docs/decisions/0038-drafts.md
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from crm_core.drafts import rules, store
from crm_core.drafts.model import Draft, Subject
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.errors import ForbiddenError, InvalidInputError, NotFoundError
from crm_core.kernel.ids import UserId
from crm_core.users.rights import ensure

KEPT = timedelta(days=7)


async def keep(db: Database, actor: Actor, subject: Subject, fields: Mapping[str, str]) -> datetime:
    """As it is typed, unchecked but for its length; when it was kept.

    Raises ForbiddenError, NotFoundError, and InvalidInputError also when what it is about is not there.
    """
    writer = _writer(actor, subject)
    if not rules.fits(subject.form, fields):
        raise InvalidInputError("no such field, or too long", field="draft")
    async with db.transaction(actor) as tx:
        if await store.put(tx.conn, writer, subject, fields, tx.now):
            await store.drop_beyond(tx.conn, writer, rules.MOST)
        return tx.now


async def mine(db: Database, actor: Actor, subject: Subject) -> Draft:
    """What this person typed and did not save. Raises ForbiddenError, NotFoundError."""
    writer = _writer(actor, subject)
    async with db.connection() as conn:
        return await store.get(conn, writer, subject)


async def discard(db: Database, actor: Actor, subject: Subject, names: Sequence[str]) -> None:
    """These fields are no longer wanted. Raises ForbiddenError, NotFoundError."""
    writer = _writer(actor, subject)
    async with db.transaction(actor) as tx:
        await store.drop(tx.conn, writer, subject, names)


def _writer(actor: Actor, subject: Subject) -> UserId:
    ensure(actor, rules.RIGHT[subject.form])
    if not rules.is_possible(subject):
        raise NotFoundError("no such form")
    if actor.user_id is None:
        raise ForbiddenError("only people type")
    return actor.user_id


async def saved_in(tx: Tx, subject: Subject, names: Sequence[str] | None = None) -> None:
    """These fields of whoever acts, or all of them, have become what they were typed for."""
    if tx.actor.user_id is not None:
        await store.drop(tx.conn, tx.actor.user_id, subject, names)


async def forget(db: Database) -> int:
    """What was never saved and nobody went on with; how many."""
    async with db.connection() as conn:
        return await store.drop_before(conn, db.clock() - KEPT)
