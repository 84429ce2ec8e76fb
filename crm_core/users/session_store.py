"""Browsers that are logged in, in PostgreSQL."""

from datetime import datetime

from crm_core.kernel.actor import Role
from crm_core.kernel.db import Connection
from crm_core.kernel.ids import SessionId, UserId
from crm_core.users.model import SESSION_IDLE, Client, Login, Session


async def insert(
    conn: Connection,
    *,
    token_hash: bytes,
    user_id: UserId,
    csrf_token: str,
    client: Client,
    is_half: bool,
    now: datetime,
    expires_at: datetime,
) -> None:
    """A browser is let in, or half in. Sessions of anybody that are over are swept out."""
    await conn.execute("DELETE FROM user_session WHERE expires_at <= $1 OR seen_at <= $2", now, now - SESSION_IDLE)
    await conn.execute(
        "INSERT INTO user_session (token_hash, user_id, csrf_token, created_at, seen_at, expires_at, address, browser, "
        "is_half) VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8)",
        token_hash,
        user_id,
        csrf_token,
        now,
        expires_at,
        client.address,
        client.browser,
        is_half,
    )


async def find(conn: Connection, token_hash: bytes, now: datetime) -> tuple[Login, datetime] | None:
    """With when a person was last seen. None when unknown, half, over, idle too long, or the account is closed."""
    row = await conn.fetchrow(
        """
        SELECT s.id AS session_id, u.id AS user_id, u.login, u.name, u.role, u.locale, u.desk, s.csrf_token,
               s.expires_at, u.one_time_until IS NOT NULL AS must_change_password,
               f.confirmed_at IS NOT NULL AS has_second_factor, s.seen_at
        FROM user_session s JOIN app_user u ON u.id = s.user_id LEFT JOIN second_factor f ON f.user_id = u.id
        WHERE s.token_hash = $1 AND s.expires_at > $2 AND s.seen_at > $3 AND u.is_active AND NOT s.is_half
        """,
        token_hash,
        now,
        now - SESSION_IDLE,
    )
    if row is None:
        return None
    fields = dict(row)
    seen_at = fields.pop("seen_at")
    return Login(**fields | {"role": Role(fields["role"])}), seen_at


async def find_half(conn: Connection, token_hash: bytes, now: datetime) -> UserId | None:
    """Who gave the right password in this browser a moment ago and still owes the code."""
    found: UserId | None = await conn.fetchval(
        "SELECT s.user_id FROM user_session s JOIN app_user u ON u.id = s.user_id "
        "WHERE s.token_hash = $1 AND s.expires_at > $2 AND s.is_half AND u.is_active",
        token_hash,
        now,
    )
    return found


async def notice(conn: Connection, session_id: SessionId, now: datetime) -> None:
    """A person was here."""
    await conn.execute("UPDATE user_session SET seen_at = $2 WHERE id = $1", session_id, now)


async def of_user(conn: Connection, user_id: UserId, now: datetime) -> list[Session]:
    """The live ones, last used first."""
    rows = await conn.fetch(
        "SELECT id, address, browser, created_at, seen_at FROM user_session "
        "WHERE user_id = $1 AND NOT is_half AND expires_at > $2 AND seen_at > $3 ORDER BY seen_at DESC, id DESC",
        user_id,
        now,
        now - SESSION_IDLE,
    )
    return [Session(**row) for row in rows]


async def delete_by_token(conn: Connection, token_hash: bytes) -> UserId | None:
    """Whose it was."""
    found: UserId | None = await conn.fetchval(
        "DELETE FROM user_session WHERE token_hash = $1 RETURNING user_id", token_hash
    )
    return found


async def delete(conn: Connection, user_id: UserId, session_id: SessionId) -> bool:
    """One of this person's. False when there is no such one."""
    done = await conn.fetchval(
        "DELETE FROM user_session WHERE id = $1 AND user_id = $2 RETURNING id", session_id, user_id
    )
    return done is not None


async def delete_of(conn: Connection, user_id: UserId, *, but: SessionId | None = None) -> int:
    """Logged out everywhere, or everywhere else. How many."""
    rows = await conn.fetch(
        "DELETE FROM user_session WHERE user_id = $1 AND ($2::bigint IS NULL OR id <> $2) RETURNING id", user_id, but
    )
    return len(rows)
