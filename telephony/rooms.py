"""More than two at one call: a supervisor's ear, and the room in which a patient hears several of us.

An ear is a ChanSpy on the agent's leg: nobody's call changes by it. Whoever the patient shall hear comes into a room, a
conference with the name of the patient's channel, so that the recording hears what the patient hears (decision 0039).
"""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

from crm_core.calls.errors import NotInCallError
from crm_core.calls.model import Mode
from crm_core.kernel.ids import Uniqueid
from telephony import names
from telephony.ami import Ami
from telephony.living import living_now
from telephony.originate import Originate, OriginateTaken
from telephony.reconcile import Living

EAR_RINGS_S = 20.0
LOOKS, LOOK_EVERY_S = 30, 0.1


def new_ear() -> Uniqueid:
    """The name of a supervisor's channel, before it is there."""
    return Uniqueid(f"{names.EAR_PREFIX}{uuid4().hex}")


def leg_with(theirs: Sequence[Living], patient: Uniqueid, desk: str) -> Uniqueid | None:
    """The leg of this desk that speaks with this patient."""
    bridge = next((one.bridge for one in theirs if one.channel.uniqueid == patient), "")
    return _leg(theirs, desk, {bridge} - {""})


def leg_asked(theirs: Sequence[Living], desk: str, by: str) -> Uniqueid | None:
    """The leg of this desk that speaks with another desk."""
    return _leg(theirs, desk, {one.bridge for one in theirs if one.bridge and names.desk_of(one.channel.name) == by})


def _leg(theirs: Sequence[Living], desk: str, bridges: set[str]) -> Uniqueid | None:
    found = (one for one in theirs if one.bridge in bridges and names.desk_of(one.channel.name) == desk)
    return next((one.channel.uniqueid for one in found), None)


def is_in_room(theirs: Sequence[Living], leg: Uniqueid) -> bool:
    """Whether this leg, a patient's or ours, is in a room and speaks there."""
    found = (one for one in theirs if one.channel.uniqueid == leg)
    return any(one.application == names.CONFBRIDGE and one.bridge for one in found)


async def ring_ear(ami: Ami, ear: Uniqueid, desk: str, *, patient: Uniqueid, agent: str) -> OriginateTaken:
    """The supervisor's telephone rings; who answers there hears. Raises NotInCallError, AmiError, SendError."""
    heard = _there(leg_with(await living_now(ami), patient, agent))
    return await ami.originate(
        Originate(
            interface=names.desk_interface(desk),
            context=names.CONTEXT_SUPERVISE,
            extension=Mode.LISTEN,
            caller_id=f"<{names.CALLER_SUPERVISION}>",
            ring_s=EAR_RINGS_S,
            variables={names.VAR_LISTENED: names.checked_uniqueid(heard)},
            uniqueid=ear,
        )
    )


async def place(ami: Ami, ear: Uniqueid, mode: Mode, *, patient: Uniqueid, agent: str) -> None:
    """The ear is as near as `mode` says; the leg stays the same. Raises NotInCallError, AmiError."""
    theirs = await living_now(ami)
    heard = _there(leg_with(theirs, patient, agent))
    if mode in (Mode.LISTEN, Mode.WHISPER):
        await ami.action("Setvar", Channel=ear, Variable=names.VAR_LISTENED, Value=names.checked_uniqueid(heard))
        await ami.action("Redirect", Channel=ear, Context=names.CONTEXT_SUPERVISE, Exten=mode, Priority="1")
        return
    await _gather(ami, theirs, patient, heard)
    await _enter(ami, ear, patient)
    if mode is Mode.TAKE_OVER:
        await _until_in_room(ami, ear)
        await ami.action("Hangup", Channel=heard, Cause="16")


async def let_in(ami: Ami, patient: Uniqueid, agent: str, colleague: str) -> None:
    """Patient, agent and the colleague who is asked hear each other. Raises NotInCallError, AmiError."""
    theirs = await living_now(ami)
    asked = _there(leg_asked(theirs, colleague, agent))
    await _gather(ami, theirs, patient, _there(leg_with(theirs, patient, agent)))
    await _enter(ami, asked, patient)


async def hang_up(ami: Ami, leg: Uniqueid) -> None:
    """End one leg. Raises AmiError."""
    await ami.action("Hangup", Channel=leg, Cause="16")


async def back_to_queue(ami: Ami, patient: Uniqueid) -> None:
    """A patient whom everybody has left waits for somebody again. Raises AmiError."""
    await ami.action(
        "Redirect", Channel=patient, Context=names.CONTEXT_QUEUE, Exten=names.EXTENSION_START, Priority="1"
    )


async def _gather(ami: Ami, theirs: Sequence[Living], patient: Uniqueid, agent: Uniqueid) -> None:
    """Both at once: who is left alone in a bridge is hung up."""
    if is_in_room(theirs, patient):
        return
    await ami.action(
        "Redirect",
        Channel=patient,
        Context=names.CONTEXT_CONFERENCE,
        Exten=names.EXTENSION_PATIENT,
        Priority="1",
        ExtraChannel=agent,
        ExtraContext=names.CONTEXT_CONFERENCE,
        ExtraExten=names.checked_uniqueid(patient),
        ExtraPriority="1",
    )


async def _enter(ami: Ami, leg: Uniqueid, patient: Uniqueid) -> None:
    room = names.checked_uniqueid(patient)
    await ami.action("Redirect", Channel=leg, Context=names.CONTEXT_CONFERENCE, Exten=room, Priority="1")


async def _until_in_room(ami: Ami, leg: Uniqueid) -> None:
    """Nobody is sent out before the other is in. Raises NotInCallError, AmiError."""
    for _ in range(LOOKS):
        if is_in_room(await living_now(ami), leg):
            return
        await asyncio.sleep(LOOK_EVERY_S)
    raise NotInCallError("did not come into the room")


def _there(leg: Uniqueid | None) -> Uniqueid:
    if leg is None:
        raise NotInCallError("no such leg in a call now")
    return leg
