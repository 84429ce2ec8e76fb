"""Canned answers in PostgreSQL."""

from datetime import datetime

import asyncpg

from crm_core.kernel.db import Connection
from sms.canned_model import Canned, NewCanned


async def in_use(conn: Connection, *, limit: int) -> list[Canned]:
    """By title."""
    rows = await conn.fetch(
        """
        SELECT c.id, c.title, c.text, c.text_en, c.version, coalesce(u.name, c.changed_by) AS changed_by, c.changed_at
        FROM sms_canned c LEFT JOIN app_user u ON u.login = c.changed_by
        WHERE c.removed_at IS NULL ORDER BY c.title LIMIT $1
        """,
        limit,
    )
    return [Canned(**row) for row in rows]


async def insert(conn: Connection, new: NewCanned, *, by: str, now: datetime) -> int | None:
    """None when the title is taken."""
    found: int | None = await conn.fetchval(
        """
        INSERT INTO sms_canned (title, text, text_en, changed_by, changed_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (title) WHERE removed_at IS NULL DO NOTHING RETURNING id
        """,
        new.title,
        new.text,
        new.text_en,
        by,
        now,
    )
    return found


async def version_of(conn: Connection, canned_id: int) -> int | None:
    """Of one in use, locked."""
    version: int | None = await conn.fetchval(
        "SELECT version FROM sms_canned WHERE id = $1 AND removed_at IS NULL FOR UPDATE", canned_id
    )
    return version


async def update(conn: Connection, canned_id: int, new: NewCanned, *, by: str, now: datetime) -> bool:
    """False when another has the title."""
    try:
        async with conn.transaction():
            await conn.execute(
                """
                UPDATE sms_canned SET title = $2, text = $3, text_en = $4, changed_by = $5, changed_at = $6,
                    version = version + 1
                WHERE id = $1
                """,
                canned_id,
                new.title,
                new.text,
                new.text_en,
                by,
                now,
            )
    except asyncpg.UniqueViolationError:
        return False
    return True


async def remove(conn: Connection, canned_id: int, *, by: str, now: datetime) -> None:
    """Out of use."""
    await conn.execute(
        "UPDATE sms_canned SET removed_at = $2, changed_by = $3, changed_at = $2 WHERE id = $1", canned_id, now, by
    )
