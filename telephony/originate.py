"""An order to place a call, and what became of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import uuid4

from crm_core.kernel.ids import Uniqueid
from telephony import names

ORIGINATE_GRACE_S = 10.0  # beyond the ringing time, for the answer about it to arrive
CAUSE_GRACE_S = 1.0  # the Hangup follows the OriginateResponse within milliseconds


class CallResult(StrEnum):
    """The network's verdict on a call Asterisk placed."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAILED = "failed"


_RANG_TO_THE_END = 3  # reason of OriginateResponse: a frame type of Asterisk's
_CAUSES = {  # Q.850
    17: CallResult.BUSY,
    18: CallResult.NO_ANSWER,  # no user responding
    19: CallResult.NO_ANSWER,  # alerting, no answer
    20: CallResult.NO_ANSWER,  # subscriber absent
    21: CallResult.BUSY,  # rejected by the subscriber
}


def call_result(*, is_success: bool, reason: int, cause: int | None) -> CallResult:
    """The OriginateResponse's verdict, and the Q.850 cause of the channel's Hangup if there was a channel.

    Asterisk 22 gives reason 0 for busy and rejected alike; only the cause tells.
    """
    if is_success:
        return CallResult.ANSWERED
    if reason == _RANG_TO_THE_END:
        return CallResult.NO_ANSWER
    return _CAUSES.get(cause or 0, CallResult.FAILED)


def new_uniqueid() -> Uniqueid:
    """For a channel of ours: known before Asterisk is asked, so the row can name it first."""
    return Uniqueid(f"hcrm-{uuid4().hex}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Originate:
    """Ring `interface` for `ring_s`; who answers runs `context`,`extension`,1. `variables`: ids, nothing personal."""

    interface: str = field(repr=False)
    context: str
    extension: str = field(default=names.EXTENSION_START, repr=False)
    caller_id: str = field(default="", repr=False)
    ring_s: float = 45.0
    variables: Mapping[str, str] = field(default_factory=dict)
    uniqueid: Uniqueid = field(default_factory=new_uniqueid)

    def headers(self) -> dict[str, str | list[str]]:
        """Of the AMI action. Raises ValueError for a variable that could be two."""
        for name, value in self.variables.items():
            if not name.isidentifier() or any(character in value for character in ',"\\'):
                raise ValueError("not a channel variable")
        return {
            "Channel": self.interface,
            "ChannelId": self.uniqueid,
            "Context": self.context,
            "Exten": self.extension,
            "Priority": "1",
            "CallerID": self.caller_id,
            "Timeout": str(int(self.ring_s * 1000)),
            "Variable": [f"{name}={value}" for name, value in self.variables.items()],
            "Async": "true",
        }


@dataclass(frozen=True, slots=True)
class OriginateTaken:
    """Asterisk placed the call, and this became of it."""

    uniqueid: Uniqueid
    action_id: str
    result: CallResult
