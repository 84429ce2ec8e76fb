"""The night's round: what was changed is told to people, what is old goes."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from crm_core.kernel import audit
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.db import Database
from crm_core.kernel.once import Wish, made_before
from crm_core.kernel.status import StatusBoard
from server import nightly

pytestmark = pytest.mark.db

SHANGHAI = ZoneInfo("Asia/Shanghai")


async def open_tasks(database: Database) -> list[tuple[str, str]]:
    async with database.connection() as conn:
        rows = await conn.fetch("SELECT kind, ref FROM task WHERE status = 'open'")
    return [(row["kind"], row["ref"]) for row in rows]


async def test_keys_of_yesterdays_requests_are_forgotten(database: Database) -> None:
    async with database.transaction(SYSTEM) as tx:
        assert await made_before(tx, Wish("k", b"asked")) is None
    await nightly.look_after(database, StatusBoard())
    async with database.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM idempotency_key") == 1
    later = database.clock() + timedelta(days=1, seconds=1)
    database.clock = lambda: later
    await nightly.look_after(database, StatusBoard())
    async with database.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM idempotency_key") == 0


async def test_a_changed_audit_is_in_the_status_and_somebody_is_asked_once(database: Database, owner_url: str) -> None:
    board = StatusBoard()
    async with database.transaction(SYSTEM) as tx:
        await audit.record(tx, "read patient", "patient", 1)
    await nightly.look_after(database, board)
    assert board.parts() == {"audit chain": "ok"}
    assert await open_tasks(database) == []
    conn = await asyncpg.connect(owner_url)
    await conn.execute("SET session_replication_role = replica; UPDATE audit SET actor = 'nobody'")
    await conn.close()
    for _ in range(2):
        await nightly.look_after(database, board)
    assert board.parts() == {"audit chain": "broken at seal 1"}
    assert await open_tasks(database) == [("check_audit", "audit/seal/1")]


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        (datetime(2026, 3, 1, 18, 10, tzinfo=UTC), 1.0),
        (datetime(2026, 3, 1, 19, 10, tzinfo=UTC), 24.0),
        (datetime(2026, 3, 1, 20, 10, tzinfo=UTC), 23.0),
    ],
)
def test_the_night_is_the_hospitals(now: datetime, hours: float) -> None:
    assert nightly.wait_s(now, SHANGHAI) == hours * 3600
