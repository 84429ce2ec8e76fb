"""What somebody types about a call is kept while they type: no reload, no other page and no other call loses it.

Only its writer sees it. It goes field by field as they are saved, and after KEPT. docs/decisions/0038-drafts.md
"""

from collections.abc import Mapping
from datetime import timedelta

from crm_core.calls import draft_store, own
from crm_core.calls.errors import NotYourCallError
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database, Tx
from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import CallId

RESULT = ("disposition", "notes")
CONSULTATION = ("text",)
NEWCOMER = ("name", "sex", "birth_date", "age", "card_no")
FIELDS = frozenset((*RESULT, *CONSULTATION, *NEWCOMER))
LONGEST = 4000
KEPT = timedelta(days=7)


async def keep(db: Database, actor: Actor, call_id: CallId, fields: Mapping[str, str]) -> None:
    """As it is typed, unchecked but for its length. Raises CallNotFoundError, NotYourCallError, InvalidInputError."""
    if not FIELDS.issuperset(fields) or any(len(text) > LONGEST for text in fields.values()):
        raise InvalidInputError("no such field, or too long", field="draft")
    async with db.transaction(actor) as tx:
        await own.ensure(tx.conn, actor, call_id)
        if actor.user_id is None:
            raise NotYourCallError("only people type")
        await draft_store.put(tx.conn, actor.user_id, call_id, fields, tx.now)


async def mine(db: Database, actor: Actor, call_id: CallId) -> Mapping[str, str]:
    """What this person typed about the call and did not save. Raises CallNotFoundError, NotYourCallError."""
    async with db.connection() as conn:
        return (await own.ensure(conn, actor, call_id)).draft


async def saved_in(tx: Tx, call_id: CallId, names: tuple[str, ...]) -> None:
    """These fields of whoever acts have become what they were typed for."""
    if tx.actor.user_id is not None:
        await draft_store.drop(tx.conn, tx.actor.user_id, call_id, names)


async def forget(db: Database) -> int:
    """What was never saved and nobody went on with; how many."""
    async with db.connection() as conn:
        return await draft_store.drop_before(conn, db.clock() - KEPT)
