"""Jobs on a real queue: what is enqueued in a transaction is run once it is committed, again when it may be."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import asyncpg
import pytest

from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.db import Database
from crm_core.kernel.errors import ConflictError, TemporarySendError
from crm_core.kernel.jobs import NEVER, Job, JobArgs, Retry, enqueue, forget, work
from tests.eventually import eventually
from tests.hearing import hearing

pytestmark = pytest.mark.db

QUICK = Retry(attempts=3, first_wait_s=0.05, longest_wait_s=0.1)


class Ran(list[JobArgs]):
    """What was run, in order; raises what it is told to, first time first."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    async def run(self, args: JobArgs) -> None:
        self.append(args)
        if self.errors:
            raise self.errors.pop(0)


@asynccontextmanager
async def working(db: Database, *jobs: Job) -> AsyncIterator[None]:
    conn = await asyncpg.connect(db.url)
    async with hearing(db) as notices:
        task = asyncio.ensure_future(work(conn, notices, jobs))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await conn.close()


def job(ran: Ran, *, retry: Retry = QUICK, timeout_s: float = 5.0) -> Job:
    return Job(name="ring", run=ran.run, retry=retry, timeout_s=timeout_s)


async def put(db: Database, number: int, *, dedupe_key: str | None = None) -> None:
    async with db.transaction(SYSTEM) as tx:
        await enqueue(tx.conn, "ring", {"number": number}, now=tx.now, dedupe_key=dedupe_key)


def times(ran: Ran, count: int) -> Callable[[], bool]:
    return lambda: len(ran) >= count


async def test_a_job_runs_with_what_it_was_given(database: Database) -> None:
    ran = Ran()
    await put(database, 1)
    async with working(database, job(ran)):
        await put(database, 2)
        await eventually(times(ran, 2))
    assert sorted(args["number"] for args in ran) == [1, 2]


async def test_what_is_rolled_back_is_never_run(database: Database) -> None:
    ran = Ran()
    with suppress(ConflictError):
        async with database.transaction(SYSTEM) as tx:
            await enqueue(tx.conn, "ring", {"number": 1}, now=tx.now)
            raise ConflictError("no")
    await put(database, 2)
    async with working(database, job(ran)):
        await eventually(times(ran, 1))
    assert [args["number"] for args in ran] == [2]


async def test_of_several_wishes_for_the_same_only_one_is_done(database: Database) -> None:
    ran = Ran()
    for _ in range(3):
        await put(database, 1, dedupe_key="same")
    await put(database, 2)
    async with working(database, job(ran)):
        await eventually(times(ran, 2))
    assert sorted(args["number"] for args in ran) == [1, 2]


async def test_an_error_that_may_pass_is_tried_again_and_another_is_not(database: Database) -> None:
    ran = Ran(TemporarySendError("busy"), ConflictError("never"))
    await put(database, 1)
    async with working(database, job(ran)):
        await eventually(times(ran, 2))
        async with database.connection() as conn:
            held = "SELECT count(*) FROM pgqueuer WHERE status = 'failed'"
            await eventually(lambda: conn.fetchval(held), what="parked for a person")
    assert len(ran) == 2


async def test_a_job_that_hangs_is_given_up_in_time(database: Database) -> None:
    started: list[JobArgs] = []

    async def hang(args: JobArgs) -> None:
        started.append(args)
        await asyncio.Event().wait()

    await put(database, 1)
    hanging = Job(name="ring", run=hang, retry=NEVER, timeout_s=0.1)
    async with working(database, hanging), database.connection() as conn:
        await eventually(lambda: conn.fetchval("SELECT count(*) FROM pgqueuer WHERE status = 'failed'"))
    assert len(started) == 1


def test_waits_double_up_to_a_limit() -> None:
    rule = Retry(attempts=5, first_wait_s=2, longest_wait_s=10)
    assert [rule.wait_s(made) for made in range(1, 6)] == [2, 4, 8, 10, None]


async def test_a_worker_whose_connection_is_cut_says_so_at_once(database: Database) -> None:
    conn = await asyncpg.connect(database.url)
    async with hearing(database) as notices:
        working = asyncio.ensure_future(work(conn, notices, [job(Ran())]))
        await asyncio.wait([working], timeout=1)
        async with database.connection() as other:
            await other.execute("SELECT pg_terminate_backend($1)", conn.get_server_pid())
        with pytest.raises((ConnectionError, asyncpg.PostgresError, asyncpg.InterfaceError)):
            await asyncio.wait_for(working, 2)


async def test_what_was_written_down_about_old_jobs_is_forgotten(database: Database) -> None:
    async with database.connection() as conn:
        await conn.execute(
            "INSERT INTO pgqueuer_log (created, job_id, status, priority, entrypoint) "
            "SELECT now() - n * interval '1 day', n, 'successful', 0, 'ring' FROM generate_series(0, 29) n"
        )
    assert await forget(database, before=database.clock() - timedelta(days=14.5)) == 15
    async with database.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM pgqueuer_log") == 15
