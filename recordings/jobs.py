"""Sealing what Asterisk wrote, and the rounds that find what was forgotten."""

import asyncio
from uuid import UUID

from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.db import Database
from crm_core.kernel.errors import DatabaseUnavailableError
from crm_core.kernel.ids import CallId
from crm_core.kernel.jobs import Job, JobArgs, Retry
from recordings import keeping, service
from recordings.handlers import STORE_RECORDING
from recordings.monitor import Monitor
from recordings.retention import Retention
from recordings.vault import Vault

ROUND_S = 600.0


def jobs(db: Database, vault: Vault, monitor: Monitor) -> tuple[Job, ...]:
    """What the worker runs for this package."""

    async def store_recording(args: JobArgs) -> None:
        await keeping.store_call(db, vault, monitor, CallId(UUID(args["call_id"])))

    return (
        Job(
            name=STORE_RECORDING,
            run=store_recording,
            retry=Retry(attempts=8, first_wait_s=2.0, longest_wait_s=300.0),
            timeout_s=300.0,
            concurrency=2,
        ),
    )


async def sweep_rounds(
    db: Database, vault: Vault, monitor: Monitor, retention: Retention, *, every_s: float = ROUND_S
) -> None:
    """Long-lived: one round at start, then every ten minutes: what was forgotten is sealed, what is over is deleted.

    Raises what a supervisor should see.
    """
    while True:
        try:
            await keeping.sweep(db, vault, monitor)
            await service.forget(db, vault, SYSTEM, retention, dry_run=False)
        except DatabaseUnavailableError:
            await asyncio.sleep(min(every_s, 10.0))
            continue
        await asyncio.sleep(every_s)
