"""How often a machine may write to one person. Care is never capped: a second appointment needs a second reminder."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sms.model import Purpose

_WEEK, _DAY = timedelta(days=7), timedelta(days=1)
CAPS: dict[Purpose, tuple[tuple[int, timedelta], ...]] = {
    Purpose.MARKETING: ((1, _WEEK),),
    Purpose.NOTICE: ((1, _DAY), (3, _WEEK)),
    Purpose.CARE: (),
}
LOOK_BACK = _WEEK


def is_capped(purpose: Purpose, now: datetime, sent: Collection[datetime], *, by_machine: bool) -> bool:
    """`sent`: when messages of this purpose went to this person. People may write a notice whenever they see fit."""
    if not by_machine and purpose is not Purpose.MARKETING:
        return False
    return any(sum(now - at < span for at in sent) >= most for most, span in CAPS[purpose])
