"""The recording of a call is silent for a while: MixMonitor goes on, so every second stays where it was."""

import asyncio
import logging

from crm_core.calls import pauses
from crm_core.kernel.db import Database
from crm_core.kernel.errors import HcrmError
from crm_core.kernel.ids import Uniqueid
from telephony.ami import Ami
from telephony.errors import AmiError, AmiRefusedError

log = logging.getLogger("recording pauses")

EVERY_S = 1.0


async def set_silent(ami: Ami, patient: Uniqueid, *, on: bool) -> None:
    """Both sides of the recording. Raises AmiError."""
    await ami.action("MixMonitorMute", Channel=patient, Direction="both", State="1" if on else "0")


async def keep_resuming(db: Database, ami: Ami) -> None:
    """Long-lived; of several processes each. A link that is away is waited for."""
    while True:
        try:
            await resume_overdue(db, ami)
        except (AmiError, HcrmError) as error:
            log.warning("a recording waits to go on", extra={"error": error.code})
        await asyncio.sleep(EVERY_S)


async def resume_overdue(db: Database, ami: Ami) -> None:
    """Of a call that is gone there is nothing to resume."""
    for pause in await pauses.overdue(db):
        try:
            await set_silent(ami, pause.patient, on=False)
        except AmiRefusedError:
            log.info("a paused recording is gone", extra={"call_id": str(pause.call_id)})
        await pauses.over(db, pause.call_id)
