"""Second factors in PostgreSQL."""

from collections.abc import Iterable
from datetime import datetime

from crm_core.kernel.db import Connection
from crm_core.kernel.ids import UserId


async def put(conn: Connection, user_id: UserId, secret: bytes) -> bool:
    """A secret that was shown and waits for its first code. False when there is a confirmed one: it stays."""
    done = await conn.fetchval(
        "INSERT INTO second_factor (user_id, secret) VALUES ($1, $2) ON CONFLICT (user_id) "
        "DO UPDATE SET secret = excluded.secret WHERE second_factor.confirmed_at IS NULL RETURNING user_id",
        user_id,
        secret,
    )
    return done is not None


async def lock(conn: Connection, user_id: UserId, *, confirmed: bool) -> bytes | None:
    """The sealed secret, which nobody else uses until the transaction ends."""
    found: bytes | None = await conn.fetchval(
        "SELECT secret FROM second_factor WHERE user_id = $1 AND (confirmed_at IS NOT NULL) = $2 FOR UPDATE",
        user_id,
        confirmed,
    )
    return found


async def confirm(conn: Connection, user_id: UserId, now: datetime) -> None:
    """From now on it is asked for."""
    await conn.execute("UPDATE second_factor SET confirmed_at = $2 WHERE user_id = $1", user_id, now)


async def use_step(conn: Connection, user_id: UserId, step: int) -> bool:
    """False when this code or a later one was used before."""
    done = await conn.fetchval(
        "UPDATE second_factor SET last_step = $2 WHERE user_id = $1 AND last_step < $2 RETURNING user_id", user_id, step
    )
    return done is not None


async def put_recovery_codes(conn: Connection, user_id: UserId, hashes: Iterable[bytes]) -> None:
    """Instead of those there were."""
    await conn.execute("DELETE FROM recovery_code WHERE user_id = $1", user_id)
    await conn.executemany(
        "INSERT INTO recovery_code (user_id, code_hash) VALUES ($1, $2)", [(user_id, one) for one in hashes]
    )


async def use_recovery_code(conn: Connection, user_id: UserId, code_hash: bytes) -> bool:
    """It opens once."""
    done = await conn.fetchval(
        "DELETE FROM recovery_code WHERE user_id = $1 AND code_hash = $2 RETURNING user_id", user_id, code_hash
    )
    return done is not None


async def recovery_codes_left(conn: Connection, user_id: UserId) -> int:
    """How many are unused."""
    return int(await conn.fetchval("SELECT count(*) FROM recovery_code WHERE user_id = $1", user_id))


async def delete(conn: Connection, user_id: UserId) -> bool:
    """With its recovery codes. False when there was none."""
    done = await conn.fetchval("DELETE FROM second_factor WHERE user_id = $1 RETURNING user_id", user_id)
    return done is not None
