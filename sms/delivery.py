"""What a modem's refusal and a delivery report mean, and what becomes of the whole from its segments."""

import re
from collections.abc import Collection
from datetime import timedelta
from enum import StrEnum

from sms.model import Purpose, SmsState


class Verdict(StrEnum):
    """What a status report says about one segment."""

    DELIVERED = "delivered"
    TRYING = "trying"
    FAILED = "failed"
    EXPIRED = "expired"


VALIDITY_EXPIRED = 0x46


def verdict(status: int) -> Verdict:
    """TP-ST of 3GPP TS 23.040 9.2.3.15. `Forwarded, unable to confirm` counts as delivered: nothing more will come."""
    if status <= 0x1F:
        return Verdict.DELIVERED
    if status <= 0x3F:
        return Verdict.TRYING
    if status == VALIDITY_EXPIRED:
        return Verdict.EXPIRED
    return Verdict.FAILED


def state_of_whole(segments: Collection[SmsState]) -> SmsState:
    """A message is what its worst segment is; delivered only when every segment is."""
    for state in (SmsState.UNKNOWN, SmsState.FAILED, SmsState.EXPIRED, SmsState.SENDING, SmsState.QUEUED):
        if state in segments:
            return state
    return SmsState.DELIVERED if set(segments) == {SmsState.DELIVERED} else SmsState.SENT


class Refusal(StrEnum):
    """Why a modem did not take a segment: whether trying again helps, and whether it may have been sent."""

    TEMPORARY = "temporary"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"


# RP causes (TS 24.011) and CMS errors (TS 27.005): the recipient or the text is wrong, waiting mends nothing.
_PERMANENT = frozenset(
    {1, 8, 10, 21, 28, 30, 50, 69, 81, 95, 96, 97, 98, 99, 127, 302, 303, 304, 305, *range(128, 192)}
)
_UNKNOWN = frozenset({332})  # network timeout: sent, and no answer came back
_CODE = re.compile(r"\+CM[SE] ERROR:\s*(\d+)\s*$", re.IGNORECASE)
_WORDS = (
    ("network timeout", Refusal.UNKNOWN),
    ("not allowed", Refusal.PERMANENT),
    ("not supported", Refusal.PERMANENT),
    ("invalid pdu", Refusal.PERMANENT),
    ("invalid text", Refusal.PERMANENT),
    ("unassigned", Refusal.PERMANENT),
    ("unknown subscriber", Refusal.PERMANENT),
    ("unidentified subscriber", Refusal.PERMANENT),
    ("rejected", Refusal.PERMANENT),
    ("barred", Refusal.PERMANENT),
)


def refusal(final_result: str) -> Refusal:
    """By the modem's final result, numeric or in words. What nobody lists is temporary: it was refused, not lost."""
    if match := _CODE.match(final_result):
        code = int(match[1])
        if code in _UNKNOWN:
            return Refusal.UNKNOWN
        return Refusal.PERMANENT if code in _PERMANENT else Refusal.TEMPORARY
    words = final_result.lower()
    return next((kind for phrase, kind in _WORDS if phrase in words), Refusal.TEMPORARY)


MAX_TRIES = 12
_FIRST_WAIT = timedelta(seconds=15)
_LONGEST_WAIT = timedelta(minutes=30)


def wait_before_retry(tries: int) -> timedelta | None:
    """After `tries` temporary refusals: 15 s, doubling to half an hour; None when it is time to give up."""
    if tries >= MAX_TRIES:
        return None
    doubled: timedelta = _FIRST_WAIT * 2 ** max(0, tries - 1)
    return min(doubled, _LONGEST_WAIT)


def validity(purpose: Purpose, *, is_reply: bool) -> timedelta:
    """How long the network may try: an answer is stale after some hours, a notice after a day."""
    if is_reply:
        return timedelta(hours=6)
    return timedelta(hours=12) if purpose is Purpose.MARKETING else timedelta(hours=24)
