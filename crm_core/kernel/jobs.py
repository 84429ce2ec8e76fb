"""Work that leaves the process: enqueued in the transaction that decided it, run by pgqueuer on the same PostgreSQL."""

import asyncio
import json
import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

import asyncpg
from pgqueuer.adapters.persistence.qb import QueryQueueBuilder
from pgqueuer.db import AsyncpgDriver
from pgqueuer.domain.settings import db_settings
from pgqueuer.errors import RetryRequested
from pgqueuer.models import Job as PgqJob
from pgqueuer.qm import QueueManager
from pgqueuer.queries import Queries

from crm_core.kernel.db import Connection, Database
from crm_core.kernel.errors import HcrmError
from crm_core.kernel.notices import JOBS_CHANNEL, RESYNC, Notice, Notices

log = logging.getLogger("jobs")

ROWS_AT_ONCE = 10_000
JobArgs = Mapping[str, Any]  # JSON values: ids, never personal data


@dataclass(frozen=True, slots=True)
class Retry:
    """Doubling waits with jitter; only for errors that say a machine may try again."""

    attempts: int = 5
    first_wait_s: float = 2.0
    longest_wait_s: float = 300.0

    def wait_s(self, attempts_made: int) -> float | None:
        """Seconds until the next try, None when there is none. `attempts_made` counts from 1."""
        if attempts_made >= self.attempts:
            return None
        return float(min(self.first_wait_s * 2 ** (attempts_made - 1), self.longest_wait_s))


NEVER = Retry(attempts=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A named piece of work. `run` gets the arguments it was enqueued with and may be called again after a crash."""

    name: str
    run: Callable[[JobArgs], Awaitable[None]]
    retry: Retry
    timeout_s: float
    concurrency: int = 0  # 0: as many as come


if db_settings().channel != JOBS_CHANNEL:
    raise ImportError("the installed pgqueuer, or PGQUEUER_CHANNEL, tells of jobs on another channel")

ON_CONFLICT: Final = "skip"
_HEADERS, _TEXT_HEADERS = "$6::jsonb[]", "$6::text[]::jsonb[]"


class _TextHeaders(AsyncpgDriver):
    """pgqueuer hands headers over as JSON texts; our connections would encode them a second time."""

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        return await super().fetch(query.replace(_HEADERS, _TEXT_HEADERS), *args)


if QueryQueueBuilder().build_enqueue_query(ON_CONFLICT).count(_HEADERS) != 1:
    raise ImportError("the installed pgqueuer enqueues by another query: see _TextHeaders")


async def enqueue(
    conn: Connection,
    name: str,
    args: JobArgs,
    *,
    now: datetime,
    run_after: datetime | None = None,
    dedupe_key: str | None = None,
    priority: int = 0,
) -> None:
    """Part of the caller's transaction. Of several waiting jobs with one `dedupe_key` the first stays."""
    delay = max(run_after - now, timedelta(0)) if run_after else None
    await Queries(_TextHeaders(cast(asyncpg.Connection, conn))).enqueue(
        name,
        json.dumps(dict(args)).encode(),
        priority=priority,
        execute_after=delay,
        dedupe_key=dedupe_key,
        on_conflict=ON_CONFLICT,
    )


async def forget(db: Database, *, before: datetime) -> int:
    """What pgqueuer wrote down about jobs that ended before this moment. How many rows."""
    gone = 0
    async with db.connection() as conn:
        while status := await conn.execute(
            "DELETE FROM pgqueuer_log WHERE id IN (SELECT id FROM pgqueuer_log WHERE created < $1 LIMIT $2)",
            before,
            ROWS_AT_ONCE,
        ):
            count = int(status.removeprefix("DELETE "))
            gone += count
            if count < ROWS_AT_ONCE:
                break
    return gone


class _Told(AsyncpgDriver):
    """Asks on its own connection and hears by the process's one. After a gap nothing is needed: it looks every 5 s."""

    def __init__(self, conn: asyncpg.Connection) -> None:
        super().__init__(conn)
        self._callbacks: list[Callable[[str], None]] = []

    async def add_listener(self, channel: str, callback: Callable[[str], None]) -> None:
        self._callbacks.append(callback)

    def hear(self, notice: Notice) -> None:
        if notice is not RESYNC:
            for callback in self._callbacks:
                callback(json.dumps(notice))


async def work(conn: asyncpg.Connection, notices: Notices, jobs: Iterable[Job]) -> None:
    """Run jobs until cancelled, on a connection of its own. Raises when the connection breaks."""
    await conn.execute("SET plan_cache_mode = force_generic_plan")  # else each look for jobs is planned anew, for 2 ms
    told = _Told(conn)
    manager = QueueManager(Queries(told))

    def cut(_conn: object) -> None:
        manager.shutdown.set()

    conn.add_termination_listener(cut)
    for job in jobs:
        manager.entrypoint(job.name, concurrency_limit=job.concurrency, on_failure="hold", accepts_context=False)(
            _entrypoint(job)
        )
    try:
        await notices.until_up()  # the manager at once asks whether it hears itself
        with notices.subscribed(told.hear, JOBS_CHANNEL):
            await manager.run(dequeue_timeout=timedelta(seconds=5), batch_size=10, shutdown_on_listener_failure=True)
    finally:
        manager.shutdown.set()
    if conn.is_closed():
        raise ConnectionError("the job worker's connection was cut")


def _entrypoint(job: Job) -> Callable[[PgqJob], Awaitable[None]]:
    async def run(pgq_job: PgqJob) -> None:
        args = json.loads(pgq_job.payload or b"{}")
        try:
            async with asyncio.timeout(job.timeout_s):
                await job.run(args)
        except (HcrmError, TimeoutError) as error:
            _retry_or_raise(job, pgq_job, error)

    return run


def _retry_or_raise(job: Job, pgq_job: PgqJob, error: HcrmError | TimeoutError) -> None:
    made = pgq_job.attempts + 1
    wait_s = job.retry.wait_s(made) if isinstance(error, TimeoutError) or error.retryable else None
    fields = {"job": job.name, "job_id": pgq_job.id, "attempt": made, "error": type(error).__name__}
    if wait_s is None:
        log.error("job given up", extra=fields)
        raise error
    log.warning("job will be tried again", extra=fields | {"wait_s": round(wait_s, 1)})
    raise RetryRequested(timedelta(seconds=wait_s * random.uniform(0.8, 1.2))) from error
