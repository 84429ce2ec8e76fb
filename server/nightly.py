"""What is looked after each night: the audit's chain and its months, and what jobs left behind."""

import asyncio
import logging
from datetime import datetime, time, timedelta, tzinfo

from crm_core.drafts import service as drafts
from crm_core.kernel import audit_chain, event_log, jobs, once
from crm_core.kernel.actor import SYSTEM
from crm_core.kernel.audit_chain import Verdict
from crm_core.kernel.db import Database
from crm_core.kernel.status import OK, StatusBoard
from crm_core.tasks import service as tasks
from crm_core.tasks.model import TaskKind

log = logging.getLogger("nightly")

AT = time(3, 10)
MONTHS_AHEAD = 12
JOBS_KEPT = timedelta(days=14)
CHAIN = "audit chain"


async def run(db: Database, board: StatusBoard, zone: tzinfo) -> None:
    """Long-lived: at start and each night; of several processes each, as it takes little. Raises what is to be seen."""
    while True:
        await look_after(db, board)
        await asyncio.sleep(wait_s(db.clock(), zone))


def wait_s(now: datetime, zone: tzinfo) -> float:
    """Until the night."""
    local = now.astimezone(zone)
    tonight = datetime.combine(local.date(), AT, tzinfo=zone)
    return ((tonight if tonight > local else tonight + timedelta(days=1)) - now).total_seconds()


async def look_after(db: Database, board: StatusBoard) -> None:
    """One round."""
    async with db.connection() as conn:
        months = await conn.fetchval("SELECT audit_make_months($1)", MONTHS_AHEAD)
    forgotten = await jobs.forget(db, before=db.clock() - JOBS_KEPT)
    keys = await once.forget(db)
    unsaved = await drafts.forget(db)
    events = await event_log.forget(db)
    await audit_chain.seal(db)
    verdict = await audit_chain.verify(db)
    board.report(CHAIN, state_of(verdict))
    fields = {"seals": verdict.seals, "rows": verdict.rows, "missing": verdict.missing, "head": verdict.head}
    log.info(
        "looked after",
        extra={"months": months, "job_rows": forgotten, "keys": keys, "drafts": unsaved, "events": events},
    )
    log.info("the audit's chain was verified", extra=fields | {"whole": verdict.is_whole})
    if not verdict.is_whole:
        await _ask_a_person(db, verdict)


def state_of(verdict: Verdict) -> str:
    """For the status."""
    if verdict.breaks:
        return f"broken at seal {verdict.breaks[0].seal}"
    return f"{verdict.strange} rows were put in" if verdict.strange else OK


async def _ask_a_person(db: Database, verdict: Verdict) -> None:
    where = f"audit/seal/{verdict.breaks[0].seal}" if verdict.breaks else "audit/strange"
    log.error("the audit was changed", extra={"where": where})
    async with db.transaction(SYSTEM) as tx:
        await tasks.open_in(tx, TaskKind.CHECK_AUDIT, None, where)
