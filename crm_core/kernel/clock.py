"""The clock is an argument: nothing below the shell asks what time it is."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The real clock; aware, in UTC."""
    return datetime.now(UTC)
