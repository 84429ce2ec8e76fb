"""Tries and refusals at the door, in PostgreSQL: every process counts in the same place."""

from datetime import datetime

from crm_core.kernel.db import Connection
from crm_core.users import throttle
from crm_core.users.model import Refusals
from crm_core.users.throttle import Limit


async def take(conn: Connection, key: bytes, limit: Limit, now: datetime) -> float:
    """One try; the seconds to wait when there is none. Whoever tries the same meanwhile waits for the transaction."""
    full_at = await conn.fetchval(
        "INSERT INTO door_throttle (key, full_at) VALUES ($1, $2) "
        "ON CONFLICT (key) DO UPDATE SET full_at = door_throttle.full_at RETURNING full_at",  # locks it
        key,
        now,
    )
    state, wait_s = throttle.taken(full_at, now, limit)
    await conn.execute("UPDATE door_throttle SET full_at = $2 WHERE key = $1", key, state)
    return wait_s


async def give_back(conn: Connection, key: bytes, limit: Limit) -> None:
    """It was no guess."""
    full_at = await conn.fetchval("SELECT full_at FROM door_throttle WHERE key = $1 FOR UPDATE", key)
    if full_at is not None:
        state = throttle.given_back(full_at, limit)
        await conn.execute("UPDATE door_throttle SET full_at = $2 WHERE key = $1", key, state)


async def sweep(conn: Connection, now: datetime, *, before: datetime) -> None:
    """Forget buckets that are full, and refusals that are older than that."""
    await conn.execute(
        "DELETE FROM door_throttle WHERE key IN "
        "(SELECT key FROM door_throttle WHERE full_at <= $1 LIMIT 1000 FOR UPDATE SKIP LOCKED)",
        now,
    )
    await conn.execute("DELETE FROM refusal WHERE minute < $1", before)


async def count_refusal(conn: Connection, address: str, reason: str, now: datetime) -> None:
    """One row for an address, a reason and a minute, however often."""
    await conn.execute(
        "INSERT INTO refusal (minute, address, reason, count) "
        "VALUES (date_trunc('minute', $1::timestamptz), $2, $3, 1) "
        "ON CONFLICT (minute, address, reason) DO UPDATE SET count = refusal.count + 1",
        now,
        address,
        reason,
    )


async def refusals(conn: Connection, limit: int, *, until: datetime, skip: int = 0) -> list[Refusals]:
    """The newest of those in or before this minute, `skip` of them left out."""
    rows = await conn.fetch(
        "SELECT minute, address, reason, count FROM refusal WHERE minute <= $2 "
        "ORDER BY minute DESC, address, reason LIMIT $1 OFFSET $3",
        limit,
        until,
        skip,
    )
    return [Refusals(**row) for row in rows]
