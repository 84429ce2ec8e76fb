"""Supervisors' channels as Asterisk reports them: who hears stands on the wallboard, and nobody else hears.

A row without a channel is closed; a channel that listens without a row is hung up, and so is one that was answered after
its row was closed.
"""

import logging
from collections.abc import Mapping
from contextlib import suppress

from crm_core.calls import supervision
from crm_core.calls import supervision_store as stored
from crm_core.calls.model import Mode
from crm_core.kernel.db import Database
from crm_core.kernel.errors import HcrmError
from crm_core.kernel.ids import Uniqueid
from telephony import names, rooms
from telephony.ami import Ami
from telephony.ami_events import AmiEvent, Hangup, LinkUp, Newstate, Recheck
from telephony.errors import AmiError
from telephony.living import living_now
from telephony.reconcile import Living

log = logging.getLogger("ears")


def listening(theirs: list[Living]) -> dict[Uniqueid, Mode | None]:
    """Supervisors' channels, and what each does; None: it is on the way there."""
    return {one.channel.uniqueid: _mode(one) for one in theirs if names.is_ear(one.channel.uniqueid)}


def _mode(one: Living) -> Mode | None:
    if one.application == names.CONFBRIDGE:
        return Mode.BARGE
    known = (Mode.LISTEN, Mode.WHISPER)
    return next((mode for mode in known if one.application == names.CHANSPY and one.channel.extension == mode), None)


def differs(written: Mode, heard: Mode | None) -> bool:
    """Taking over begins as speaking with both."""
    return heard is not None and written is not heard and not (written is Mode.TAKE_OVER and heard is Mode.BARGE)


class Ears:
    """Give `handle` to `Ami.subscribe`."""

    def __init__(self, db: Database, ami: Ami) -> None:
        self._db = db
        self._ami = ami
        self._missing: set[Uniqueid] = set()

    async def handle(self, event: AmiEvent) -> None:
        """One event. What the database does not take now is found by the comparison of the next minute."""
        try:
            await self._handle(event)
        except HcrmError as error:
            if not error.retryable:
                raise
            log.warning("an ear waits for the database", extra={"event": type(event).__name__})

    async def _handle(self, event: AmiEvent) -> None:
        match event:
            case LinkUp():
                await self._compare(is_first=True)
            case Recheck():
                await self._compare(is_first=False)
            case Newstate(channel) if names.is_ear(channel.uniqueid) and channel.is_up:
                await self._hang_up_unless_known(channel.uniqueid)
            case Hangup(channel, _, _) if names.is_ear(channel.uniqueid):
                await supervision.over(self._db, channel.uniqueid, at=event.at)
            case _:
                pass

    async def _hang_up_unless_known(self, ear: Uniqueid) -> None:
        if not await supervision.is_known(self._db, ear):
            with suppress(AmiError):
                await rooms.hang_up(self._ami, ear)

    async def _compare(self, *, is_first: bool) -> None:
        """`is_first`: after a lost link. Otherwise one whose channel is missing may be about to ring."""
        async with self._db.connection() as conn:
            ours = {one.ear: one.mode for one in await stored.under_way(conn)}
        try:
            theirs = listening(await living_now(self._ami))
        except AmiError:
            return  # the link went; the next LinkUp compares again
        missing = ours.keys() - theirs.keys()
        for ear in missing if is_first else missing & self._missing:
            await supervision.over(self._db, ear)
        self._missing = set(missing)
        await self._correct(ours, theirs)

    async def _correct(self, ours: Mapping[Uniqueid, Mode], theirs: Mapping[Uniqueid, Mode | None]) -> None:
        for ear, heard in theirs.items():
            if ear in ours and heard is not None and differs(ours[ear], heard):
                await supervision.found_as(self._db, ear, heard)
            elif ear not in ours and heard in (Mode.LISTEN, Mode.WHISPER):
                await self._hang_up_unless_known(ear)
