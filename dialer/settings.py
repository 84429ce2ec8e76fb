"""What the hospital decides about its own calls."""

from dataclasses import dataclass, field
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from dialer.retry import RetryRule


@dataclass(frozen=True, slots=True, kw_only=True)
class DialerSettings:
    """When people may be called is consent's to say. `plan_from` None: nobody is reminded by itself."""

    caller_id: str  # the hospital's own number, never another
    timezone: ZoneInfo
    prefixes: tuple[str, ...] = ("+86",)  # whatever is registered, nothing else is dialled
    ring_s: float = 30.0  # never below 15: people must have the time to reach the telephone
    max_calls: int = 4  # lines of the trunk that reminders may take at once
    retry: RetryRule = field(default_factory=RetryRule)
    plan_from: time | None = time(10)  # from then on, each day, tomorrow's appointments are reminded of
    after_booking: timedelta = timedelta(hours=12)  # who has just booked needs no reminder

    def __post_init__(self) -> None:
        if self.ring_s < 15:
            raise ValueError("a telephone rings for at least 15 s")
        if self.max_calls < 1:
            raise ValueError("without a line nobody is called")
