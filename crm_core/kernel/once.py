"""One effect however often it is asked for.

A caller who heard no answer asks again with the same key. The key is written in the transaction of the effect, so there
is never one without the other. What leaves the house has no transaction: there the key is written first, and an end
that nobody knows is never tried again by machine.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Connection, Database, Tx
from crm_core.kernel.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    OutcomeUnknownError,
    SendError,
)

KEPT = timedelta(hours=24)
NOTHING_HAPPENED = (InvalidInputError, NotFoundError, ConflictError, ForbiddenError, SendError)


class KeyReusedError(InvalidInputError):
    """The key belongs to another request."""

    code = "idempotency_key_reused"


class RequestInProgressError(ConflictError):
    """The first request with this key has not ended, or nobody knows how it ended."""

    code = "request_in_progress"
    retryable = True


@dataclass(frozen=True, slots=True)
class Wish:
    """`key` is the caller's; `asked` is a hash of the whole request: the same key for another wish is refused."""

    key: str = field(repr=False)
    asked: bytes = field(repr=False)


async def made_before(tx: Tx, wish: Wish | None) -> int | None:
    """The id of what came of this wish before; None: make it now, in `tx` and nowhere else, then say it to `made`.

    Without a wish it is made each time. Raises KeyReusedError, RequestInProgressError.
    """
    return await _take(tx, wish) if wish else None


async def made(tx: Tx, wish: Wish | None, result: int) -> None:
    """What came of it."""
    if wish:
        await tx.conn.execute(
            "UPDATE idempotency_key SET result = $3 WHERE owner = $1 AND key = $2", _owner(tx.actor), wish.key, result
        )


async def once_outside(db: Database, actor: Actor, wish: Wish | None, do: Callable[[], Awaitable[int]]) -> int:
    """The same for what leaves the house or opens transactions of its own: the id that `do` returns."""
    if wish is None:
        return await do()
    async with db.transaction(actor) as tx:
        known = await made_before(tx, wish)
    if known is not None:
        return known
    try:
        result = await do()
    except NOTHING_HAPPENED as error:
        if not isinstance(error, OutcomeUnknownError):
            await _give_back(db, actor, wish)
        raise
    async with db.transaction(actor) as tx:
        await made(tx, wish, result)
    return result


def _owner(actor: Actor) -> str:
    return f"{actor.kind.value}:{actor.name}"


async def _take(tx: Tx, wish: Wish) -> int | None:
    """None: ours now."""
    owner = _owner(tx.actor)
    is_free = await tx.conn.fetchval(
        "SELECT pg_try_advisory_xact_lock(hashtextextended($1 || chr(31) || $2, 0))", owner, wish.key
    )
    if not is_free:
        raise RequestInProgressError("the first request with this key has not ended")
    is_new = await tx.conn.fetchval(
        """
        INSERT INTO idempotency_key AS k (owner, key, asked, at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (owner, key) DO UPDATE SET asked = excluded.asked, at = excluded.at, result = NULL WHERE k.at < $5
        RETURNING true
        """,
        owner,
        wish.key,
        wish.asked,
        tx.now,
        tx.now - KEPT,
    )
    return None if is_new else await _known(tx.conn, owner, wish)


async def _known(conn: Connection, owner: str, wish: Wish) -> int:
    row = await conn.fetchrow(
        "SELECT asked, result FROM idempotency_key WHERE owner = $1 AND key = $2", owner, wish.key
    )
    if row is None or row["asked"] != wish.asked:
        raise KeyReusedError("this key was used for another request", field="Idempotency-Key")
    if row["result"] is None:
        raise RequestInProgressError("nobody knows yet how the first request with this key ended")
    return int(row["result"])


async def _give_back(db: Database, actor: Actor, wish: Wish) -> None:
    async with db.transaction(actor) as tx:
        await tx.conn.execute("DELETE FROM idempotency_key WHERE owner = $1 AND key = $2", _owner(actor), wish.key)


async def forget(db: Database) -> int:
    """Keys that are over; how many."""
    async with db.connection() as conn:
        done = await conn.execute("DELETE FROM idempotency_key WHERE at < $1", db.clock() - KEPT)
    return int(done.rpartition(" ")[2])
