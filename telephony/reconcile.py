"""What we believe about open calls against the channels Asterisk has: which reports are missing. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crm_core.calls.model import CallState
from crm_core.kernel.ids import Linkedid, Uniqueid
from telephony import names
from telephony.ami_events import Channel

OWN_PREFIX = "hcrm-"  # Uniqueid of a channel we asked for


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call of ours that has not ended as far as we know. `uniqueid` is the patient's channel."""

    linkedid: Linkedid
    uniqueid: Uniqueid
    state: CallState


@dataclass(frozen=True, slots=True)
class Living:
    """A channel Asterisk has now. `bridge` is "" while it speaks with nobody."""

    channel: Channel
    application: str = ""
    application_data: str = ""
    bridge: str = ""


@dataclass(frozen=True, slots=True)
class Lost:
    """Asterisk no longer knows the patient's channel."""

    linkedid: Linkedid


@dataclass(frozen=True, slots=True)
class Adopt:
    """A patient is calling of whom we never heard."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class Answered:
    """Picked up meanwhile."""

    linkedid: Linkedid


@dataclass(frozen=True, slots=True)
class Queued:
    """Waiting for a person meanwhile."""

    linkedid: Linkedid
    queue: str


@dataclass(frozen=True, slots=True)
class Connected:
    """Speaking with this desk meanwhile."""

    linkedid: Linkedid
    desk: str


Repair = Lost | Adopt | Answered | Queued | Connected


def is_patient(channel: Channel) -> bool:
    """Whether a patient is at the other end of this leg."""
    endpoint = names.endpoint_of(channel.name)
    return endpoint == names.ENDPOINT_CARRIER or endpoint.startswith(names.HANDSET_PREFIX)


def is_incoming(channel: Channel) -> bool:
    """Whether the patient called us: nobody here asked for the leg, by AMI or by a desk's Dial()."""
    is_first_leg = str(channel.uniqueid) == str(channel.linkedid)
    return is_patient(channel) and is_first_leg and not channel.uniqueid.startswith(OWN_PREFIX)


def rooms(theirs: Iterable[Living]) -> list[tuple[Uniqueid, str]]:
    """Patients in a conference, and its bridge."""
    return [
        (one.channel.uniqueid, one.bridge)
        for one in theirs
        if one.application == names.CONFBRIDGE and one.bridge and is_patient(one.channel)
    ]


def alone(theirs: Sequence[Living]) -> list[Uniqueid]:
    """Patients in a conference in which nobody else is."""
    return [patient for patient, bridge in rooms(theirs) if sum(one.bridge == bridge for one in theirs) == 1]


def reconcile(ours: Sequence[OpenCall], theirs: Sequence[Living]) -> list[Repair]:
    """Reports that were missed, in the order in which to make them."""
    living = {entry.channel.uniqueid: entry for entry in theirs if is_patient(entry.channel)}
    known = {call.uniqueid: call for call in ours}
    repairs: list[Repair] = [Lost(call.linkedid) for call in ours if call.uniqueid not in living]
    for uniqueid, entry in living.items():
        call = known.get(uniqueid)
        if call is None and is_incoming(entry.channel):
            repairs.append(Adopt(entry.channel))
            call = OpenCall(entry.channel.linkedid, uniqueid, CallState.RINGING)
        if call is not None:
            repairs += _progress(call, entry, theirs)
    return repairs


def _progress(call: OpenCall, entry: Living, theirs: Iterable[Living]) -> list[Repair]:
    desk = next(
        (
            desk
            for other in theirs
            if entry.bridge and other.bridge == entry.bridge and (desk := names.desk_of(other.channel.name))
        ),
        None,
    )
    if desk is not None:
        return [] if call.state is CallState.TALKING else [Connected(call.linkedid, desk)]
    repairs: list[Repair] = []
    if call.state is CallState.RINGING and entry.channel.is_up:
        repairs.append(Answered(call.linkedid))
    if call.state in (CallState.RINGING, CallState.IVR) and entry.application == "Queue" and not entry.bridge:
        repairs.append(Queued(call.linkedid, entry.application_data.partition(",")[0]))
    return repairs
