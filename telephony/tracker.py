"""Asterisk's events become reports to the hospital's call log, one after another.

PostgreSQL away: the report is tried again until it is taken, with the time at which it happened; the later events wait
in order. Link lost: what was missed is found by comparing, as soon as it is up again and once a minute.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from crm_core.calls import asking, supervision, together
from crm_core.calls import service as calls
from crm_core.calls import store as call_store
from crm_core.kernel.db import Database
from crm_core.kernel.errors import HcrmError
from crm_core.kernel.ids import Linkedid, Uniqueid
from crm_core.kernel.msisdn import try_parse_msisdn
from telephony import ami_events as events
from telephony import names, reconcile, rooms
from telephony.ami import Ami
from telephony.ami_events import AmiEvent, Channel
from telephony.errors import AmiError
from telephony.living import living_now
from telephony.queue_sync import sync_all
from telephony.reconcile import is_incoming, is_patient

log = logging.getLogger("tracker")

AGAIN_S = 0.5
ANSWER = "ANSWER"
MISSED = frozenset({"NOANSWER", "BUSY"})  # not when the caller gave up or the line was gone
MOST_MISSED = 2
# Q.850 in words, where Asterisk's own are odd; 0 is what a leg has whose other side ended it
REASONS = {0: "normal", 16: "normal", 17: "busy", 18: "no answer", 19: "no answer", 20: "absent", 21: "rejected"}
REASONS |= {1: "no such number", 34: "congestion", 38: "network trouble", 44: "unreachable"}


@dataclass(slots=True)
class _Leg:
    """A desk's channel and the conversation it is in now."""

    desk: str
    linkedid: Linkedid


@dataclass(frozen=True, slots=True)
class _Ask:
    """A desk rings a colleague's; `asking` is the first one's channel."""

    desk: str
    asking: Uniqueid


class CallTracker:
    """Give `handle` to `Ami.subscribe`. `most_missed` rings running set an agent not ready; 0: never."""

    def __init__(self, db: Database, ami: Ami, *, most_missed: int = MOST_MISSED) -> None:
        self._db = db
        self._ami = ami
        self._most_missed = most_missed
        self._calls: dict[Uniqueid, Linkedid] = {}  # patients' channels: the linkedid the call began with
        self._legs: dict[Uniqueid, _Leg] = {}
        self._asks: dict[Uniqueid, _Ask] = {}  # by the asked colleague's channel
        self._rooms: dict[Uniqueid, Uniqueid] = {}  # our legs in a conference: the patient's channel there
        self._ears: set[Uniqueid] = set()  # supervisors' legs in a conference
        self._missing: set[Linkedid] = set()

    async def handle(self, event: AmiEvent) -> None:
        """One event. Returns only when it is in the database, however long that cannot be written."""
        while True:
            try:
                await self._handle(event)
                return
            except HcrmError as error:
                if not error.retryable:
                    raise
                log.warning("call events wait", extra={"event": type(event).__name__, "error": error.code})
                await asyncio.sleep(AGAIN_S)

    async def _handle(self, event: AmiEvent) -> None:
        match event:
            case events.LinkUp():
                await self._compare(is_first=True)
            case events.Recheck():
                await self._compare(is_first=False)
            case events.DialBegin(Channel() as channel, dest, dialled):
                await self._dial_begins(channel, dest, dialled, event.at)
            case events.DialEnd(Channel() as channel, dest, status):
                await self._dial_ends(channel, dest, status, event.at)
            case events.AttendedTransfer(True, _, _, Channel() as one, Channel() as other):
                await self._joined(one, other, event.at)
            case events.BlindTransfer(True, transferer, Channel() as transferee, _):
                await self._left(self._call(transferee), transferer, event.at)
            case _:
                await self._handle_channel(event)

    async def _handle_channel(self, event: AmiEvent) -> None:
        match event:
            case events.NewCallerid(channel) if is_incoming(channel) and channel.uniqueid not in self._calls:
                await self._start(channel, event.at)
            case events.Newstate(channel) if is_patient(channel) and channel.is_up:
                await calls.answered(self._db, self._call(channel), at=event.at)
            case events.QueueCallerJoin(queue, channel, _):
                await calls.queued(self._db, self._call(channel), queue, at=event.at)
            case events.BridgeEnter(_, channel, room) if desk := names.desk_of(channel.name):
                await self._entered(channel, desk, Uniqueid(room), event.at)
            case events.ChanSpyStart(spyer):
                self._rooms.pop(spyer.uniqueid, None)
                self._ears.discard(spyer.uniqueid)
            case events.Hangup(channel, cause, cause_text):
                await self._hung_up(channel, REASONS.get(cause) or cause_text.lower() or "normal", event.at)
            case _:
                pass

    # -- one report each; any of them may be made again from the beginning ------------------------------------------

    def _call(self, channel: Channel) -> Linkedid:
        """The call a patient's channel belongs to: its linkedid may change when calls are joined."""
        return self._calls.get(channel.uniqueid, channel.linkedid)

    async def _start(self, channel: Channel, at: datetime | None) -> None:
        await calls.start(
            self._db,
            linkedid=channel.linkedid,
            uniqueid=channel.uniqueid,
            direction="in",
            caller=try_parse_msisdn(channel.number),
            did=channel.extension,
            at=at,
        )
        self._calls[channel.uniqueid] = channel.linkedid

    async def _dial_begins(self, channel: Channel, dest: Channel, dialled: str, at: datetime | None) -> None:
        if is_patient(channel) and (desk := names.desk_of(dest.name)):
            self._legs[dest.uniqueid] = _Leg(desk, dest.linkedid)
            await calls.agent_rang(self._db, self._call(channel), desk, at=at)
        elif is_patient(dest) and (desk := names.desk_of(channel.name)):
            self._legs[channel.uniqueid] = _Leg(desk, channel.linkedid)
            self._calls[dest.uniqueid] = dest.linkedid
            number = try_parse_msisdn(dialled.partition("@")[0])
            await calls.start(
                self._db,
                linkedid=dest.linkedid,
                uniqueid=dest.uniqueid,
                direction="out",
                caller=number,
                did="",
                at=at,
            )
            await calls.agent_dialled(self._db, dest.linkedid, desk, at=at)
        elif (by := names.desk_of(channel.name)) and (desk := names.desk_of(dest.name)):
            self._asks[dest.uniqueid] = _Ask(desk, channel.uniqueid)
            await asking.asked(self._db, by, desk, at=at)

    async def _dial_ends(self, channel: Channel, dest: Channel, status: str, at: datetime | None) -> None:
        is_answered = status == ANSWER
        if is_patient(channel) and (desk := names.desk_of(dest.name)):
            await self._ring_ends(self._call(channel), desk, status, at)
        elif dest.uniqueid in self._asks and is_answered:
            await asking.answered(self._db, self._asks[dest.uniqueid].desk, at=at)
        elif is_answered and is_patient(dest) and (desk := names.desk_of(channel.name)):
            await calls.answered(self._db, self._call(dest), at=at)
            await calls.connected(self._db, self._call(dest), desk, at=at)

    async def _ring_ends(self, call: Linkedid, desk: str, status: str, at: datetime | None) -> None:
        if status == ANSWER:
            await calls.connected(self._db, call, desk, at=at)
        elif status in MISSED:
            await calls.agent_missed_ring(self._db, call, desk, most=self._most_missed, at=at)
        else:
            await calls.agent_stopped_ringing(self._db, call, desk, at=at)

    async def _asked_no_more(self, channel: Channel, at: datetime | None) -> None:
        """One of the two colleagues has hung up, unless their page was loaded again: then another leg goes on."""
        for uniqueid, ask in tuple(self._asks.items()):
            if channel.uniqueid not in (uniqueid, ask.asking):
                continue
            heir = next((one for one, leg in self._legs.items() if leg.desk == ask.desk and one != uniqueid), None)
            if heir and channel.uniqueid == uniqueid:
                self._asks[heir] = ask
            else:
                await asking.over(self._db, ask.desk, at=at)
            self._asks.pop(uniqueid, None)

    async def _joined(self, one: Channel, other: Channel, at: datetime | None) -> None:
        """An attended transfer: a patient and a colleague's desk, in whichever order."""
        patient, colleague = (one, other) if is_patient(one) else (other, one)
        if is_patient(patient) and (desk := names.desk_of(colleague.name)):
            self._legs[colleague.uniqueid] = _Leg(desk, patient.linkedid)
            await calls.agent_rang(self._db, self._call(patient), desk, at=at)
            await calls.connected(self._db, self._call(patient), desk, at=at)
            self._asks.pop(colleague.uniqueid, None)

    async def _left(self, call: Linkedid, channel: Channel, at: datetime | None) -> None:
        """A desk's leg is over; a page that was reloaded has a second one in the same call."""
        self._legs.pop(channel.uniqueid, None)
        left = self._rooms.pop(channel.uniqueid, None)
        room, was_ear = left or self._room_of(call), channel.uniqueid in self._ears
        self._ears.discard(channel.uniqueid)
        desk = names.desk_of(channel.name)
        others = [leg for leg in self._legs.values() if leg.desk == desk and leg.linkedid == call]
        if not desk or others or (left and await self._inherited(left, desk, call, was_ear=was_ear)):
            return
        stays = self._in_room(room)
        if stays:
            await self._goes_on(call, desk, stays[0], at)
        await calls.agent_left(self._db, call, desk, at=at)
        if room and not stays:
            await self._hang_up(room)

    async def _hung_up(self, channel: Channel, reason: str, at: datetime | None) -> None:
        if is_patient(channel):
            await calls.ended(self._db, self._call(channel), reason, at=at)
            self._calls.pop(channel.uniqueid, None)
            for leg in self._in_room(channel.uniqueid):
                await self._hang_up(leg)
        elif names.desk_of(channel.name):
            await self._asked_no_more(channel, at)
            await self._left(self._call_of_leg(channel), channel, at)

    # -- conferences: a patient and several of us ------------------------------------------------------------------

    def _in_room(self, room: Uniqueid | None) -> list[Uniqueid]:
        """Our legs there, supervisors last."""
        inside = [leg for leg, other in self._rooms.items() if other == room and leg in self._legs]
        return sorted(inside, key=lambda leg: leg in self._ears)

    def _room_of(self, call: Linkedid) -> Uniqueid | None:
        """Also for a leg that was sent there and hung up before it came in."""
        return next((room for room in self._rooms.values() if self._calls.get(room) == call), None)

    def _call_of_leg(self, channel: Channel) -> Linkedid:
        room = self._rooms.get(channel.uniqueid)
        return self._calls.get(room, channel.linkedid) if room else channel.linkedid

    async def _entered(self, channel: Channel, desk: str, room: Uniqueid, at: datetime | None) -> None:
        if not room:
            self._legs[channel.uniqueid] = _Leg(desk, channel.linkedid)
            return
        self._rooms[channel.uniqueid] = room
        self._legs[channel.uniqueid] = _Leg(desk, self._call_of_leg(channel))
        if await supervision.is_known(self._db, channel.uniqueid):
            self._ears.add(channel.uniqueid)
        else:
            self._asks.pop(channel.uniqueid, None)
            await together.joined(self._db, self._call_of_leg(channel), desk, at=at)

    async def _goes_on(self, call: Linkedid, left: str, stays: Uniqueid, at: datetime | None) -> None:
        """Whose call it was has gone; a supervisor who stays is no longer one who listens."""
        if await together.goes_on_with(self._db, call, left, self._legs[stays].desk, at=at):
            self._ears.discard(stays)
            await supervision.over(self._db, stays, at=at)

    async def _inherited(self, room: Uniqueid, desk: str, call: Linkedid, *, was_ear: bool) -> bool:
        """Whether a page that was loaded again has taken its old leg's place in a room: no event says so."""
        with suppress(AmiError):
            if heir := rooms.leg_with(await living_now(self._ami), room, desk):
                self._rooms[heir], self._legs[heir] = room, _Leg(desk, call)
                self._ears |= {heir} if was_ear else set()
                return True
        return False

    async def _hang_up(self, leg: Uniqueid) -> None:
        """Nobody is left to speak with; without a link the comparison finds them."""
        with suppress(AmiError):
            await rooms.hang_up(self._ami, leg)

    # -- comparing -------------------------------------------------------------------------------------------------

    async def _compare(self, *, is_first: bool) -> None:
        """`is_first`: after a lost link. Otherwise an event about a missing call may still wait for its turn."""
        async with self._db.connection() as conn:
            ours = [
                reconcile.OpenCall(call.linkedid, call.uniqueid, call.state)
                for call in await call_store.open_calls(conn)
            ]
        try:
            theirs = await living_now(self._ami)
            await sync_all(self._db, self._ami)
        except AmiError:
            return  # the link went; the next LinkUp compares again
        self._remember(ours, theirs)
        await asking.over_but(self._db, {leg.desk for leg in self._legs.values()})
        repairs = reconcile.reconcile(ours, theirs)
        if is_first:
            await self._rescue(theirs)
        missing = {repair.linkedid for repair in repairs if isinstance(repair, reconcile.Lost)}
        for repair in repairs:
            if not (isinstance(repair, reconcile.Lost) and not is_first and repair.linkedid not in self._missing):
                await self._repair(repair)
        self._missing = missing

    def _remember(self, ours: list[reconcile.OpenCall], theirs: list[reconcile.Living]) -> None:
        self._calls = {call.uniqueid: call.linkedid for call in ours}
        self._legs = {
            entry.channel.uniqueid: _Leg(desk, entry.channel.linkedid)
            for entry in theirs
            if (desk := names.desk_of(entry.channel.name))
        }
        self._rooms = {
            entry.channel.uniqueid: patient
            for patient, bridge in reconcile.rooms(theirs)
            for entry in theirs
            if entry.bridge == bridge and entry.channel.uniqueid in self._legs
        }

    async def _rescue(self, theirs: list[reconcile.Living]) -> None:
        """Patients who were left alone in a conference while nobody heard of it."""
        for patient in reconcile.alone(theirs):
            with suppress(AmiError):
                await rooms.back_to_queue(self._ami, patient)

    async def _repair(self, repair: reconcile.Repair) -> None:
        log.info("call log repaired", extra={"repair": type(repair).__name__})
        match repair:
            case reconcile.Lost(linkedid):
                await calls.ended(self._db, linkedid, "lost")
            case reconcile.Adopt(channel):
                await self._start(channel, None)
            case reconcile.Answered(linkedid):
                await calls.answered(self._db, linkedid)
            case reconcile.Queued(linkedid, queue):
                await calls.queued(self._db, linkedid, queue)
            case reconcile.Connected(linkedid, desk):
                await calls.connected(self._db, linkedid, desk)
            case _:
                assert_never(repair)
