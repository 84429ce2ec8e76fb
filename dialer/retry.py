"""Whether and when to try again. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from dialer.attempt import Result

WAITS: Mapping[Result, timedelta] = MappingProxyType(
    {
        Result.BUSY: timedelta(minutes=10),
        Result.NO_ANSWER: timedelta(hours=2),
        Result.MACHINE: timedelta(hours=3),
        Result.HUNG_UP: timedelta(hours=1),
        Result.FAILED: timedelta(minutes=30),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRule:
    """`waits` names the results after which a machine tries again; `unknown` and `human` are never among them."""

    max_tries: int = 3
    waits: Mapping[Result, timedelta] = field(default_factory=lambda: WAITS)
    stop_before: timedelta = timedelta(hours=1)  # nobody is reminded when they should be on their way

    def is_last(self, number: int) -> bool:
        """Whether no further try follows this one."""
        return number >= self.max_tries


def next_try(result: Result, *, number: int, now: datetime, starts_at: datetime, rule: RetryRule) -> datetime | None:
    """When to try again after try `number`, None for never. An unknown outcome is never tried again by machine."""
    if result in (Result.UNKNOWN, Result.HUMAN) or rule.is_last(number) or result not in rule.waits:
        return None
    at = now + rule.waits[result]
    return at if at <= starts_at - rule.stop_before else None
