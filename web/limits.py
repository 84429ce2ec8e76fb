"""How fast one address, session or token may ask. Kept by each process for itself: it guards this process's time."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crm_core.users.throttle import Limit, taken

MOST_BUCKETS = 10_000
NOTED_EVERY = timedelta(minutes=1)


@dataclass(slots=True)
class Limiter:
    """Buckets by whom they belong to; a full one is forgotten."""

    _full_at: dict[str, datetime] = field(default_factory=dict)
    _noted_at: dict[str, datetime] = field(default_factory=dict)

    def take(self, whose: str, limit: Limit, now: datetime) -> float:
        """One request; the seconds to wait when it comes too soon."""
        self._make_room(now)
        self._full_at[whose], wait_s = taken(self._full_at.get(whose), now, limit)
        return wait_s

    def is_news(self, whose: str, now: datetime) -> bool:
        """Whether a flood is to be written down again: once a minute, for writing each would be a flood as well."""
        if now - self._noted_at.get(whose, now - NOTED_EVERY) < NOTED_EVERY:
            return False
        self._noted_at[whose] = now
        return True

    def _make_room(self, now: datetime) -> None:
        if len(self._full_at) < MOST_BUCKETS:
            return
        self._full_at = {whose: at for whose, at in self._full_at.items() if at > now}
        self._noted_at = {whose: at for whose, at in self._noted_at.items() if now - at < NOTED_EVERY}
        if len(self._full_at) >= MOST_BUCKETS:  # so many at once are no people
            self._full_at.clear()
