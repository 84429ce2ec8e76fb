"""What the server keeps running for SMS: one worker per modem, and the housekeeping."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import tzinfo
from pathlib import Path

from crm_core.kernel.db import Database
from crm_core.kernel.errors import DatabaseUnavailableError
from crm_core.kernel.notices import Notices
from crm_core.kernel.status import StatusBoard
from sms import inbound, outbound
from sms.modem import ModemDevice
from sms.worker import ModemWorker, Timing

log = logging.getLogger("sms.modems")

HOUSEKEEPING_S = 60.0
Service = tuple[str, Callable[[], Awaitable[None]]]


def devices(names: Sequence[str]) -> tuple[ModemDevice, ...]:
    """From settings: "/dev/ttyUSB0", or "sim1=/dev/ttyUSB0" to keep the name when the device moves."""
    found = []
    for text in names:
        name, _, device = text.rpartition("=")
        found.append(ModemDevice(name=name or Path(device).name, device=device))
    return tuple(found)


def services(
    db: Database,
    notices: Notices,
    board: StatusBoard,
    modem_devices: Sequence[ModemDevice],
    *,
    zone: tzinfo,
    timing: Timing | None = None,
) -> tuple[Service, ...]:
    """Name and coroutine function of each long-lived service, for a supervisor. All run until cancelled."""
    workers = [ModemWorker(db, notices, board, device, zone, timing or Timing()) for device in modem_devices]
    return (*((worker.part, worker.run) for worker in workers), ("sms-housekeeping", lambda: keep_house(db)))


async def keep_house(db: Database, *, every_s: float = HOUSEKEEPING_S) -> None:
    """Long-lived: what waited too long is expired, parked or shown with a gap."""
    while True:
        with suppress(DatabaseUnavailableError):
            await outbound.expire(db)
            await outbound.park_stuck(db)
            await inbound.give_up_waiting(db)
        await asyncio.sleep(every_s)
