"""Which desks have a telephone registered, as Asterisk's device states say, carried to the agents.

A report that the database does not take is found missing by the comparison of the next minute.
"""

import logging
from collections.abc import Mapping

from crm_core.calls import agents
from crm_core.kernel.db import Database
from crm_core.kernel.errors import HcrmError
from telephony import names
from telephony.ami import Ami
from telephony.ami_events import AmiEvent, DeviceStateChange, LinkUp, Recheck
from telephony.errors import AmiError

log = logging.getLogger("desk lines")

ABSENT = frozenset({"UNAVAILABLE", "INVALID", "UNKNOWN"})  # no contact; every other state needs one


class DeskLines:
    """Give `handle` to `Ami.subscribe`."""

    def __init__(self, db: Database, ami: Ami) -> None:
        self._db = db
        self._ami = ami
        self._known: dict[str, bool] = {}

    async def handle(self, event: AmiEvent) -> None:
        """One event; calls change device states often, and only news reaches the database."""
        match event:
            case LinkUp() | Recheck():
                await self._compare()
            case DeviceStateChange(device, state) if desk := names.desk_of(device):
                await self._report({desk: state not in ABSENT})
            case _:
                pass

    async def _compare(self) -> None:
        try:
            rows = (await self._ami.action("DeviceStateList")).rows
        except AmiError:
            return  # the link went; the next LinkUp compares again
        states = {desk: row.get("State", "") for row in rows if (desk := names.desk_of(row.get("Device", "")))}
        await self._report({desk: states.get(desk, "UNKNOWN") not in ABSENT for desk in names.DESKS})

    async def _report(self, lines: Mapping[str, bool]) -> None:
        news = {desk: is_up for desk, is_up in lines.items() if self._known.get(desk) is not is_up}
        if not news:
            return
        try:
            await agents.set_lines(self._db, news)
        except HcrmError as error:
            if not error.retryable:
                raise
            log.warning("desk lines wait for the database")
            return
        self._known |= news
