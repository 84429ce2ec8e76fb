"""Accounts in PostgreSQL."""

from datetime import datetime

import asyncpg

from crm_core.kernel.actor import Role
from crm_core.kernel.db import Connection
from crm_core.kernel.ids import UserId
from crm_core.users.model import Credentials, User


async def users(conn: Connection, user_id: UserId | None = None) -> list[User]:
    """All accounts by login, or the one."""
    rows = await conn.fetch(
        """
        SELECT u.id, u.login, u.name, u.role, u.locale, u.desk, u.is_active, u.one_time_until,
               f.confirmed_at IS NOT NULL AS has_second_factor
        FROM app_user u LEFT JOIN second_factor f ON f.user_id = u.id
        WHERE $1::bigint IS NULL OR u.id = $1 ORDER BY u.login
        """,
        user_id,
    )
    return [User(**{**dict(row), "role": Role(row["role"])}) for row in rows]


async def get(conn: Connection, user_id: UserId) -> User | None:
    """One account."""
    found = await users(conn, user_id)
    return found[0] if found else None


async def id_of(conn: Connection, login: str) -> UserId | None:
    """By login in lower case."""
    found: UserId | None = await conn.fetchval("SELECT id FROM app_user WHERE login = $1", login)
    return found


async def credentials(conn: Connection, login: str) -> Credentials | None:
    """By login in lower case."""
    row = await conn.fetchrow(
        """
        SELECT u.id AS user_id, u.login, u.name, u.role, u.password_hash, u.is_active, u.one_time_until,
               f.confirmed_at IS NOT NULL AS has_second_factor
        FROM app_user u LEFT JOIN second_factor f ON f.user_id = u.id WHERE u.login = $1
        """,
        login,
    )
    return Credentials(**{**dict(row), "role": Role(row["role"])}) if row else None


async def insert(
    conn: Connection,
    *,
    login: str,
    name: str,
    password_hash: str,
    role: Role,
    locale: str,
    one_time_until: datetime | None,
) -> UserId:
    """Raises UniqueViolationError for a login that exists."""
    return UserId(
        await conn.fetchval(
            "INSERT INTO app_user (login, name, password_hash, role, locale, one_time_until) "
            "VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
            login,
            name,
            password_hash,
            role,
            locale,
            one_time_until,
        )
    )


async def set_password_hash(
    conn: Connection, user_id: UserId, password_hash: str, *, one_time_until: datetime | None
) -> None:
    """Their own, or one that somebody else made and that works until then."""
    await conn.execute(
        "UPDATE app_user SET password_hash = $2, one_time_until = $3 WHERE id = $1",
        user_id,
        password_hash,
        one_time_until,
    )


async def set_active(conn: Connection, user_id: UserId, is_active: bool) -> None:
    """A closed account cannot log in."""
    await conn.execute("UPDATE app_user SET is_active = $2 WHERE id = $1", user_id, is_active)


async def set_locale(conn: Connection, user_id: UserId, locale: str) -> None:
    """The language of this person's pages."""
    await conn.execute("UPDATE app_user SET locale = $2 WHERE id = $1", user_id, locale)


async def set_name_and_role(conn: Connection, user_id: UserId, name: str, role: Role) -> None:
    """What others see, and what they may do."""
    await conn.execute("UPDATE app_user SET name = $2, role = $3 WHERE id = $1", user_id, name, role)


async def active_admins(conn: Connection, *, but: UserId) -> int:
    """How many others could manage accounts."""
    return int(
        await conn.fetchval("SELECT count(*) FROM app_user WHERE role = 'admin' AND is_active AND id <> $1", but)
    )


async def lock_accounts(conn: Connection) -> None:
    """One at a time may make first users, hand out desks or take an administrator away, until the transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtext('app_user'))")


async def desks(conn: Connection) -> list[str]:
    """Desks that somebody has."""
    rows: list[asyncpg.Record] = await conn.fetch("SELECT desk FROM app_user WHERE desk IS NOT NULL ORDER BY desk")
    return [row["desk"] for row in rows]


async def former_desk(conn: Connection, user_id: UserId) -> str | None:
    """The desk a closed account gave back."""
    found: str | None = await conn.fetchval("SELECT former_desk FROM app_user WHERE id = $1", user_id)
    return found


async def set_desk(conn: Connection, user_id: UserId, desk: str | None) -> None:
    """Where this person answers; None gives the desk back and remembers which it was."""
    await conn.execute(
        "UPDATE app_user SET desk = $2, former_desk = CASE WHEN $2::text IS NULL THEN desk END WHERE id = $1",
        user_id,
        desk,
    )
