"""Accounts, sessions and tokens in PostgreSQL."""

from datetime import datetime, timedelta

import asyncpg

from crm_core.kernel.actor import Role
from crm_core.kernel.db import Connection
from crm_core.kernel.ids import TokenId, UserId
from crm_core.users.model import SESSION_IDLE, ApiToken, Credentials, Login, User

NOTICED_EVERY = timedelta(minutes=1)  # how often a session's or token's use is written down


async def users(conn: Connection, user_id: UserId | None = None) -> list[User]:
    """All accounts by login, or the one."""
    rows = await conn.fetch(
        "SELECT id, login, name, role, locale, desk, is_active, locked_until FROM app_user "
        "WHERE $1::bigint IS NULL OR id = $1 ORDER BY login",
        user_id,
    )
    return [User(**{**dict(row), "role": Role(row["role"])}) for row in rows]


async def get(conn: Connection, user_id: UserId) -> User | None:
    """One account."""
    found = await users(conn, user_id)
    return found[0] if found else None


async def user_at_desk(conn: Connection, desk: str) -> UserId | None:
    """Who answers there."""
    found: UserId | None = await conn.fetchval("SELECT id FROM app_user WHERE desk = $1", desk)
    return found


async def credentials(conn: Connection, login: str) -> Credentials | None:
    """By login in lower case."""
    row = await conn.fetchrow(
        "SELECT id AS user_id, login, role, password_hash, is_active, locked_until FROM app_user WHERE login = $1",
        login,
    )
    return Credentials(**{**dict(row), "role": Role(row["role"])}) if row else None


async def insert(conn: Connection, *, login: str, name: str, password_hash: str, role: Role, locale: str) -> UserId:
    """Raises UniqueViolationError for a login that exists."""
    return UserId(
        await conn.fetchval(
            "INSERT INTO app_user (login, name, password_hash, role, locale) VALUES ($1, $2, $3, $4, $5) RETURNING id",
            login,
            name,
            password_hash,
            role,
            locale,
        )
    )


async def set_password_hash(conn: Connection, user_id: UserId, password_hash: str) -> None:
    """Also opens a locked account."""
    await conn.execute(
        "UPDATE app_user SET password_hash = $2, failed_logins = 0, locked_until = NULL WHERE id = $1",
        user_id,
        password_hash,
    )


async def set_active(conn: Connection, user_id: UserId, is_active: bool) -> None:
    """A closed account cannot log in."""
    await conn.execute("UPDATE app_user SET is_active = $2 WHERE id = $1", user_id, is_active)


async def set_locale(conn: Connection, user_id: UserId, locale: str) -> None:
    """The language of this person's pages."""
    await conn.execute("UPDATE app_user SET locale = $2 WHERE id = $1", user_id, locale)


async def count_failure(conn: Connection, user_id: UserId) -> int:
    """One more wrong password; how many in a row now."""
    return int(
        await conn.fetchval(
            "UPDATE app_user SET failed_logins = failed_logins + 1 WHERE id = $1 RETURNING failed_logins", user_id
        )
    )


async def lock_until(conn: Connection, user_id: UserId, until: datetime) -> None:
    """No password is tried before."""
    await conn.execute("UPDATE app_user SET locked_until = $2 WHERE id = $1", user_id, until)


async def clear_failures(conn: Connection, user_id: UserId) -> None:
    """After a right password."""
    await conn.execute("UPDATE app_user SET failed_logins = 0, locked_until = NULL WHERE id = $1", user_id)


async def insert_session(
    conn: Connection, *, token_hash: bytes, user_id: UserId, csrf_token: str, now: datetime, expires_at: datetime
) -> None:
    """A browser is logged in. Sessions of anybody that are over are swept out."""
    await conn.execute("DELETE FROM user_session WHERE expires_at <= $1", now)
    await conn.execute(
        "INSERT INTO user_session (token_hash, user_id, csrf_token, created_at, seen_at, expires_at) "
        "VALUES ($1, $2, $3, $4, $4, $5)",
        token_hash,
        user_id,
        csrf_token,
        now,
        expires_at,
    )


async def session(conn: Connection, token_hash: bytes, now: datetime) -> Login | None:
    """None when unknown, over, idle too long, or the account is closed."""
    row = await conn.fetchrow(
        """
        SELECT u.id AS user_id, u.login, u.name, u.role, u.locale, u.desk, s.csrf_token, s.expires_at, s.seen_at
        FROM user_session s JOIN app_user u ON u.id = s.user_id
        WHERE s.token_hash = $1 AND s.expires_at > $2 AND s.seen_at > $3 AND u.is_active
        """,
        token_hash,
        now,
        now - SESSION_IDLE,
    )
    if row is None:
        return None
    await _notice_session(conn, token_hash, row["seen_at"], now)
    fields = dict(row)
    del fields["seen_at"]
    return Login(**fields | {"role": Role(fields["role"])})


async def _notice_session(conn: Connection, token_hash: bytes, seen_at: datetime, now: datetime) -> None:
    if now - seen_at >= NOTICED_EVERY:
        await conn.execute("UPDATE user_session SET seen_at = $2 WHERE token_hash = $1", token_hash, now)


async def delete_session(conn: Connection, token_hash: bytes) -> UserId | None:
    """Whose it was."""
    found: UserId | None = await conn.fetchval(
        "DELETE FROM user_session WHERE token_hash = $1 RETURNING user_id", token_hash
    )
    return found


async def delete_sessions_of(conn: Connection, user_id: UserId) -> None:
    """Logged out everywhere."""
    await conn.execute("DELETE FROM user_session WHERE user_id = $1", user_id)


async def insert_token(conn: Connection, *, token_hash: bytes, name: str, role: Role) -> TokenId:
    """A program's key."""
    return TokenId(
        await conn.fetchval(
            "INSERT INTO api_token (token_hash, name, role) VALUES ($1, $2, $3) RETURNING id", token_hash, name, role
        )
    )


async def use_token(conn: Connection, token_hash: bytes, now: datetime) -> tuple[TokenId, Role] | None:
    """Whose key it is; None when unknown or revoked."""
    row = await conn.fetchrow(
        "SELECT id, role, last_used_at FROM api_token WHERE token_hash = $1 AND revoked_at IS NULL", token_hash
    )
    if row is None:
        return None
    if row["last_used_at"] is None or now - row["last_used_at"] >= NOTICED_EVERY:
        await conn.execute("UPDATE api_token SET last_used_at = $2 WHERE id = $1", row["id"], now)
    return TokenId(row["id"]), Role(row["role"])


async def revoke_token(conn: Connection, token_id: TokenId, now: datetime) -> bool:
    """False when there is nothing to revoke."""
    done = await conn.fetchval(
        "UPDATE api_token SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING id", token_id, now
    )
    return done is not None


async def tokens(conn: Connection) -> list[ApiToken]:
    """All keys, oldest first."""
    rows = await conn.fetch("SELECT id, name, role, created_at, last_used_at, revoked_at FROM api_token ORDER BY id")
    return [ApiToken(**{**dict(row), "role": Role(row["role"])}) for row in rows]


async def lock_accounts(conn: Connection) -> None:
    """One at a time may make first users or hand out desks, until the transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtext('app_user'))")


async def desks(conn: Connection) -> list[str]:
    """Desks that somebody has."""
    rows: list[asyncpg.Record] = await conn.fetch("SELECT desk FROM app_user WHERE desk IS NOT NULL ORDER BY desk")
    return [row["desk"] for row in rows]


async def set_desk(conn: Connection, user_id: UserId, desk: str | None) -> None:
    """Where this person answers; None gives the desk back."""
    await conn.execute("UPDATE app_user SET desk = $2 WHERE id = $1", user_id, desk)
