"""Long-lived services of one process: each is restarted alone, and the status shows why it is away."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from crm_core.kernel.errors import HcrmError
from crm_core.kernel.status import StatusBoard

log = logging.getLogger("supervisor")

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 15.0
SETTLED_AFTER_S = 30.0


@dataclass(frozen=True, slots=True)
class Service:
    """`run` ends only when cancelled; anything else is a fault. A service that reports its own state sets `reports`."""

    name: str
    run: Callable[[], Awaitable[None]]
    reports: bool = False


async def run_all(services: Iterable[Service], board: StatusBoard) -> None:
    """Until cancelled."""
    async with asyncio.TaskGroup() as group:
        for service in services:
            group.create_task(keep_running(service, board), name=service.name)


async def keep_running(service: Service, board: StatusBoard) -> None:
    """Restart with growing waits; a service that ran for a while starts again at once."""
    loop = asyncio.get_running_loop()
    wait_s = FIRST_WAIT_S
    while True:
        started = loop.time()
        reason = await _run_once(service, board)
        if loop.time() - started > SETTLED_AFTER_S:
            wait_s = FIRST_WAIT_S
        board.report(service.name, reason)
        log.error("service stopped, will be restarted", extra={"service": service.name, "wait_s": wait_s})
        await asyncio.sleep(wait_s * random.uniform(0.8, 1.2))
        wait_s = min(wait_s * 2, LONGEST_WAIT_S)


async def _run_once(service: Service, board: StatusBoard) -> str:
    if not service.reports:
        board.report(service.name)
    try:
        await service.run()
    except HcrmError as error:
        log.warning("service failed", extra={"service": service.name, "error": type(error).__name__})
        return error.code.replace("_", " ")
    except Exception as error:
        log.exception("service failed", extra={"service": service.name})
        return type(error).__name__
    return "ended by itself"
