"""Which modem takes a message, and when a modem that fails is left alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

FAILOVER_AFTER = timedelta(seconds=60)  # a message that waited this long for its own modem goes by any other
ERRORS_UNTIL_BLOCKED = 3
FIRST_BLOCK = timedelta(minutes=1)
LONGEST_BLOCK = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Route:
    """Numbers that begin so prefer this modem, e.g. the SIM of the same operator."""

    prefix: str
    modem: str


def preferred_modem(peer: str, *, came_by: str, routes: Sequence[Route]) -> str:
    """An answer leaves by the SIM the patient wrote to; else the longest prefix decides; else any ('')."""
    if came_by:
        return came_by
    fitting = [route for route in routes if peer.startswith(route.prefix)]
    return max(fitting, key=lambda route: len(route.prefix)).modem if fitting else ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a modem has behaved lately. A blocked modem still receives."""

    errors: int = 0
    blocks: int = 0
    blocked_until: datetime | None = None

    def is_blocked(self, now: datetime) -> bool:
        """Whether it must be left alone now; afterwards one message probes it."""
        return self.blocked_until is not None and now < self.blocked_until


def after_error(standing: Standing, now: datetime) -> Standing:
    """Three errors in a row block it, each failed probe twice as long, at most an hour."""
    errors = standing.errors + 1
    if errors < ERRORS_UNTIL_BLOCKED and standing.blocks == 0:
        return replace(standing, errors=errors)
    pause = min(FIRST_BLOCK * 2**standing.blocks, LONGEST_BLOCK)
    return Standing(errors=0, blocks=standing.blocks + 1, blocked_until=now + pause)


def after_success(standing: Standing) -> Standing:
    """One message taken makes it good again."""
    return standing if standing == GOOD else GOOD


GOOD = Standing()
