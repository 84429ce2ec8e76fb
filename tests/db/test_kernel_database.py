"""PostgreSQL that does not answer: who waits is told in time, and nothing hangs."""

import asyncio
import time
from contextlib import AsyncExitStack

import asyncpg
import pytest

from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.db import Database, NestedConnectionError, Tx
from crm_core.kernel.errors import CommitUnknownError, DatabaseBusyError, DatabaseUnavailableError, InvalidInputError
from tests.databases import run_as_owner
from tests.eventually import eventually

pytestmark = pytest.mark.db

PROMPT_S = 15.0  # half of what PostgreSQL would take


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


async def test_who_holds_a_connection_is_refused_a_second_one(database: Database) -> None:
    async with database.connection():
        with pytest.raises(NestedConnectionError):
            await answers(database)
        with pytest.raises(NestedConnectionError):
            async with database.transaction(SYSTEM):
                pass
    assert await answers(database)


async def test_what_is_begun_while_one_is_held_is_refused_too_and_served_once_it_is_given_back(
    database: Database,
) -> None:
    is_given_back = asyncio.Event()

    async def later() -> bool:
        await is_given_back.wait()
        return await answers(database)

    async with asyncio.TaskGroup() as group:
        async with database.connection():
            with pytest.raises(ExceptionGroup) as refused:
                async with asyncio.TaskGroup() as inner:
                    inner.create_task(answers(database))
            assert refused.group_contains(NestedConnectionError)
            patient = group.create_task(later())
        is_given_back.set()
    assert patient.result()


async def test_more_than_the_pool_holds_are_served_one_after_the_other(database: Database) -> None:
    async def ask() -> bool:
        async with database.transaction(SYSTEM) as tx:
            await tx.conn.execute("SELECT pg_sleep(0.05)")
        return await answers(database)

    assert all(await asyncio.gather(*(ask() for _ in range(60))))


async def test_a_lock_is_kept_beside_the_pool(database: Database) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(25):  # more than the pool has
            kept = await stack.enter_async_context(database.own_connection())
            await kept.execute("SELECT pg_advisory_lock_shared(1)")
        assert await answers(database)


async def test_a_statement_that_takes_too_long_is_ended_by_postgresql_and_may_be_asked_again(
    database: Database,
) -> None:
    async def read_slowly() -> None:
        async with database.transaction(SYSTEM) as tx:
            await tx.conn.execute("SET LOCAL statement_timeout = 50")
            await tx.conn.execute("SELECT pg_sleep(30)")

    with pytest.raises(DatabaseUnavailableError, match="QueryCanceledError"):
        await read_slowly()
    assert await answers(database)


@pytest.mark.parametrize(
    ("sqlstate", "told"),
    [
        ("08006", DatabaseUnavailableError),
        ("40001", DatabaseBusyError),
        ("40P01", DatabaseBusyError),
        ("53100", DatabaseUnavailableError),
        ("57P01", DatabaseUnavailableError),
        ("55P03", DatabaseBusyError),
        ("25006", DatabaseUnavailableError),
        ("22003", InvalidInputError),
        ("22021", InvalidInputError),
        ("23503", InvalidInputError),
        ("22012", asyncpg.DivisionByZeroError),
        ("23505", asyncpg.UniqueViolationError),
        ("42P01", asyncpg.UndefinedTableError),
    ],
)
async def test_postgresqls_no_says_whether_to_ask_again(
    database: Database, sqlstate: str, told: type[Exception]
) -> None:
    with pytest.raises(told):
        async with database.connection() as conn:
            await conn.execute(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{sqlstate}'; END $$")
    assert await answers(database)


async def test_of_two_who_wait_for_each_other_both_come_to_an_end(database: Database) -> None:
    async with database.transaction(SYSTEM) as tx:
        await tx.conn.execute("INSERT INTO never_dial VALUES ('+861', '', 'test', now()), ('+862', '', 'test', now())")
    both_hold_one = asyncio.Barrier(2)
    begun = []

    async def write(first: str, second: str) -> str:
        async def work(tx: Tx) -> str:
            begun.append(first)
            await tx.conn.execute("UPDATE never_dial SET reason = reason || '.' WHERE msisdn = $1", first)
            if len(begun) <= 2:
                await both_hold_one.wait()
            await tx.conn.execute("UPDATE never_dial SET reason = reason || '.' WHERE msisdn = $1", second)
            return first

        return await database.transact(SYSTEM, work)

    assert list(await asyncio.gather(write("+861", "+862"), write("+862", "+861"))) == ["+861", "+862"]
    assert len(begun) == 3
    async with database.connection() as conn:
        assert await conn.fetchval("SELECT array_agg(reason) FROM never_dial") == ["..", ".."]


async def test_a_connection_that_ends_in_the_commit_leaves_it_unknown(database: Database, owner_url: str) -> None:
    await run_as_owner(
        owner_url,
        """
        CREATE FUNCTION hesitate() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_sleep(30); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON never_dial DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION hesitate();
        """,
    )

    async def write() -> None:
        async with database.transaction(SYSTEM) as tx:
            await tx.conn.execute("INSERT INTO never_dial VALUES ('+861', '', 'test', now())")

    async def cut() -> bool:
        async with database.connection() as conn:
            return bool(
                await conn.fetchval(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE query = 'COMMIT;' AND datname = current_database()"
                )
            )

    writing = asyncio.create_task(write())
    await eventually(cut)
    with pytest.raises(CommitUnknownError):
        await writing


async def test_a_commit_that_is_refused_was_not_done(database: Database, owner_url: str) -> None:
    await run_as_owner(owner_url, "CREATE TABLE place (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    with pytest.raises(asyncpg.UniqueViolationError):
        async with database.transaction(SYSTEM) as tx:
            await tx.conn.execute("INSERT INTO place VALUES (1), (1)")
    assert await answers(database)
