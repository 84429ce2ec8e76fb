"""PostgreSQL that does not answer: who waits is told in time, and nothing hangs."""

import asyncio
import time

import pytest

from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.db import Database
from crm_core.kernel.errors import DatabaseUnavailableError

pytestmark = pytest.mark.db

PROMPT_S = 2.0


async def answers(database: Database) -> bool:
    async with database.connection() as conn:
        return bool(await conn.fetchval("SELECT true"))


async def test_no_answer_in_time_is_the_same_as_no_database(database: Database) -> None:
    with pytest.raises(DatabaseUnavailableError):
        async with database.connection() as conn:
            await conn.execute("SELECT pg_sleep(30)", timeout=0.1)
    assert await answers(database)


async def test_a_transaction_without_an_answer_is_rolled_back_at_once(database: Database) -> None:
    async def write_and_wait() -> None:
        async with database.transaction(SYSTEM) as tx:
            await tx.conn.execute("INSERT INTO never_dial VALUES ('+8613900000000', '', 'test', now())")
            await tx.conn.execute("SELECT pg_sleep(30)", timeout=0.1)

    began = time.monotonic()
    with pytest.raises(DatabaseUnavailableError):
        await write_and_wait()
    assert time.monotonic() - began < PROMPT_S
    async with database.connection() as conn:
        assert not await conn.fetchval("SELECT count(*) FROM never_dial")


async def test_who_gives_up_waiting_is_free_at_once_and_stays_given_up(database: Database) -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2), database.transaction(SYSTEM) as tx:
            await tx.conn.execute("SELECT pg_sleep(30)")
    assert time.monotonic() - began < PROMPT_S
    assert await answers(database)


async def test_a_task_that_is_ended_while_it_waits_ends(database: Database) -> None:
    async def wait() -> None:
        async with database.connection() as conn:
            await conn.execute("SELECT pg_sleep(30)")

    task = asyncio.create_task(wait())
    await asyncio.wait([task], timeout=0.2)
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=PROMPT_S)
    assert done
    assert task.cancelled()
    assert await answers(database)
