"""Programs' keys in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

from crm_core.kernel.actor import Role
from crm_core.kernel.db import Connection
from crm_core.kernel.ids import TokenId
from crm_core.users.model import ApiToken

NOTICED_EVERY = timedelta(minutes=1)  # how often a token's use is written down


async def insert(
    conn: Connection,
    *,
    token_hash: bytes,
    name: str,
    role: Role,
    scopes: Sequence[str] | None,
    created_by: str,
    created_at: datetime,
    expires_at: datetime,
) -> TokenId:
    """A program's key."""
    return TokenId(
        await conn.fetchval(
            "INSERT INTO api_token (token_hash, name, role, scopes, created_by, created_at, expires_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
            token_hash,
            name,
            role,
            scopes,
            created_by,
            created_at,
            expires_at,
        )
    )


async def use(conn: Connection, token_hash: bytes, now: datetime) -> ApiToken | None:
    """Whose key it is; None when unknown, taken back or over."""
    row = await conn.fetchrow(
        "SELECT id, name, role, scopes, created_at, created_by, expires_at, last_used_at, revoked_at FROM api_token "
        "WHERE token_hash = $1 AND revoked_at IS NULL AND expires_at > $2",
        token_hash,
        now,
    )
    if row is None:
        return None
    token = _token(row)
    if token.last_used_at is None or now - token.last_used_at >= NOTICED_EVERY:
        await conn.execute("UPDATE api_token SET last_used_at = $2 WHERE id = $1", token.id, now)
    return token


async def revoke(conn: Connection, token_id: TokenId, now: datetime) -> bool:
    """False when there is nothing to take back."""
    done = await conn.fetchval(
        "UPDATE api_token SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING id", token_id, now
    )
    return done is not None


async def exists(conn: Connection, token_id: TokenId) -> bool:
    """Also one that opens nothing any more."""
    return bool(await conn.fetchval("SELECT EXISTS (SELECT FROM api_token WHERE id = $1)", token_id))


async def tokens(conn: Connection) -> list[ApiToken]:
    """All keys, newest first."""
    rows = await conn.fetch(
        "SELECT id, name, role, scopes, created_at, created_by, expires_at, last_used_at, revoked_at FROM api_token "
        "ORDER BY id DESC"
    )
    return [_token(row) for row in rows]


def _token(row: asyncpg.Record) -> ApiToken:
    scopes = row["scopes"]
    return ApiToken(
        **{**dict(row), "role": Role(row["role"]), "scopes": frozenset(scopes) if scopes is not None else None}
    )
