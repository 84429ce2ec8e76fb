"""A hospital that updates finds its conversations, and texts that come meanwhile are in them."""

import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest

from crm_core import migrations
from tests.db.test_sms_threads import KEPT, TRUTH

pytestmark = pytest.mark.db
BEFORE, AFTER = "0005", "0006"  # the release without conversations, the one that has them
AT = datetime(2026, 3, 2, tzinfo=UTC)
OLD_TEXTS = """
    INSERT INTO sms (direction, peer, text, state, created_by, created_at, not_before, read_at)
    SELECT CASE WHEN n % 3 = 0 THEN 'out' ELSE 'in' END, '+86139' || lpad((n % 4500)::text, 8, '0'), 'x',
           CASE WHEN n % 3 = 0 THEN 'sent' ELSE 'received' END, 'x', $1::timestamptz, $1,
           CASE WHEN n % 5 = 0 THEN $1 END
    FROM generate_series(1, 20000) AS n
"""
NEW_TEXT = """
    INSERT INTO sms (direction, peer, text, state, created_by, created_at, not_before)
    VALUES ('in', $1, 'neu', 'received', 'modem', $2::timestamptz, $2)
"""


async def test_conversations_of_the_release_before_are_there(empty_database_url: str) -> None:
    await asyncio.to_thread(migrations.upgrade, empty_database_url, to=BEFORE)
    conn = await asyncpg.connect(empty_database_url)
    try:
        await conn.execute(OLD_TEXTS, AT)
        await conn.execute(
            "INSERT INTO sms (direction, peer, text, state, created_by, created_at, not_before) "
            "VALUES ('in', '', '', 'received', 'modem', $1::timestamptz, $1)",
            AT,
        )
        upgrading = asyncio.ensure_future(asyncio.to_thread(migrations.upgrade, empty_database_url))
        texts = 0
        while not upgrading.done():
            await conn.execute(NEW_TEXT, f"+86139{texts % 4500:08d}", AT)
            await conn.execute(
                "UPDATE sms SET read_at = $1 WHERE read_at IS NULL AND direction = 'in' AND peer = $2",
                AT,
                f"+86139{(texts * 7) % 4500:08d}",
            )
            texts += 1
        await upgrading
        assert texts
        assert await conn.fetch(KEPT) == await conn.fetch(TRUTH)
        assert await conn.fetchval("SELECT count(*) FROM sms_thread") == 4501
        assert await conn.fetchval("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == 0
    finally:
        await conn.close()


async def test_an_update_that_broke_off_is_run_again(empty_database_url: str) -> None:
    await asyncio.to_thread(migrations.upgrade, empty_database_url, to=AFTER)
    conn = await asyncpg.connect(empty_database_url)
    try:
        await conn.execute(OLD_TEXTS, AT)
        await conn.execute("UPDATE alembic_version SET version_num = $1", BEFORE)
        await asyncio.to_thread(migrations.upgrade, empty_database_url, to=AFTER)
        assert await conn.fetch(KEPT) == await conn.fetch(TRUTH)
    finally:
        await conn.close()
