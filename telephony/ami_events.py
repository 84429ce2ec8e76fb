"""What Asterisk tells us, as values. Only what somebody here reads; everything else parses to None."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from crm_core.kernel.ids import Linkedid, Uniqueid
from telephony.names import CONFBRIDGE

Headers = Mapping[str, str]
UP = 6  # a channel's state


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One leg of a call at the moment of the event. `number` is its own caller ID, `peer_number` who it speaks with."""

    name: str
    uniqueid: Uniqueid
    linkedid: Linkedid
    state: int = 0
    context: str = ""
    extension: str = ""
    number: str = field(default="", repr=False)
    peer_number: str = field(default="", repr=False)

    @property
    def is_up(self) -> bool:
        """Answered."""
        return self.state == UP


@dataclass(frozen=True, slots=True)
class AmiEvent:
    """Anything that happened on the link or in Asterisk. `at`: when we heard of it, which is when it happened."""

    at: datetime | None = field(default=None, kw_only=True, compare=False)


@dataclass(frozen=True, slots=True)
class LinkUp(AmiEvent):
    """Logged in, and Asterisk is ready. What happened before is unknown: compare and repair."""


@dataclass(frozen=True, slots=True)
class LinkDown(AmiEvent):
    """The link is lost; nothing is heard until the next LinkUp."""


@dataclass(frozen=True, slots=True)
class Recheck(AmiEvent):
    """The link has been up for another minute: time to compare, in case something was missed."""


@dataclass(frozen=True, slots=True)
class NewCallerid(AmiEvent):
    """Who is at the other end: the first word about a call that comes in, for Newchannel knows no number."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class Newstate(AmiEvent):
    """A leg rings, is answered ..."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class Hangup(AmiEvent):
    """A leg is gone. `cause` as in Q.850: 16 normal, 17 busy, 19 no answer."""

    channel: Channel
    cause: int
    cause_text: str


@dataclass(frozen=True, slots=True)
class DialBegin(AmiEvent):
    """A leg is being rung. `channel` is who wants to speak with it, None for an Originate.

    `dialled` is what it is called by: `desk-01`, `13800138000@carrier`.
    """

    channel: Channel | None
    dest: Channel
    dialled: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class DialEnd(AmiEvent):
    """The ringing ended; `status` is a DialStatus: ANSWER, BUSY, NOANSWER, CANCEL ..."""

    channel: Channel | None
    dest: Channel
    status: str


@dataclass(frozen=True, slots=True)
class AgentCalled(AmiEvent):
    """The queue begins to ring a member: the moment of the screen pop."""

    queue: str
    interface: str
    channel: Channel
    dest: Channel


@dataclass(frozen=True, slots=True)
class AgentRingNoAnswer(AmiEvent):
    """The member did not answer in the queue's time."""

    queue: str
    interface: str
    channel: Channel
    dest: Channel


@dataclass(frozen=True, slots=True)
class AgentConnect(AmiEvent):
    """A member and a caller speak. `held_s` is the caller's wait."""

    queue: str
    interface: str
    channel: Channel
    dest: Channel
    held_s: int


@dataclass(frozen=True, slots=True)
class AgentComplete(AmiEvent):
    """They have spoken; `reason` is caller, agent or transfer."""

    queue: str
    interface: str
    channel: Channel
    dest: Channel
    reason: str


@dataclass(frozen=True, slots=True)
class QueueCallerJoin(AmiEvent):
    """A caller waits."""

    queue: str
    channel: Channel
    position: int


@dataclass(frozen=True, slots=True)
class QueueCallerLeave(AmiEvent):
    """A caller no longer waits: answered, gave up or sent on."""

    queue: str
    channel: Channel


@dataclass(frozen=True, slots=True)
class QueueCallerAbandon(AmiEvent):
    """A caller hung up while waiting."""

    queue: str
    channel: Channel
    held_s: int


@dataclass(frozen=True, slots=True)
class UserEvent(AmiEvent):
    """Our dialplan says something: names.EVENT_..."""

    name: str
    channel: Channel | None
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class OriginateResponse(AmiEvent):
    """How a call we placed went; `reason` 4 answered, 5 busy, 3 no answer, 8 congestion, 1 hung up, 0 failed."""

    action_id: str
    uniqueid: Uniqueid
    is_success: bool
    reason: int


@dataclass(frozen=True, slots=True)
class DeviceStateChange(AmiEvent):
    """`device` PJSIP/desk-01; `state` NOT_INUSE, INUSE, RINGING, UNAVAILABLE ..."""

    device: str
    state: str


@dataclass(frozen=True, slots=True)
class Hold(AmiEvent):
    """A leg put its peer on hold."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class Unhold(AmiEvent):
    """And took it back."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class BridgeEnter(AmiEvent):
    """A leg speaks in a bridge; `room` is the conference's name, "" when it is none."""

    bridge: str
    channel: Channel
    room: str = ""


@dataclass(frozen=True, slots=True)
class BridgeLeave(AmiEvent):
    """And leaves it."""

    bridge: str
    channel: Channel


@dataclass(frozen=True, slots=True)
class ChanSpyStart(AmiEvent):
    """`spyer` hears another leg from now on."""

    spyer: Channel


@dataclass(frozen=True, slots=True)
class BlindTransfer(AmiEvent):
    """`transferer` sent `transferee` to `extension`; None when there was no single other side."""

    is_success: bool
    transferer: Channel
    transferee: Channel | None
    extension: str


@dataclass(frozen=True, slots=True)
class AttendedTransfer(AmiEvent):
    """`transferer` joined its two calls. `transferee` and `target` now speak, when Asterisk says who they are."""

    is_success: bool
    transferer: Channel
    second_transferer: Channel
    transferee: Channel | None
    target: Channel | None


def channel_of(headers: Headers, prefix: str = "") -> Channel | None:
    """The leg an event describes under `prefix` ("", "Dest", "Transferee" ...), None when it names none."""
    uniqueid = headers.get(f"{prefix}Uniqueid", "")
    if not uniqueid:
        return None
    return Channel(
        name=headers.get(f"{prefix}Channel", ""),
        uniqueid=Uniqueid(uniqueid),
        linkedid=Linkedid(headers.get(f"{prefix}Linkedid", "") or uniqueid),
        state=_int(headers.get(f"{prefix}ChannelState", "")),
        context=headers.get(f"{prefix}Context", ""),
        extension=headers.get(f"{prefix}Exten", ""),
        number=_known(headers.get(f"{prefix}CallerIDNum", "")),
        peer_number=_known(headers.get(f"{prefix}ConnectedLineNum", "")),
    )


def parse_event(headers: Headers, at: datetime | None = None) -> AmiEvent | None:
    """None for an event nobody reads, and for one that lacks what makes it one."""
    parse = PARSERS.get(headers.get("Event", ""))
    try:
        return replace(parse(headers), at=at) if parse else None
    except _MissingError:
        return None


class _MissingError(Exception):
    pass


def _leg(headers: Headers, prefix: str = "") -> Channel:
    channel = channel_of(headers, prefix)
    if channel is None:
        raise _MissingError
    return channel


def _int(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _known(number: str) -> str:
    return "" if number == "<unknown>" else number


def _queue(headers: Headers) -> str:
    return headers.get("Queue", "")


def _member(headers: Headers) -> tuple[str, str, Channel, Channel]:
    return _queue(headers), headers.get("Interface", ""), _leg(headers), _leg(headers, "Dest")


def _ok(headers: Headers) -> bool:
    return headers.get("Result", "") == "Success"


def _room(headers: Headers) -> str:
    return headers.get("BridgeName", "") if headers.get("BridgeCreator", "") == CONFBRIDGE else ""


def _user_event(headers: Headers) -> UserEvent:
    return UserEvent(headers.get("UserEvent", ""), channel_of(headers), dict(headers))


PARSERS: Mapping[str, Callable[[Headers], AmiEvent]] = {
    "NewCallerid": lambda h: NewCallerid(_leg(h)),
    "Newstate": lambda h: Newstate(_leg(h)),
    "Hangup": lambda h: Hangup(_leg(h), _int(h.get("Cause", "")), h.get("Cause-txt", "")),
    "DialBegin": lambda h: DialBegin(channel_of(h), _leg(h, "Dest"), h.get("DialString", "")),
    "DialEnd": lambda h: DialEnd(channel_of(h), _leg(h, "Dest"), h.get("DialStatus", "")),
    "AgentCalled": lambda h: AgentCalled(*_member(h)),
    "AgentRingNoAnswer": lambda h: AgentRingNoAnswer(*_member(h)),
    "AgentConnect": lambda h: AgentConnect(*_member(h), _int(h.get("HoldTime", ""))),
    "AgentComplete": lambda h: AgentComplete(*_member(h), h.get("Reason", "")),
    "QueueCallerJoin": lambda h: QueueCallerJoin(_queue(h), _leg(h), _int(h.get("Position", ""))),
    "QueueCallerLeave": lambda h: QueueCallerLeave(_queue(h), _leg(h)),
    "QueueCallerAbandon": lambda h: QueueCallerAbandon(_queue(h), _leg(h), _int(h.get("HoldTime", ""))),
    "UserEvent": _user_event,
    "OriginateResponse": lambda h: OriginateResponse(
        h.get("ActionID", ""),
        Uniqueid(h.get("Uniqueid", "")),
        h.get("Response", "") == "Success",
        _int(h.get("Reason", "")),
    ),
    "DeviceStateChange": lambda h: DeviceStateChange(h.get("Device", ""), h.get("State", "")),
    "Hold": lambda h: Hold(_leg(h)),
    "Unhold": lambda h: Unhold(_leg(h)),
    "BridgeEnter": lambda h: BridgeEnter(h.get("BridgeUniqueid", ""), _leg(h), _room(h)),
    "BridgeLeave": lambda h: BridgeLeave(h.get("BridgeUniqueid", ""), _leg(h)),
    "ChanSpyStart": lambda h: ChanSpyStart(_leg(h, "Spyer")),
    "BlindTransfer": lambda h: BlindTransfer(
        _ok(h), _leg(h, "Transferer"), channel_of(h, "Transferee"), h.get("Extension", "")
    ),
    "AttendedTransfer": lambda h: AttendedTransfer(
        _ok(h),
        _leg(h, "OrigTransferer"),
        _leg(h, "SecondTransferer"),
        channel_of(h, "Transferee"),
        channel_of(h, "TransferTarget"),
    ),
}
