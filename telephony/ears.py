"""Supervisors' channels as Asterisk reports them: who hears stands on the wallboard, and nobody else hears.

A row without a channel is closed. A channel that listens without a row is hung up, and so is one that was answered
after its row was closed. A page that is loaded again listens by a channel with another name: the row follows it.
"""

import logging
from collections.abc import Container, Iterable, Sequence
from contextlib import suppress

from crm_core.calls import supervision
from crm_core.calls import supervision_store as stored
from crm_core.calls.errors import NotInCallError
from crm_core.calls.model import Mode, Supervision
from crm_core.kernel.db import Database
from crm_core.kernel.errors import HcrmError
from crm_core.kernel.ids import Uniqueid
from telephony import names, rooms
from telephony.ami import Ami
from telephony.ami_events import AmiEvent, ChanSpyStart, Hangup, LinkUp, Newstate, Recheck
from telephony.errors import AmiError
from telephony.living import living_now
from telephony.reconcile import Living

log = logging.getLogger("ears")


def mode_of(one: Living) -> Mode | None:
    """What a supervisor's channel does; None: it is on the way there."""
    if one.application == names.CONFBRIDGE:
        return Mode.BARGE
    known = (Mode.LISTEN, Mode.WHISPER)
    return next((mode for mode in known if one.application == names.CHANSPY and one.channel.extension == mode), None)


def differs(written: Mode, heard: Mode | None) -> bool:
    """Taking over begins as speaking with both."""
    return heard is not None and written is not heard and not (written is Mode.TAKE_OVER and heard is Mode.BARGE)


def unseen(theirs: Iterable[Living], known: Container[Uniqueid]) -> list[Uniqueid]:
    """Who listens without anybody's knowledge."""
    return [
        one.channel.uniqueid for one in theirs if one.application == names.CHANSPY and one.channel.uniqueid not in known
    ]


def heir(theirs: Sequence[Living], desk: str, known: Container[Uniqueid] = ()) -> Uniqueid | None:
    """The channel by which a desk goes on listening."""
    here = [one for one in theirs if names.desk_of(one.channel.name) == desk]
    return next(iter(unseen(here, known)), None)


class Ears:
    """Give `handle` to `Ami.subscribe`."""

    def __init__(self, db: Database, ami: Ami) -> None:
        self._db = db
        self._ami = ami
        self._missing: set[Uniqueid] = set()
        self._heirs: set[Uniqueid] = set()

    async def handle(self, event: AmiEvent) -> None:
        """One event. What the database does not take now is found by the comparison of the next minute."""
        try:
            await self._handle(event)
        except HcrmError as error:
            if not error.retryable and not isinstance(error, AmiError):
                raise
            log.warning("an ear waits", extra={"event": type(event).__name__, "error": error.code})

    async def _handle(self, event: AmiEvent) -> None:
        match event:
            case LinkUp():
                await self._compare(is_first=True)
            case Recheck():
                await self._compare(is_first=False)
            case Newstate(channel) if names.is_ear(channel.uniqueid) and channel.is_up:
                await self._hang_up_unless_known(channel.uniqueid)
            case ChanSpyStart(spyer):
                await self._hang_up_unless_known(spyer.uniqueid)
            case Hangup(channel, _, _) if names.is_ear(channel.uniqueid) or channel.uniqueid in self._heirs:
                self._heirs.discard(channel.uniqueid)
                desk = names.desk_of(channel.name) or ""
                after = heir(await living_now(self._ami), desk)
                await self._follow_or_end(channel.uniqueid, after)
            case _:
                pass

    async def _follow_or_end(self, ear: Uniqueid, after: Uniqueid | None) -> None:
        if after is None:
            await supervision.over(self._db, ear)
            return
        self._heirs.add(after)
        one = await supervision.goes_on_as(self._db, ear, after)
        if one is not None:  # begun anew: a ChanSpy that was under way sends a browser that takes over no sound
            with suppress(AmiError, NotInCallError):
                await rooms.place(self._ami, after, one.mode, patient=one.patient, agent=one.agent_desk)

    async def _hang_up_unless_known(self, ear: Uniqueid) -> None:
        if not await supervision.is_known(self._db, ear):
            with suppress(AmiError):
                await rooms.hang_up(self._ami, ear)

    async def _compare(self, *, is_first: bool) -> None:
        """`is_first`: after a lost link. Otherwise one whose channel is missing may be about to ring."""
        async with self._db.connection() as conn:
            ours = await stored.under_way(conn)
        theirs = await living_now(self._ami)
        channels = {one.channel.uniqueid: one for one in theirs}
        known = {one.ear for one in ours}
        missing = [one for one in ours if one.ear not in channels]
        for one in missing:
            if is_first or one.ear in self._missing:
                await self._follow_or_end(one.ear, heir(theirs, one.supervisor_desk, known))
        self._missing = {one.ear for one in missing}
        self._heirs |= {ear for ear in known & channels.keys() if not names.is_ear(ear)}
        await self._correct([(one, mode_of(channels[one.ear])) for one in ours if one.ear in channels])
        for ear in unseen(theirs, known):
            await self._hang_up_unless_known(ear)

    async def _correct(self, found: Iterable[tuple[Supervision, Mode | None]]) -> None:
        for one, heard in found:
            if heard is not None and differs(one.mode, heard):
                await supervision.found_as(self._db, one.ear, heard)
